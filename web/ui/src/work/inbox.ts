/** My messages, read anew whenever the line says that they stand differently: after a break none is missing. */
import { computed, ref, shallowRef, watch } from "vue";
import { inbox, type Message, readMessage } from "../api/shift";
import { useDesktop } from "../desktop/store";

const AGAIN_MS = 5_000;
const rows = shallowRef<Message[]>([]);
const problem = ref<unknown>(null);
let watching = false;
let asked = 0;
let timer = 0;

async function read(): Promise<void> {
  window.clearTimeout(timer);
  const mine = ++asked;
  try {
    const found = await inbox();
    if (mine !== asked) return;
    rows.value = found;
    problem.value = null;
  } catch (error) {
    if (mine !== asked) return;
    problem.value = error;
    timer = window.setTimeout(read, AGAIN_MS);
  }
}

/** It leaves the screen at once and comes back when the server did not hear of it. */
async function mark(id: string): Promise<void> {
  const at = new Date().toISOString();
  rows.value = rows.value.map((one) => (one.id === id ? { ...one, read_at: at } : one));
  await readMessage(id).catch(() => undefined);
  await read();
}

export function useInbox() {
  const { state } = useDesktop();
  if (!watching) {
    watching = true;
    // For as long as the page lives; another user's first `hello` reads theirs.
    watch([() => state.value.mail, () => state.value.user?.id], ([mail], before) => {
      if (mail === 0) rows.value = [];
      else if (before === undefined || mail !== before[0]) void read();
    }, { immediate: true });
  }
  return { rows, unread: computed(() => rows.value.filter((one) => one.read_at === null)), problem, mark };
}
