// Pictures, texts, histograms and vectors: a row for each name, a column for each run, one slider for the step.

import type { App } from "../app";
import { HeatChart } from "../chart/heat";
import { append, clear, empty, h } from "../dom";
import { metricName } from "../format";
import { markdown } from "../markdown";
import { matcher } from "../metrics";
import { tabs } from "../tabs";
import type { HistogramAnswer, MediaAnswer } from "../types";
import { swatch } from "./run_name";

const KINDS: [string, string][] = [["image", "Images"], ["text", "Texts"], ["histogram", "Histograms"], ["vector", "Vectors"]];
const EMPTY: { [kind: string]: string } = { image: 'run.image("samples", tensor);', text: 'run.text("sample", "…");', histogram: "run.histograms().every(100);", vector: 'run.vector("per-class", tensor);' };
// So many runs beside each other, and so many names below each other.
const RUNS = 12;
const NAMES = 40;

type Item = MediaAnswer["items"][number];

export class MediaGrid {
  readonly element: HTMLElement;
  private readonly tools: HTMLElement;
  private readonly body: HTMLElement;
  private items: Item[] = [];
  private steps: number[] = [];
  private charts: HeatChart[] = [];
  private draws: ((step: number) => void)[] = [];
  private asked = 0;

  constructor(private readonly app: App, private readonly runs: () => string[]) {
    this.tools = h("div", { class: "board-tools" });
    this.body = h("div", { class: "media-body", id: "media-panel" });
    this.element = h("div", { class: "media" }, this.tools, this.body);
    void this.load();
  }

  update(changed: Set<string>): void {
    if (["kind", "sel", "hide", "show", "base"].some((name) => changed.has(name))) void this.load();
    else if (changed.has("names")) this.show();
    else if (changed.has("at")) this.draw();
  }

  refresh(): void {
    void this.load();
  }

  end(): void {
    ++this.asked;
    this.drop();
  }

  private get kind(): string {
    return KINDS.find(([name]) => name === this.app.state.get("kind"))?.[0] ?? "image";
  }

  private drop(): void {
    for (const chart of this.charts) chart.destroy();
    this.charts = [];
    this.draws = [];
  }

  private async load(): Promise<void> {
    const mine = ++this.asked;
    const runs = this.runs().slice(0, RUNS);
    try {
      const answer = runs.length ? await this.app.source.get<MediaAnswer>("media", { runs, kind: this.kind }) : { items: [] };
      if (mine !== this.asked) return;
      this.items = answer.items;
      this.show();
    } catch (error) {
      if (mine === this.asked) clear(this.body, empty(error instanceof Error ? error.message : String(error)));
    }
  }

  private show(): void {
    this.drop();
    const state = this.app.state;
    const matches = matcher(state.get("names"));
    const nameOf = (item: Item): string => metricName(item.name, item.context ?? {});
    const items = this.items.filter((item) => matches(nameOf(item)));
    const names = [...new Set(items.map(nameOf))].sort();
    const runs = this.runs().slice(0, RUNS).filter((run) => items.some((item) => item.run === run));
    this.steps = [...new Set(items.flatMap((item) => item.steps))].sort((a, b) => a - b);
    this.toolbar();
    if (!names.length) {
      clear(this.body, this.items.length ? empty("Nothing is called like that.") : empty(`The shown runs have logged no ${KINDS.find(([name]) => name === this.kind)?.[1].toLowerCase()}. A program logs one by:`, [EMPTY[this.kind]]));
      return;
    }
    const grid = h("div", { class: `media-grid${this.kind === "histogram" || this.kind === "vector" ? " wide" : ""}`, tabindex: 0, role: "region", "aria-label": "Media" });
    grid.style.setProperty("--runs", String(runs.length));
    append(grid, ...runs.map((run) => h("div", { class: "media-head" }, swatch(this.app, run), h("a", { href: this.app.state.link("run", { id: run }) }, this.app.name(run)))));
    for (const name of names.slice(0, NAMES)) {
      append(grid, h("h2", { class: "media-name" }, name));
      for (const run of runs) {
        const item = items.find((each) => each.run === run && nameOf(each) === name);
        append(grid, item ? this.cell(item, name) : h("div", { class: "media-cell muted" }, "–"));
      }
    }
    clear(this.body, grid, names.length > NAMES ? h("p", { class: "muted" }, `${names.length - NAMES} more names; write a part of one above`) : null);
    this.draw();
  }

