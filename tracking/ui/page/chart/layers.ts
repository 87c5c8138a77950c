// Canvases one above the other, in device pixels, as large as their element.
import type { Item, Fonts } from "./scene";
import { paint } from "./scene";

/** Layers of a chart, lowest first: axes and texts; data, which can be dimmed as a whole; what follows the pointer. */
export type LayerName = "base" | "data" | "hover";
const NAMES: readonly LayerName[] = ["base", "data", "hover"];

export class Layers {
  width = 0;
  height = 0;
  ratio = 1;
  readonly root: HTMLElement;
  private readonly canvases = new Map<LayerName, HTMLCanvasElement>();
  private readonly observer: ResizeObserver;
  private readonly off = new AbortController();

  constructor(element: HTMLElement, onResize: () => void) {
    this.root = document.createElement("div");
    this.root.className = "chart";
    for (const name of NAMES) {
      const canvas = document.createElement("canvas");
      canvas.setAttribute("aria-hidden", "true");
      this.canvases.set(name, canvas);
      this.root.append(canvas);
    }
    element.append(this.root);
    this.observer = new ResizeObserver(() => {
      if (this.fit()) onResize();
    });
    this.observer.observe(this.root);
    // A window that goes to another screen changes its resolution, and no element's size.
    window.addEventListener("resize", () => this.fit() && onResize(), { signal: this.off.signal });
    this.fit();
  }

  /** Takes the element's present size and the screen's present resolution; true if one of them is new. */
  fit(): boolean {
    const { clientWidth: width, clientHeight: height } = this.root;
    const ratio = window.devicePixelRatio || 1;
    if (width === this.width && height === this.height && ratio === this.ratio) return false;
    this.width = width;
    this.height = height;
    this.ratio = ratio;
    for (const canvas of this.canvases.values()) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    return true;
  }

  paint(name: LayerName, items: readonly Item[], fonts: Fonts): void {
    const canvas = this.canvases.get(name)!;
    const context = canvas.getContext("2d")!;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    paint(context, items, fonts, this.ratio);
  }

  /** Dims the data without drawing it again: two hundred curves would cost a frame or two each time. */
  dim(opacity: number): void {
    const canvas = this.canvases.get("data")!;
    const text = opacity === 1 ? "" : String(opacity);
    if (canvas.style.opacity !== text) canvas.style.opacity = text;
  }

  destroy(): void {
    this.observer.disconnect();
    this.off.abort();
    this.root.remove();
  }
}
