// The charts: sections of them, a choice by pattern, how they look, and one stream of requests for what is in sight.

import type { App, News } from "./app";
import { plural } from "./chart/text";
import { append, button, clear, debounce, empty, h, icon, iconButton, menu, type Item } from "./dom";
import { literal, metricName, paramExpr } from "./format";
import { ALL_PARAMETERS, groupsOf, type Groups } from "./grouping";
import { chartsOf, matcher, type ChartSpec } from "./metrics";
import { joinNames } from "./names";
import { Panel, type PanelHost } from "./panel";
import { Failure } from "./source";
import type { Fields, Marks, SeriesAnswer } from "./types";

// A section shows so many charts at first; the rest by a button.
const FIRST = 12;
// Charts are asked for together up to so many series in one request.
const TOGETHER = 120;
// Data that grow are fetched again at most so often.
const LIVE = 2000;
// Metrics are asked for by the names of so many runs; of more by the query.
const MOST_NAMED = 400;

const spelled = (fields: Fields): string => fields.metrics.map((metric) => metricName(metric.name, metric.context)).join("\n");

export interface BoardOptions {
  runs(): string[];
  /** The crosshair stands in a panel, or nowhere. */
  probe?(panel: Panel | null, x: number | null): void;
  settled?(first: ChartSpec | null): void;
  marks?: Marks;
  /** Metrics by their spelling that charts are made of; all else. */
  only?: string[];
}

export class Board implements PanelHost {
  readonly element: HTMLElement;
  marks?: Marks;
  groups: Groups | null = null;
  private readonly legend: HTMLElement;
  private readonly tools: HTMLElement;
  private readonly body: HTMLElement;
  private readonly watch: IntersectionObserver;
  private readonly panels = new Map<string, Panel>();
  private readonly byElement = new Map<Element, Panel>();
  private fields: Fields | null = null;
  private specs: ChartSpec[] = [];
  private readonly opened = new Set<string>();
  private abort = new AbortController();
  /** The runs whose metrics were asked for; null before the first time. */
  private asked: string | null = null;
  private queued = false;
  private timer = 0;
  private ended = false;
  private readonly off: () => void;
  private readonly filter: HTMLInputElement;
  private readonly typed = debounce(120, () => this.app.state.set({ metrics: this.filter.value }, true));

