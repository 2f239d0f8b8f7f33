/** A number that waits to be rung: put there by any page, rung from the box beside the call. */
import { ref, shallowRef } from "vue";
import { request } from "../api/http";

/** What the server finds a number by that this person sees masked. */
export type By = { call_id: string } | { order_id: string };

const wanted = ref("");
/** What the wanted number is found by; null: it stands there in full. It holds as long as the number is not typed over. */
const by = shallowRef<{ shown: string; ref: By } | null>(null);
/** Counts the wishes, so that the box comes to the front for the same number again. */
const asked = ref(0);

/** Put a number into the box from which it is dialled, or in which it is consulted during a talk. */
export function dialTo(number: string, found?: By): void {
  wanted.value = number;
  by.value = found === undefined ? null : { shown: number, ref: found };
  asked.value += 1;
}

/** Have my phone rung, then the number. Throws ApiError. */
export function placeCall(number: string): Promise<{ id: string }> {
  return request("POST", "calls", by.value?.shown === number ? by.value.ref : { number });
}

export function useDialling() {
  return { wanted, asked };
}
