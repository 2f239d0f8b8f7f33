/**
 * Reads and edits the YAML of a flow. An edit touches the text of one node (renaming: of each name) and nothing else,
 * so comments, order and the writing of all other parts stay as they are, byte for byte.
 */
import {
  Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  Scalar,
  stringify,
  visit,
  type YAMLMap,
} from "yaml";
import { byTelephoneKey, type Field, TELEPHONE_KEYS, type Verbs } from "./schema";

export type Files = Readonly<Record<string, string>>;
export type Value = string | number | boolean | Value[] | { [key: string]: Value };

export interface Fault {
  file: string;
  line: number;
  node: string | null;
  message: string;
  /** The stable name of what it is, and what its words name; without them the message is shown. */
  rule?: string;
  holes?: Record<string, string>;
}

export interface FlowNode {
  name: string;
  file: string;
  /** Counted from 1. */
  line: number;
  verb: string;
  note: string;
  fields: Record<string, unknown>;
}

/** One way out of a node; `key` where a field has several. */
export interface Way {
  from: string;
  field: string;
  key: string | null;
  to: string;
}

export interface Flow {
  /** The file that has `start`; the others hold nodes alone. */
  main: string;
  start: string;
  trouble: string;
  nodes: ReadonlyMap<string, FlowNode>;
  /** What is no YAML; while there is any, nodes may be missing. */
  faults: Fault[];
}

export class EditError extends Error {
  constructor(readonly code: "name_taken" | "bad_name" | "last_node" | "no_node" | "key_taken") {
    super(code);
  }
}

const STYLE = { lineWidth: 0, flowCollectionPadding: false } as const;
const NAME = /^[\p{L}][\p{L}\p{N}_]*$/u;

type Entry = Pair<Scalar, unknown>;

export function readFlow(files: Files): Flow {
  const nodes = new Map<string, FlowNode>();
  const faults: Fault[] = [];
  const top = { main: Object.keys(files)[0] ?? "", start: "", trouble: "" };
  for (const [file, text] of Object.entries(files)) {
    const lines = new LineCounter();
    const doc = parse(text, lines);
    for (const error of doc.errors) {
      faults.push({ file, line: lines.linePos(error.pos[0]).line, node: null, message: firstLine(error.message) });
    }
    if (!isMap(doc.contents)) continue;
    if (doc.has("start")) Object.assign(top, { main: file, start: text_(doc.get("start")), trouble: text_(doc.get("trouble")) });
    for (const [name, entry] of entriesOf(doc)) {
      const { do: verb, note, ...fields } = plain(entry.value, doc);
      const line = lines.linePos(entry.key.range?.[0] ?? 0).line;
      if (!nodes.has(name)) nodes.set(name, { name, file, line, verb: text_(verb), note: text_(note), fields });
    }
  }
  return { ...top, nodes, faults };
}

/** The ways out of a node, in the order in which its verb names them. */
export function waysOf(node: FlowNode, verbs: Verbs): Way[] {
  const ways: Way[] = [];
  for (const field of verbs.get(node.verb)?.fields ?? []) {
    const value = node.fields[field.name];
    if (field.kind === "node" && typeof value === "string" && value !== "") {
      ways.push({ from: node.name, field: field.name, key: null, to: value });
    } else if (field.kind === "nodes" && typeof value === "object" && value !== null) {
      // Numbers among the keys of a JavaScript object come first; a telephone has its 0 below.
      const entries = Object.entries(value);
      if (byTelephoneKey(field)) entries.sort(([a], [b]) => TELEPHONE_KEYS.indexOf(a as "1") - TELEPHONE_KEYS.indexOf(b as "1"));
      for (const [key, to] of entries) {
        ways.push({ from: node.name, field: field.name, key, to: text_(to) });
      }
    }
  }
  return ways;
}

/** All ways that lead to `name`. */
export function waysTo(flow: Flow, name: string, verbs: Verbs): Way[] {
  return [...flow.nodes.values()].flatMap((node) => waysOf(node, verbs)).filter((way) => way.to === name);
}

/** The node whose text has this line. */
export function nodeAt(flow: Flow, file: string, line: number): string | null {
  let found: FlowNode | null = null;
  for (const node of flow.nodes.values()) {
    if (node.file === file && node.line <= line && (found === null || node.line > found.line)) found = node;
  }
  return found?.name ?? null;
}

