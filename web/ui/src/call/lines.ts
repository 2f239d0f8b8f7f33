/** What is said in which situation: the words come from the server, which knows the hour, the feast and my number. */
import { ref } from "vue";
import { ApiError, request } from "../api/http";

/** One sentence to say, with where it comes from. */
export interface Line {
  id: string;
  text: string;
  source: string;
  /** The same for who chose English. */
  english?: string;
}

/** The sentences of one situation, in the order in which they are said. */
export interface Situation {
  id: string;
  lines: Line[];
}

const lines = ref<Situation[]>([]);
/** Code of why they could not be read; empty: they could. */
const problem = ref("");

export async function readLines(): Promise<void> {
  try {
    lines.value = (await request<{ items: Situation[] }>("GET", "scripts")).items;
    problem.value = "";
  } catch (error) {
    problem.value = error instanceof ApiError ? error.body.code : "unknown";
  }
}

export const linesOf = (all: readonly Situation[], id: string): Line[] => all.find((one) => one.id === id)?.lines ?? [];

export function useLines() {
  return { lines, problem, readLines };
}
