// How results follow parameters: parallel coordinates whose brushes write the query, scatter, and rank correlation.

import type { App, Page } from "../app";
import { ParallelChart, type AxesState, type Brush, type ParallelAxis } from "../chart/parallel";
import { spansDecades } from "../chart/parallel_data";
import { spearman } from "../chart/ranks";
import { ScatterChart } from "../chart/scatter";
import { fixedText, plural } from "../chart/text";
import { append, button, clear, empty, h, popover } from "../dom";
import { exprLabel, metricExpr, metricName, paramExpr, splitTop, toNumber } from "../format";
import type { Frame } from "../frame";
import type { ColumnsAnswer, Fields } from "../types";
import { brushed, categoryOf } from "./brushes";

const AXES = 8;
const CHOICES = 300;
/** Narrower than so many pixels an axis's ticks run into the next; a small screen scrolls. */
const AXIS_WIDTH = 88;
const TEXTS = ["text", "bool", "status", "tags"];
const MACHINE = /^(system|resource|machine|process)\//;

type Columns = ColumnsAnswer["columns"];

interface Data {
  exprs: string[];
  answer: ColumnsAnswer;
}

/** A loss of validation, else a loss, else the first that says nothing of the machine. */
function resultOf(fields: Fields | null): string {
  const metrics = (fields?.metrics ?? []).filter((each) => !MACHINE.test(each.name));
  const found = metrics.find((each) => /^(val|valid|validation|test)\/.*loss/.test(each.name)) ?? metrics.find((each) => each.name.includes("loss")) ?? metrics[0];
  return found ? metricExpr(found.name, found.context) : "";
}

function axisOf(expr: string, column: Columns[number], log: string[], flip: string[]): ParallelAxis {
  const look = { name: exprLabel(expr), log: log.includes(expr), flip: flip.includes(expr) };
  return TEXTS.includes(column.kind) ? { ...look, kind: "category", values: column.values.map(categoryOf) } : { ...look, kind: "number", values: column.values.map(toNumber) };
}

class ParametersPage {
  readonly elements: HTMLElement[];
  private readonly tools = h("div", { class: "board-tools", role: "toolbar", "aria-label": "Axes" });
  private readonly note = h("div", { hidden: true });
  private readonly parallelPlace = h("div", { class: "parallel-place" });
  private readonly upper = h("div", { class: "scroll-x", tabindex: 0, role: "region", "aria-label": "Parallel coordinates" }, this.parallelPlace);
  private readonly scatterPlace = h("div", { class: "scatter-place" });
  private readonly ranks = h("div", { class: "ranks" });
  private readonly lower = h("div", { class: "parameters-lower" }, h("section", { class: "panel", "aria-label": "Scatter" }, this.scatterPlace),
    h("section", { class: "card-section", "aria-label": "Rank correlation" }, h("h2", {}, "Rank correlation"), this.ranks));
  private fields: Fields | null = null;
  private data: Data | null = null;
  private parallel: ParallelChart | null = null;
  private scatter: ScatterChart | null = null;
  private asked = 0;

  constructor(private readonly app: App, private readonly frame: Frame) {
    this.elements = [this.tools, this.note, this.upper, this.lower];
  }

  async load(): Promise<void> {
    const mine = ++this.asked;
    const { source, state, hello } = this.app;
    try {
      const query = state.get("q");
      this.fields = await source.get<Fields>("fields", { query });
      const exprs = this.axes();
      if (exprs.length < 2) {
        if (mine === this.asked) this.nothing();
        return;
      }
      const answer = await source.get<ColumnsAnswer>("columns", { query, archived: state.flag("archived"), columns: exprs.join(",") });
      if (mine !== this.asked) return;
      this.data = { exprs, answer };
      this.frame.query.setMatched(answer.ids.length, hello.runs.total);
      this.note.hidden = true;
      this.lower.hidden = this.upper.hidden = false;
      this.show();
    } catch (error) {
      if (mine === this.asked && !this.frame.query.failed(error)) this.app.report(error);
    }
  }

  show(): void {
    if (!this.data) return;
    this.toolbar();
    const last = Math.max(0, this.data.exprs.indexOf(this.metric()));
    this.showParallel(this.data, last);
    this.showScatter(this.data, last);
    this.showRanks(this.data, last);
  }

  end(): void {
    ++this.asked;
    this.parallel?.destroy();
    this.scatter?.destroy();
  }

