// Conditions of the query that brushes along axes write.

import type { Brush } from "../chart/parallel";
import { and } from "../filter_menu";
import { literal } from "../format";
import type { Value } from "../types";

/** A value as the name of a category on an axis. */
export function categoryOf(each: Value): string {
  return each === null ? "none" : Array.isArray(each) ? literal(each) : String(each);
}

/** Lists are in no list: each is compared. */
function oneOf(expr: string, categories: string[], values: Value[]): string {
  if (!values.some(Array.isArray)) return `${expr} in [${categories.map(literal).join(", ")}]`;
  return `(${categories.map((each) => `${expr} == ${each}`).join(" or ")})`;
}

function between(expr: string, low: number, high: number): string {
  const bound = (value: number): string => literal(Number(value.toPrecision(5)));
  return `${bound(low)} <= ${expr} <= ${bound(high)}`;
}

/** The query without the condition that an earlier brush wrote for the same axis. */
function without(query: string, expr: string): string {
  const own = expr.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const written = new RegExp(`( and )?(-?[0-9.e-]+ <= ${own} <= -?[0-9.e-]+|${own} in \\[[^\\]]*\\]|\\((?:(?: or )?${own} == (?:none|\\[[^\\]]*\\]))+\\))`, "g");
  return query.replace(written, "").replace(/^ and /, "");
}

/** The query with what was brushed on an axis of these values. */
export function brushed(query: string, brush: Brush, expr: string, values: Value[]): string {
  return and(without(query, expr), brush.categories ? oneOf(expr, brush.categories, values) : between(expr, brush.low ?? 0, brush.high ?? 0));
}
