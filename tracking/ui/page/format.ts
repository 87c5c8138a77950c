// Numbers, times and names as people read them.

import { MINUS, wallText } from "./chart/text";
import type { Context, Kind, Value } from "./types";

/** NaN and the infinities come as strings, and so do integers that a double doesn't hold. */
export function toNumber(value: Value | undefined): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value === "Infinity") return Infinity;
  if (value === "-Infinity") return -Infinity;
  if (typeof value === "string" && value !== "" && value !== "NaN") return Number(value);
  return NaN;
}

export function toNumbers(values: Value[]): Float64Array {
  const result = new Float64Array(values.length);
  for (let i = 0; i < values.length; ++i) {
    const value = values[i];
    result[i] = typeof value === "number" ? value : toNumber(value);
  }
  return result;
}

function minus(text: string): string {
  return text.startsWith("-") ? MINUS + text.slice(1) : text;
}

/** About `digits` significant digits, without exponents between 1e-4 and 1e6. */
export function number(value: number, digits = 4): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : MINUS + "∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6) return minus(String(value));
  if (size >= 1e6 || size < 1e-4) return minus(value.toExponential(Math.max(0, digits - 2)).replace(/\.?0+e/, "e").replace("e+", "e").replace("e-", "e" + MINUS));
  const whole = Math.max(1, Math.floor(Math.log10(size)) + 1);
  return minus(value.toFixed(size < 0.1 ? Math.min(8, digits - 1 - Math.floor(Math.log10(size))) : Math.max(0, Math.min(6, digits - whole))));
}

/** A number of decimals that shows a column's values to one precision; -1 where they span so much that each needs its own. */
export function decimals(values: number[]): number {
  let least = Infinity;
  let most = 0;
  let written = 0;
  for (const value of values) {
    if (!Number.isFinite(value) || value === 0) continue;
    least = Math.min(least, Math.abs(value));
    most = Math.max(most, Math.abs(value));
    if (!Number.isInteger(value)) written = Math.max(written, /e/.test(String(value)) ? 12 : String(value).split(".")[1].length);
  }
  if (most === 0 || written === 0) return 0;
  if (most / least > 1e3 || most >= 1e6 || most < 1e-3) return -1;
  return Math.max(0, Math.min(6, written, Math.max(3 - Math.floor(Math.log10(most)), 1 - Math.floor(Math.log10(least)))));
}

/** With so many decimals; -1: three digits that count, without zeros behind them. */
export function fixed(value: number, places: number): string {
  if (!Number.isFinite(value) || (places >= 0 && Math.abs(value) >= 1e6)) return number(value);
  if (places >= 0) return minus(value.toFixed(places));
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-5 || size >= 1e6) ? number(value, 3) : minus(String(Number(value.toPrecision(4))));
}

/** A difference: with its sign, and to the precision of numbers of four digits. */
export function signed(value: number): string {
  if (Number.isNaN(value)) return "";
  const size = Math.abs(value);
  const text = size !== 0 && size < 5e-4 ? number(value, 2) : size < 10 ? minus(value.toFixed(3)) : number(value, 4);
  return value > 0 ? "+" + text : text;
}

export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "";
  if (seconds === 0) return "0 s";
  if (seconds < 0.001) return `${number(seconds * 1e6, 3)} µs`;
  if (seconds < 1) return `${number(seconds * 1e3, 3)} ms`;
  if (seconds < 60) return `${number(seconds, seconds < 10 ? 2 : 3)} s`;
  const rounded = Math.round(seconds);
  if (rounded < 3600) return `${Math.floor(rounded / 60)}m ${String(rounded % 60).padStart(2, "0")}s`;
  if (rounded < 86400) return `${Math.floor(rounded / 3600)}h ${String(Math.floor((rounded % 3600) / 60)).padStart(2, "0")}m`;
  return `${Math.floor(rounded / 86400)}d ${Math.floor((rounded % 86400) / 3600)}h`;
}

export function bytes(count: number): string {
  for (const [limit, unit] of [[1e12, "TB"], [1e9, "GB"], [1e6, "MB"], [1e3, "kB"]] as [number, string][]) {
    if (count >= limit) return `${(count / limit).toFixed(count >= limit * 100 ? 0 : 1)} ${unit}`;
  }
  return `${count} B`;
}

export function date(seconds: number): string {
  return Number.isFinite(seconds) ? wallText(seconds) : "";
}

/** "3 min ago" */
export function ago(seconds: number, now = Date.now() / 1000): string {
  const past = now - seconds;
  if (!Number.isFinite(past)) return "";
  if (past < 45) return past < -45 ? date(seconds) : "just now";
  if (past < 3600) return `${Math.round(past / 60)} min ago`;
  if (past < 86400) return `${Math.round(past / 3600)} h ago`;
  if (past < 14 * 86400) return `${Math.round(past / 86400)} d ago`;
  return date(seconds).slice(0, 10);
}