  private toolbar(): void {
    const state = this.app.state;
    if (this.tools.contains(document.activeElement) && this.tools.querySelector("input")) return;
    const filter: HTMLInputElement = h("input", { type: "search", class: "filter", placeholder: "Names, or a pattern", "aria-label": "Names, or a pattern", value: state.get("names"), oninput: () => state.set({ names: filter.value }, true) });
    const slider: HTMLInputElement = h("input", { type: "range", min: 0, max: Math.max(0, this.steps.length - 1), "aria-label": "Step", disabled: this.steps.length < 2, oninput: () => state.set({ at: String(this.steps[Number(slider.value)]) }, true) });
    slider.value = String(Math.max(0, this.steps.indexOf(this.step())));
    const picture = this.kind === "image" || this.kind === "text";
    clear(this.tools, tabs("Kind", KINDS.map(([name, label]) => ({ name, label })), this.kind, (name) => state.set({ kind: name === "image" ? null : name, at: null })), h("span", { class: "grow" }), filter,
      picture ? h("label", { class: "tool slider" }, "step", slider, h("output", { class: "mono step-out" }, String(this.step()))) : null);
    for (const tab of this.tools.querySelectorAll("[role=tab]")) tab.setAttribute("aria-controls", "media-panel");
  }

  /** The step of the address, else the last that any run has. */
  private step(): number {
    const at = this.app.state.get("at");
    return at ? Number(at) : this.steps[this.steps.length - 1] ?? 0;
  }

  private draw(): void {
    const step = this.step();
    const out = this.tools.querySelector(".step-out");
    if (out) out.textContent = String(step);
    this.tools.querySelector("[type=range]")?.setAttribute("aria-valuetext", `step ${step}`);
    for (const draw of this.draws) draw(step);
  }

  /** The newest step that is not after the slider's. */
  private static at(steps: number[], step: number): number | null {
    let found: number | null = null;
    for (const each of steps) if (each <= step && (found === null || each > found)) found = each;
    return found;
  }

  private cell(item: Item, name: string): HTMLElement {
    const label = h("span", { class: "muted media-step" });
    const place = h("div", { class: "media-place" });
    const params = { run: item.run, name };
    if (this.kind === "image") {
      const image = h("img", { alt: `${name} of ${this.app.name(item.run)}`, loading: "lazy", decoding: "async" });
      place.append(image);
      this.draws.push((step) => {
        const at = MediaGrid.at(item.steps, step);
        image.hidden = at === null;
        label.textContent = at === null ? "not yet" : at === step ? "" : `step ${at}`;
        if (at !== null) image.src = this.app.source.url("image", { ...params, step: at });
      });
    } else if (this.kind === "text") {
      this.draws.push((step) => {
        const at = MediaGrid.at(item.steps, step);
        label.textContent = at === null ? "not yet" : at === step ? "" : `step ${at}`;
        if (at !== null) void this.app.source.get<{ text: string }>("text", { ...params, step: at }).then((answer) => clear(place, markdown(answer.text)), (error) => this.app.report(error));
      });
    } else void (this.kind === "histogram" ? this.histogram(place, params) : this.vector(place, params));
    return h("div", { class: `media-cell ${this.kind}` }, place, label);
  }

  private async histogram(place: HTMLElement, params: { run: string; name: string }): Promise<void> {
    try {
      const answer = await this.app.source.get<HistogramAnswer>("histogram", params);
      this.heat(place, answer);
    } catch (error) {
      clear(place, h("p", { class: "warning" }, error instanceof Error ? error.message : String(error)));
    }
  }

  private async vector(place: HTMLElement, params: { run: string; name: string }): Promise<void> {
    try {
      const answer = await this.app.source.get<{ steps: number[]; values: number[][] }>("vector", params);
      const width = Math.max(0, ...answer.values.map((row) => row.length));
      this.heat(place, { steps: answer.steps, edges: Array.from({ length: width + 1 }, (_, i) => i), counts: answer.values });
    } catch (error) {
      clear(place, h("p", { class: "warning" }, error instanceof Error ? error.message : String(error)));
    }
  }

  private heat(place: HTMLElement, answer: HistogramAnswer): void {
    if (!place.isConnected) return;
    const chart = new HeatChart(place);
    chart.set({ title: "", steps: answer.steps, edges: answer.edges, counts: answer.counts });
    this.charts.push(chart);
  }
}
