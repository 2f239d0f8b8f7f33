/** How this browser is used as a phone, kept between visits: which devices, and how calls are taken. */

export interface PhoneChoice {
  /** Device ids of the browser; null: the machine's own choice. */
  microphone: string | null;
  speaker: string | null;
  /** Where it rings, which may be loudspeakers beside the headset. */
  ringer: string | null;
  /** Calls are taken with a beep, without a click. */
  auto: boolean;
  /** The browser takes noise and echo out of what is said; off for a headset that does so itself. */
  clean: boolean;
  /** Loudness of the caller, 0 to 1. */
  volume: number;
}

const KEY = "hotline.phone";
export const USUAL: PhoneChoice = { microphone: null, speaker: null, ringer: null, auto: true, clean: true, volume: 1 };

export function keptPhone(store: Pick<Storage, "getItem"> = localStorage): PhoneChoice {
  try {
    const kept: unknown = JSON.parse(store.getItem(KEY) ?? "{}");
    return typeof kept === "object" && kept !== null ? { ...USUAL, ...kept } : USUAL;
  } catch {
    return USUAL;
  }
}

export function keepPhone(choice: PhoneChoice): void {
  localStorage.setItem(KEY, JSON.stringify(choice));
}
