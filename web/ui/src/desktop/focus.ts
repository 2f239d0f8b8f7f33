/**
 * Who works with keys alone keeps a place on the page, and comes from part to part of it with F6.
 *
 * What has the focus may go: a row that is dealt with, a form that is closed, a button that is busy. Browsers then say
 * nothing and leave the focus nowhere, so it is looked at again and again. Parts are marked with `data-part`.
 */
import { nextTick, onBeforeUnmount, onMounted } from "vue";

const LOOK_EVERY_MS = 150;
/** How many looks a busy button gets before the focus goes elsewhere. */
const BUSY_LOOKS = 10;
/** More than a long form has fields: what opened it is to be found again. */
const REMEMBERED = 80;
const PART = "[data-part]";
const CONTROL = "a[href], button, input, select, textarea, summary, [tabindex='0']";

interface Step {
  at: HTMLElement;
  part: HTMLElement | null;
}

/** Whether a key pressed there would come to something. */
function usable(one: HTMLElement): boolean {
  return one.isConnected && !one.matches(":disabled, [inert] *") && one.checkVisibility({ visibilityProperty: true });
}

/** The parts that have something to go to themselves, with the first of it, in the order of the page. */
function parts(): Step[] {
  return [...document.querySelectorAll<HTMLElement>(PART)].flatMap((part) => {
    const at = [...part.querySelectorAll<HTMLElement>(CONTROL)].find((one) => one.tabIndex >= 0 && usable(one));
    return at !== undefined && at.closest(PART) === part ? [{ at, part }] : [];
  });
}

/** Go from the part that holds `from`, where something has or had the focus. */
function nextPart(event: KeyboardEvent, from: Element | null): void {
  if (event.key !== "F6" || event.ctrlKey || event.altKey || event.metaKey) return;
  if ([...document.querySelectorAll<HTMLElement>("[aria-modal=true]")].some(usable)) return;
  event.preventDefault();
  const all = parts();
  const here = all.findLastIndex((one) => one.part?.contains(from));
  // Back goes to the beginning of this part first, then to the part before.
  const within = here >= 0 && all[here]?.at !== from;
  const next = event.shiftKey ? (within ? here : Math.max(here, 0) - 1) : (here + 1) % all.length;
  all.at(next)?.at.focus();
}

/** Go to the page in the middle once it is there, as who has opened it by key expects. */
export async function focusMain(): Promise<void> {
  await nextTick();
  const main = document.querySelector<HTMLElement>("main");
  if (main !== null) focusPart(main);
}

/** A part gets the focus itself; it is no stop on the way of the Tab key. */
function focusPart(part: HTMLElement): void {
  part.tabIndex = -1;
  part.addEventListener("blur", () => part.removeAttribute("tabindex"), { once: true });
  part.focus({ preventScroll: true });
}

/** Keep the focus somewhere while the component is on the page. */
export function useKeptFocus(): void {
  let trail: Step[] = [];
  let byKey = false;
  let looks = 0;
  let timer = 0;

  function came(event: FocusEvent): void {
    const at = event.target as HTMLElement;
    // A dialog goes back to what it was opened from, also when that was nothing; a part takes the focus only from here.
    if (at === document.body || at.matches(PART)) return;
    // Menus and dialogs belong to where they were opened.
    const own = at.closest("[aria-modal=true]") === null ? at.closest<HTMLElement>(PART) : null;
    const part = own ?? trail.at(-1)?.part ?? null;
    trail = [...trail.filter((one) => one.at !== at && one.at.isConnected), { at, part }].slice(-REMEMBERED);
    looks = 0;
  }

  function look(): void {
    const last = trail.at(-1);
    if (!byKey || last === undefined || document.activeElement !== document.body) return;
    if (usable(last.at)) return last.at.focus({ preventScroll: true });
    if (last.at.matches(":disabled") && last.at.isConnected && looks++ < BUSY_LOOKS) return;
    const before = trail.filter((one) => usable(one.at));
    const main = document.querySelector<HTMLElement>("main");
    const part = last.part?.isConnected === true ? last.part : main;
    const near = before.findLast((one) => one.part === part) ?? (main?.contains(part) ? undefined : before.at(-1));
    if (near !== undefined) near.at.focus({ preventScroll: true });
    else if (part !== null) focusPart(part);
  }

  const keyed = (event: KeyboardEvent): void => {
    byKey = true;
    const at = document.activeElement;
    nextPart(event, at === document.body ? (trail.at(-1)?.at ?? at) : at);
  };
  // Who points with the mouse goes on with the mouse: nothing that was left behind is to answer the Enter key.
  const pointed = (): boolean => (byKey = false);

  onMounted(() => {
    document.addEventListener("focusin", came);
    window.addEventListener("keydown", keyed);
    window.addEventListener("pointerdown", pointed, true);
    timer = window.setInterval(look, LOOK_EVERY_MS);
  });
  onBeforeUnmount(() => {
    document.removeEventListener("focusin", came);
    window.removeEventListener("keydown", keyed);
    window.removeEventListener("pointerdown", pointed, true);
    window.clearInterval(timer);
  });
}
