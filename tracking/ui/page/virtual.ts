// Rows of one height, of which only those in sight are elements.

import { h } from "./dom";

/** How high the style sheet wants rows of runs to be. */
export function rowHeight(): number {
  return parseFloat(getComputedStyle(document.body).getPropertyValue("--row"));
}

export interface VirtualOptions {
  height: number;
  role: string;
  label: string;
  /** Fills the element of a row; it may have stood for another row. */
  fill(element: HTMLElement, index: number): void;
  make(): HTMLElement;
  /** Rows from..to-1 are in sight. */
  seen?(from: number, to: number): void;
}

// Rows beyond the edges, so that a fast scroll meets drawn ones.
const MARGIN = 8;

export class Virtual {
  readonly sizer: HTMLElement;
  private readonly pool: HTMLElement[] = [];
  private readonly drawn = new Map<number, HTMLElement>();
  private count = 0;
  private height: number;
  private frame = 0;
  private readonly watch: ResizeObserver;

  constructor(readonly scroller: HTMLElement, private readonly options: VirtualOptions) {
    this.height = options.height;
    this.sizer = h("div", { class: "virtual", role: options.role, "aria-label": options.label });
    scroller.append(this.sizer);
    scroller.addEventListener("scroll", () => this.schedule(), { passive: true });
    this.watch = new ResizeObserver(() => this.schedule());
    this.watch.observe(scroller);
  }

  setCount(count: number): void {
    this.count = count;
    this.sizer.style.height = `${count * this.height}px`;
    this.refresh();
  }

  /** Rows of another height; the first in sight stays where it is. */
  setHeight(height: number): void {
    const top = this.scroller.scrollTop * (height / this.height);
    this.height = height;
    this.drawn.forEach((element, index) => this.put(element, index));
    this.setCount(this.count);
    this.scroller.scrollTop = top;
  }

  /** All rows in sight anew, as their data have changed. */
  refresh(): void {
    this.place(true);
  }

  /** One row anew, if it is in sight. */
  redraw(index: number): void {
    const element = this.drawn.get(index);
    if (element) this.options.fill(element, index);
  }

  element(index: number): HTMLElement | undefined {
    return this.drawn.get(index);
  }

  scrollTo(index: number): void {
    const top = index * this.height + this.sizer.offsetTop;
    const head = this.sizer.offsetTop;
    const scroller = this.scroller;
    if (top - head < scroller.scrollTop) scroller.scrollTop = top - head;
    else if (top + this.height > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top + this.height - scroller.clientHeight;
    this.place(false);
  }

  end(): void {
    this.watch.disconnect();
    cancelAnimationFrame(this.frame);
  }

  private put(element: HTMLElement, index: number): void {
    element.style.transform = `translateY(${index * this.height}px)`;
  }

  private schedule(): void {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.place(false);
    });
  }

  private place(all: boolean): void {
    const height = this.height;
    const top = Math.max(0, this.scroller.scrollTop - this.sizer.offsetTop);
    const first = Math.max(0, Math.floor(top / height) - MARGIN);
    const last = Math.min(this.count, Math.ceil((top + this.scroller.clientHeight) / height) + MARGIN);
    for (const [index, element] of this.drawn) {
      if (index >= first && index < last) continue;
      this.drawn.delete(index);
      element.hidden = true;
      this.pool.push(element);
    }
    for (let index = first; index < last; ++index) {
      let element = this.drawn.get(index);
      const fresh = !element;
      if (!element) {
        element = this.pool.pop();
        if (!element) {
          element = this.options.make();
          element.style.position = "absolute";
          this.sizer.append(element);
        }
        element.hidden = false;
        this.put(element, index);
        this.drawn.set(index, element);
      }
      if (fresh || all) this.options.fill(element, index);
    }
    this.options.seen?.(first, last);
  }
}
