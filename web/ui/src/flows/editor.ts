/** The one flow that is open in this tab: its text, what was undone, its faults, its versions. It outlives its page. */
import { computed, ref, shallowRef } from "vue";
import * as api from "../api/flows";
import { ApiError } from "../api/http";
import { type Fault, type Files, type Flow, nodeAt, readFlow } from "./document";
import { begin, edited, type History, redo as redone, same, undo as undone } from "./history";
import { plan } from "./layout";
import { type Verbs, verbsOf } from "./schema";

const CHECK_AFTER_MS = 500;
const CHECK_AGAIN_MS = 5000;
const KEPT_AS = "hotline.flow";

export type Tab = "step" | "faults" | "call" | "yaml" | "versions";

export interface Failure {
  code: string;
  message: string;
}

const EMPTY: Flow = { main: "", start: "", trouble: "", nodes: new Map(), faults: [] };

const flowId = ref("");
const flows = shallowRef<api.FlowRow[]>([]);
const versions = shallowRef<api.VersionRow[]>([]);
/** The version that is being changed. */
const base = shallowRef<api.Version | null>(null);
const history = shallowRef<History>(begin({}));
const verbs = shallowRef<Verbs>(new Map());
const prompts = shallowRef<ReadonlyMap<string, api.PromptRow>>(new Map());
const rules = shallowRef<Record<string, api.Rule>>({});
const queues = shallowRef<{ id: string; name: string }[]>([]);
const findings = shallowRef<Fault[]>([]);
const checked = ref<"no" | "busy" | "yes" | "failed">("no");
const checkCode = ref("");
const selected = ref<string | null>(null);
const tab = ref<Tab>("step");
const restored = ref(false);
/** Nodes of the tried call, in order. */
const walked = shallowRef<string[]>([]);
/** Asks the picture to bring a node into sight; the count makes the same node count again. */
const sought = shallowRef<{ name: string; count: number }>({ name: "", count: 0 });
/** Asks the text to show a line. */
const soughtLine = shallowRef<{ file: string; line: number; count: number } | null>(null);

const files = computed(() => history.value.now);
const read = computed(() => readFlow(files.value));
const broken = computed(() => read.value.faults.length > 0);
let lastGood = EMPTY;
/** The flow as it is, or as it was before its text stopped being YAML. */
const flow = computed<Flow>(() => {
  if (!broken.value) lastGood = read.value;
  return lastGood;
});
const picture = computed(() => plan(flow.value, verbs.value));
const dirty = computed(() => base.value !== null && !same(base.value.files, files.value));
const faults = computed(() => (broken.value ? read.value.faults : findings.value));
const live = computed(() => versions.value.find((one) => one.state === "live") ?? null);
const faultsOf = computed(() => {
  const found = new Map<string, Fault[]>();
  for (const fault of faults.value) {
    const name = fault.node ?? nodeAt(flow.value, fault.file, fault.line);
    if (name !== null) found.set(name, [...(found.get(name) ?? []), fault]);
  }
  return found;
});

// --- reading --------------------------------------------------------------------------------------

async function open(): Promise<void> {
  const [schema, rows, said, numbers, lines] = await Promise.all([
    api.schema(),
    api.flows(),
    api.prompts(),
    api.rules(),
    api.queues(),
  ]);
  verbs.value = verbsOf(schema);
  flows.value = rows;
  prompts.value = new Map(said.map((one) => [one.id, one]));
  rules.value = numbers;
  queues.value = lines;
  if (flowId.value === "" && rows[0] !== undefined) await choose(rows[0].id);
  else if (flowId.value !== "") await refresh();
}

async function choose(id: string): Promise<void> {
  flowId.value = id;
  await refresh();
  const kept = keptWork();
  if (kept !== null && versions.value.some((one) => one.number === kept.base)) {
    await openVersion(kept.base);
    change(kept.files, "");
    restored.value = dirty.value;
  } else if (live.value !== null || versions.value[0] !== undefined) {
    await openVersion((live.value ?? versions.value[0])?.number ?? 1);
  }
}

async function refresh(): Promise<void> {
  versions.value = await api.versions(flowId.value);
}