export function plural(count: number, one: string, many = one + "s"): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}

export function value(of: Value | undefined, kind: Kind, places?: number): string {
  if (of === null || of === undefined) return "";
  if (Array.isArray(of)) return kind === "tags" ? of.join(", ") : literal(of);
  if (kind === "time") return ago(toNumber(of));
  if (kind === "duration") return duration(toNumber(of));
  if (kind === "size") return bytes(toNumber(of));
  if (typeof of === "boolean") return of ? "yes" : "no";
  if (kind === "number") {
    // An integer beyond 2^53 comes as its digits, and is shown so.
    if (typeof of === "string" && /^-?\d+$/.test(of)) return minus(of);
    const as = toNumber(of);
    return places === undefined ? number(as) : fixed(as, places);
  }
  return String(of);
}

/** What the pointer's rest shows: exact. */
export function exact(of: Value | undefined, kind: Kind): string {
  if (of === null || of === undefined) return "";
  if (kind === "time") return date(toNumber(of));
  if (kind === "duration") return `${toNumber(of)} s`;
  if (kind === "size") return `${of} bytes`;
  if (!Array.isArray(of)) return String(of);
  return kind === "tags" ? of.join(", ") : literal(of);
}

/** `name[key=value,…]`, as `stet ls --json` spells a metric. */
export function metricName(name: string, context: Context): string {
  const keys = Object.keys(context ?? {}).sort();
  return keys.length ? `${name}[${keys.map((key) => `${key}=${context[key]}`).join(",")}]` : name;
}

const quoted = (text: string): string => `"${text.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n").replace(/\t/g, "\\t")}"`;

/** A literal of the query language. */
export function literal(of: Value): string {
  if (of === null) return "none";
  if (typeof of === "number" || typeof of === "boolean") return String(of).replace("e+", "e");
  return Array.isArray(of) ? `[${of.map(literal).join(", ")}]` : quoted(String(of));
}

/** As the program spells it (columns.cpp), so that a column is found again by it. */
export function paramExpr(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*$/.test(name) ? `params.${name}` : `params[${quoted(name)}]`;
}

export function metricExpr(name: string, context: Context = {}, member = "last"): string {
  const word = /^[A-Za-z_][A-Za-z0-9_]*$/;
  const keys = Object.keys(context).sort().map((key) => `, ${word.test(key) ? key : quoted(key)} = ${quoted(context[key])}`);
  return `metrics[${quoted(name)}${keys.join("")}].${member}`;
}

/** What a literal of text says, its quotes already off. */
export const unquoted = (text: string): string => text.replace(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c === "t" ? "\t" : c));

/** What a column's expression is called over a table: the parameter's or metric's own name. */
export function exprLabel(expr: string): string {
  const param = /^params\["((?:[^"\\]|\\.)*)"\]$/.exec(expr);
  if (param) return unquoted(param[1]);
  if (/^params\.[A-Za-z0-9_.]+$/.test(expr)) return expr.slice("params.".length);
  const metric = /^metrics\["((?:[^"\\]|\\.)*)"((?:\s*,\s*[^\s=]+\s*=\s*"(?:[^"\\]|\\.)*")*)\](?:\.(.+))?$/.exec(expr);
  if (!metric) return expr;
  const context = metric[2].replace(/[" ]/g, "").slice(1);
  return unquoted(metric[1]) + (context ? `[${context}]` : "") + (metric[3] && metric[3] !== "last" ? ` ${metric[3]}` : "");
}

/** A shell word. */
export function shell(text: string): string {
  return /^[A-Za-z0-9_./:=@%+-]+$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`;
}

/** Splits at the commas outside brackets, parentheses and quotes. */
export function splitTop(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quote = "";
  let part = "";
  for (let i = 0; i < text.length; ++i) {
    const c = text[i];
    if (quote) {
      if (c === "\\") part += text[i++];
      else if (c === quote) quote = "";
    } else if (c === '"' || c === "'") quote = c;
    else if (c === "[" || c === "(") ++depth;
    else if (c === "]" || c === ")") --depth;
    if (c === "," && depth === 0 && !quote) {
      parts.push(part.trim());
      part = "";
    } else part += text[i] ?? "";
  }
  if (part.trim()) parts.push(part.trim());
  return parts;
}

export const STATUS: { [status: string]: { glyph: string; word: string } } = {
  running: { glyph: "●", word: "running" },
  finished: { glyph: "✓", word: "finished" },
  failed: { glyph: "✕", word: "failed" },
  interrupted: { glyph: "‖", word: "interrupted" },
  dead: { glyph: "✕", word: "dead" },
  stalled: { glyph: "●", word: "stalled" },
  created: { glyph: "○", word: "created" },
};