export function isGoodName(name: string): boolean {
  return NAME.test(name);
}

// --- edits ---------------------------------------------------------------------------------------

/** Set a field, or one key of it; undefined takes it away. */
export function setField(files: Files, name: string, path: string[], value: Value | undefined): Files {
  return inNode(files, name, path[0] ?? "", (map, doc) => {
    if (value === undefined) {
      map.deleteIn(path);
      return;
    }
    const before = map.getIn(path, true);
    if (isScalar(before) && typeof value !== "object") before.value = value;
    else if (isMap(before) && typeof value === "object" && !Array.isArray(value)) adapt(before, value, doc);
    else if (isSeq(before) && Array.isArray(value)) {
      // What stays is the very same node, with its comments.
      const left = [...before.items];
      before.items = value.map((one) => {
        const at = left.findIndex((old) => isScalar(old) && old.value === one);
        return at >= 0 ? left.splice(at, 1)[0] : doc.createNode(one);
      });
    } else put(map, path, value, doc);
  });
}

function adapt(map: YAMLMap, value: { [key: string]: Value }, doc: Document): void {
  for (const item of [...map.items]) {
    const key = isScalar(item.key) ? item.key.value : item.key;
    if (!(String(key) in value)) map.delete(key);
  }
  for (const [key, one] of Object.entries(value)) put(map, [key], one, doc);
}

function put(map: YAMLMap, path: string[], value: Value, doc: Document): void {
  const [head = "", ...rest] = path;
  const pair = map.items.find((item) => isScalar(item.key) && String(item.key.value) === head);
  const inner = pair?.value;
  if (rest.length > 0 && isMap(inner)) return put(inner, rest, value, doc);
  const wanted: Value = rest.reduceRight<Value>((one, key) => ({ [key]: one }), value);
  if (pair !== undefined && isScalar(inner) && typeof wanted !== "object") inner.value = wanted;
  else if (pair !== undefined) pair.value = shaped(wanted, doc);
  else map.items.push(doc.createPair(keyOf(head), shaped(wanted, doc)) as never);
}

/** Keys that YAML would take for numbers or signs stand in quotes. */
function keyOf(key: string): Scalar {
  const scalar = new Scalar(key);
  if (!NAME.test(key)) scalar.type = Scalar.QUOTE_DOUBLE;
  return scalar;
}

/** Lists and tables on one line, as flows are written. */
function shaped(value: Value, doc: Document): unknown {
  if (typeof value !== "object") return doc.createNode(value);
  const made = doc.createNode(value, { flow: true });
  if (isMap(made)) {
    for (const item of made.items) if (isScalar(item.key) && !NAME.test(String(item.key.value))) item.key.type = Scalar.QUOTE_DOUBLE;
  }
  return made;
}

/** Give one key of a table another name, at its place. */
export function renameKey(files: Files, name: string, field: string, from: string, to: string): Files {
  return inNode(files, name, field, (map) => {
    const table = map.get(field, true);
    if (!isMap(table)) return;
    const keys = table.items.map((item) => (isScalar(item.key) ? String(item.key.value) : ""));
    if (keys.includes(to) && from !== to) throw new EditError("key_taken");
    const item = table.items[keys.indexOf(from)];
    if (item !== undefined) item.key = keyOf(to);
  });
}

export function setTop(files: Files, flow: Flow, field: "start" | "trouble", name: string): Files {
  const text = files[flow.main] ?? "";
  const doc = parse(text);
  const value = doc.get(field, true);
  if (!isScalar(value) || value.range == null) return files;
  return { ...files, [flow.main]: splice(text, [[value.range[0], value.range[1], written(value, name)]]) };
}

/** Rename a node; every way to it, `start` and `trouble` follow, in all files. */
export function renameNode(files: Files, flow: Flow, from: string, to: string, verbs: Verbs): Files {
  if (from === to) return files;
  if (!isGoodName(to)) throw new EditError("bad_name");
  if (flow.nodes.has(to)) throw new EditError("name_taken");
  return retarget(files, from, to, verbs, true);
}

