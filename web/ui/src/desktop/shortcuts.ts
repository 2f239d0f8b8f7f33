/** Keys that act from anywhere on the page: Alt and a letter, so that typing never triggers one. */
import { onBeforeUnmount, onMounted } from "vue";

/** Letters free of Chromium's and Firefox's own Alt keys on Windows, in the order in which the sheet lists them. */
export const KEYS = {
  ready: "r",
  answer: "a",
  reject: "x",
  hold: "h",
  mute: "m",
  transfer: "t",
  consult: "z",
  swap: "w",
  join: "j",
  cancel: "q",
  park: ".",
  pickup: "u",
  survey: "v",
  silent: "s",
  nuisance: "y",
  hangup: "g",
  keypad: "k",
  dial: "c",
  note: "n",
  order: "o",
  customer: ",",
  lines: "l",
  bill: "b",
  outage: "i",
  phone: "p",
  help: "/",
} as const;

export type Shortcut = keyof typeof KEYS;

export function keyLabel(name: Shortcut): string {
  return `Alt+${KEYS[name].toUpperCase()}`;
}

/** Run the given actions on their keys while the component is on the page. */
export function useShortcuts(actions: Partial<Record<Shortcut, () => void>>): void {
  const byLetter = new Map(
    Object.entries(actions).map(([name, act]) => [KEYS[name as Shortcut] as string, act]),
  );
  const press = (event: KeyboardEvent): void => {
    if (!event.altKey || event.ctrlKey || event.metaKey || event.repeat) return;
    // `code` is the key's place: with Alt some layouts give another letter in `key`.
    const act = byLetter.get(event.code.replace(/^Key/, "").replace("Slash", "/").replace("Period", ".").replace("Comma", ",").toLowerCase());
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  onMounted(() => window.addEventListener("keydown", press));
  onBeforeUnmount(() => window.removeEventListener("keydown", press));
}
