// The charts: sections of them, a choice by pattern, how they look, and one stream of requests for what is in sight.

import type { App, News } from "./app";
import { BoardTools } from "./board_tools";
import { plural } from "./chart/text";
import { append, button, clear, debounce, empty, h, icon } from "./dom";
import { metricName } from "./format";
import { arrangementOf, conditionOf, DASH_SIGNS, type Arrangement } from "./grouping";
import { chartEach, chartsOf, matcher, type ChartSpec } from "./metrics";
import { joinNames } from "./names";
import { withOverlaid } from "./overlay";
import { Panel, type PanelHost } from "./panel";
import { Failure } from "./source";
import type { Fields, Marks, MarksAnswer, MetricField, SeriesAnswer } from "./types";

// A section shows so many charts at first; the rest by a button.
const FIRST = 12;
// Charts are asked for together up to so many series in one request.
const TOGETHER = 120;
// Data that grow are fetched again at most so often.
const LIVE = 2000;
// Sections are open up to so many charts.
const OPEN = 24;
// Marks are asked for of so many runs: of more, no chart shows them.
const MARKED = 24;
// A legend names so many values.
const NAMED = 24;
const LOOKS = ["x", "smooth", "lx", "apart", "outliers", "zoom", "ly", "by", "mean", "band", "dash", "each"];
const ARRANGED = ["by", "mean", "band", "dash", "each"];

const spelled = (fields: Fields): string => fields.metrics.map((metric) => metricName(metric.name, metric.context)).join("\n");

export interface BoardOptions {
  runs(): string[];
  /** The crosshair stands in a panel, or nowhere. */
  probe?(panel: Panel | null, x: number | null): void;
  settled?(first: ChartSpec | null): void;
  /** Where they are known; else they are asked for. */
  marks?: ReadonlyMap<string, Marks>;
  /** Metrics by their spelling that charts are made of; all else. */
  only?: string[];
}

