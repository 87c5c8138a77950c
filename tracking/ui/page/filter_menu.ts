// Conditions by choice: a column's values or range, written into the query, so that what is chosen can be read and changed there.

import type { App } from "./app";
import { numberText } from "./chart/text";
import { append, button, h, popover } from "./dom";
import { literal, toNumber, value } from "./format";
import type { ColumnsAnswer, Kind, Value } from "./types";

/** The query with one more condition. */
export function and(query: string, condition: string): string {
  if (!query.trim()) return condition;
  return / or /.test(query) && !/^\(.*\)$/.test(query.trim()) ? `(${query.trim()}) and ${condition}` : `${query.trim()} and ${condition}`;
}

export async function filterMenu(app: App, anchor: Element, expr: string, label: string, kind: Kind): Promise<void> {
  let answer: ColumnsAnswer;
  try {
    answer = await app.source.get<ColumnsAnswer>("columns", { query: app.state.get("q"), archived: app.state.flag("archived"), columns: expr });
  } catch (error) {
    app.report(error);
    return;
  }
  const values = answer.columns[0]?.values ?? [];
  const counts = new Map<string, { value: Value; count: number }>();
  for (const each of values) {
    const key = JSON.stringify(each);
    const entry = counts.get(key) ?? { value: each, count: 0 };
    ++entry.count;
    counts.set(key, entry);
  }
  const box = h("div", { class: "card filter-card" }, h("h3", {}, label));
  if ((kind === "number" || kind === "duration" || kind === "size") && counts.size > 8) append(box, range(app, values.map(toNumber), expr, () => close()));
  else append(box, choice(app, [...counts.values()].sort((a, b) => b.count - a.count).slice(0, 50), expr, kind, () => close()));
  const close = popover(anchor, box, `Filter by ${label}`);
}

function range(app: App, values: number[], expr: string, done: () => void): HTMLElement {
  const finite = values.filter(Number.isFinite).sort((a, b) => a - b);
  const low = h("input", { type: "text", inputmode: "decimal", "aria-label": "At least", placeholder: numberText(finite[0] ?? 0, 4) });
  const high = h("input", { type: "text", inputmode: "decimal", "aria-label": "At most", placeholder: numberText(finite[finite.length - 1] ?? 0, 4) });
  return h("form", {
    class: "stack", onsubmit: (event: Event) => {
      event.preventDefault();
      const parts = [low.value ? `${expr} >= ${low.value.trim()}` : "", high.value ? `${expr} <= ${high.value.trim()}` : ""].filter(Boolean);
      if (parts.length) app.state.set({ q: and(app.state.get("q"), parts.join(" and ")) });
      done();
    },
  }, h("label", {}, "at least", low), h("label", {}, "at most", high), h("p", { class: "muted" }, `${finite.length} values, ${values.length - finite.length} without`), h("div", { class: "actions" }, h("button", { type: "submit", class: "primary" }, "Filter")));
}

function choice(app: App, values: { value: Value; count: number }[], expr: string, kind: Kind, done: () => void): HTMLElement {
  const list = h("div", { class: "choice-list" });
  for (const each of values) {
    const text = each.value === null ? "none" : value(each.value, kind) || '""';
    const condition = Array.isArray(each.value) && kind === "tags" ? each.value.map((tag) => `${expr} has ${literal(tag)}`).join(" and ") || `${expr} == []` : `${expr} == ${literal(each.value)}`;
    append(list, h("div", { class: "spread" }, button(text, () => {
      app.state.set({ q: and(app.state.get("q"), condition) });
      done();
    }, { class: "link" }), h("span", { class: "muted" }, each.count)));
  }
  return list;
}
