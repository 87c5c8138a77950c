// The small table beside the pointer.
import { printable } from "./text";

export interface TooltipRow {
  /** Colour of the swatch, or none. */
  colour?: string;
  label: string;
  value: string;
  strong?: boolean;
  /** The curve is dashed. */
  dash?: boolean;
  /** What CSS cuts the swatch into. */
  form?: string;
}

export interface TooltipContent {
  head: string;
  rows: TooltipRow[];
  foot?: string;
}

function part(name: string, text: string): HTMLElement {
  const element = document.createElement("span");
  element.className = name;
  element.textContent = printable(text);
  return element;
}

export class Tooltip {
  private readonly box = document.createElement("div");

  constructor(private readonly root: HTMLElement) {
    this.box.className = "chart-tooltip";
    this.box.hidden = true;
    this.box.setAttribute("aria-hidden", "true");
    root.append(this.box);
  }

  /** Shows the content beside a place of the chart, on the side where there is room. */
  show(content: TooltipContent, x: number, y: number): void {
    this.box.replaceChildren(part("chart-tooltip-head", content.head), ...content.rows.flatMap((row) => this.row(row)));
    if (content.foot) this.box.append(part("chart-tooltip-foot", content.foot));
    this.box.hidden = false;
    const { clientWidth: width, clientHeight: height } = this.root;
    const { offsetWidth: own, offsetHeight: tall } = this.box;
    // Right of the pointer, else left of it; where neither has room, the page's border decides.
    const left = this.root.getBoundingClientRect().left;
    const fits = left + x + 16 + own <= Math.max(left + width, document.documentElement.clientWidth - 4);
    this.box.style.left = `${Math.round(fits ? x + 16 : Math.max(x - 16 - own, 4 - left))}px`;
    this.box.style.top = `${Math.round(Math.min(Math.max(y - tall / 2, 0), Math.max(height - tall, 0)))}px`;
  }

  hide(): void {
    this.box.hidden = true;
  }

  destroy(): void {
    this.box.remove();
  }

  private row(row: TooltipRow): HTMLElement[] {
    const swatch = part("chart-tooltip-swatch", "");
    if (row.colour) swatch.style.background = row.dash ? `repeating-linear-gradient(90deg, ${row.colour} 0 4px, transparent 4px 6px)` : row.colour;
    if (row.form) {
      swatch.classList.add("form");
      swatch.style.clipPath = row.form;
    }
    const cells = [swatch, part("chart-tooltip-label", row.label), part("chart-tooltip-value", row.value)];
    if (row.strong) for (const cell of cells) cell.classList.add("strong");
    return cells;
  }
}