  /** What is asked for: the axes of the address, else parameters that differ and the metric. */
  private axes(): string[] {
    const chosen = splitTop(this.app.state.get("axes"));
    if (chosen.length) return chosen;
    const differ = (this.fields?.params ?? []).filter((param) => param.distinct > 1);
    differ.sort((a, b) => Number(b.kind === "number") - Number(a.kind === "number") || b.distinct - a.distinct);
    return [...differ.slice(0, AXES - 1).map((param) => paramExpr(param.name)), this.metric()].filter(Boolean);
  }

  private metric(): string {
    return this.app.state.get("of") || resultOf(this.fields);
  }

  /** Those of the address; where it says nothing, those whose positive values span two decades. */
  private logarithmic({ exprs, answer }: Data): string[] {
    const said = this.app.state.get("plog");
    if (said) return splitTop(said);
    return exprs.filter((_, i) => answer.columns[i].kind === "number" && spansDecades(answer.columns[i].values.map(toNumber)));
  }

  private toolbar(): void {
    clear(this.tools, h("label", { class: "tool" }, "result", this.resultChoice()), h("button", { type: "button", onclick: (event: MouseEvent) => this.chooseAxes(event.currentTarget as Element) }, "Axes"),
      this.data ? h("span", { class: "muted" }, plural(this.data.answer.ids.length, "run")) : null, h("span", { class: "grow" }), h("span", { class: "muted" }, "Drag along an axis to choose; the query takes it over"));
  }

  private resultChoice(): HTMLElement {
    const of: HTMLSelectElement = h("select", { "aria-label": "Result", onchange: () => this.app.state.set({ of: of.value }) });
    for (const each of this.fields?.metrics ?? []) {
      for (const member of ["last", "min", "max"]) {
        const expr = metricExpr(each.name, each.context, member);
        of.append(h("option", { value: expr, selected: expr === this.metric() }, `${metricName(each.name, each.context)} ${member}`));
      }
    }
    return of;
  }

  private chooseAxes(anchor: Element): void {
    const chosen = this.axes();
    const list = h("div", { class: "choice-list" });
    const all = [...(this.fields?.params ?? []).map((param) => paramExpr(param.name)), ...(this.fields?.metrics ?? []).map((each) => metricExpr(each.name, each.context))];
    for (const expr of [...chosen, ...all.filter((each) => !chosen.includes(each))].slice(0, CHOICES)) {
      const box = h("input", { type: "checkbox", onchange: () => {
        if (box.checked) chosen.push(expr);
        else chosen.splice(chosen.indexOf(expr), 1);
        this.app.state.set({ axes: chosen.join(",") });
      } });
      box.checked = chosen.includes(expr);
      append(list, h("label", {}, box, " ", exprLabel(expr)));
    }
    popover(anchor, h("div", { class: "card columns-card" }, list), "Axes");
  }

  private nothing(): void {
    this.note.hidden = false;
    this.lower.hidden = this.upper.hidden = true;
    this.toolbar();
    clear(this.note, empty("These runs differ in no parameter. A program declares one by:", ['auto lr = run.param("lr", 1e-3);']));
  }

  private labels(ids: string[]): string[] {
    return ids.map((id) => this.app.name(id));
  }

  private showParallel(data: Data, last: number): void {
    const { exprs, answer } = data;
    const log = this.logarithmic(data);
    const flip = splitTop(this.app.state.get("pflip"));
    this.parallelPlace.style.minWidth = `${AXIS_WIDTH * exprs.length}px`;
    this.parallel ??= this.makeParallel();
    this.parallel.set({ axes: answer.columns.map((column, i) => axisOf(exprs[i], column, log, flip)), ids: answer.ids, labels: this.labels(answer.ids), colourBy: last });
    const named = (list: string[]): string[] => list.filter((expr) => exprs.includes(expr)).map(exprLabel);
    this.parallel.arrange({ order: exprs.map(exprLabel), log: named(log), flip: named(flip) });
  }

  private makeParallel(): ParallelChart {
    const chart = new ParallelChart(this.parallelPlace);
    chart.on("brush", (event) => this.brushed(event.brushes));
    chart.on("axes", (event) => this.arranged(event));
    chart.on("hover", (event) => this.app.hover.emit(event.run));
    chart.on("click", (event) => this.app.state.open("run", { id: event.run }));
    return chart;
  }

