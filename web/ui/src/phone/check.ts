/**
 * The test of this page as a phone, before the first caller rings (P26): a voice in the microphone, then a call to the
 * echo of the telephone system, from which a known tone has to come back. The server judges what was measured.
 */
import { reactive } from "vue";
import { request } from "../api/http";
import type { Line } from "./line";
import { awake, Meter, SILENCE_DB, Tone } from "./meter";

/** What the server needs: packets each way, and levels in dBFS. */
export interface Needs {
  packets: number;
  tone_db: number;
  voice_db: number;
}

/**
 * `idle`: not wanted or not possible now. `touch`: the browser gives no sound before a key or a click. `voice`: say
 * something. `echo`: the call to the echo. `failed`: the server found `faults`. `passed`.
 */
export type CheckStep = "idle" | "touch" | "voice" | "echo" | "failed" | "passed";

export interface Measured {
  how: "echo" | "talk";
  sent: number;
  received: number;
  tone_db: number | null;
  voice_db: number | null;
}

const TONE_HZ = 1200;
const LOOK_MS = 50;
/** Seconds for the echo to answer and bring the tone back. */
const ECHO_LIMIT_MS = 6000;
/** A line that was bad may heal by itself. */
const AGAIN_MS = 10_000;
/** After so many seconds of silence the agent is told what may be wrong with the headset. */
export const SILENT_AFTER_MS = 8000;

export const check = reactive({
  step: "idle" as CheckStep,
  faults: [] as string[],
  /** Loudest that the microphone was since it was opened, and how loud it is now. */
  peak: SILENCE_DB,
  level: SILENCE_DB,
  /** The microphone has been silent for long. */
  silent: false,
});

/** What the test needs of the phone; looked at anew at each step. */
export interface Subject {
  line(): Line | null;
  microphone(): MediaStream | null;
  /** No call is here or rings. */
  free(): boolean;
  needs(): Needs | null;
  /** The server is content. */
  passed(): void;
  page: string;
}

const pause = (ms: number): Promise<void> => new Promise((go) => setTimeout(go, ms));
let turn = 0;
let again = 0;

/** Forget what the microphone has heard: it is another one. */
export function newMicrophone(): void {
  check.peak = check.level = SILENCE_DB;
  check.silent = false;
}

/** End the test under way; `passed` stays what is shown when it was. */
export function stopCheck(): void {
  turn++;
  window.clearTimeout(again);
  if (check.step !== "passed") check.step = "idle";
}

/** Test until the server is content, or something else has to be put right first. */
export async function startCheck(subject: Subject): Promise<void> {
  stopCheck();
  const mine = turn;
  const on = (): boolean => mine === turn && subject.free() && subject.line() !== null && subject.microphone() !== null;
  check.step = "idle";
  if (!(await woken(on)) || !(await spoken(subject, on))) return leave(mine);
  check.step = "echo";
  const measured = await echoed(subject, on);
  if (measured === null || !on()) return leave(mine);
  await judge(subject, measured, mine);
}

function leave(mine: number): void {
  if (mine === turn) check.step = "idle";
}

async function judge(subject: Subject, measured: Measured, mine: number): Promise<void> {
  try {
    const said = await request<{ passed: boolean; faults: string[] }>("POST", "agents/me/phone/check", {
      page: subject.page,
      ...measured,
    });
    if (mine !== turn) return;
    check.step = said.passed ? "passed" : "failed";
    check.faults = said.faults;
    if (said.passed) subject.passed();
  } catch {
    if (mine !== turn) return;
    check.step = "failed";
    check.faults = ["server"];
  }
  if (check.step === "failed") again = window.setTimeout(() => void startCheck(subject), AGAIN_MS);
}

async function woken(on: () => boolean): Promise<boolean> {
  while (on()) {
    if (await awake()) return true;
    check.step = "touch";
  }
  return false;
}

async function spoken(subject: Subject, on: () => boolean): Promise<boolean> {
  const stream = subject.microphone();
  const needs = subject.needs();
  if (stream === null || needs === null) return false;
  if (check.peak >= needs.voice_db) return true;
  check.step = "voice";
  const meter = new Meter(stream);
  const began = Date.now();
  try {
    while (on() && subject.microphone() === stream) {
      check.level = meter.level();
      check.peak = Math.max(check.peak, check.level);
      if (check.peak >= needs.voice_db) return true;
      check.silent = Date.now() - began > SILENT_AFTER_MS;
      await pause(LOOK_MS);
    }
    return false;
  } finally {
    meter.stop();
    check.silent = false;
  }
}

async function echoed(subject: Subject, on: () => boolean): Promise<Measured | null> {
  const line = subject.line();
  const needs = subject.needs();
  if (line === null || needs === null) return null;
  const tone = new Tone(TONE_HZ);
  const call = line.echo(tone.stream, (stream) => tone.listen(stream));
  const until = Date.now() + ECHO_LIMIT_MS;
  let measured: Measured = { how: "echo", sent: 0, received: 0, tone_db: null, voice_db: check.peak };
  try {
    while (on() && Date.now() < until && !call.over()) {
      const packets = await call.packets();
      measured = { ...measured, ...packets, tone_db: louder(measured.tone_db, tone.back()) };
      if (enough(measured, needs)) break;
      await pause(LOOK_MS);
    }
    return measured;
  } finally {
    call.end();
    tone.stop();
  }
}

const louder = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : Math.max(a, b));

/** Whether measuring may end: the server will be content. */
export function enough(measured: Measured, needs: Needs): boolean {
  const heard = measured.how === "talk" || (measured.tone_db !== null && measured.tone_db >= needs.tone_db);
  return heard && measured.sent >= needs.packets && measured.received >= needs.packets;
}

/** A talk that goes on is a test too: sound goes both ways. Ends with the talk, or when the server is content. */
export async function checkByTalk(subject: Subject): Promise<void> {
  stopCheck();
  const mine = turn;
  const needs = subject.needs();
  const before = await subject.line()?.packets();
  if (needs === null || before === undefined) return;
  while (mine === turn && !subject.free()) {
    await pause(LOOK_MS * 10);
    const now = await subject.line()?.packets();
    if (now === undefined || mine !== turn) return;
    const measured: Measured = {
      how: "talk",
      sent: now.sent - before.sent,
      received: now.received - before.received,
      tone_db: null,
      voice_db: null,
    };
    if (enough(measured, needs)) return void (await judge(subject, measured, mine));
  }
}
