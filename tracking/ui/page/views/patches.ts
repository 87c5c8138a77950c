// The source patches of two runs side by side: what each had changed that the commit hasn't.

import type { App } from "../app";
import { append, clear, h } from "../dom";
import { card } from "./run_parts";

const MOST = 3000;

export interface Line {
  left: string | null;
  right: string | null;
}

/** Lines of two texts beside each other: the same ones on one row, by the longest common subsequence between equal ends. */
export function beside(a: string[], b: string[]): Line[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) ++head;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) ++tail;
  const lines: Line[] = a.slice(0, head).map((line) => ({ left: line, right: line }));
  const x = a.slice(head, a.length - tail);
  const y = b.slice(head, b.length - tail);
  lines.push(...between(x, y));
  for (let i = a.length - tail; i < a.length; ++i) lines.push({ left: a[i], right: a[i] });
  return lines;
}

function between(x: string[], y: string[]): Line[] {
  if (x.length * y.length > 4e6) return pairUp(x, y);
  const width = y.length + 1;
  const longest = new Uint16Array((x.length + 1) * width);
  for (let i = x.length - 1; i >= 0; --i) {
    for (let j = y.length - 1; j >= 0; --j) longest[i * width + j] = x[i] === y[j] ? longest[(i + 1) * width + j + 1] + 1 : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
  }
  const lines: Line[] = [];
  let left: string[] = [];
  let right: string[] = [];
  let i = 0;
  let j = 0;
  while (i < x.length || j < y.length) {
    if (i < x.length && j < y.length && x[i] === y[j]) {
      lines.push(...pairUp(left, right), { left: x[i], right: y[j] });
      left = [];
      right = [];
      ++i;
      ++j;
    } else if (j >= y.length || (i < x.length && longest[(i + 1) * width + j] >= longest[i * width + j + 1])) left.push(x[i++]);
    else right.push(y[j++]);
  }
  lines.push(...pairUp(left, right));
  return lines;
}

function pairUp(left: string[], right: string[]): Line[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, i) => ({ left: left[i] ?? null, right: right[i] ?? null }));
}

export function patches(app: App, ids: string[]): HTMLElement {
  const place = h("div", {}, h("p", { class: "muted" }, "…"));
  void load(app, ids, place);
  return card("Source patches", place);
}

async function load(app: App, ids: string[], place: HTMLElement): Promise<void> {
  try {
    const [a, b] = await Promise.all(ids.map(async (id) => (await app.source.get<{ text: string }>("patch", { id })).text));
    if (!a && !b) {
      clear(place, h("p", { class: "muted" }, "Both ran what their commits hold, without changes."));
      return;
    }
    if (a === b) clear(place, h("p", { class: "muted" }, "Both had the same changes:"));
    else clear(place);
    const table = h("div", { class: "patch", role: "table", "aria-label": "Source patches", tabindex: 0 });
    append(table, h("div", { class: "patch-row head", role: "row" }, ...ids.map((id) => h("div", { role: "columnheader" }, app.name(id)))));
    const lines = beside(a.split("\n"), b.split("\n"));
    for (const line of lines.slice(0, MOST)) append(table, h("div", { class: "patch-row", role: "row" }, cell(line.left, line.left === line.right), cell(line.right, line.left === line.right)));
    append(place, table, lines.length > MOST ? h("p", { class: "muted" }, `${lines.length - MOST} more lines`) : null);
  } catch (error) {
    clear(place, h("p", { class: "warning" }, error instanceof Error ? error.message : String(error)));
  }
}

function cell(text: string | null, same: boolean): HTMLElement {
  const kind = text === null ? "none" : /^(\+\+\+|---|diff |index |@@)/.test(text) ? "place" : text.startsWith("+") ? "plus" : text.startsWith("-") ? "minus" : "";
  return h("div", { class: `patch-cell ${kind}${same ? "" : " differs"}`, role: "cell" }, text ?? "");
}
