// The choice of the table's columns, by name, among thousands if need be.

import type { App } from "../app";
import { append, button, clear, h, popover } from "../dom";
import { exprLabel, metricExpr, metricName, paramExpr } from "../format";
import { matcher } from "../metrics";
import type { Column, Fields } from "../types";

const MOST = 200;

export async function chooseColumns(app: App, anchor: Element, shown: Column[]): Promise<void> {
  let fields: Fields;
  try {
    fields = await app.source.get<Fields>("fields", { query: app.state.get("q") });
  } catch (error) {
    app.report(error);
    return;
  }
  const chosen = shown.map((column) => column.expr);
  const all: { expr: string; label: string; kind: string }[] = [
    ...fields.params.map((param) => ({ expr: paramExpr(param.name), label: param.name, kind: "parameter" })),
    ...fields.metrics.flatMap((metric) => ["last", "min", "max"].map((member) => ({ expr: metricExpr(metric.name, metric.context, member), label: `${metricName(metric.name, metric.context)} ${member}`, kind: "metric" }))),
    ...fields.fields.map((field) => ({ expr: field.name, label: field.name, kind: "field" })),
  ];
  for (const expr of chosen) if (!all.some((each) => each.expr === expr)) all.unshift({ expr, label: exprLabel(expr), kind: "expression" });
  const list = h("div", { class: "choice-list" });
  const search = h("input", { type: "search", placeholder: "A name, or a pattern such as val/*", "aria-label": "Columns by name", oninput: () => show() });
  const own = h("input", { type: "text", placeholder: 'Any expression: metrics["loss"].tail(100).mean', "aria-label": "An expression as a column" });
  const set = (): void => app.state.set({ cols: chosen.join(",") });
  const show = (): void => {
    const matches = matcher(search.value);
    const found = all.filter((each) => matches(each.label)).sort((a, b) => Number(chosen.includes(b.expr)) - Number(chosen.includes(a.expr)));
    clear(list);
    for (const each of found.slice(0, MOST)) {
      const box = h("input", {
        type: "checkbox", onchange: () => {
          if (box.checked) chosen.push(each.expr);
          else chosen.splice(chosen.indexOf(each.expr), 1);
          set();
        },
      });
      box.checked = chosen.includes(each.expr);
      append(list, h("label", { class: "spread" }, h("span", { class: "grow" }, box, " ", each.label), h("span", { class: "muted" }, each.kind)));
    }
    if (found.length > MOST) append(list, h("p", { class: "muted" }, `${found.length - MOST} more; write a part of the name`));
    if (!found.length) append(list, h("p", { class: "muted" }, "No parameter, metric or field is called like that."));
  };
  show();
  popover(anchor, h("div", { class: "card columns-card" }, search, list, h("form", {
    class: "row", onsubmit: (event: Event) => {
      event.preventDefault();
      if (!own.value.trim()) return;
      chosen.push(own.value.trim());
      own.value = "";
      set();
    },
  }, own, h("button", { type: "submit" }, "Add")), h("div", { class: "actions" }, button("Those that differ", () => app.state.set({ cols: null })))), "Columns");
}
