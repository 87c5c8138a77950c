// How results follow parameters: parallel coordinates whose brushes write the query, scatter, and rank correlation.

import type { App, Page } from "../app";
import { ParallelChart, type AxesState, type Brush } from "../chart/parallel";
import { spansDecades } from "../chart/parallel_data";
import { spearman } from "../chart/ranks";
import { ScatterChart } from "../chart/scatter";
import { fixedText, plural } from "../chart/text";
import { append, button, clear, empty, h, popover } from "../dom";
import { and } from "../filter_menu";
import { exprLabel, literal, metricExpr, metricName, paramExpr, splitTop, toNumber } from "../format";
import type { Frame } from "../frame";
import type { ColumnsAnswer, Fields, Value } from "../types";

const AXES = 8;

interface Data {
  exprs: string[];
  answer: ColumnsAnswer;
}

export function parametersView(app: App, frame: Frame, element: HTMLElement): Page {
  const tools = h("div", { class: "board-tools", role: "toolbar", "aria-label": "Axes" });
  const parallelPlace = h("div", { class: "parallel-place" });
  const scatterPlace = h("div", { class: "scatter-place" });
  const ranks = h("div", { class: "ranks" });
  const lower = h("div", { class: "parameters-lower" }, h("section", { class: "panel", "aria-label": "Scatter" }, scatterPlace), h("section", { class: "card-section", "aria-label": "Rank correlation" }, h("h2", {}, "Rank correlation"), ranks));
  const note = h("div", { hidden: true });
  element.append(h("h1", { class: "offscreen" }, "Parameters"), tools, note, parallelPlace, lower);
  let fields: Fields | null = null;
  let data: Data | null = null;
  let parallel: ParallelChart | null = null;
  let scatter: ScatterChart | null = null;
  let asked = 0;

  /** What is asked for: the axes of the address, else parameters that differ and the metric. */
  function axes(): string[] {
    const chosen = splitTop(app.state.get("axes"));
    if (chosen.length) return chosen;
    const params = (fields?.params ?? []).filter((param) => param.distinct > 1).sort((a, b) => Number(b.kind === "number") - Number(a.kind === "number") || b.distinct - a.distinct).slice(0, AXES - 1);
    return [...params.map((param) => paramExpr(param.name)), metric()].filter(Boolean);
  }

  function metric(): string {
    if (app.state.get("of")) return app.state.get("of");
    const metrics = (fields?.metrics ?? []).filter((each) => !/^(system|resource|machine|process)\//.test(each.name));
    const found = metrics.find((each) => /^(val|valid|validation|test)\/.*loss/.test(each.name)) ?? metrics.find((each) => each.name.includes("loss")) ?? metrics[0];
    return found ? metricExpr(found.name, found.context) : "";
  }

  function toolbar(): void {
    const of: HTMLSelectElement = h("select", { "aria-label": "Result", onchange: () => app.state.set({ of: of.value }) });
    for (const each of fields?.metrics ?? []) {
      for (const member of ["last", "min", "max"]) {
        const expr = metricExpr(each.name, each.context, member);
        of.append(h("option", { value: expr, selected: expr === metric() }, `${metricName(each.name, each.context)} ${member}`));
      }
    }
    clear(tools, h("label", { class: "tool" }, "result", of), h("button", { type: "button", onclick: (event: MouseEvent) => choose(event.currentTarget as Element) }, "Axes"),
      data ? h("span", { class: "muted" }, plural(data.answer.ids.length, "run")) : null, h("span", { class: "grow" }), h("span", { class: "muted" }, "Drag along an axis to choose; the query takes it over"));
  }

  function choose(anchor: Element): void {
    const chosen = axes();
    const list = h("div", { class: "choice-list" });
    const all = [...(fields?.params ?? []).map((param) => paramExpr(param.name)), ...(fields?.metrics ?? []).map((each) => metricExpr(each.name, each.context))];
    for (const expr of [...chosen, ...all.filter((each) => !chosen.includes(each))].slice(0, 300)) {
      const box = h("input", { type: "checkbox", onchange: () => {
        if (box.checked) chosen.push(expr);
        else chosen.splice(chosen.indexOf(expr), 1);
        app.state.set({ axes: chosen.join(",") });
      } });
      box.checked = chosen.includes(expr);
      append(list, h("label", {}, box, " ", exprLabel(expr)));
    }
    popover(anchor, h("div", { class: "card columns-card" }, list), "Axes");
  }

  /** Those of the address; where it says nothing, those whose positive values span two decades. */
  function logarithmic(of: Data): string[] {
    const said = app.state.get("plog");
    if (said) return splitTop(said);
    return of.exprs.filter((_, i) => {
      const column = of.answer.columns[i];
      return column.kind === "number" && spansDecades(column.values.map(toNumber));
    });
  }

  async function load(): Promise<void> {
    const mine = ++asked;
    try {
      const query = app.state.get("q");
      fields = await app.source.get<Fields>("fields", { query });
      const exprs = axes();
      if (exprs.length < 2) {
        if (mine === asked) nothing();
        return;
      }
      const answer = await app.source.get<ColumnsAnswer>("columns", { query, archived: app.state.flag("archived"), columns: exprs.join(",") });
      if (mine !== asked) return;
      data = { exprs, answer };
      frame.query.setMatched(answer.ids.length, app.hello.runs.total);
      note.hidden = true;
      lower.hidden = parallelPlace.hidden = false;
      show();
    } catch (error) {
      if (mine === asked && !frame.query.failed(error)) app.report(error);
    }
  }

  function nothing(): void {
    note.hidden = false;
    lower.hidden = parallelPlace.hidden = true;
    toolbar();
    clear(note, empty("These runs differ in no parameter. A program declares one by:", ['auto lr = run.param("lr", 1e-3);']));
  }

  function show(): void {
    if (!data) return;
    toolbar();
    const { exprs, answer } = data;
    const log = logarithmic(data);
    const flip = splitTop(app.state.get("pflip"));
    const last = Math.max(0, exprs.indexOf(metric()));
    parallel ??= made();
    parallel.set({
      axes: answer.columns.map((column, i) => {
        const numeric = column.kind !== "text" && column.kind !== "bool" && column.kind !== "status" && column.kind !== "tags";
        return { name: exprLabel(exprs[i]), kind: numeric ? "number" as const : "category" as const, values: numeric ? column.values.map(toNumber) : column.values.map(categoryOf), log: log.includes(exprs[i]), flip: flip.includes(exprs[i]) };
      }), ids: answer.ids, labels: answer.ids.map((id) => app.name(id)), colourBy: last,
    });
    const named = (list: string[]): string[] => list.filter((expr) => exprs.includes(expr)).map(exprLabel);
    parallel.arrange({ order: exprs.map(exprLabel), log: named(log), flip: named(flip) });
    scatterOf(last);
    correlations(last);
  }

  function made(): ParallelChart {
    const chart = new ParallelChart(parallelPlace);
    chart.on("brush", (event) => brushed(event.brushes));
    chart.on("axes", (event) => arranged(event));
    chart.on("hover", (event) => app.hover.emit(event.run));
    chart.on("click", (event) => app.state.open("run", { id: event.run }));
    return chart;
  }

  /** Order, logarithm and direction of the axes, as they were made in the picture. */
  function arranged(axesState: AxesState): void {
    if (!data) return;
    const exprs = data.exprs;
    const of = (names: string[]): string => names.map((name) => exprs.find((expr) => exprLabel(expr) === name) ?? name).join(",");
    app.state.set({ axes: of(axesState.order), plog: of(axesState.log) || "none", pflip: of(axesState.flip) }, true);
  }

  const categoryOf = (each: Value): string => (each === null ? "none" : Array.isArray(each) ? literal(each) : String(each));

  /** Lists are in no list: each is compared. */
  function conditionOf(expr: string, categories: string[]): string {
    const column = data?.answer.columns[data.exprs.indexOf(expr)];
    if (!column?.values.some(Array.isArray)) return `${expr} in [${categories.map(literal).join(", ")}]`;
    return `(${categories.map((each) => `${expr} == ${each}`).join(" or ")})`;
  }

  /** What was brushed becomes a condition of the query, which takes the place of the one for the same axis. */
  function brushed(brushes: Brush[]): void {
    if (!data) return;
    let query = app.state.get("q");
    for (const brush of brushes) {
      const expr = data.exprs.find((each) => exprLabel(each) === brush.axis) ?? brush.axis;
      const escaped = expr.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      const condition = brush.categories ? conditionOf(expr, brush.categories) : `${literal(Number((brush.low ?? 0).toPrecision(5)))} <= ${expr} <= ${literal(Number((brush.high ?? 0).toPrecision(5)))}`;
      query = query.replace(new RegExp(`( and )?(-?[0-9.e-]+ <= ${escaped} <= -?[0-9.e-]+|${escaped} in \\[[^\\]]*\\]|\\((?:(?: or )?${escaped} == (?:none|\\[[^\\]]*\\]))+\\))`, "g"), "").replace(/^ and /, "");
      query = and(query, condition);
    }
    // The condition stands in the query from here on; what it leaves is drawn without the brush.
    parallel?.brush([]);
    app.state.set({ q: query });
  }

  function scatterOf(last: number): void {
    if (!data) return;
    const { exprs, answer } = data;
    const wanted = app.state.get("against");
    const at = exprs.includes(wanted) ? exprs.indexOf(wanted) : exprs.findIndex((_, i) => i !== last && answer.columns[i].kind === "number");
    if (at < 0) return;
    scatter ??= scatterMade();
    scatter.set({
      xLabel: exprLabel(exprs[at]), yLabel: exprLabel(exprs[last]), x: answer.columns[at].values.map(toNumber), y: answer.columns[last].values.map(toNumber), ids: answer.ids, labels: answer.ids.map((id) => app.name(id)),
      log: { x: logarithmic(data).includes(exprs[at]), y: logarithmic(data).includes(exprs[last]) },
    });
  }

  function scatterMade(): ScatterChart {
    const chart = new ScatterChart(scatterPlace);
    chart.on("click", (event) => app.state.open("run", { id: event.run }));
    return chart;
  }

  function correlations(last: number): void {
    if (!data) return;
    const { exprs, answer } = data;
    const y = answer.columns[last].values.map(toNumber);
    const rows = exprs.map((expr, i) => ({ expr, i, ...spearman(answer.columns[i].values.map(toNumber), y) })).filter((row) => row.i !== last && answer.columns[row.i].kind === "number").sort((a, b) => (Math.abs(b.rho) || 0) - (Math.abs(a.rho) || 0));
    const table = h("table", { class: "data" }, h("thead", {}, h("tr", {}, h("th", {}, "parameter"), h("th", { class: "right" }, "ρ"), h("td"), h("th", { class: "right" }, "N"))));
    const body = h("tbody");
    for (const row of rows) {
      const bar = h("span", { class: `rank-bar${row.rho < 0 ? " less" : ""}` });
      bar.style.width = `${Math.round(Math.abs(row.rho || 0) * 60)}px`;
      append(body, h("tr", {}, h("th", { scope: "row" }, button(exprLabel(row.expr), () => app.state.set({ against: row.expr }), { class: "link" })), h("td", { class: "right" }, Number.isNaN(row.rho) ? "–" : fixedText(row.rho, 2)), h("td", {}, h("span", { class: "rank-track" }, bar)), h("td", { class: "right" }, row.n)));
    }
    append(table, body);
    clear(ranks, h("p", { class: "muted" }, `Spearman's ρ with ${exprLabel(exprs[last])}; runs that lack either are left out`), rows.length ? table : h("p", { class: "muted" }, "No numeric parameter differs."));
  }

  void load();
  return {
    update(changed) {
      if (["q", "archived", "axes", "of"].some((name) => changed.has(name))) void load();
      else if (["plog", "pflip", "against"].some((name) => changed.has(name))) show();
    },
    news: () => void load(),
    end() {
      ++asked;
      parallel?.destroy();
      scatter?.destroy();
    },
  };
}
