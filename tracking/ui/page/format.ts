// Values of records as people read them; numbers, durations and counts by chart/text.ts, as on charts.

import { durationText, fixedText, numberText, wallText, withMinus } from "./chart/text";
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

/** A difference: with its sign, and to the precision of numbers of four digits. */
export function signed(value: number): string {
  if (Number.isNaN(value)) return "";
  const size = Math.abs(value);
  const text = size !== 0 && size < 5e-4 ? numberText(value, 2) : size < 10 ? withMinus(value.toFixed(3)) : numberText(value, 4);
  return value > 0 ? "+" + text : text;
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

export function value(of: Value | undefined, kind: Kind, places?: number): string {
  if (of === null || of === undefined) return "";
  if (Array.isArray(of)) return kind === "tags" ? of.join(", ") : literal(of);
  if (kind === "time") return ago(toNumber(of));
  if (kind === "duration") return durationText(toNumber(of));
  if (kind === "size") return bytes(toNumber(of));
  if (typeof of === "boolean") return of ? "yes" : "no";
  if (kind === "number") {
    // An integer beyond 2^53 comes as its digits, and is shown so.
    if (typeof of === "string" && /^-?\d+$/.test(of)) return withMinus(of);
    const as = toNumber(of);
    return places === undefined ? numberText(as, 4) : fixedText(as, places);
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

/** As the program spells it (tracking/query/names.cpp), so that a column is found again by it. */
export function paramExpr(name: string): string {
  return /^\w+(\.\w+)*$/.test(name) ? `params.${name}` : `params[${quoted(name)}]`;
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
