// Texts of records, which may hold anything, and the texts of numbers, durations and times on charts.

// What a terminal or page obeys, or shows as nothing; the list of record/text.cpp.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\ud800-\udfff\ufffe\uffff]/gu;
const NAMED: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** The text in one line of visible characters, as the program prints it: `\n`, `\x1b`, `\u{202e}`. */
export function printable(text: string): string {
  return text.replace(UNSEEN, (c) => {
    const code = c.codePointAt(0)!;
    return NAMED[c] ?? (code < 0x80 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`);
  });
}

export const MINUS = "−";

/** A hyphen before a number becomes a minus sign, also in its exponent. */
export function withMinus(text: string): string {
  return text.replace(/-/g, MINUS);
}

function notFinite(value: number): string {
  return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : `${MINUS}∞`;
}

/** Without zeros after the point that say nothing. */
function trimmed(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+($|e)/, "$1") : text;
}

/** A value as tooltips and tables show it, to so many significant digits. */
export function numberText(value: number, digits = 5): string {
  if (!Number.isFinite(value)) return notFinite(value);
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e7) return withMinus(String(value));
  if (size >= 1e7 || size < 1e-4) return withMinus(trimmed(value.toExponential(digits - 1)).replace("e+", "e"));
  return withMinus(trimmed(value.toPrecision(digits)));
}

/**
 * Decimals that show values one below the other to one precision: so many digits of the largest, two of the smallest, and none that no value has.
 * -1 where they span so much that each needs its own.
 */
export function sharedDecimals(values: readonly number[], digits = 4): number {
  let least = Infinity, most = 0, written = 0;
  for (const value of values) {
    if (!Number.isFinite(value) || value === 0) continue;
    least = Math.min(least, Math.abs(value));
    most = Math.max(most, Math.abs(value));
    if (!Number.isInteger(value)) written = Math.max(written, /e/.test(String(value)) ? 12 : String(value).split(".")[1]!.length);
  }
  if (written === 0) return 0;
  if (most / least > 1e3 || most >= 1e6 || most < 1e-3) return -1;
  return Math.max(0, Math.min(digits + 2, written, Math.max(digits - 1 - Math.floor(Math.log10(most)), 1 - Math.floor(Math.log10(least)))));
}

/** With so many decimals; -1: each to so many digits by itself. */
export function fixedText(value: number, decimals: number, digits = 4): string {
  if (!Number.isFinite(value) || decimals < 0 || Math.abs(value) >= 1e6) return numberText(value, digits);
  return withMinus(value.toFixed(decimals));
}

/** Values one below the other. */
export function alignedTexts(values: readonly number[], digits = 5): string[] {
  const decimals = sharedDecimals(values, digits);
  return values.map((value) => fixedText(value, decimals, digits));
}

const THOUSANDS: [number, string][] = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];

/** "1.2k", "−3M": three significant digits at most. */
export function compactText(value: number): string {
  if (!Number.isFinite(value)) return notFinite(value);
  const size = Math.abs(value);
  for (const [unit, letter] of THOUSANDS) {
    // What three digits round up to the unit is written in it: 999.9 is 1k.
    if (Number((size / unit).toPrecision(3)) >= 1 && size < 1e15) return withMinus(`${Number((value / unit).toPrecision(3))}${letter}`);
  }
  return numberText(value, 3);
}

/** Decimals that tell the multiples of a step from each other. */
function decimalsOf(step: number): number {
  let decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  // 2.5 has one more digit than its magnitude says.
  while (decimals < 17 && Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6) ++decimals;
  return decimals;
}

/** Ticks' texts, all in the same unit and with the same precision. */
export function tickTexts(values: readonly number[], step: number): string[] {
  const largest = Math.max(...values.map(Math.abs), 0);
  if (largest === 0) return values.map(() => "0");
  const [unit, letter] = largest >= 1e3 && largest < 1e15 ? THOUSANDS.find(([size]) => largest >= size)! : [1, ""];
  const decimals = decimalsOf(step / unit);
  if (letter && decimals <= 2) return values.map((v) => unitText(v, unit, letter, decimals));
  if (largest >= 1e9 || largest < 1e-3 || decimals > 6) return values.map((v) => (v === 0 ? "0" : exponentText(v, step)));
  return values.map((v) => withMinus(v.toFixed(decimalsOf(step))));
}

/** 500 beside 1k and 1.5k: what is whole below the unit needs no fraction of it. */
function unitText(value: number, unit: number, letter: string, decimals: number): string {
  const size = Math.abs(value);
  if (size < 1e3 && unit === 1e3 && Number.isInteger(value)) return withMinus(String(value));
  if (size < 1e6 && unit === 1e6 && value % 1e3 === 0) return withMinus(value === 0 ? "0" : `${value / 1e3}k`);
  return withMinus(`${trimmed((value / unit).toFixed(decimals))}${value === 0 ? "" : letter}`);
}

/** 2e−5 with the digits that the step needs. */
function exponentText(value: number, step: number): string {
  const digits = Math.max(0, Math.floor(Math.log10(Math.abs(value)) + 1e-9) - Math.floor(Math.log10(step) + 1e-9));
  return withMinus(trimmed(value.toExponential(Math.min(digits, 12))).replace("e+", "e"));
}

/** A power of ten or its double, as logarithmic axes name them. */
export function logTickText(value: number): string {
  if (value >= 1e3 && value < 1e15) return compactText(value);
  return value >= 1e-3 && value < 1e3 ? numberText(value, 3) : withMinus(trimmed(value.toExponential(2)).replace("e+", "e"));
}

/** "350 µs", "350 ms", "12 s", "3 min", "2 h 5 min", "3 d 4 h": two units at most. */
export function durationText(seconds: number): string {
  if (!Number.isFinite(seconds)) return notFinite(seconds);
  if (seconds < 0) return MINUS + durationText(-seconds);
  if (seconds === 0) return "0 s";
  if (seconds < 0.0009995) return `${numberText(seconds * 1e6, 3)} µs`;
  if (seconds < 0.9995) return `${numberText(seconds * 1e3, 3)} ms`;
  if (seconds < 59.95) return `${numberText(seconds, 3)} s`;
  const whole = Math.round(seconds);
  const parts: [number, string][] = [[Math.floor(whole / 86400), "d"], [Math.floor(whole / 3600) % 24, "h"], [Math.floor(whole / 60) % 60, "min"], [whole % 60, "s"]];
  const first = parts.findIndex(([n]) => n > 0);
  return parts.slice(first, first + 2).filter(([n]) => n > 0).map(([n, unit]) => `${n} ${unit}`).join(" ");
}

const two = (n: number): string => String(n).padStart(2, "0");

/** Seconds since 1970 as local date and time, to the second. */
export function wallText(seconds: number): string {
  if (!Number.isFinite(seconds)) return notFinite(seconds);
  const t = new Date(seconds * 1e3);
  return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())} ${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
}

/** "12,345" */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** "1 outlier", "3,000 outliers". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}
