// Runs in groups of equal values, with mean ± SD and N of a metric.

import type { App } from "../app";
import { numberText, plural } from "../chart/text";
import { append, button, clear, h, popover } from "../dom";
import { exact, exprLabel, metricExpr, metricName, paramExpr, splitTop, toNumber } from "../format";
import type { Frame } from "../frame";
import type { Fields, Group, GroupsAnswer, Value } from "../types";

export class Groups {
  readonly element: HTMLElement;
  private asked = 0;

  constructor(private readonly app: App, private readonly frame: Frame, private readonly open: (by: string[], key: Value[]) => void) {
    this.element = h("div", { class: "groups scroll-table", tabindex: 0 });
  }

  async choose(anchor: Element): Promise<void> {
    let fields: Fields;
    try {
      fields = await this.app.source.get<Fields>("fields", { query: this.app.state.get("q") });
    } catch (error) {
      this.app.report(error);
      return;
    }
    const state = this.app.state;
    const by = splitTop(state.get("group"));
    const choices = [...fields.params.filter((param) => param.distinct > 1).map((param) => paramExpr(param.name)), "program", "group", "status", "host", "git.commit"];
    const list = h("div", { class: "choice-list" });
    for (const expr of choices) {
      const box = h("input", { type: "checkbox", onchange: () => {
        if (box.checked) by.push(expr);
        else by.splice(by.indexOf(expr), 1);
        state.set({ group: by.join(",") });
      } });
      box.checked = by.includes(expr);
      append(list, h("label", {}, box, " ", exprLabel(expr)));
    }
    const of: HTMLSelectElement = h("select", { "aria-label": "Metric", onchange: () => state.set({ of: of.value }) });
    for (const metric of fields.metrics) {
      for (const member of ["last", "min", "max"]) {
        const expr = metricExpr(metric.name, metric.context, member);
        of.append(h("option", { value: expr, selected: expr === state.get("of") }, `${metricName(metric.name, metric.context)} ${member}`));
      }
    }
    popover(anchor, h("div", { class: "card columns-card" }, h("h3", {}, "Group by"), list, h("label", { class: "stack" }, "Mean ± SD of", of)), "Group");
  }

  /** The metric that is averaged: the chosen one, else a loss of validation, else the first there is. */
  private async metric(): Promise<string> {
    const chosen = this.app.state.get("of");
    if (chosen) return chosen;
    const fields = await this.app.source.get<Fields>("fields", { query: this.app.state.get("q") });
    const metric = fields.metrics.find((each) => /^(val|valid|validation|test)\/.*loss/.test(each.name)) ?? fields.metrics.find((each) => each.name.includes("loss")) ?? fields.metrics[0];
    return metric ? metricExpr(metric.name, metric.context) : "steps";
  }

  async ask(): Promise<void> {
    const asked = ++this.asked;
    const state = this.app.state;
    try {
      const answer = await this.app.source.get<GroupsAnswer>("groups", { query: state.get("q"), archived: state.flag("archived"), by: splitTop(state.get("group")).join(","), of: await this.metric() });
      if (asked === this.asked) this.show(answer);
    } catch (error) {
      if (!this.frame.query.failed(error)) this.app.report(error);
    }
  }

  private show(answer: GroupsAnswer): void {
    const groups = answer.groups.slice().sort((a, b) => toNumber(a.mean) - toNumber(b.mean) || 0);
    const bounds = groups.flatMap((group) => [toNumber(group.min), toNumber(group.max)]).filter(Number.isFinite);
    const low = Math.min(...bounds);
    const high = Math.max(...bounds);
    const head = h("tr", {}, ...answer.by.map((expr) => h("th", {}, exprLabel(expr))), h("th", { class: "right" }, "runs"), h("th", { class: "right" }, `${exprLabel(answer.of)}, mean ± SD`), h("th", { class: "right" }, "N"), h("th", { class: "right" }, "least"), h("th", { class: "right" }, "greatest"), h("th", {}, "spread"), h("th", {}, "best"), h("td"));
    const body = h("tbody");
    for (const group of groups.slice(0, 500)) body.append(this.row(answer, group, low, high));
    clear(this.element, h("table", { class: "data groups-table" }, h("caption", {}, `${plural(groups.length, "group")} of ${exprLabel(answer.of)}; SD with N − 1 in its denominator`), h("thead", {}, head), body));
  }

  private row(answer: GroupsAnswer, group: Group, low: number, high: number): HTMLElement {
    const mean = toNumber(group.mean);
    const sd = toNumber(group.sd);
    const cell = (text: string, title = ""): HTMLElement => h("td", { class: "right", title }, text);
    return h("tr", {}, ...group.key.map((key) => h("th", { scope: "row" }, key === null ? "–" : exact(key, "text"))),
      cell(String(group.n_runs)), cell(Number.isNaN(mean) ? "–" : `${numberText(mean, 4)}${Number.isNaN(sd) ? "" : ` ± ${numberText(sd, 3)}`}`, exact(group.mean, "number")), cell(String(group.n)), cell(numberText(toNumber(group.min), 4)), cell(numberText(toNumber(group.max), 4)),
      h("td", {}, spreadOf(group, low, high)), h("td", {}, group.best ? h("a", { class: "run-name", href: this.app.state.link("run", { id: group.best }), title: group.best }, this.app.name(group.best)) : ""),
      h("td", { class: "row" }, button("Show", () => this.open(answer.by, group.key), { "aria-label": `Show the runs of this group` }), button("Select", () => this.app.select(group.ids), { "aria-label": "Select the runs of this group" })));
  }
}

/** Least to greatest as a line, mean ± SD as a bar, on one scale for all groups. */
function spreadOf(group: Group, low: number, high: number): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const width = 160;
  svg.setAttribute("class", "spread-mark");
  svg.setAttribute("viewBox", `0 0 ${width} 16`);
  svg.setAttribute("width", String(width));
  svg.setAttribute("height", "16");
  svg.setAttribute("aria-hidden", "true");
  const place = (value: number): number => 2 + (width - 4) * (high > low ? (value - low) / (high - low) : 0.5);
  const draw = (name: string, attributes: { [name: string]: number | string }): void => {
    const part = document.createElementNS(space, name);
    for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, String(value));
    svg.append(part);
  };
  const [min, max, mean, sd] = [group.min, group.max, group.mean, group.sd].map(toNumber);
  if (Number.isFinite(min)) draw("line", { x1: place(min), x2: place(max), y1: 8, y2: 8, class: "reach" });
  if (Number.isFinite(sd)) draw("rect", { x: place(Math.max(low, mean - sd)), width: Math.max(1, place(Math.min(high, mean + sd)) - place(Math.max(low, mean - sd))), y: 4, height: 8, class: "sd" });
  if (Number.isFinite(mean)) draw("line", { x1: place(mean), x2: place(mean), y1: 2, y2: 14, class: "mean" });
  return svg;
}
