/** Light or dark, kept in the browser; without a choice the system's own. */
import { ref } from "vue";

const KEPT_AS = "hotline.theme";
const system = window.matchMedia("(prefers-color-scheme: dark)");

export const dark = ref(false);

function apply(): void {
  const kept = localStorage.getItem(KEPT_AS);
  dark.value = kept === null ? system.matches : kept === "dark";
  document.documentElement.classList.toggle("dark", dark.value);
}

export function followLook(): void {
  apply();
  system.addEventListener("change", apply);
}

export function toggleLook(): void {
  localStorage.setItem(KEPT_AS, dark.value ? "light" : "dark");
  apply();
}
