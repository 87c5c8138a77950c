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
function withMinus(text: string): string {
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

/** Values one below the other with the same decimals, as many as the largest needs for so many digits; each by itself where that would leave a small one without digits. */
export function alignedTexts(values: readonly number[], digits = 5): string[] {
  const sizes = values.filter((v) => Number.isFinite(v) && v !== 0).map(Math.abs);
  const most = Math.max(...sizes), least = Math.min(...sizes);
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(most)));
  const alike = sizes.length > 0 && most < 1e7 && least >= 1e-4 && least >= 10 ** (2 - decimals);
  if (!alike || values.every((v) => Number.isInteger(v) || !Number.isFinite(v))) return values.map((v) => numberText(v, digits));
  return values.map((v) => (Number.isFinite(v) ? withMinus(v.toFixed(decimals)) : notFinite(v)));
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

/** "350 ms", "12 s", "3 min", "2 h 5 min", "3 d 4 h": two units at most. */
export function durationText(seconds: number): string {
  if (!Number.isFinite(seconds)) return notFinite(seconds);
  if (seconds < 0) return MINUS + durationText(-seconds);
  if (seconds === 0) return "0";
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

/** Counts with blanks that don't break between thousands: "12 345". */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** "1 outlier", "3 outliers". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}