  constructor(private readonly app: App, private readonly options: BoardOptions) {
    this.marks = options.marks;
    this.tools = h("div", { class: "board-tools", role: "toolbar", "aria-label": "Charts" });
    this.body = h("div", { class: "board-body" });
    this.legend = h("div", { class: "legend", hidden: true });
    this.element = h("section", { class: "board", "aria-label": "Charts" }, this.tools, this.legend, this.body);
    this.filter = h("input", { type: "search", class: "filter", placeholder: "Charts by name or pattern, such as val/*", "aria-label": "Charts by name or pattern", value: app.state.get("metrics"), oninput: () => this.typed() });
    this.watch = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        const panel = this.byElement.get(entry.target);
        if (panel) panel.near = entry.isIntersecting;
      }
      this.queue();
    }, { rootMargin: "300px" });
    this.off = app.hover.on((run) => this.panels.forEach((panel) => panel.near && panel.chart.highlight(run)));
    this.toolbar();
  }

  async start(): Promise<void> {
    // Charts are of what the shown runs have logged, and which are shown the list says first.
    if (!this.app.settled && !this.options.only) return;
    const runs = this.options.runs();
    this.asked = joinNames(runs);
    try {
      const fields = await this.app.source.get<Fields>("fields", { query: runs.length && runs.length <= MOST_NAMED ? runs.map((id) => `id == ${literal(id)}`).join(" or ") : this.app.state.get("q"), archived: true });
      if (this.ended || this.asked !== joinNames(runs)) return;
      const before = this.fields;
      this.fields = fields;
      if (!before || spelled(before) !== spelled(fields)) this.layOut();
      await this.regroup();
    } catch (error) {
      if (!(error instanceof Failure && error.query)) this.app.report(error);
    }
  }

  update(changed: Set<string>): void {
    if (this.asked !== joinNames(this.options.runs())) void this.start();
    if (changed.has("pins") || changed.has("metrics") || changed.has("apart")) this.layOut();
    if (["x", "smooth", "lx", "apart", "outliers", "zoom", "ly", "by", "mean", "band"].some((name) => changed.has(name))) this.toolbar();
    if (["by", "mean", "band"].some((name) => changed.has(name))) void this.regroup().then(() => this.toolbar());
    if (["lx", "ly", "outliers"].some((name) => changed.has(name))) this.panels.forEach((panel) => panel.draw());
    if (changed.has("zoom")) this.panels.forEach((panel) => panel.chart.zoom(this.range()));
    this.queue();
  }

  /** The shown runs are others. */
  runsChanged(): void {
    if (this.asked !== joinNames(this.options.runs())) void this.start();
    else if (this.app.state.get("by")) void this.regroup();
    this.queue();
  }

  /** The run of this board has grown. */
  refresh(marks: Marks | undefined, only: string[]): void {
    this.marks = marks;
    this.options.only = only;
    this.news({ all: false, runs: new Set(this.options.runs()) });
  }

  news(news: News): void {
    if (this.timer || !(news.all || this.options.runs().some((run) => news.runs.has(run)))) return;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      this.panels.forEach((panel) => {
        panel.question = panel.question && panel.question + " ";
      });
      this.queue();
      // A run that goes on may have logged something new.
      void this.start();
    }, LIVE);
  }

  probe(panel: Panel, x: number | null): void {
    this.panels.forEach((other) => {
      if (other !== panel && other.near) other.chart.crosshair(x);
    });
    this.options.probe?.(x === null ? null : panel, x);
  }

  zoom(range: [number, number] | null): void {
    this.app.state.set({ zoom: range ? range.map((end) => String(Number(end.toPrecision(8)))) : null });
  }

  end(): void {
    this.ended = true;
    this.off();
    this.abort.abort();
    this.typed.cancel();
    window.clearTimeout(this.timer);
    this.watch.disconnect();
    this.panels.forEach((panel) => panel.end());
  }

  /** The groups of the shown runs, and what their colours mean. */
  private async regroup(): Promise<void> {
    if (!this.fields || this.options.only) return;
    const before = this.groups;
    try {
      this.groups = await groupsOf(this.app, this.fields, this.options.runs());
    } catch (error) {
      this.app.report(error);
    }
    if (this.ended || (!before && !this.groups)) return;
    this.panels.forEach((panel) => panel.draw());
    const groups = this.groups;
    this.legend.hidden = !groups;
    if (!groups) return;
    const sizes = new Map<string, number>();
    for (const name of groups.of.values()) sizes.set(name, (sizes.get(name) ?? 0) + 1);
    clear(this.legend, ...groups.names.slice(0, 24).map((name, i) => {
      const colour = groups.colours[i];
      const dot = h("span", { class: typeof colour === "number" ? `dot s${colour}` : "dot", "aria-hidden": "true" });
      if (typeof colour === "string") dot.style.setProperty("--c", colour);
      return h("span", { class: "legend-item" }, dot, name, h("span", { class: "muted" }, ` N ${sizes.get(name)}`));
    }), groups.names.length > 24 ? h("span", { class: "muted" }, `and ${groups.names.length - 24} more`) : null);
  }

  private range(): [number, number] | null {
    const ends = this.app.state.list("zoom").map(Number);
    return ends.length === 2 && ends.every(Number.isFinite) ? [ends[0], ends[1]] : null;
  }

  private toolbar(): void {
    const state = this.app.state;
    if (document.activeElement !== this.filter) this.filter.value = state.get("metrics");
    const select = (label: string, name: string, choices: [string, string][], fallback: string): HTMLElement => {
      const box: HTMLSelectElement = h("select", { "aria-label": label, title: label, onchange: () => state.set({ [name]: box.value === fallback ? null : box.value, ...(name === "x" ? { zoom: null } : {}) }) });
      const value = state.get(name) || fallback;
      if (!choices.some(([each]) => each === value)) choices = [...choices, [value, value.replace(/^metric:/, "")]];
      for (const [each, text] of choices) box.append(h("option", { value: each, selected: each === value }, text));
      return h("label", { class: "tool" }, label, box);
    };
    const toggle = (label: string, name: string, on = "1"): HTMLElement => {
      const pressed = state.get(name) === on;
      return button(label, () => state.set({ [name]: pressed ? null : on }), { class: "toggle", "aria-pressed": String(pressed) });
    };
    const option = (label: string, name: string): Item => ({ label, checked: state.flag(name), act: () => state.set({ [name]: state.flag(name) ? null : "1" }) });
    const others: [string, string][] = (this.fields?.metrics ?? []).filter((metric) => !Object.keys(metric.context).length).slice(0, 40).map((metric) => [`metric:${metric.name}`, metric.name]);
    const focus = document.activeElement?.getAttribute("aria-label");
    if (!this.filter.isConnected) this.tools.append(this.filter);
    while (this.tools.childNodes.length > 1) this.tools.lastChild?.remove();
    append(this.tools, h("span", { class: "grow" }),
      ...this.app.source.live ? [select("x", "x", [["step", "step"], ["epoch", "epoch"], ["time", "time since start"], ["wall", "wall time"], ...others], "step")] : [],
      select("smoothing", "smooth", [["0", "none"], ["2", "2 steps"], ["10", "10 steps"], ["50", "50 steps"], ["200", "200 steps"], ["1000", "1,000 steps"], ["10000", "10,000 steps"]], "0"),
      this.options.only ? null : select("colour", "by", [["run", "run"], ...(this.fields?.params ?? []).filter((param) => param.distinct > 1).slice(0, 60).map((param): [string, string] => [paramExpr(param.name), param.name]), [ALL_PARAMETERS, "all but the seed"]], "run"),
      state.get("by") ? select("as", "mean", [["each", "each run"], ["mean", "mean"], ["median", "median"]], "each") : null,
      state.get("by") && state.get("mean") ? select("band", "band", [["sd", "± SD"], ["minmax", "min to max"]], "sd") : null,
      toggle("log y", "ly", "*"), iconButton("settings", "How charts are drawn", (event) => menu(event.currentTarget as Element, "How charts are drawn", [
        option("Logarithmic x", "lx"), option("Hide outliers", "outliers"), option("Training and validation apart", "apart"),
      ])),
      state.get("zoom") ? button("Reset zoom", () => state.set({ zoom: null })) : null);
    if (focus && document.activeElement === document.body) [...this.tools.querySelectorAll<HTMLElement>("[aria-label]")].find((each) => each.getAttribute("aria-label") === focus)?.focus();
  }

  /** Panels that stay are kept with their pictures; only what is new is made. */
  private layOut(): void {
    const state = this.app.state;
    if (!this.fields) return;
    const matches = matcher(state.get("metrics"));
    const only = this.options.only && new Set(this.options.only);
    const metrics = only ? this.fields.metrics.filter((metric) => only.has(metricName(metric.name, metric.context))) : this.fields.metrics;
    this.specs = chartsOf(metrics, !state.flag("apart")).filter((spec) => spec.parts.some((part) => matches(metricName(part.name, part.context))) || matches(spec.key));
    const pins = state.list("pins");
    const sections = new Map<string, ChartSpec[]>();
    const pinned = this.specs.filter((spec) => pins.includes(spec.key));
    if (pinned.length) sections.set("Pinned", pinned);
    for (const spec of this.specs) {
      if (!pins.includes(spec.key)) sections.set(spec.section, [...sections.get(spec.section) ?? [], spec]);
    }
    const wanted = new Map<string, ChartSpec>();
    const blocks: HTMLElement[] = [];
    let open = 0;
    for (const [name, specs] of sections) {
      const shut = state.list("shut").includes(name) || (open > 24 && !this.opened.has(name));
      const few = this.opened.has(name) || specs.length <= FIRST ? specs : specs.slice(0, FIRST);
      if (!shut) open += few.length;
      const grid = h("div", { class: "grid", hidden: shut });
      const head = h("button", { type: "button", class: "section-head", "aria-expanded": String(!shut), onclick: () => this.fold(name, !shut) }, icon(shut ? "right" : "down"), h("h2", {}, name), h("span", { class: "muted" }, String(specs.length)));
      if (!shut) {
        for (const spec of few) {
          const id = `${name}\n${spec.key}\n${spec.parts.length}`;
          wanted.set(id, spec);
          let panel = this.panels.get(id);
          if (!panel) {
            panel = new Panel(this.app, spec, this);
            if (this.range()) panel.chart.zoom(this.range());
            this.panels.set(id, panel);
            this.byElement.set(panel.element, panel);
            this.watch.observe(panel.element);
          }
          grid.append(panel.element);
        }
      }
      const more = !shut && few.length < specs.length ? button(`Show all ${specs.length}`, () => {
        this.opened.add(name);
        this.layOut();
      }, { class: "show-all" }) : null;
      const block = h("section", { class: "charts", "aria-label": name });
      append(block, head, grid, more);
      blocks.push(block);
    }
    for (const [id, panel] of this.panels) {
      if (wanted.has(id)) continue;
      this.watch.unobserve(panel.element);
      this.byElement.delete(panel.element);
      this.panels.delete(id);
      panel.end();
    }
    this.tools.hidden = !this.fields.metrics.length;
    clear(this.body, ...(blocks.length ? blocks : [this.nothing()]));
    this.toolbar();
    this.options.settled?.(pinned[0] ?? this.specs[0] ?? null);
    this.queue();
  }

  private nothing(): HTMLElement {
    if (!this.app.last.total) return empty("Curves stand here as soon as a run logs a metric.");
    if (this.fields?.metrics.length) return empty(`None of ${plural(this.fields.metrics.length, "metric")} is called like that.`, [], button("Show all charts", () => this.app.state.set({ metrics: null })));
    return empty("These runs have logged no metric yet. A program logs one by:", ['run.log("train/loss", loss);']);
  }

  private fold(name: string, shut: boolean): void {
    const others = this.app.state.list("shut").filter((each) => each !== name);
    if (!shut) this.opened.add(name);
    this.app.state.set({ shut: shut ? [...others, name] : others }, true);
    this.layOut();
  }

  private queue(): void {
    if (this.queued || this.ended) return;
    this.queued = true;
    queueMicrotask(() => {
      this.queued = false;
      if (!this.ended) void this.fetch();
    });
  }

  /** Asks for what is in sight and not here. */
  private async fetch(): Promise<void> {
    const state = this.app.state;
    const runs = this.options.runs();
    const range = this.range();
    this.app.slots.give(runs);
    const question = JSON.stringify([runs, state.get("x"), state.get("smooth"), range]);
    const needy = [...this.panels.values()].filter((panel) => panel.near && panel.question !== question);
    if (!needy.length) return;
    this.abort.abort();
    this.abort = new AbortController();
    const signal = this.abort.signal;
    for (const panel of needy) panel.wait(panel.held.length > 0 && panel.question.trim() === question);
    if (!runs.length && !this.app.settled && !this.options.only) return;
    if (!runs.length) {
      for (const panel of needy) {
        panel.show([]);
        panel.question = question;
      }
      return;
    }
    let batch: Panel[] = [];
    const batches: Panel[][] = [];
    let load = 0;
    for (const panel of needy) {
      batch.push(panel);
      load += panel.spec.parts.length * runs.length;
      if (load < TOGETHER) continue;
      batches.push(batch);
      batch = [];
      load = 0;
    }
    if (batch.length) batches.push(batch);
    await Promise.all(batches.map((each) => this.fetchBatch(each, runs, range, question, signal)));
  }

  private async fetchBatch(panels: Panel[], runs: string[], range: [number, number] | null, question: string, signal: AbortSignal): Promise<void> {
    const state = this.app.state;
    const width = panels[0].element.clientWidth || 400;
    const metrics = [...new Set(panels.flatMap((panel) => panel.spec.parts.map((part) => metricName(part.name, part.context))))];
    try {
      const answer = await this.app.source.get<SeriesAnswer>("series", {
        runs, metrics, x: state.get("x") || "step", smooth: state.get("smooth"), points: Math.round(runs.length > 50 ? width / 2 : width), from: range?.[0], to: range?.[1],
      }, signal);
      if (signal.aborted) return;
      for (const panel of panels) {
        panel.show(answer.series);
        panel.question = question;
      }
    } catch (error) {
      if (signal.aborted) return;
      for (const panel of panels) panel.fail(error instanceof Error ? error.message : String(error));
    }
  }
}
