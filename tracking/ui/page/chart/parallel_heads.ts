// Buttons of parallel axes: names that are dragged or moved by arrows, and below each axis "log" and "flip".
import { printable } from "./text";

export interface Head {
  name: string;
  x: number;
  log: boolean;
  flip: boolean;
  number: boolean;
  note: string | null;
}

type Change = "log" | "flip" | number;

function button(className: string, text: string, label: string): HTMLButtonElement {
  const element = document.createElement("button");
  element.type = "button";
  element.className = className;
  element.textContent = text;
  element.setAttribute("aria-label", label);
  element.title = label;
  return element;
}

interface Parts {
  name: HTMLButtonElement;
  tools: HTMLElement;
  log: HTMLButtonElement;
  flip: HTMLButtonElement;
}

/** Real buttons above the canvas, so that keys and screen readers reach them. */
export class AxisHeads {
  private readonly parts = new Map<string, Parts>();
  private heads: readonly Head[] = [];
  private step = 1;

  /** change: "log", "flip", or the place in the order that the axis goes to. */
  constructor(private readonly root: HTMLElement, private readonly change: (name: string, change: Change) => void) {}

  lay(heads: readonly Head[], step: number, toolsAt: number): void {
    this.heads = heads;
    this.step = step;
    const names = new Set(heads.map(({ name }) => name));
    for (const [name, parts] of this.parts) if (!names.has(name)) this.remove(name, parts);
    for (const head of heads) this.layOne(head, Math.min(step - 8, 220), toolsAt);
  }

  destroy(): void {
    for (const [name, parts] of this.parts) this.remove(name, parts);
  }

  private remove(name: string, parts: Parts): void {
    parts.name.remove();
    parts.tools.remove();
    this.parts.delete(name);
  }

  private layOne(head: Head, width: number, toolsAt: number): void {
    const parts = this.parts.get(head.name) ?? this.make(head.name);
    parts.name.style.left = `${Math.round(head.x - width / 2)}px`;
    parts.name.style.width = `${Math.round(width)}px`;
    parts.tools.style.left = `${Math.round(head.x)}px`;
    parts.tools.style.top = `${Math.round(toolsAt)}px`;
    parts.log.hidden = !head.number;
    parts.log.setAttribute("aria-pressed", String(head.log));
    parts.log.title = head.note ? `not logarithmic: ${head.note}` : "logarithmic";
    parts.log.disabled = head.note !== null;
    parts.flip.setAttribute("aria-pressed", String(head.flip));
  }

  private make(name: string): Parts {
    const shown = printable(name);
    const parts: Parts = {
      name: button("chart-axis-name", "", `${shown}: drag to move the axis, or arrow keys`),
      tools: document.createElement("div"),
      log: button("chart-axis-tool", "log", `logarithmic axis ${shown}`),
      flip: button("chart-axis-tool", "flip", `flip axis ${shown}`),
    };
    parts.tools.className = "chart-axis-tools";
    parts.tools.append(parts.log, parts.flip);
    parts.log.addEventListener("click", () => this.change(name, "log"));
    parts.flip.addEventListener("click", () => this.change(name, "flip"));
    parts.name.addEventListener("keydown", (e) => this.key(name, e));
    this.listenToDrag(name, parts.name);
    this.root.append(parts.name, parts.tools);
    this.parts.set(name, parts);
    return parts;
  }

  private key(name: string, e: KeyboardEvent): void {
    const by = e.key === "ArrowLeft" ? -1 : e.key === "ArrowRight" ? 1 : 0;
    if (by === 0) return;
    e.preventDefault();
    this.change(name, this.heads.findIndex((head) => head.name === name) + by);
  }

  /** While a name is dragged its axis goes to the place nearest to the pointer. */
  private listenToDrag(name: string, element: HTMLButtonElement): void {
    let from: number | null = null;
    element.addEventListener("pointerdown", (e) => {
      if (e.button !== 0) return;
      from = e.clientX;
      element.setPointerCapture(e.pointerId);
    });
    element.addEventListener("pointermove", (e) => {
      if (from === null || Math.abs(e.clientX - from) < 4) return;
      const first = this.heads[0]?.x ?? 0;
      const to = Math.round((e.clientX - this.root.getBoundingClientRect().left - first) / this.step);
      const at = this.heads.findIndex((head) => head.name === name);
      if (to !== at && to >= 0 && to < this.heads.length) this.change(name, to);
    });
    for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, () => (from = null));
  }
}