export class Board implements PanelHost {
  readonly element: HTMLElement;
  marks: ReadonlyMap<string, Marks>;
  arrangement: Arrangement = { colours: null, dashes: null, charts: null };
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
    this.marks = options.marks ?? new Map();
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
    void this.mark(runs);
    try {
      const fields = await this.app.source.get<Fields>("fields", { query: conditionOf(this.app, runs), archived: true });
      if (this.ended || this.asked !== joinNames(runs)) return;
      const before = this.fields;
      this.fields = fields;
      await this.arrange();
      if (!before || spelled(before) !== spelled(fields)) this.layOut();
    } catch (error) {
      if (!(error instanceof Failure && error.query)) this.app.report(error);
    }
  }

  /** Checkpoints and the like of the shown runs. */
  private async mark(runs: string[]): Promise<void> {
    if (this.options.marks || !runs.length) return;
    try {
      const answer = await this.app.source.get<MarksAnswer>("marks", { runs: runs.slice(0, MARKED) });
      const marks = new Map(answer.runs.map((each) => [each.id, each] as const));
      if (this.ended || this.asked !== joinNames(runs) || JSON.stringify([...marks]) === JSON.stringify([...this.marks])) return;
      this.marks = marks;
      this.panels.forEach((panel) => panel.draw());
    } catch (error) {
      this.app.report(error);
    }
  }

  update(changed: Set<string>): void {
    if (this.asked !== joinNames(this.options.runs())) void this.start();
    if (["pins", "metrics", "apart", "over"].some((name) => changed.has(name))) this.layOut();
    if (LOOKS.some((name) => changed.has(name))) this.toolbar();
    if (ARRANGED.some((name) => changed.has(name))) void this.arrange().then(() => changed.has("dash") && this.layOut());
    if (["lx", "ly", "outliers", "lock"].some((name) => changed.has(name))) this.panels.forEach((panel) => panel.draw());
    if (changed.has("zoom")) this.panels.forEach((panel) => panel.chart.zoom(this.range()));
    this.queue();
  }

  /** The shown runs are others. */
  runsChanged(): void {
    if (this.asked !== joinNames(this.options.runs())) void this.start();
    else if (ARRANGED.some((name) => this.app.state.get(name))) void this.arrange();
    this.queue();
  }

  /** The run of this board has grown. */
  refresh(marks: ReadonlyMap<string, Marks>, only: string[]): void {
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

  /** What parameters decide of the shown runs' charts, and what that means in words. */
  private async arrange(): Promise<void> {
    if (!this.fields || this.options.only) return;
    const before = this.arrangement;
    try {
      this.arrangement = await arrangementOf(this.app, this.fields, this.options.runs());
    } catch (error) {
      this.app.report(error);
    }
    if (this.ended) return;
    const { colours, dashes, charts } = this.arrangement;
    const none = (each: Arrangement): boolean => !each.colours && !each.dashes && !each.charts;
    if (none(before) && none(this.arrangement)) return;
    if (charts || before.charts) {
      // Other runs are in a chart, or there are other charts.
      this.panels.forEach((panel) => {
        panel.question = "";
      });
      this.layOut();
    }
    this.panels.forEach((panel) => panel.draw());
    this.legend.hidden = !colours && !dashes;
    clear(this.legend, ...this.legendOf());
  }

  private legendOf(): HTMLElement[] {
    const { colours, dashes } = this.arrangement;
    const sizes = new Map<string, number>();
    for (const split of [colours, dashes]) for (const name of split?.of.values() ?? []) sizes.set(name, (sizes.get(name) ?? 0) + 1);
    const item = (sign: HTMLElement, name: string): HTMLElement => h("span", { class: "legend-item" }, sign, name, h("span", { class: "muted" }, ` N ${sizes.get(name)}`));
    const items = (colours?.names ?? []).slice(0, NAMED).map((name, i) => {
      const colour = colours!.colours[i];
      const dot = h("span", { class: typeof colour === "number" ? `dot s${colour}` : "dot", "aria-hidden": "true" });
      if (typeof colour === "string") dot.style.setProperty("--c", colour);
      return item(dot, name);
    });
    items.push(...(dashes?.names ?? []).slice(0, NAMED).map((name, i) => item(h("span", { class: "dash-sign", "aria-hidden": "true" }, DASH_SIGNS[i % DASH_SIGNS.length]), name)));
    const more = (colours?.names.length ?? 0) + (dashes?.names.length ?? 0) - items.length;
    if (more > 0) items.push(h("span", { class: "muted" }, `and ${more} more`));
    if (dashes && dashes.names.length > DASH_SIGNS.length) items.push(h("span", { class: "muted" }, `past ${DASH_SIGNS.length} values, dashes come again`));
    return items;
  }

  private range(): [number, number] | null {
    const ends = this.app.state.list("zoom").map(Number);
    return ends.length === 2 && ends.every(Number.isFinite) ? [ends[0], ends[1]] : null;
  }

  private toolbar(): void {
    if (document.activeElement !== this.filter) this.filter.value = this.app.state.get("metrics");
    const focus = document.activeElement?.getAttribute("aria-label");
    if (!this.filter.isConnected) this.tools.append(this.filter);
    while (this.tools.childNodes.length > 1) this.tools.lastChild?.remove();
    append(this.tools, h("span", { class: "grow" }), ...new BoardTools(this.app, this.fields, this.options.only !== undefined).elements());
    if (focus && document.activeElement === document.body) [...this.tools.querySelectorAll<HTMLElement>("[aria-label]")].find((each) => each.getAttribute("aria-label") === focus)?.focus();
  }

  metrics(): MetricField[] {
    const all = this.fields?.metrics ?? [];
    const only = this.options.only && new Set(this.options.only);
    return only ? all.filter((metric) => only.has(metricName(metric.name, metric.context))) : all;
  }

  /** The charts that the address asks for. Dashes that are a parameter's don't tell training from validation. */
  private chosen(): ChartSpec[] {
    const state = this.app.state;
    const matches = matcher(state.get("metrics"));
    const metrics = this.metrics();
    const together = !state.flag("apart") && (this.options.only !== undefined || !state.get("dash"));
    const found = chartsOf(metrics, together).filter((spec) => spec.parts.some((part) => matches(metricName(part.name, part.context))) || matches(spec.key));
    const specs = found.map((spec) => withOverlaid(spec, state.list("over"), metrics));
    return this.arrangement.charts ? chartEach(specs, this.arrangement.charts.names) : specs;
  }

  private sections(pinned: ChartSpec[]): Map<string, ChartSpec[]> {
    const sections = new Map<string, ChartSpec[]>();
    if (pinned.length) sections.set("Pinned", pinned);
    for (const spec of this.specs) {
      if (!pinned.includes(spec)) sections.set(spec.section, [...sections.get(spec.section) ?? [], spec]);
    }
    return sections;
  }

  /** Panels that stay are kept with their pictures; only what is new is made. */
  private layOut(): void {
    if (!this.fields) return;
    this.specs = this.chosen();
    const pins = this.app.state.list("pins");
    const pinned = this.specs.filter((spec) => pins.includes(spec.key));
    const wanted = new Set<string>();
    const blocks: HTMLElement[] = [];
    let open = 0;
    for (const [name, specs] of this.sections(pinned)) {
      const shut = this.app.state.list("shut").includes(name) || (open > OPEN && !this.opened.has(name));
      const few = shut ? [] : this.opened.has(name) ? specs : specs.slice(0, FIRST);
      open += few.length;
      blocks.push(this.section(name, specs, few, shut, wanted));
    }
    this.dropOthers(wanted);
    this.tools.hidden = !this.fields.metrics.length;
    clear(this.body, ...(blocks.length ? blocks : [this.nothing()]));
    this.toolbar();
    this.options.settled?.(pinned[0] ?? this.specs[0] ?? null);
    this.queue();
  }

  /** A heading and these few of its charts, whose names become wanted. */
  private section(name: string, specs: ChartSpec[], few: ChartSpec[], shut: boolean, wanted: Set<string>): HTMLElement {
    const head = h("button", { type: "button", class: "section-head", "aria-expanded": String(!shut), onclick: () => this.fold(name, !shut) }, icon(shut ? "right" : "down"), h("h2", {}, name), h("span", { class: "muted" }, String(specs.length)));
    const grid = h("div", { class: "grid", hidden: shut });
    for (const spec of few) {
      const id = [name, spec.key, spec.only ?? "", ...spec.parts.map((part) => metricName(part.name, part.context))].join("\n");
      wanted.add(id);
      grid.append(this.panel(id, spec).element);
    }
    const more = !shut && few.length < specs.length ? button(`Show all ${specs.length}`, () => {
      this.opened.add(name);
      this.layOut();
    }, { class: "show-all" }) : null;
    const block = h("section", { class: "charts", "aria-label": name });
    append(block, head, grid, more);
    return block;
  }

  private panel(id: string, spec: ChartSpec): Panel {
    const held = this.panels.get(id);
    if (held) return held;
    const panel = new Panel(this.app, spec, this);
    if (this.range()) panel.chart.zoom(this.range());
    this.panels.set(id, panel);
    this.byElement.set(panel.element, panel);
    this.watch.observe(panel.element);
    return panel;
  }

  private dropOthers(wanted: Set<string>): void {
    for (const [id, panel] of this.panels) {
      if (wanted.has(id)) continue;
      this.watch.unobserve(panel.element);
      this.byElement.delete(panel.element);
      this.panels.delete(id);
      panel.end();
    }
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
