// One chart of the board: its head with what can be done to it, the picture, and its data, which are fetched by the board.

import type { App } from "./app";
import { CurvesChart, type CurvesData } from "./chart/curves";
import { curvesData, hold, lockedY, lookOf, valueAt, withLock, type Held } from "./curve_data";
import { append, clear, dialog, h, iconButton, menu, say } from "./dom";
import type { Arrangement } from "./grouping";
import type { ChartSpec } from "./metrics";
import { chooseOverlaid } from "./overlay";
import type { Marks, MetricField, Series } from "./types";

export interface PanelHost {
  /** The crosshair stands at x in this panel, or has left it. */
  probe(panel: Panel, x: number | null): void;
  zoom(range: [number, number] | null): void;
  /** All that charts may show. */
  metrics(): MetricField[];
  /** By run. */
  marks: ReadonlyMap<string, Marks>;
  /** What parameters decide of the charts. */
  arrangement: Arrangement;
}

// A skeleton shows where nothing has come after so many ms; before, nothing flickers.
const PATIENCE = 200;

export function save(name: string, content: Blob): void {
  const link = h("a", { href: URL.createObjectURL(content), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

export class Panel {
  readonly element: HTMLElement;
  readonly chart: CurvesChart;
  near = false;
  /** What the shown data answer; another question means that they are of before. */
  question = "";
  held: Held[] = [];
  private readonly place: HTMLElement;
  private readonly note: HTMLElement;
  private timer = 0;

  constructor(private readonly app: App, readonly spec: ChartSpec, private readonly host: PanelHost) {
    this.place = h("div", { class: "chart-place" });
    this.note = h("div", { class: "chart-note", hidden: true });
    const pinned = app.state.list("pins").includes(spec.key);
    const title = spec.section && spec.title !== spec.key ? spec.key : spec.title;
    this.element = h("article", { class: "panel", "aria-label": spec.title });
    const actions = h("div", { class: "panel-actions" });
    append(actions,
      iconButton("pin", pinned ? "Unpin" : "Pin to the top", () => this.pin(), { "aria-pressed": String(pinned), class: `icon-button${pinned ? " on" : ""}` }),
      iconButton("expand", "Larger", () => this.enlarge()), iconButton("table", "As a table", () => this.table()),
      iconButton("more", "More of this chart", (event) => this.more(event.currentTarget as Element)));
    append(this.element, this.place, actions, this.note);
    this.element.dataset.key = title;
    this.chart = new CurvesChart(this.place);
    this.chart.on("hover", (event) => {
      app.hover.emit(event.run || null);
      host.probe(this, event.x);
    });
    this.chart.on("zoom", (event) => host.zoom(event.range));
    this.chart.on("click", (event) => event.run && app.state.open("run", { id: event.run }));
  }

  /** The old picture is dimmed until `show`, unless it only grows; without one a skeleton comes, but not at once. */
  wait(grows: boolean): void {
    this.element.setAttribute("aria-busy", "true");
    if (this.timer || grows) return;
    this.timer = window.setTimeout(() => this.element.classList.add(this.held.length ? "stale" : "skeleton"), PATIENCE);
  }

  show(series: Series[]): void {
    this.settle();
    const { charts } = this.host.arrangement;
    this.held = hold(this.spec, charts && this.spec.only !== undefined ? series.filter((each) => charts.of.get(each.run) === this.spec.only) : series);
    this.draw();
    const points = this.held.some((each) => each.x.length > 0);
    const x = lookOf(this.app, this.spec.key).x.replace(/^metric:/, "");
    this.note.hidden = points || (this.held.length > 0 && x === "step");
    if (!this.held.length) this.note.textContent = this.nothing();
    else if (!points) this.note.textContent = `The shown runs have not logged ${x} at the same steps`;
  }

  private nothing(): string {
    if (!this.app.shown().length) return "No run is shown: open an eye in the list";
    return this.spec.only === undefined ? "None of the shown runs has this metric" : `None of the shown runs of ${this.spec.only} has this metric`;
  }

  fail(message: string): void {
    this.settle();
    this.note.hidden = false;
    this.note.textContent = message;
  }

  draw(): void {
    this.chart.lockY(this.locked());
    this.chart.set(this.data());
  }

  private locked(): [number, number] | null {
    return lockedY(this.app.state.list("lock"), this.spec.key);
  }

  private data(): CurvesData {
    return curvesData(this.app, this.spec, this.held, lookOf(this.app, this.spec.key), this.host.arrangement, this.host.marks);
  }

  at(run: string, x: number): number {
    const own = this.held.find((each) => each.run === run);
    return own ? valueAt(own, x) : NaN;
  }

  last(run: string): number {
    const own = this.held.find((each) => each.run === run);
    return own?.y.length ? own.y[own.y.length - 1] : NaN;
  }

  end(): void {
    window.clearTimeout(this.timer);
    this.chart.destroy();
    this.element.remove();
  }

  private settle(): void {
    window.clearTimeout(this.timer);
    this.timer = 0;
    this.element.classList.remove("stale", "skeleton");
    this.element.removeAttribute("aria-busy");
  }

  private pin(): void {
    const pins = this.app.state.list("pins");
    const key = this.spec.key;
    this.app.state.set({ pins: pins.includes(key) ? pins.filter((each) => each !== key) : [...pins, key] });
  }

  private lock(): void {
    const range = this.locked() ? null : this.chart.shownY();
    this.app.state.set({ lock: withLock(this.app.state.list("lock"), this.spec.key, range) });
  }

  private enlarge(): void {
    const place = h("div", { class: "chart-large" });
    const box = dialog(this.spec.title, place, true);
    const large = new CurvesChart(place, { locked: this.locked() ?? undefined });
    large.set(this.data());
    large.on("zoom", (event) => large.zoom(event.range));
    box.addEventListener("close", () => large.destroy());
  }

  private table(): void {
    const place = h("div", { class: "scroll-table", tabindex: 0 });
    dialog(`${this.spec.title} as a table`, place, true);
    clear(place, this.chart.asTable());
  }

  private more(anchor: Element): void {
    const key = this.spec.key;
    const log = this.app.state.list("ly");
    const file = this.spec.key.replace(/[^A-Za-z0-9_.-]+/g, "-");
    menu(anchor, this.spec.title, [
      { label: "Logarithmic y", checked: lookOf(this.app, key).logY, act: () => this.app.state.set({ ly: log.includes(key) ? log.filter((each) => each !== key) : [...log.filter((each) => each !== "*"), key] }) },
      { label: "Lock y at this range", checked: this.locked() !== null, act: () => this.lock() },
      { label: "Lay metrics over it…", act: () => chooseOverlaid(this.app, anchor, this.spec, this.host.metrics()) },
      { label: "As a table", act: () => this.table() },
      null,
      { label: "Copy as PNG", act: () => void this.copyPng() },
      { label: "Save as PNG", act: () => void this.chart.toPng(2).then((blob) => save(`${file}.png`, blob)) },
      { label: "Save as SVG", act: () => save(`${file}.svg`, new Blob([this.chart.toSvg()], { type: "image/svg+xml" })) },
      { label: "Save as CSV", act: () => save(`${file}.csv`, new Blob([this.chart.toCsv()], { type: "text/csv" })) },
    ]);
  }

  private async copyPng(): Promise<void> {
    try {
      await navigator.clipboard.write([new ClipboardItem({ "image/png": this.chart.toPng(2) })]);
      say("Copied the picture");
    } catch {
      say("This browser doesn't copy pictures; save it instead", "fail");
    }
  }
}
