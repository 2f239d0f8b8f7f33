/** Numbers as people write them: money with two places, phone numbers in groups. */
import type { Yuan } from "../api/types";

/** `1,234.50`; an empty string for nothing. No arithmetic is done, so no cent can move. */
export function money(value: Yuan | null | undefined): string {
  if (value === null || value === undefined || value === "") return "";
  const text = typeof value === "number" ? value.toFixed(2) : value;
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text);
  if (match === null) return text;
  const [, sign = "", whole = "0", places = ""] = match;
  return `${sign}${whole.replace(/\B(?=(\d{3})+$)/g, ",")}.${places.padEnd(2, "0")}`;
}

export function isPositive(value: Yuan | null | undefined): boolean {
  return value !== null && value !== undefined && Number(value) > 0;
}

/** `286` for `286.00`, `23,456.5` for `23456.50`: a quantity in groups, without idle zeros. */
export function quantity(value: string | number): string {
  const bare = String(value).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
  return bare.replace(/^\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));
}

/** A mobile number as 138 0000 0001, an account number as 3200 0000 01; others unchanged; empty without any digit. */
export function grouped(number: string | null | undefined): string {
  if (number === null || number === undefined || !/\d/.test(number)) return "";
  if (/^1\d{10}$/.test(number)) return number.replace(/^(\d{3})(\d{4})(\d{4})$/, "$1 $2 $3");
  if (/^[1-9]\d{8,15}$/.test(number)) return number.replace(/(\d{4})(?=\d)/g, "$1 ");
  return number;
}