async function openVersion(number: number): Promise<void> {
  start(await api.version(flowId.value, number));
}

function start(version: api.Version): void {
  base.value = version;
  history.value = begin(version.files);
  selected.value = null;
  restored.value = false;
  walked.value = [];
  forgetWork();
  soon(0);
}

// --- changing -------------------------------------------------------------------------------------

/** Take over changed texts; `what` names the thing changed, so that typing is one step to undo. */
function change(now: Files, what: string): void {
  step(edited(history.value, now, what, Date.now()));
}

function undo(): void {
  step(undone(history.value));
}

function redo(): void {
  step(redone(history.value));
}

function step(next: History): void {
  if (next === history.value) return;
  history.value = next;
  if (selected.value !== null && !broken.value && !flow.value.nodes.has(selected.value)) selected.value = null;
  keepWork();
  soon(CHECK_AFTER_MS);
}

function discard(): void {
  if (base.value !== null) start(base.value);
}

function select(name: string | null, show = false): void {
  selected.value = name;
  if (name === null) return;
  if (tab.value === "faults" || tab.value === "versions" || show) tab.value = "step";
  if (show) seek(name);
}

/** Select a node and bring it into sight, whatever stands beside the picture. */
function show(name: string): void {
  selected.value = name;
  seek(name);
}

function seek(name: string): void {
  sought.value = { name, count: sought.value.count + 1 };
}

function showLine(file: string, line: number): void {
  tab.value = "yaml";
  soughtLine.value = { file, line, count: (soughtLine.value?.count ?? 0) + 1 };
}

// --- checking -------------------------------------------------------------------------------------

let timer: ReturnType<typeof setTimeout> | undefined;

function soon(ms: number): void {
  clearTimeout(timer);
  checked.value = "busy";
  timer = setTimeout(() => void check(), ms);
}

async function check(): Promise<void> {
  const asked = files.value;
  if (broken.value) {
    checked.value = "yes";
    return;
  }
  try {
    const found = await api.check(flowId.value, asked);
    if (asked !== files.value) return;
    findings.value = found;
    checked.value = "yes";
  } catch (error) {
    if (asked !== files.value) return;
    checked.value = "failed";
    checkCode.value = failureOf(error).code;
    timer = setTimeout(() => void check(), CHECK_AGAIN_MS);
  }
}

// --- keeping --------------------------------------------------------------------------------------

async function save(note: string): Promise<number> {
  const made = await api.draft(flowId.value, files.value, note, base.value?.number ?? 1);
  // What was typed meanwhile stays a change.
  base.value = { ...made, files: made.files };
  if (same(made.files, files.value)) forgetWork();
  await refresh();
  return made.number;
}

async function publish(number: number, instead: number): Promise<void> {
  await api.publish(flowId.value, number, instead);
  await refresh();
  if (!dirty.value && base.value?.number !== number) await openVersion(number);
}

export function failureOf(error: unknown): Failure {
  if (error instanceof ApiError) return { code: error.body.code, message: error.body.message };
  throw error;
}

interface Kept {
  flow: string;
  base: number;
  files: Files;
}

/** F5 and a browser that died lose nothing; what is kept lives as long as the tab. */
function keepWork(): void {
  if (base.value === null) return;
  if (!dirty.value) return forgetWork();
  const kept: Kept = { flow: flowId.value, base: base.value.number, files: files.value };
  sessionStorage.setItem(KEPT_AS, JSON.stringify(kept));
}

function forgetWork(): void {
  sessionStorage.removeItem(KEPT_AS);
}

function keptWork(): Kept | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT_AS) ?? "null") as Kept | null;
    return kept?.flow === flowId.value ? kept : null;
  } catch {
    return null;
  }
}

window.addEventListener("beforeunload", (event) => {
  if (dirty.value) event.preventDefault();
});

export function useEditor() {
  return {
    flowId, flows, versions, base, files, flow, picture, broken, dirty, live, verbs, prompts, rules, queues,
    faults, faultsOf, checked, checkCode, selected, tab, restored, walked, sought, soughtLine, history,
    open, choose, refresh, openVersion, change, undo, redo, discard, select, show, showLine, save, publish,
  };
}
