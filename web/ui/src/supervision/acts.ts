/** What a shift lead does from the page: asked back where it cannot be undone, told when it did not work. */
import { ElMessage } from "element-plus/es/components/message/index";
import { ElMessageBox } from "element-plus/es/components/message-box/index";
import "element-plus/es/components/message-box/style/css";
import { useRouter } from "vue-router";
import { leave, pickUp, release, setState, signOff, watch, type WatchVerb } from "../api/supervision";
import type { Floor } from "./floor";
import { useFloorWords } from "./words";

const LONGEST_REASON = 200;

export function useActs(floor: Floor) {
  const { f, failure } = useFloorWords();
  const router = useRouter();

  async function attempt(act: () => Promise<unknown>, done?: string): Promise<boolean> {
    try {
      await act();
      if (done !== undefined) ElMessage({ type: "success", message: f(done) });
      return true;
    } catch (error) {
      ElMessage({ type: "error", message: failure(error), duration: 8000, showClose: true });
      return false;
    } finally {
      floor.refresh();
    }
  }

  /** True when the lead says yes. */
  function sure(name: string, what: "signOff" | "takeOver"): Promise<boolean> {
    return ElMessageBox.confirm(f(`${what}Ask`, { name }), f(`${what}Title`), {
      confirmButtonText: f(`${what}Go`),
      cancelButtonText: f("cancel"),
      type: "warning",
    }).then(
      () => true,
      () => false,
    );
  }

  async function listen(callId: string, verb: WatchVerb): Promise<void> {
    if (floor.mine.value?.id !== callId) floor.asked.value = { callId, verb, at: Date.now() };
    if (!(await attempt(() => watch(callId, verb)))) floor.asked.value = null;
  }

  async function takeOver(callId: string, name: string): Promise<void> {
    if (!(await sure(name, "takeOver"))) return;
    const there = floor.mine.value?.id === callId;
    if (!there) floor.asked.value = { callId, verb: "take-over", at: Date.now() };
    if (!(await attempt(() => watch(callId, "take-over"), "done.takeOver"))) floor.asked.value = null;
    else if (there) await router.push("/");
  }

  async function end(callId: string, name: string): Promise<void> {
    const given = await ElMessageBox.prompt(f("releaseAsk", { name }), f("releaseTitle"), {
      confirmButtonText: f("releaseGo"),
      cancelButtonText: f("cancel"),
      type: "warning",
      inputValidator: (text: string) => (text ?? "").trim() !== "" || f("releaseEmpty"),
    }).catch(() => null);
    if (given === null) return;
    const reason = String((given as { value: string }).value).trim().slice(0, LONGEST_REASON);
    await attempt(() => release(callId, reason), "done.release");
  }

  async function off(agentId: string, name: string): Promise<void> {
    if (await sure(name, "signOff")) await attempt(() => signOff(agentId), "done.signOff");
  }

  return {
    listen,
    takeOver,
    end,
    off,
    leave: (callId: string) => attempt(() => leave(callId)),
    pickUp: (callId: string) => attempt(() => pickUp(callId), "done.pickUp"),
    ready: (agentId: string) => attempt(() => setState(agentId, "ready"), "done.state"),
    notReady: (agentId: string, reason: string) => attempt(() => setState(agentId, "not_ready", reason), "done.state"),
  };
}

export type Acts = ReturnType<typeof useActs>;
