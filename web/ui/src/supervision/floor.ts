/** What the shift lead's page reads: the floor and its calls every two seconds, and which call this lead is in. */
import { computed, onBeforeUnmount, onMounted, ref, shallowRef } from "vue";
import { liveCalls, type LiveCall, type Parked, parked, type WatchVerb } from "../api/supervision";
import { wallboard } from "../api/wallboard";
import { takesCalls } from "../desktop/roles";
import { useView } from "../desktop/view";
import { Feed, type Shown } from "../wallboard/feed";

const EVERY = 2_000;
/** A lead's phone that was not picked up for so long rings no more, ms. */
const RINGS_FOR = 30_000;

export type Asked = { callId: string; verb: WatchVerb; at: number };

export function useFloor() {
  const { state } = useView();
  const shown = shallowRef<Shown>({ board: null, staleFor: 0, problem: "" });
  const calls = shallowRef<LiveCall[]>([]);
  const places = shallowRef<Parked[]>([]);
  /** What this lead has asked for and the phone has not been picked up for. */
  const asked = ref<Asked | null>(null);
  let timer = 0;

  async function read() {
    const lists = [liveCalls(), takesCalls(state.value.user?.role) ? parked() : Promise.resolve([])] as const;
    const [board, live, waiting] = await Promise.all([wallboard(), ...lists]);
    calls.value = live;
    places.value = waiting;
    return board;
  }

  const feed = new Feed({ read, now: () => Date.now(), hidden: () => document.hidden }, (next) => {
    shown.value = next;
    const late = asked.value !== null && Date.now() - asked.value.at > RINGS_FOR;
    if (late || mine.value !== null || !calls.value.some((one) => one.id === asked.value?.callId)) asked.value = null;
  });

  /** The call in which this lead listens now. */
  const mine = computed(() => calls.value.find((one) => one.monitor?.agent_id === state.value.user?.id) ?? null);
  const byId = computed(() => new Map(calls.value.map((one) => [one.id, one])));
  const names = computed(() => new Map((shown.value.board?.agents ?? []).map((one) => [one.id, one.display_name])));
  const skills = computed(() => new Map((shown.value.board?.skills ?? []).map((one) => [one.id, one.name])));

  onMounted(() => {
    void feed.tick();
    timer = window.setInterval(() => void feed.tick(), EVERY);
  });
  onBeforeUnmount(() => window.clearInterval(timer));

  return {
    shown,
    board: computed(() => shown.value.board),
    calls,
    places,
    mine,
    asked,
    callOf: (id: string | null): LiveCall | undefined => byId.value.get(id ?? ""),
    nameOf: (id: string | null | undefined): string => names.value.get(id ?? "") ?? id ?? "–",
    skillOf: (id: string): string => skills.value.get(id) ?? id,
    refresh: (): void => void feed.tick(),
  };
}

export type Floor = ReturnType<typeof useFloor>;