function retarget(files: Files, from: string, to: string, verbs: Verbs, itself: boolean): Files {
  const changed: Record<string, string> = {};
  for (const [file, text] of Object.entries(files)) {
    const doc = parse(text);
    const cuts: Cut[] = [];
    const take = (node: unknown): void => {
      if (isScalar(node) && node.range != null && node.value === from) {
        cuts.push([node.range[0], node.range[1], written(node, to)]);
      }
    };
    take(isMap(doc.contents) ? doc.get("start", true) : null);
    take(isMap(doc.contents) ? doc.get("trouble", true) : null);
    for (const [name, entry] of entriesOf(doc)) {
      if (itself && name === from) take(entry.key);
      if (!isMap(entry.value)) continue;
      const map = entry.value;
      for (const field of targetsOf(text_(map.get("do")), verbs)) {
        const value = map.get(field.name, true);
        if (isMap(value)) value.items.forEach((item) => take(item.value));
        else take(value);
      }
    }
    changed[file] = splice(text, cuts);
  }
  return changed;
}

function targetsOf(verb: string, verbs: Verbs): Field[] {
  return (verbs.get(verb)?.fields ?? []).filter((field) => field.kind === "node" || field.kind === "nodes");
}

/** Take a node away; the ways to it lead to `instead` when that is given, else they are told by the check. */
export function removeNode(files: Files, flow: Flow, name: string, instead: string | null, verbs: Verbs): Files {
  const node = flow.nodes.get(name);
  if (node === undefined) throw new EditError("no_node");
  const inFile = [...flow.nodes.values()].filter((one) => one.file === node.file);
  if (inFile.length === 1) throw new EditError("last_node");
  const text = files[node.file] ?? "";
  const place = placeOf(parse(text), name, text);
  if (place === null) throw new EditError("no_node");
  const start = text.lastIndexOf("\n", place.start - 1) + 1;
  const shorter = text.slice(0, start) + text.slice(Math.min(place.tail + 1, text.length));
  const without = { ...files, [node.file]: shorter };
  return instead === null ? without : retarget(without, name, instead, verbs, false);
}

/** Add a node after `after` (the last one when null), in the file of that. */
export function addNode(
  files: Files,
  flow: Flow,
  name: string,
  content: { [key: string]: Value },
  after: string | null,
): Files {
  if (!isGoodName(name)) throw new EditError("bad_name");
  if (flow.nodes.has(name)) throw new EditError("name_taken");
  const file = (after === null ? undefined : flow.nodes.get(after)?.file) ?? flow.main;
  const text = files[file] ?? "";
  const doc = parse(text);
  const last = after !== null && flow.nodes.get(after)?.file === file ? after : [...entriesOf(doc)].at(-1)?.[0];
  const place = last === undefined ? null : placeOf(doc, last, text);
  if (place === null) throw new EditError("no_node");
  const indent = " ".repeat(place.start - text.lastIndexOf("\n", place.start - 1) - 1);
  const lines = stringNode(name, content, Math.max(indent.length, 2)).trimEnd().split("\n");
  const added = lines.map((line) => (line === "" ? line : indent + line)).join("\n");
  return { ...files, [file]: `${text.slice(0, place.tail)}\n${added}${text.slice(place.tail) || "\n"}` };
}

function stringNode(name: string, content: { [key: string]: Value }, indent: number): string {
  const doc = new Document({});
  const inner = doc.createNode({}) as YAMLMap;
  for (const [key, value] of Object.entries(content)) put(inner, [key], value, doc);
  doc.set(name, inner);
  return doc.toString({ ...STYLE, indent });
}

// --- places --------------------------------------------------------------------------------------

function parse(text: string, lines?: LineCounter): Document.Parsed {
  return parseDocument(text, lines === undefined ? { prettyErrors: false } : { prettyErrors: false, lineCounter: lines });
}

function* entriesOf(doc: Document): Generator<[string, Entry]> {
  const nodes = isMap(doc.contents) ? doc.get("nodes", true) : null;
  if (!isMap(nodes)) return;
  for (const item of nodes.items) if (isScalar(item.key)) yield [String(item.key.value), item as Entry];
}

interface Place {
  /** Where the name begins. */
  start: number;
  /** Where the line of the last value ends. */
  end: number;
  /** Where the comments end that stand below the last value and belong to the node by their indentation. */
  tail: number;
}

