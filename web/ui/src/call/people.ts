/** Who is who among the agents, read when it is needed. */
import { ref } from "vue";
import { agents } from "../api/calls";
import { ApiError } from "../api/http";
import type { AgentRow } from "../api/types";

const rows = ref<AgentRow[]>([]);
/** Code of why the list could not be read; empty: it could. */
const problem = ref("");

export async function readPeople(): Promise<void> {
  try {
    rows.value = await agents();
    problem.value = "";
  } catch (error) {
    problem.value = error instanceof ApiError ? error.body.code : "unknown";
  }
}

/** The name of an agent, or nothing while it is not known; an unknown one is looked up. */
function nameOf(id: string | null | undefined): string {
  if (id === null || id === undefined) return "";
  return rows.value.find((one) => one.id === id)?.display_name ?? "";
}

export function usePeople() {
  return { people: rows, problem, nameOf, readPeople };
}