  private exprOf(name: string): string {
    return this.data?.exprs.find((expr) => exprLabel(expr) === name) ?? name;
  }

  /** Order, logarithm and direction of the axes, as they were made in the picture. */
  private arranged(axes: AxesState): void {
    if (!this.data) return;
    const of = (names: string[]): string => names.map((name) => this.exprOf(name)).join(",");
    this.app.state.set({ axes: of(axes.order), plog: of(axes.log) || "none", pflip: of(axes.flip) }, true);
  }

  /** What was brushed becomes a condition of the query, which takes the place of the one for the same axis. */
  private brushed(brushes: Brush[]): void {
    if (!this.data) return;
    let query = this.app.state.get("q");
    for (const brush of brushes) {
      const expr = this.exprOf(brush.axis);
      query = brushed(query, brush, expr, this.data.answer.columns[this.data.exprs.indexOf(expr)]?.values ?? []);
    }
    // The condition stands in the query from here on; what it leaves is drawn without the brush.
    this.parallel?.brush([]);
    this.app.state.set({ q: query });
  }

  private showScatter(data: Data, last: number): void {
    const { exprs, answer } = data;
    const wanted = this.app.state.get("against");
    const at = exprs.includes(wanted) ? exprs.indexOf(wanted) : exprs.findIndex((_, i) => i !== last && answer.columns[i].kind === "number");
    if (at < 0) return;
    const log = this.logarithmic(data);
    const numbers = (i: number): number[] => answer.columns[i].values.map(toNumber);
    this.scatter ??= this.makeScatter();
    this.scatter.set({
      xLabel: exprLabel(exprs[at]), yLabel: exprLabel(exprs[last]), x: numbers(at), y: numbers(last), ids: answer.ids, labels: this.labels(answer.ids), log: { x: log.includes(exprs[at]), y: log.includes(exprs[last]) },
    });
  }

  private makeScatter(): ScatterChart {
    const chart = new ScatterChart(this.scatterPlace);
    chart.on("click", (event) => this.app.state.open("run", { id: event.run }));
    return chart;
  }

  private showRanks({ exprs, answer }: Data, last: number): void {
    const y = answer.columns[last].values.map(toNumber);
    const numeric = exprs.map((expr, i) => ({ expr, i })).filter(({ i }) => i !== last && answer.columns[i].kind === "number");
    const rows = numeric.map(({ expr, i }) => ({ expr, ...spearman(answer.columns[i].values.map(toNumber), y) })).sort((a, b) => (Math.abs(b.rho) || 0) - (Math.abs(a.rho) || 0));
    const head = h("tr", {}, h("th", {}, "parameter"), h("th", { class: "right" }, "ρ"), h("td"), h("th", { class: "right" }, "N"));
    const table = h("table", { class: "data" }, h("thead", {}, head), h("tbody", {}, ...rows.map((row) => this.rank(row.expr, row.rho, row.n))));
    clear(this.ranks, h("p", { class: "muted" }, `Spearman's ρ with ${exprLabel(exprs[last])}; runs that lack either are left out`), rows.length ? table : h("p", { class: "muted" }, "No numeric parameter differs."));
  }

  private rank(expr: string, rho: number, n: number): HTMLElement {
    const bar = h("span", { class: `rank-bar${rho < 0 ? " less" : ""}` });
    bar.style.width = `${Math.round(Math.abs(rho || 0) * 60)}px`;
    const choose = button(exprLabel(expr), () => this.app.state.set({ against: expr }), { class: "link" });
    return h("tr", {}, h("th", { scope: "row" }, choose), h("td", { class: "right" }, Number.isNaN(rho) ? "–" : fixedText(rho, 2)), h("td", {}, h("span", { class: "rank-track" }, bar)), h("td", { class: "right" }, n));
  }
}

export function parametersView(app: App, frame: Frame, element: HTMLElement): Page {
  const page = new ParametersPage(app, frame);
  element.append(h("h1", { class: "offscreen" }, "Parameters"), ...page.elements);
  void page.load();
  return {
    update(changed) {
      if (["q", "archived", "axes", "of"].some((name) => changed.has(name))) void page.load();
      else if (["plog", "pflip", "against"].some((name) => changed.has(name))) page.show();
    },
    news: () => void page.load(),
    end: () => page.end(),
  };
}
