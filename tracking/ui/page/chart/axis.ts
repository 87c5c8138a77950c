// Scales from values to pixels, and their ticks: at 1, 2 and 5 times powers of ten, at whole minutes, hours and days.
import { durationText, logTickText, numberText, tickTexts, wallText } from "./text";

export type AxisKind = "step" | "time" | "wall" | "number";

export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly from: number;
  readonly to: number;
  readonly log: boolean;
  /** The pixel of a value. */
  at(value: number): number;
  /** The value of a pixel. */
  value(pixel: number): number;
}

export interface Ticks {
  values: number[];
  texts: string[];
}

/** A scale of [low, high] onto pixels [from, to]. A logarithmic one wants low > 0. */
export function makeScale(low: number, high: number, from: number, to: number, log = false): Scale {
  const forward = log ? Math.log10 : (v: number): number => v;
  const a = forward(low);
  const span = forward(high) - a || 1;
  const factor = (to - from) / span;
  return {
    low, high, from, to, log,
    at: log ? (v) => from + (Math.log10(v) - a) * factor : (v) => from + (v - a) * factor,
    value: log ? (p) => 10 ** (a + (p - from) / factor) : (p) => a + (p - from) / factor,
  };
}

/** The least of 1, 2, 5 times a power of ten that is no less. */
export function niceStep(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw));
  for (const factor of [1, 2, 5]) {
    if (factor * power >= raw * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

/** Multiples of a step within [low, high], without the dust of binary fractions. */
function multiples(low: number, high: number, step: number): number[] {
  const slack = 1e-9 * (high - low);
  const values: number[] = [];
  for (let k = Math.ceil((low - slack) / step); k * step <= high + slack; ++k) {
    const value = k * step;
    values.push(value === 0 ? 0 : Number(value.toPrecision(15)));
    if (values.length > 100) break;
  }
  return values;
}

/** The first of these steps that gives at most so many ticks. */
function stepWithin(low: number, high: number, most: number, next: (raw: number) => number): number {
  let step = next((high - low) / most);
  // A range that begins on a multiple holds one more than its length says.
  while (Math.floor(high / step + 1e-9) - Math.ceil(low / step - 1e-9) + 1 > most) step = next(step * 1.0001);
  return step;
}

function linearTicks(low: number, high: number, most: number, whole: boolean): Ticks {
  const step = stepWithin(low, high, most, (raw) => Math.max(niceStep(raw), whole ? 1 : 0));
  const values = multiples(low, high, step);
  return { values, texts: tickTexts(values, step) };
}

const MINUTE = 60, HOUR = 3600, DAY = 86400;
const CLOCK_STEPS = [1, 2, 5, 10, 20, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 20 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY];

/** As niceStep, with steps of a clock: seconds and minutes of 60, hours of 24. */
function clockStep(raw: number): number {
  if (raw < 1) return niceStep(raw);
  return CLOCK_STEPS.find((step) => step >= raw * (1 - 1e-9)) ?? DAY * niceStep(raw / DAY);
}

function timeTicks(low: number, high: number, most: number): Ticks {
  const step = stepWithin(low, high, most, clockStep);
  const values = multiples(low, high, step);
  return { values, texts: values.map(durationText) };
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Ticks on local whole minutes, hours and days; the first of each day says the date. */
function wallTicks(low: number, high: number, most: number): Ticks {
  const offset = -new Date(low * 1e3).getTimezoneOffset() * 60;
  const step = stepWithin(low + offset, high + offset, most, clockStep);
  const values = multiples(low + offset, high + offset, step).map((v) => v - offset);
  let day = "";
  const texts = values.map((v) => {
    const t = new Date(v * 1e3);
    const date = `${t.getDate()} ${MONTHS[t.getMonth()]}`;
    const clock = wallText(v).slice(11, step < MINUTE ? 19 : 16);
    const said = step >= DAY || (date !== day && clock.startsWith("00:00")) ? date : clock;
    day = date;
    return said;
  });
  return { values, texts };
}

/** Decades, or every second, third … of them; within few of them 1, 2, 5; within less than one as on a linear axis. */
function logTicks(low: number, high: number, most: number): Ticks {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  for (const factors of [[1, 2, 5], [1, 3], [1]]) {
    const values: number[] = [];
    for (let k = first - 1; k <= last; ++k) {
      values.push(...factors.map((f) => Number((f * 10 ** k).toPrecision(3))).filter((v) => v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9)));
    }
    if (values.length <= most && values.length >= 2) return { values, texts: values.map(logTickText) };
    if (values.length < 2) break;
  }
  if (last - first < 1) return linearTicks(low, high, most, false);
  const stride = Math.ceil((last - first + 1) / most);
  const values: number[] = [];
  for (let k = Math.ceil(first / stride) * stride; k <= last; k += stride) values.push(Number((10 ** k).toPrecision(3)));
  return { values, texts: values.map(logTickText) };
}

/** At most so many ticks within a scale. */
export function ticksOf(scale: Scale, kind: AxisKind, most: number): Ticks {
  const { low, high } = scale;
  if (!(high > low) || !Number.isFinite(high - low)) return { values: [low], texts: [valueText(low, kind)] };
  if (scale.log) return logTicks(low, high, most);
  if (kind === "time") return timeTicks(low, high, most);
  if (kind === "wall") return wallTicks(low, high, most);
  return linearTicks(low, high, most, kind === "step");
}

/** One value of an axis, as a tooltip says it. */
export function valueText(value: number, kind: AxisKind): string {
  if (kind === "time") return durationText(value);
  if (kind === "wall") return wallText(value);
  return kind === "step" && Number.isSafeInteger(value) ? String(value).replace("-", "−") : numberText(value, 6);
}

/** Room around values, so that no curve lies on the border: a twentieth each side; a single value gets a range. */
export function padded(low: number, high: number, log: boolean): [number, number] {
  if (!(low <= high)) return log ? [0.1, 10] : [0, 1];
  if (log) {
    const room = low === high ? 2 : (high / low) ** 0.05;
    return [low / room, high * room];
  }
  if (low === high) {
    const room = Math.abs(low) * 0.1 || 1;
    return [low - room, high + room];
  }
  const room = 0.05 * (high - low);
  // What touches zero keeps it as its border, where the ticks begin.
  return [low >= 0 && low - room < 0 ? 0 : low - room, high + room];
}
