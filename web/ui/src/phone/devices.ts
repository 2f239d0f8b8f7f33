/** The microphones and loudspeakers of this machine, and which of them are used: those chosen, while they are there. */
import { reactive } from "vue";

export interface Device {
  id: string;
  label: string;
}

export const devices = reactive({ microphones: [] as Device[], speakers: [] as Device[], known: false });

/** The device that is used for a choice: itself while it is there, else the machine's own (null). */
export function effective(chosen: string | null, there: readonly Device[]): string | null {
  return chosen !== null && there.some((one) => one.id === chosen) ? chosen : null;
}

/** Of one kind, each once; the browser's own entries for "the default" are told by `null` with us. */
export function ofKind(all: readonly Pick<MediaDeviceInfo, "deviceId" | "kind" | "label">[], kind: string): Device[] {
  return all
    .filter((one) => one.kind === kind && one.deviceId !== "" && !["default", "communications"].includes(one.deviceId))
    .map((one) => ({ id: one.deviceId, label: one.label }));
}

/** Look again; names are told only once the microphone is allowed. */
export async function lookForDevices(): Promise<void> {
  const all = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  devices.microphones = ofKind(all, "audioinput");
  devices.speakers = ofKind(all, "audiooutput");
  devices.known = all.length > 0;
}
