/** What the agent may do at this moment, for the call bar and for buttons that stand elsewhere. */
import { computed } from "vue";
import { takesCalls } from "../desktop/roles";
import { useView } from "../desktop/view";
import { barOf } from "./bar";

export function useMay() {
  const { state, live } = useView();
  const agent = computed(() => state.value.agent);
  const bar = computed(() =>
    barOf(
      { id: agent.value?.id ?? "", state: agent.value?.state ?? "logged_out", browserPhone: state.value.seat?.browser === true },
      state.value.call,
    ),
  );
  /** A number may be rung now: at a seat, and neither in a call nor in the wrap-up. */
  const dial = computed(
    () => live.value && state.value.seat !== null && takesCalls(state.value.user?.role) && /^(ready|not_ready)$/.test(agent.value?.state ?? ""),
  );
  /** The caller may be left with music for another number now. */
  const consult = computed(() => live.value && bar.value.rest.includes("consult"));
  return { bar, dial, consult };
}