interface Ranged {
  range?: [number, number, number] | null | undefined;
}

function placeOf(doc: Document, name: string, text: string): Place | null {
  const entry = [...entriesOf(doc)].find(([found]) => found === name)?.[1];
  return entry === undefined ? null : placeOfPair(entry, text);
}

function placeOfPair(entry: Entry, text: string): Place | null {
  if (entry.key.range == null) return null;
  const start = entry.key.range[0];
  let last = entry.key.range[1];
  const take = (_: unknown, node: Ranged): void => {
    last = Math.max(last, node.range?.[1] ?? 0);
  };
  // The end of a block collection lies behind the comments below it; those of its parts do not.
  const takeFlow = (key: unknown, node: Ranged & { flow?: boolean | undefined }): void =>
    node.flow === true ? take(key, node) : undefined;
  if (isNode(entry.value)) visit(entry.value, { Scalar: take, Alias: take, Map: takeFlow, Seq: takeFlow });
  const end = endOfLine(text, text[last - 1] === "\n" ? last - 1 : last);
  return { start, end, tail: tailOf(text, start, end) };
}

/** The place of one field that has lines of its own. */
function placeOfField(doc: Document, name: string, field: string, text: string): Place | null {
  const map = [...entriesOf(doc)].find(([found]) => found === name)?.[1].value;
  if (!isMap(map) || map.flow === true) return null;
  const pair = map.items.find((item) => isScalar(item.key) && item.key.value === field);
  return pair === undefined ? null : placeOfPair(pair as Entry, text);
}

function endOfLine(text: string, from: number): number {
  const at = text.indexOf("\n", from);
  return at < 0 ? text.length : at;
}

function tailOf(text: string, start: number, end: number): number {
  const column = start - text.lastIndexOf("\n", start - 1) - 1;
  let tail = end;
  while (tail < text.length) {
    const next = endOfLine(text, tail + 1);
    const line = text.slice(tail + 1, next);
    const indent = line.search(/\S/);
    if (indent <= column || line[indent] !== "#") break;
    tail = next;
  }
  return tail;
}

/** Change a field of a node in a copy of its file; of that only the field's (or a new one: the node's) text is taken. */
function inNode(files: Files, name: string, field: string, change: (map: YAMLMap, doc: Document) => void): Files {
  for (const [file, text] of Object.entries(files)) {
    const before = parse(text);
    const place = placeOf(before, name, text);
    if (place === null) continue;
    const doc = parse(text);
    const map = [...entriesOf(doc)].find(([one]) => one === name)?.[1].value;
    if (!isMap(map)) throw new EditError("no_node");
    change(map, doc);
    const column = place.start - text.lastIndexOf("\n", place.start - 1) - 1;
    const after = doc.toString({ ...STYLE, indent: Math.max(column, 2) });
    const made = parse(after);
    const narrow = [placeOfField(before, name, field, text), placeOfField(made, name, field, after)] as const;
    const [old, now] = narrow[0] && narrow[1] ? narrow : [place, placeOf(made, name, after)];
    if (old === null || now === null) throw new EditError("no_node");
    return { ...files, [file]: text.slice(0, old.start) + after.slice(now.start, now.end) + text.slice(old.end) };
  }
  throw new EditError("no_node");
}

type Cut = [start: number, end: number, text: string];

function splice(text: string, cuts: Cut[]): string {
  const last = [...cuts].sort((a, b) => b[0] - a[0]);
  return last.reduce((all, [start, end, by]) => all.slice(0, start) + by + all.slice(end), text);
}

/** `value` in the quotes that `old` has. */
function written(old: Scalar, value: string): string {
  if (old.type === Scalar.QUOTE_DOUBLE) return JSON.stringify(value);
  if (old.type === Scalar.QUOTE_SINGLE) return `'${value.replaceAll("'", "''")}'`;
  return stringify(value, STYLE).trimEnd();
}

function plain(value: unknown, doc: Document): Record<string, unknown> {
  const data: unknown = isMap(value) ? value.toJS(doc) : null;
  return typeof data === "object" && data !== null ? (data as Record<string, unknown>) : {};
}

function text_(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}
