/** Parts of a flow that several places share: what belongs to one, by which exits it returns, and where to. */
import { type Files, type Flow, setField, type Way, waysOf } from "./document";
import type { Verbs } from "./schema";

/** Where a subflow leads into its part; its other ways are those that callers go after the part. */
const INTO = "start";

/** The names of the exits by which the part that begins at `start` returns. */
export function exitsOf(flow: Flow, start: string, verbs: Verbs): string[] {
  const there = part(flow, start, verbs);
  const returns = [...flow.nodes.values()].filter((node) => there.has(node.name) && node.verb === "return");
  return [...new Set(returns.map((node) => String(node.fields["exit"] ?? "")))].filter((exit) => exit !== "");
}

/** Where a `return` leads: the ways of the subflows into whose part it belongs. */
export function waysBack(flow: Flow, name: string, verbs: Verbs): Way[] {
  const exit = flow.nodes.get(name)?.fields["exit"];
  return [...flow.nodes.values()]
    .filter((node) => node.verb === "subflow" && part(flow, String(node.fields[INTO] ?? ""), verbs).has(name))
    .flatMap((node) => waysOf(node, verbs))
    .filter((way) => way.field !== INTO && way.key === exit);
}

/** Let a way of a step lead to another one. A subflow led into another part has the exits of that. */
export function lead(files: Files, flow: Flow, from: string, path: string[], to: string, verbs: Verbs): Files {
  const intoPart = flow.nodes.get(from)?.verb === "subflow" && path[0] === INTO;
  return intoPart ? setPart(files, flow, from, to, verbs) : setField(files, from, path, to);
}

/** Exits that are new lead where the first one does. */
function setPart(files: Files, flow: Flow, name: string, start: string, verbs: Verbs): Files {
  const changed = setField(files, name, [INTO], start);
  const node = flow.nodes.get(name);
  const exits = node === undefined ? [] : waysOf(node, verbs).filter((way) => way.field !== INTO);
  const wanted = exitsOf(flow, start, verbs);
  const first = exits[0]?.to;
  if (wanted.length === 0 || first === undefined) return changed;
  const table = wanted.map((exit) => [exit, exits.find((way) => way.key === exit)?.to ?? first]);
  return setField(changed, name, ["exits"], Object.fromEntries(table) as Record<string, string>);
}

/** The steps that callers come to from `start` before they return; a part within it is passed by. */
function part(flow: Flow, start: string, verbs: Verbs): Set<string> {
  const seen = new Set<string>();
  const ahead = [start];
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    const node = flow.nodes.get(name);
    if (node === undefined || seen.has(name)) continue;
    seen.add(name);
    for (const way of waysOf(node, verbs)) if (node.verb !== "subflow" || way.field !== INTO) ahead.push(way.to);
  }
  return seen;
}
