/** This page as the phone of its agent's seat: the microphone first, then the line, then calls. */
import { reactive, ref } from "vue";
import { ApiError, request } from "../api/http";
import { keepPhone, keptPhone, type PhoneChoice } from "./kept";
import type { Account, Line } from "./line";
import { Sound } from "./sound";

/**
 * `off`: this seat has a phone of its own. `starting`, `up`, `down`: the line to the PBX. `deaf`: no microphone, so
 * no call may come. `elsewhere`: another page of the same agent is the phone now.
 */
export type PhoneStatus = "off" | "starting" | "up" | "down" | "deaf" | "elsewhere";

/** Names of DOMException by which browsers refuse a microphone -> which words of ours tell the cure. */
const REFUSALS: Readonly<Record<string, string>> = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "taken",
  AbortError: "taken",
};
const AGAIN_MS = 3000;
/** The name of this page among those of its agent; a page that was loaded anew is another one. */
const PAGE = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");

const status = ref<PhoneStatus>("off");
/** Why there is no microphone: refused, missing, taken, insecure. */
const trouble = ref<string | null>(null);
const ringing = ref(false);
const inCall = ref(false);
const choice = reactive<PhoneChoice>(keptPhone());

let line: Line | null = null;
let microphone: MediaStream | null = null;
let sound: Sound | null = null;
let retry = 0;
/** Counts starts and stops, so that what began before the last of them ends unnoticed. */
let epoch = 0;

/** Open the microphone that was chosen, or the machine's own. Throws a DOMException. */
async function openMicrophone(): Promise<MediaStream> {
  const device = choice.microphone === null ? {} : { deviceId: { exact: choice.microphone } };
  const { clean } = choice;
  const audio = { ...device, echoCancellation: clean, noiseSuppression: clean, autoGainControl: clean };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    if (choice.microphone === null || nameOf(error) !== "OverconstrainedError") throw error;
    choice.microphone = null; // the headset was left at home: the machine's own is better than none
    return openMicrophone();
  }
}

const nameOf = (error: unknown): string => (error instanceof DOMException ? error.name : "");

async function listen(mine: number): Promise<boolean> {
  if (navigator.mediaDevices === undefined) {
    trouble.value = "insecure";
    return false;
  }
  try {
    const stream = await openMicrophone();
    if (mine !== epoch) {
      for (const track of stream.getTracks()) track.stop();
      return false;
    }
    microphone = stream;
    stream.getAudioTracks()[0]?.addEventListener("ended", () => void lostMicrophone(stream));
    trouble.value = null;
    return true;
  } catch (error) {
    trouble.value = REFUSALS[nameOf(error)] ?? "missing";
    return false;
  }
}

/** The headset was pulled out, or its use forbidden: the talk goes on through another one, else no call may come. */
async function lostMicrophone(stream: MediaStream): Promise<void> {
  if (stream !== microphone) return;
  microphone = null;
  if (await listen(epoch)) {
    const track = (microphone as MediaStream | null)?.getAudioTracks()[0];
    if (track !== undefined) await line?.speakThrough(track);
    return;
  }
  if (!inCall.value) hangLineUp();
  status.value = "deaf";
  again();
}

function hangLineUp(): void {
  line?.stop();
  line = null;
  ringing.value = false;
  inCall.value = false;
  sound?.silence();
}

function again(): void {
  window.clearTimeout(retry);
  retry = window.setTimeout(() => void begin(), AGAIN_MS);
}

async function begin(): Promise<void> {
  const mine = ++epoch;
  window.clearTimeout(retry);
  if (status.value !== "deaf") status.value = "starting";
  if (microphone === null && !(await listen(mine))) {
    if (mine !== epoch) return;
    status.value = "deaf";
    return again();
  }
  if (line !== null) {
    // The microphone is back; what is said goes through it again, in a call too.
    const track = (microphone as MediaStream | null)?.getAudioTracks()[0];
    if (track !== undefined) await line.speakThrough(track);
    status.value = "up";
    return;
  }
  sound ??= new Sound();
  try {
    const account = await request<Account>("POST", "agents/me/phone", { page: PAGE });
    const { Line } = await import("./line");
    if (mine !== epoch) return;
    status.value = "starting";
    const made: Line = new Line(account, hears(() => made === line));
    line = made;
    made.start();
  } catch (error) {
    if (mine !== epoch) return;
    status.value = error instanceof ApiError && error.body.code === "no_browser_phone" ? "off" : "down";
    if (status.value === "down") again();
  }
}

/** What the line tells is taken in while it is this page's line: one that was left says goodbye later. */
function hears(current: () => boolean) {
  const here = (act: () => void) => () => {
    if (current()) act();
  };
  return {
    registered: (on: boolean) => here(() => {
        if (status.value !== "elsewhere") status.value = on ? "up" : "down";
      })(),
    offered: (atOnce: boolean) =>
      here(() => {
        if (atOnce || choice.auto) {
          sound?.beep(choice.speaker);
          answer();
        } else {
          ringing.value = true;
          sound?.ring(choice.ringer);
        }
      })(),
    joined: (stream: MediaStream) =>
      here(() => {
        inCall.value = true;
        sound?.hear(stream, choice.speaker, choice.volume);
      })(),
    over: here(() => {
      ringing.value = false;
      inCall.value = false;
      sound?.silence();
      if (status.value === "elsewhere") hangLineUp();
    }),
  };
}

/** Be the phone of the seat; asks the browser for the microphone. Once it is, this changes nothing. */
export function startPhone(): void {
  if (status.value === "off" || status.value === "elsewhere") void begin();
}

/** Which page is the phone now; when it is another one, this one is not. A call goes there by itself. */
export function phoneIs(page: string | null): void {
  if (page === null || page === PAGE || line === null || status.value === "elsewhere") return;
  status.value = "elsewhere";
  // JsSIP would say goodbye to a call that is here, and end it for the caller: the server fetches it first.
  if (!line.busy) hangLineUp();
}

/** Be no phone any more: the agent signs out. */
export function stopPhone(): void {
  epoch++;
  window.clearTimeout(retry);
  hangLineUp();
  for (const track of microphone?.getTracks() ?? []) track.stop();
  microphone = null;
  status.value = "off";
}

/** Take the call that rings. */
export function answer(): void {
  if (line === null || microphone === null) return;
  ringing.value = false;
  sound?.stopRinging();
  line.answer(microphone);
}

/** Try the microphone again, after the agent has allowed it or plugged it in. */
export function tryAgain(): void {
  void begin();
}

/** Keep how this browser is used as a phone, and use it so from now on. */
export async function choose(next: Partial<PhoneChoice>): Promise<void> {
  const speaksAnew = "microphone" in next || "clean" in next;
  Object.assign(choice, next);
  keepPhone({ ...choice });
  sound?.setVolume(choice.volume);
  if ("speaker" in next) sound?.moveTo(choice.speaker);
  if (!speaksAnew || microphone === null) return;
  const before = microphone;
  if (!(await listen(epoch))) return;
  for (const track of before.getTracks()) track.stop();
  const track = (microphone as MediaStream | null)?.getAudioTracks()[0];
  if (track !== undefined) await line?.speakThrough(track);
}

export function usePhone() {
  return { status, trouble, ringing, inCall, choice, answer, tryAgain, choose, microphone: () => microphone };
}
