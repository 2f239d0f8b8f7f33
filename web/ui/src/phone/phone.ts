/** This page as the phone of its agent's seat: the microphone first, then the line, then a test, then calls. */
import { computed, reactive, ref } from "vue";
import { ApiError, request } from "../api/http";
import { check, checkByTalk, newMicrophone, startCheck, stopCheck, type Needs, type Subject } from "./check";
import { devices, effective, lookForDevices } from "./devices";
import { keepPhone, keptPhone, type PhoneChoice } from "./kept";
import type { Account, Line } from "./line";
import { closeMicrophone, deviceOf, openMicrophone, type Refusal } from "./microphone";
import { Sound, type Sign } from "./sound";

/**
 * `off`: this seat has a phone of its own. `starting`, `up`, `down`: the line to the PBX. `deaf`: no microphone, so
 * no call may come. `elsewhere`: another page of the same agent is the phone now. `checking`: the line is there, and
 * it was not shown yet that sound goes both ways.
 */
export type PhoneStatus = "off" | "starting" | "up" | "down" | "deaf" | "elsewhere" | "checking";

/** What happened to a device while the agent was at work: it is gone, or another one is used now. */
export interface DeviceNote {
  what: "microphoneGone" | "microphoneNow" | "speakerGone" | "ringerGone";
  label: string;
}

const AGAIN_MS = 3000;
/** The name of this page among those of its agent; a page that was loaded anew is another one. */
const PAGE = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");

const line_ = ref<Exclude<PhoneStatus, "checking">>("off");
/** Why there is no microphone. */
const trouble = ref<Refusal | null>(null);
const ringing = ref(false);
const inCall = ref(false);
const unchecked = ref(false);
const note = ref<DeviceNote | null>(null);
const choice = reactive<PhoneChoice>(keptPhone());
const status = computed<PhoneStatus>(() =>
  line_.value === "up" && unchecked.value && !inCall.value ? "checking" : line_.value,
);

let line: Line | null = null;
let needs: Needs | null = null;
let microphone: MediaStream | null = null;
let sound: Sound | null = null;
let retry = 0;
/** Counts starts and stops, so that what began before the last of them ends unnoticed. */
let epoch = 0;
/** The seat whose phone this page is or is to be. */
let seatHere: string | null = null;
/** The page that asked to be the phone after this one was started. */
let taker: string | null = null;
/** Be no phone any more as soon as the call that is here is over. */
let leaving = false;

const subject: Subject = {
  line: () => (line_.value === "up" ? line : null),
  microphone: () => microphone,
  free: () => !inCall.value && !ringing.value,
  needs: () => needs,
  passed: () => (unchecked.value = false),
  page: PAGE,
};

/** Test what is to be tested, if that is possible now. */
function test(): void {
  if (!unchecked.value || line_.value !== "up" || ringing.value) return;
  void (inCall.value ? checkByTalk(subject) : startCheck(subject));
}

async function listen(mine: number): Promise<boolean> {
  const { stream, refusal } = await openMicrophone(choice);
  if (mine !== epoch) {
    closeMicrophone(stream);
    return false;
  }
  trouble.value = refusal;
  if (stream === null) return false;
  microphone = stream;
  newMicrophone();
  stream.getAudioTracks()[0]?.addEventListener("ended", () => void lostMicrophone(stream));
  return true;
}

/** What is said goes through the microphone that is open now, in a call too; the test made with another one is void. */
async function speakAnew(): Promise<void> {
  const track = microphone?.getAudioTracks()[0];
  if (track !== undefined) await line?.speakThrough(track);
  if (inCall.value) return;
  unchecked.value = true;
  stopCheck();
  await request("POST", "agents/me/phone/changed", { page: PAGE }).catch(() => undefined);
  test();
}

/** The headset was pulled out, or its use forbidden: the talk goes on through another one, else no call may come. */
async function lostMicrophone(stream: MediaStream): Promise<void> {
  if (stream !== microphone) return;
  const { label } = deviceOf(stream);
  microphone = null;
  if (await listen(epoch)) {
    note.value = { what: "microphoneNow", label: deviceOf(microphone).label };
    return speakAnew();
  }
  note.value = { what: "microphoneGone", label };
  stopCheck();
  if (!inCall.value) hangLineUp();
  line_.value = "deaf";
  again();
}

/** A device was plugged in or out: what was chosen is used again as soon as it is there, and told when it is not. */
async function devicesChanged(): Promise<void> {
  const before = { speaker: effective(choice.speaker, devices.speakers), ringer: effective(choice.ringer, devices.speakers) };
  await lookForDevices();
  const speaker = effective(choice.speaker, devices.speakers);
  if (before.speaker !== null && speaker === null) note.value = { what: "speakerGone", label: "" };
  if (before.speaker !== speaker) sound?.moveTo(speaker);
  if (before.ringer !== null && effective(choice.ringer, devices.speakers) === null) {
    note.value ??= { what: "ringerGone", label: "" };
  }
  const wanted = effective(choice.microphone, devices.microphones);
  if (microphone !== null && wanted !== null && wanted !== deviceOf(microphone).id) await changeMicrophone();
}

async function changeMicrophone(): Promise<void> {
  const before = microphone;
  if (!(await listen(epoch))) return;
  closeMicrophone(before);
  await speakAnew();
}

