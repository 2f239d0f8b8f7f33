/** The desktop of this page: the connection, the state it leads to, and what the agent may ask for. */
import { computed, reactive, ref, shallowRef, watch } from "vue";
import { session } from "../api/http";
import { ApiError } from "../api/http";
import type { Command, Parked, ServerMessage } from "../api/types";
import { Connection, NoAnswer, Refusal, type LinkDetail, type LinkStatus, type Wire } from "./connection";
import { workOf } from "./kept";
import { EMPTY, leavesGap, reduce } from "./state";

const state = shallowRef(EMPTY);
const link = ref<LinkStatus>("idle");
const linkDetail = ref<LinkDetail>({ retryAt: null, reason: null });
/** The local clock, ticking once a second; everything that counts up or down hangs on it. */
const tick = ref(Date.now());
/** Server time minus local time, ms: an agent's machine may have a wrong clock. */
const offset = ref(0);
const heardAt = ref(0);
const pending = reactive(new Set<string>());

let connection: Connection | null = null;
setInterval(() => {
  tick.value = Date.now();
  heardAt.value = connection?.lastHeardAt ?? 0;
}, 500);
window.addEventListener("online", () => connection?.retryNow());

function open(path: string): Wire {
  const address = new URL(path, new URL("/", window.location.href));
  address.protocol = window.location.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(address) as unknown as Wire;
}

async function signedIn(): Promise<boolean> {
  try {
    await session();
    return true;
  } catch (error) {
    return !(error instanceof ApiError && error.status === 401);
  }
}

function after(ms: number, run: () => void): () => void {
  const timer = window.setTimeout(run, ms);
  return () => window.clearTimeout(timer);
}

/** A gap is asked for once; a server that does not have it any more must not be asked for ever. */
let resumedAfter: number | null = null;

function hear(message: ServerMessage): void {
  const at = Date.parse(message.type === "hello" ? message.server_time : message.at);
  if (message.type === "hello") workOf(message.user.id);
  if (message.type === "hello" || message.type === "pong") offset.value = at - Date.now();
  if (leavesGap(state.value, message) && resumedAfter !== state.value.lastSeq) {
    resumedAfter = state.value.lastSeq;
    connection?.resumeNow();
    return;
  }
  state.value = reduce(state.value, message);
  connection?.resumeAfter(state.value.lastSeq);
}

/** Connect as the signed-in user, at `seat` when one was chosen. */
export function connect(seat: string | null): void {
  connection?.stop();
  state.value = EMPTY;
  connection = new Connection(
    { open, signedIn, after, now: () => Date.now(), random: () => Math.random() },
    {
      message: hear,
      status: (status, detail) => {
        link.value = status;
        linkDetail.value = detail;
      },
    },
    seat,
  );
  connection.start();
}

export function disconnect(): void {
  connection?.stop();
  connection = null;
  state.value = EMPTY;
}

/** So often a command is asked again whose answer was lost, when asking twice does it once. */
const REPEATS = 2;
/** So long the page waits for the line before it says that nobody knows, ms. */
const LINE_WITHIN = 15_000;

/** The line is there again; false when it was not in time. */
function lineBack(): Promise<boolean> {
  return new Promise((resolve) => {
    const stop = watch(link, (now) => now === "live" && settle(true));
    const timer = window.setTimeout(() => settle(false), LINE_WITHIN);
    const settle = (back: boolean): void => (stop(), window.clearTimeout(timer), resolve(back));
    if (link.value === "live") settle(true);
  });
}

async function send(command: Command): Promise<void> {
  const once = "key" in command || command.type === "extend-wrap-up";
  for (let left = once ? REPEATS : 0; ; left--) {
    try {
      return await (connection?.send(command) ?? Promise.reject(new NoAnswer("not connected")));
    } catch (error) {
      if (!(error instanceof NoAnswer) || left === 0 || !(await lineBack())) throw error;
    }
  }
}

export type Outcome = { ok: true } | { ok: false; code: string; message: string };

/** Ask the server for something; never throws. Code `no_answer` means that nobody knows whether it was done. */
export async function run(command: Command): Promise<Outcome> {
  if (connection === null) return { ok: false, code: "no_answer", message: "" };
  pending.add(command.type);
  try {
    await send(command);
    return { ok: true };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, code: error.body.code, message: error.body.message };
    if (error instanceof NoAnswer) return { ok: false, code: "no_answer", message: "" };
    throw error;
  } finally {
    pending.delete(command.type);
  }
}

/** Open the line anew after the last message, for instance under a new session. */
export function resume(): void {
  connection?.resumeNow();
}

/** Take up who was parked when this page came, unless the server has told of it meanwhile. */
export function takeParked(items: Parked[]): void {
  if (state.value.parked === null) state.value = { ...state.value, parked: items };
}

export function retryNow(): void {
  connection?.retryNow();
}

/** Server time now, ms. */
const now = computed(() => tick.value + offset.value);

export function useDesktop() {
  return { state, link, linkDetail, now, tick, heardAt, pending, run, connect, disconnect, retryNow };
}
