// What all charts share: data, layers, events, redrawing, export.
import type { Palette } from "./colours";
import { paletteOf } from "./colours";
import type { Item } from "./scene";
import { Layers } from "./layers";
import { csvOf, pngOf, tableOf, type Rows } from "./export";
import { svgOf } from "./svg";
import { Tooltip } from "./tooltip";

export interface Size {
  width: number;
  height: number;
}

/** What lies still, in layers: axes and texts below, data above, and what is above these. */
export interface Picture {
  base: Item[];
  data: Item[];
  top?: Item[];
}

type Listener<T> = (event: T) => void;

/** D: data; E: events by name. */
export abstract class Chart<D, E extends object> {
  protected data: D | null = null;
  protected palette: Palette;
  protected readonly layers: Layers;
  protected readonly tooltip: Tooltip;
  private readonly listeners = new Map<keyof E, Set<Listener<never>>>();
  private readonly queries: MediaQueryList[];
  private request = 0;
  private top: Item[] = [];
  private stale = { all: false, hover: false };
  private destroyed = false;

  constructor(readonly element: HTMLElement) {
    this.layers = new Layers(element, () => this.redrawNow());
    this.tooltip = new Tooltip(this.layers.root);
    this.palette = paletteOf(element);
    this.layers.root.setAttribute("role", "img");
    this.queries = ["(prefers-color-scheme: dark)", "(forced-colors: active)"].map((query) => matchMedia(query));
    for (const query of this.queries) query.addEventListener("change", this.redraw);
  }

  /** Shows these data. The chart keeps them, and reads nothing that changes later. */
  set(data: D): void {
    this.data = data;
    this.changed(data);
    this.layers.root.setAttribute("aria-label", this.title());
    this.later("all");
  }

  /** Draws again in the next frame, with the colours that are then in force. */
  readonly redraw = (): void => this.later("all");

  on<K extends keyof E>(event: K, f: Listener<E[K]>): () => void {
    const set = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, set);
    set.add(f as Listener<never>);
    return () => set.delete(f as Listener<never>);
  }

  /** What the pointer does over the chart, at places in it, until the signal comes. */
  protected listen(moved: (x: number, y: number) => void, left: () => void, clicked: () => void, signal: AbortSignal): void {
    const { root } = this.layers;
    root.addEventListener("pointermove", (e) => {
      const box = root.getBoundingClientRect();
      moved(e.clientX - box.left, e.clientY - box.top);
    }, { signal });
    root.addEventListener("pointerleave", left, { signal });
    root.addEventListener("click", clicked, { signal });
  }

  protected emit<K extends keyof E>(event: K, value: E[K]): void {
    for (const f of this.listeners.get(event) ?? []) (f as Listener<E[K]>)(value);
  }

  /** A file of SVG, as large as the chart is now unless told otherwise. */
  toSvg(size: Size = this.size()): string {
    return svgOf(this.items(size), size.width, size.height, this.palette.bg, this.palette, this.title());
  }

  /** A PNG of so many device pixels to one of the chart's. */
  toPng(scale = 2): Promise<Blob> {
    return pngOf(this.items(this.size()), this.size(), scale, this.palette);
  }

  private items(size: Size): Item[] {
    const { base, data, top } = this.picture(size);
    // What the chart remembers of its layout is now that of the file.
    if (size.width !== this.layers.width || size.height !== this.layers.height) this.later("all");
    return [...base, ...data, ...(top ?? [])];
  }

  toCsv(): string {
    return csvOf(this.rows(Infinity));
  }

  /** What the chart shows as a table for those who can't see it, thinned to a length that one can read. */
  asTable(): HTMLTableElement {
    return tableOf(this.rows(200));
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    cancelAnimationFrame(this.request);
    for (const query of this.queries) query.removeEventListener("change", this.redraw);
    this.tooltip.destroy();
    this.layers.destroy();
    this.listeners.clear();
  }

  protected size(): Size {
    return { width: this.layers.width || 480, height: this.layers.height || 300 };
  }

  /** Called with new data, before they are drawn. */
  protected changed(_data: D): void {}
  /** One line that says what the chart shows. */
  protected abstract title(): string;
  protected abstract picture(size: Size): Picture;
  /** What follows the pointer. */
  protected abstract overlay(): Item[];
  /** All rows, or about so many at most. */
  protected abstract rows(most: number): Rows;
  /** How strongly the data show below the overlay. */
  protected dimmed(): number {
    return 1;
  }

  /** Draws in the next frame, once however often it is asked. */
  protected later(what: "all" | "hover"): void {
    this.stale[what] = true;
    if (this.request || this.destroyed) return;
    this.request = requestAnimationFrame(() => {
      this.request = 0;
      if (this.stale.all) this.redrawNow();
      else this.hoverNow();
    });
  }

  private redrawNow(): void {
    this.stale.all = false;
    if (!this.data || this.destroyed) return;
    this.layers.fit();
    if (this.layers.width === 0 || this.layers.height === 0) return;
    this.palette = paletteOf(this.element);
    const { base, data, top } = this.picture(this.size());
    this.layers.paint("base", base, this.palette);
    this.layers.paint("data", data, this.palette);
    this.top = top ?? [];
    this.hoverNow();
  }

  private hoverNow(): void {
    this.stale.hover = false;
    if (!this.data || this.destroyed) return;
    this.layers.dim(this.dimmed());
    this.layers.paint("hover", [...this.top, ...this.overlay()], this.palette);
  }
}
