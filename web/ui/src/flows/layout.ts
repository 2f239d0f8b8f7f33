/** Places the nodes of a flow from left to right, and says which ways are worth a line. */
import { Graph, layout as place } from "@dagrejs/dagre";
import { type Flow, type Way, waysOf } from "./document";
import type { Verbs } from "./schema";

export const BOX_WIDTH = 236;
export const ROW_HEIGHT = 26;
const HEAD_HEIGHT = 84;
/** A node to which more ways lead (a person, the main menu) is named in the boxes; lines to it would cover all others. */
const LINES_TO_ONE = 3;

export interface Plan {
  places: Map<string, { x: number; y: number }>;
  ways: Way[];
  /** Ways drawn always; the others only when one of their ends is selected. */
  drawn: Set<Way>;
}

export function heightOf(rows: number): number {
  return HEAD_HEIGHT + rows * ROW_HEIGHT;
}

export function plan(flow: Flow, verbs: Verbs): Plan {
  const ways = [...flow.nodes.values()].flatMap((node) => waysOf(node, verbs)).filter((way) => flow.nodes.has(way.to));
  const depth = depths(flow, ways);
  const drawn = new Set(worthALine(ways, depth));
  const graph = new Graph({ multigraph: false });
  graph.setGraph({ rankdir: "LR", nodesep: 26, ranksep: 90, marginx: 20, marginy: 20 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of flow.nodes.values()) {
    graph.setNode(node.name, { width: BOX_WIDTH, height: heightOf(waysOf(node, verbs).length) });
  }
  for (const way of drawn) if (way.from !== way.to) graph.setEdge(way.from, way.to);
  place(graph);
  const places = new Map<string, { x: number; y: number }>();
  for (const name of flow.nodes.keys()) {
    const at = graph.node(name) as { x: number; y: number; height: number };
    places.set(name, { x: at.x - BOX_WIDTH / 2, y: at.y - at.height / 2 });
  }
  return { places, ways, drawn };
}

/** Steps from the start; nodes that only trouble leads to begin anew. */
function depths(flow: Flow, ways: Way[]): Map<string, number> {
  const following = new Map<string, string[]>();
  for (const way of ways) following.set(way.from, [...(following.get(way.from) ?? []), way.to]);
  const depth = new Map<string, number>();
  for (const first of [flow.start, flow.trouble, ...flow.nodes.keys()]) {
    let level = flow.nodes.has(first) && !depth.has(first) ? [first] : [];
    for (let steps = 0; level.length > 0; steps += 1) {
      for (const name of level) depth.set(name, steps);
      level = [...new Set(level.flatMap((name) => following.get(name) ?? []))].filter((name) => !depth.has(name));
    }
  }
  return depth;
}

function worthALine(ways: Way[], depth: Map<string, number>): Way[] {
  const coming = new Map<string, number>();
  for (const way of ways) coming.set(way.to, (coming.get(way.to) ?? 0) + 1);
  const reached = new Set<string>();
  return ways.filter((way) => {
    const steps = (depth.get(way.to) ?? 0) - (depth.get(way.from) ?? 0);
    const first = steps === 1 && !reached.has(way.to);
    if (first) reached.add(way.to);
    return first || (steps > 0 && (coming.get(way.to) ?? 0) <= LINES_TO_ONE);
  });
}