function hangLineUp(): void {
  stopCheck();
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
  if (taker !== null && line === null) return void (line_.value = "elsewhere");
  if (line_.value !== "deaf") line_.value = "starting";
  if (microphone === null && !(await listen(mine))) {
    if (mine !== epoch) return;
    line_.value = "deaf";
    return again();
  }
  if (line !== null) {
    line_.value = "up";
    return speakAnew();
  }
  sound ??= new Sound();
  try {
    const account = await request<Account & { needs: Needs; checked: boolean }>("POST", "agents/me/phone", { page: PAGE });
    const { Line } = await import("./line");
    if (mine !== epoch) return;
    if (taker !== null) return void (line_.value = "elsewhere");
    needs = account.needs;
    unchecked.value = !account.checked;
    line_.value = "starting";
    const made: Line = new Line(account, hears(() => made === line));
    line = made;
    made.start();
  } catch (error) {
    if (mine !== epoch) return;
    line_.value = error instanceof ApiError && error.body.code === "no_browser_phone" ? "off" : "down";
    if (line_.value === "down") again();
  }
}

function registered(on: boolean): void {
  if (line_.value === "elsewhere") return;
  line_.value = microphone === null ? "deaf" : on ? "up" : "down";
  if (on && check.step !== "echo" && check.step !== "voice") test();
}

function offered(atOnce: boolean): void {
  stopCheck();
  if (atOnce || choice.auto) {
    sound?.play("beep", effective(choice.speaker, devices.speakers));
    answer();
  } else {
    ringing.value = true;
    sound?.ring(effective(choice.ringer, devices.speakers));
  }
}

function joined(stream: MediaStream): void {
  inCall.value = true;
  sound?.hear(stream, effective(choice.speaker, devices.speakers), choice.volume);
  test();
}

function over(): void {
  ringing.value = false;
  inCall.value = false;
  sound?.silence();
  if (leaving) return stopPhone();
  // Without a microphone nobody may be rung here (P26): it went while the talk went on.
  if (line_.value === "elsewhere" || microphone === null) hangLineUp();
  test();
}

/** What the line tells is taken in while it is this page's line: one that was left says goodbye later. */
function hears(current: () => boolean) {
  const here =
    <T extends unknown[]>(act: (...given: T) => void) =>
    (...given: T): void => {
      if (current()) act(...given);
    };
  return { registered: here(registered), offered: here(offered), joined: here(joined), over: here(over) };
}

/** Be the phone of `seat`; asks the browser for the microphone. Once it is, this changes nothing. */
export function startPhone(seat: string): void {
  leaving = false;
  if (seatHere !== null && seatHere !== seat) stopPhone();
  seatHere = seat;
  if (line_.value !== "off" && line_.value !== "elsewhere") return;
  taker = null;
  navigator.mediaDevices?.addEventListener("devicechange", devicesChanged);
  window.addEventListener("online", wakePhone);
  void begin();
}

/** Which page is the phone now; when it is another one, this one is not. A call goes there by itself. */
export function phoneIs(page: string | null): void {
  if (page === null) return;
  taker = page === PAGE ? null : page;
  if (taker === null && line === null && line_.value === "elsewhere") return void begin();
  if (taker === null || line === null || line_.value === "elsewhere") return;
  line_.value = "elsewhere";
  stopCheck();
  // JsSIP would say goodbye to a call that is here, and end it for the caller: the server fetches it first.
  if (!line.busy) hangLineUp();
}

/** What the server says of the test of this phone. */
export function phoneChecked(passed: boolean): void {
  const before = unchecked.value;
  unchecked.value = !passed;
  if (passed) return;
  if (!before || check.step === "passed") test();
}

/** The server or the network was away and is back: the line to the PBX may be dead without knowing. */
export function wakePhone(): void {
  line?.wake();
}

/**
 * Be no phone any more: nobody sits here now, or nobody knows who does. Whoever sits down at the seat elsewhere would
 * have their callers rung, and taken, by this page. A call that is here is finished first.
 */
export function leavePhone(): void {
  if (line?.busy) leaving = true;
  else stopPhone();
}

/** Be no phone any more: the agent signs out. */
export function stopPhone(): void {
  epoch++;
  leaving = false;
  seatHere = taker = null;
  window.clearTimeout(retry);
  navigator.mediaDevices?.removeEventListener("devicechange", devicesChanged);
  window.removeEventListener("online", wakePhone);
  hangLineUp();
  closeMicrophone(microphone);
  microphone = null;
  note.value = null;
  line_.value = "off";
}

/** Take the call that rings. */
export function answer(): void {
  if (line === null || microphone === null) return;
  ringing.value = false;
  sound?.stopRinging();
  line.answer(microphone);
}

/** Try the microphone again, after the agent has allowed it or plugged it in; or the test. */
export function tryAgain(): void {
  taker = null;
  if (line_.value === "up") test();
  else void begin();
}

/** Be the phone again, instead of the page that took it over. */
export function useHere(): void {
  if (seatHere !== null) startPhone(seatHere);
}

/** Keep how this browser is used as a phone, and use it so from now on. */
export async function choose(next: Partial<PhoneChoice>): Promise<void> {
  Object.assign(choice, next);
  keepPhone({ ...choice });
  sound?.setVolume(choice.volume);
  if ("speaker" in next) sound?.moveTo(effective(choice.speaker, devices.speakers));
  if (("microphone" in next || "clean" in next) && microphone !== null) await changeMicrophone();
}

/** Let a sign be heard where it would be. */
export function tryOut(sign: Sign): void {
  sound ??= new Sound();
  const device = sign === "ring" ? choice.ringer : choice.speaker;
  sound.play(sign, effective(device, devices.speakers), choice.volume);
}

export function usePhone() {
  return { status, trouble, ringing, inCall, check, choice, note, answer, tryAgain, choose, microphone: () => microphone };
}
