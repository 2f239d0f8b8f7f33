/** A number that waits to be dialled: put there by any page, dialled by the box beside the call. */
import { ref } from "vue";
import { request } from "../api/http";

const wanted = ref("");
/** Counts the wishes, so that the box comes to the front for the same number again. */
const asked = ref(0);

/** Put a number into the box from which it is dialled. */
export function dialTo(number: string): void {
  wanted.value = number;
  asked.value += 1;
}

/** Have my phone rung, then the number. Throws ApiError. */
export const placeCall = (number: string): Promise<{ id: string }> => request("POST", "calls", { number });

export function useDialling() {
  return { wanted, asked, dialTo };
}
