/** The microphone of this page: the one that was chosen, while it is there. */
import { effective, devices, lookForDevices } from "./devices";
import type { PhoneChoice } from "./kept";

/** Why there is none: which words of ours tell the cure. */
export type Refusal = "refused" | "missing" | "taken" | "insecure";

/** Names of DOMException by which browsers refuse a microphone. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "taken",
  AbortError: "taken",
};

export type Opened = { stream: MediaStream; refusal: null } | { stream: null; refusal: Refusal };

/** Open the chosen microphone, or the machine's own when that one is not there. Never throws. */
export async function openMicrophone(choice: PhoneChoice): Promise<Opened> {
  if (navigator.mediaDevices === undefined) return { stream: null, refusal: "insecure" };
  // Names and places of devices are told only to a page that may listen already.
  await lookForDevices();
  const wanted = devices.microphones.length > 0 ? effective(choice.microphone, devices.microphones) : choice.microphone;
  try {
    return { stream: await open(wanted, choice.clean), refusal: null };
  } catch (error) {
    if (wanted !== null && nameOf(error) === "OverconstrainedError") {
      return openMicrophone({ ...choice, microphone: null });
    }
    return { stream: null, refusal: REFUSALS[nameOf(error)] ?? "missing" };
  }
}

async function open(device: string | null, clean: boolean): Promise<MediaStream> {
  const where = device === null ? {} : { deviceId: { exact: device } };
  const audio = { ...where, echoCancellation: clean, noiseSuppression: clean, autoGainControl: clean };
  const stream = await navigator.mediaDevices.getUserMedia({ audio });
  void lookForDevices();
  return stream;
}

const nameOf = (error: unknown): string => (error instanceof DOMException ? error.name : "");

/** Id and name of the device that is spoken into. */
export function deviceOf(stream: MediaStream | null): { id: string | null; label: string } {
  const track = stream?.getAudioTracks()[0];
  return { id: track?.getSettings().deviceId ?? null, label: track?.label ?? "" };
}

export function closeMicrophone(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
