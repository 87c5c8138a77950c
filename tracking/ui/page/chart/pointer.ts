// Pointer and keys on a chart: hover, drag, shift-drag, double click, click.
import type { Box } from "./scene";

export interface PointerTarget {
  plot(): Box | null;
  move(x: number, y: number): void;
  leave(): void;
  /** While a range is being dragged, null when that is over. */
  selecting(range: [number, number] | null): void;
  select(range: [number, number]): void;
  /** Pixels since the last call. */
  pan(by: number): void;
  reset(): void;
  click(x: number, y: number): void;
  key(key: string): boolean;
}

/** Below so many pixels a drag is a click. */
const STILL = 4;

export class PointerControl {
  private drag: { id: number; from: number; last: number; pan: boolean; moved: boolean } | null = null;
  private readonly off = new AbortController();

  constructor(private readonly root: HTMLElement, private readonly target: PointerTarget) {
    const options = { signal: this.off.signal };
    root.addEventListener("pointermove", (e) => this.moved(e), options);
    root.addEventListener("pointerdown", (e) => this.pressed(e), options);
    root.addEventListener("pointerup", (e) => this.released(e), options);
    root.addEventListener("pointercancel", () => this.cancelled(), options);
    root.addEventListener("pointerleave", () => !this.drag && target.leave(), options);
    root.addEventListener("dblclick", () => target.reset(), options);
    root.addEventListener("blur", () => target.leave(), options);
    root.addEventListener("keydown", (e) => {
      if (!e.ctrlKey && !e.metaKey && !e.altKey && target.key(e.key)) e.preventDefault();
    }, options);
  }

  destroy(): void {
    this.off.abort();
  }

  private place(e: PointerEvent): [number, number] {
    const box = this.root.getBoundingClientRect();
    return [e.clientX - box.left, e.clientY - box.top];
  }

  private pressed(e: PointerEvent): void {
    const plot = this.target.plot();
    const [x, y] = this.place(e);
    if (e.button !== 0 || !plot || y < plot.y) return;
    this.drag = { id: e.pointerId, from: x, last: x, pan: e.shiftKey, moved: false };
    this.root.setPointerCapture(e.pointerId);
  }

  private moved(e: PointerEvent): void {
    const [x, y] = this.place(e);
    const drag = this.drag;
    if (!drag) {
      this.target.move(x, y);
      return;
    }
    drag.moved ||= Math.abs(x - drag.from) >= STILL;
    if (!drag.moved) return;
    if (drag.pan) this.target.pan(x - drag.last);
    else this.target.selecting(this.range(drag.from, x));
    drag.last = x;
  }

  private range(a: number, b: number): [number, number] {
    const plot = this.target.plot()!;
    const within = (v: number): number => Math.min(Math.max(v, plot.x), plot.x + plot.width);
    return [within(Math.min(a, b)), within(Math.max(a, b))];
  }

  private released(e: PointerEvent): void {
    const drag = this.drag;
    const [x, y] = this.place(e);
    this.cancelled();
    if (!drag || drag.id !== e.pointerId) return;
    if (!drag.moved) {
      this.target.click(x, y);
    } else if (!drag.pan) {
      const range = this.range(drag.from, x);
      if (range[1] - range[0] >= STILL) this.target.select(range);
    }
  }

  private cancelled(): void {
    this.drag = null;
    this.target.selecting(null);
  }
}
