/** The verbs of the flow language and their fields, read from the published JSON Schema. */

/** What a field holds; the form has one kind of input for each. */
export type Kind =
  | "node" // the name of a node
  | "nodes" // node names by key or condition
  | "prompts" // a list of prompts
  | "rule" // the name of a policy rule
  | "queue"
  | "variable"
  | "flag"
  | "number"
  | "choice"
  | "text"
  | "texts" // a list of texts
  | "many" // some of several
  | "pairs"; // texts by name

export interface Field {
  name: string;
  kind: Kind;
  required: boolean;
  fallback: unknown;
  choices: string[];
  /** What a key of `nodes` looks like; keys of the telephone when it is their pattern. */
  keyPattern: string | null;
  pattern: string | null;
  description: string;
}

export interface Verb {
  name: string;
  description: string;
  fields: Field[];
}

export type Verbs = ReadonlyMap<string, Verb>;

export const TELEPHONE_KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"] as const;

interface Part {
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: Part[];
  allOf?: Part[];
  $ref?: string;
  items?: Part;
  properties?: Record<string, Part>;
  required?: string[];
  additionalProperties?: Part | boolean;
  propertyNames?: Part;
  pattern?: string;
  default?: unknown;
  description?: string;
  "x-names"?: string;
}

export interface FlowSchema extends Part {
  $defs?: Record<string, Part>;
}

/** Read the verbs; those of a newer server have a form too, whatever they are called. */
export function verbsOf(schema: FlowSchema): Verbs {
  const verbs = new Map<string, Verb>();
  for (const part of Object.values(schema.$defs ?? {})) {
    const name = part.properties?.["do"]?.const;
    if (typeof name !== "string") continue;
    const required = new Set(part.required ?? []);
    const fields = Object.entries(part.properties ?? {})
      .filter(([field]) => field !== "do" && field !== "note")
      .map(([field, inner]) => fieldOf(field, inner, required.has(field), schema));
    verbs.set(name, { name, description: part.description ?? "", fields });
  }
  return verbs;
}

function fieldOf(name: string, part: Part, required: boolean, schema: FlowSchema): Field {
  const inner = settled(part, schema);
  return {
    name,
    kind: kindOf(part["x-names"] ?? inner["x-names"], inner, schema),
    required,
    fallback: part.default,
    choices: choicesOf(inner.items === undefined ? inner : settled(inner.items, schema)),
    keyPattern: inner.propertyNames?.pattern ?? null,
    pattern: inner.pattern ?? null,
    description: part.description ?? "",
  };
}

/** The part itself, where it refers to another or may be null besides. */
function settled(part: Part, schema: FlowSchema): Part {
  if (part.$ref !== undefined) {
    const { $ref, ...rest } = part;
    const target = schema.$defs?.[$ref.replace("#/$defs/", "")];
    return target === undefined ? rest : settled({ ...target, ...rest }, schema);
  }
  const other = (part.anyOf ?? part.allOf)?.find((one) => one.type !== "null");
  return other === undefined ? part : { ...part, ...settled(other, schema), ...namesOf(part) };
}

function namesOf(part: Part): Part {
  return part["x-names"] === undefined ? {} : { "x-names": part["x-names"] };
}

function kindOf(names: string | undefined, part: Part, schema: FlowSchema): Kind {
  const map = part.type === "object";
  if (names === "node") return map ? "nodes" : "node";
  if (names === "prompt") return "prompts";
  if (names === "rule" || names === "queue" || names === "variable") return names;
  if (map) return "pairs";
  if (part.type === "array") return choicesOf(settled(part.items ?? {}, schema)).length > 0 ? "many" : "texts";
  if (part.type === "boolean") return "flag";
  if (part.type === "integer" || part.type === "number") return "number";
  return choicesOf(part).length > 0 ? "choice" : "text";
}

function choicesOf(part: Part): string[] {
  return (part.enum ?? (part.const === undefined ? [] : [part.const])).map(String);
}

/** Whether the keys of this field are those of a telephone. */
export function byTelephoneKey(field: Field): boolean {
  return field.kind === "nodes" && field.keyPattern === "^[0-9*#]$";
}
