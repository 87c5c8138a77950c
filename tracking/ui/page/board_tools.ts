// The tools over the charts: what x is, smoothing, colours, and how charts are drawn.

import type { App } from "./app";
import { append, button, h, iconButton, popover } from "./dom";
import { paramExpr } from "./format";
import { ALL_PARAMETERS } from "./grouping";
import type { Fields, ParamField } from "./types";

type Choice = [value: string, text: string];

const X: Choice[] = [["step", "step"], ["epoch", "epoch"], ["time", "time since start"], ["wall", "wall time"]];
const SMOOTHING: Choice[] = [["0", "none"], ["2", "2 steps"], ["10", "10 steps"], ["50", "50 steps"], ["200", "200 steps"], ["1000", "1,000 steps"], ["10000", "10,000 steps"]];
const AS: Choice[] = [["each", "each run"], ["mean", "mean"], ["median", "median"]];
const BANDS: Choice[] = [["sd", "± SD"], ["minmax", "min to max"]];
const MOST_METRICS = 40;
const MOST_PARAMETERS = 60;

export class BoardTools {
  constructor(private readonly app: App, private readonly fields: Fields | null, private readonly ofOneRun: boolean) {}

  /** The tools that stand beside the charts' filter. */
  elements(): (HTMLElement | null)[] {
    const { state, source } = this.app;
    const several = !this.ofOneRun;
    return [
      source.live ? this.select("x", "x", [...X, ...this.metrics()], { zoom: null }) : null,
      this.select("smoothing", "smooth", SMOOTHING),
      several ? this.colour() : null,
      several && state.get("by") ? this.select("as", "mean", AS) : null,
      several && state.get("by") && state.get("mean") ? this.select("band", "band", BANDS) : null,
      this.toggle("log y", "ly", "*"),
      iconButton("settings", "How charts are drawn", (event) => this.settings(event.currentTarget as Element)),
      state.get("zoom") ? button("Reset zoom", () => state.set({ zoom: null })) : null,
    ];
  }

  private metrics(): Choice[] {
    const plain = (this.fields?.metrics ?? []).filter((metric) => !Object.keys(metric.context).length);
    return plain.slice(0, MOST_METRICS).map((metric) => [`metric:${metric.name}`, metric.name]);
  }

  /** Parameters in which the shown runs differ. */
  private parameters(): ParamField[] {
    return (this.fields?.params ?? []).filter((param) => param.distinct > 1).slice(0, MOST_PARAMETERS);
  }

  /** The first of the choices is what holds where the address says nothing. */
  private select(label: string, name: string, choices: Choice[], also: { [name: string]: null } = {}): HTMLElement {
    const { state } = this.app;
    const standard = choices[0][0];
    const value = state.get(name) || standard;
    const box: HTMLSelectElement = h("select", { "aria-label": label, title: label, onchange: () => state.set({ [name]: box.value === standard ? null : box.value, ...also }) });
    if (!choices.some(([each]) => each === value)) choices = [...choices, [value, value.replace(/^metric:/, "")]];
    for (const [each, text] of choices) box.append(h("option", { value: each, selected: each === value }, text));
    return h("label", { class: "tool" }, label, box);
  }

  private byParameter(label: string, name: string, standard: string): HTMLElement {
    return this.select(label, name, [["", standard], ...this.parameters().map((param): Choice => [paramExpr(param.name), param.name])]);
  }

  private colour(): HTMLElement {
    const params = this.parameters();
    const seeds: Choice = [ALL_PARAMETERS, "all but the seed"];
    const others = params.length > 2 ? params.filter((param) => param.name !== "seed").map((param): Choice => [ALL_PARAMETERS + paramExpr(param.name), `all but ${param.name}`]) : [];
    return this.select("colour", "by", [["run", "run"], ...params.map((param): Choice => [paramExpr(param.name), param.name]), seeds, ...others]);
  }

  private toggle(label: string, name: string, on: string): HTMLElement {
    const { state } = this.app;
    const pressed = state.get(name) === on;
    return button(label, () => state.set({ [name]: pressed ? null : on }), { class: "toggle", "aria-pressed": String(pressed) });
  }

  private option(label: string, name: string): HTMLElement {
    const { state } = this.app;
    const box: HTMLInputElement = h("input", { type: "checkbox", onchange: () => state.set({ [name]: box.checked ? "1" : null }) });
    box.checked = state.flag(name);
    return h("label", { class: "row tight" }, box, label);
  }

  private settings(anchor: Element): void {
    const card = h("div", { class: "card settings-card" });
    append(card, this.option("Logarithmic x", "lx"), this.option("Hide outliers", "outliers"), this.option("Training and validation apart", "apart"));
    if (!this.ofOneRun && this.parameters().length) append(card, this.byParameter("dash", "dash", "the run's own"), this.byParameter("a chart each", "each", "one for all"));
    popover(anchor, card, "How charts are drawn");
  }
}
