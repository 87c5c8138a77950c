// The colours of charts: twelve series that stay apart under colour-blind sight, light and dark, and viridis.

export interface Palette {
  dark: boolean;
  /** The system's own few colours are in force, as in Windows' high contrast. */
  forced?: boolean;
  bg: string;
  surface: string;
  hover: string;
  border: string;
  grid: string;
  ink: string;
  muted: string;
  faint: string;
  accent: string;
  ok: string;
  warn: string;
  fail: string;
  selection: string;
  equal: string;
  parted: string;
  font: string;
  mono: string;
  series: readonly string[];
}

const FONT = 'system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif';
const MONO = 'ui-monospace, "SF Mono", Consolas, "DejaVu Sans Mono", monospace';

export const LIGHT: Palette = {
  dark: false, bg: "#ffffff", surface: "#f6f7f9", hover: "#eceff3", border: "#d9dde3", grid: "#e9ecf0", ink: "#1b1f24", muted: "#5b6470", faint: "#868e99",
  accent: "#2446c4", ok: "#02744c", warn: "#8a5a00", fail: "#b3261e", selection: "#e3e9fc", equal: "#2446c4", parted: "#d1440c", font: FONT, mono: MONO,
  series: ["#2446c4", "#cc8428", "#02744c", "#6e2f57", "#b374fe", "#725c00", "#249ca5", "#f35273", "#7567c2", "#588d55", "#84558c", "#a16c30"],
};

export const DARK: Palette = {
  dark: true, bg: "#14171c", surface: "#1c2027", hover: "#252a33", border: "#2f3641", grid: "#242a32", ink: "#e6e9ee", muted: "#9aa4b2", faint: "#6b7481",
  accent: "#7aa2ff", ok: "#7ae69a", warn: "#e3b341", fail: "#ff7b72", selection: "#1f2d52", equal: "#4074d9", parted: "#ff8a4c", font: FONT, mono: MONO,
  series: ["#4074d9", "#c75306", "#7ae69a", "#f7b4cf", "#af9cfe", "#c3a734", "#309c9d", "#c37675", "#8084bd", "#c1d85e", "#e7b5f9", "#aa844b"],
};

/** What a page may set as `--bg` and so on. */
const VARIABLES = ["bg", "surface", "hover", "border", "grid", "ink", "muted", "faint", "accent", "ok", "warn", "fail", "selection", "font", "mono"] as const;

function rgb(colour: string): [number, number, number] | null {
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour);
  if (hex) return [parseInt(hex[1]!, 16), parseInt(hex[2]!, 16), parseInt(hex[3]!, 16)];
  const words = /^rgba?\(\s*([\d.]+)[,\s]+([\d.]+)[,\s]+([\d.]+)/.exec(colour);
  return words ? [Number(words[1]), Number(words[2]), Number(words[3])] : null;
}

/** Red, green and blue of a colour in hexadecimal or rgb(), grey for any other. */
export function channels(colour: string): [number, number, number] {
  return rgb(colour) ?? [128, 128, 128];
}

function matches(query: string): boolean {
  return typeof matchMedia === "function" && matchMedia(query).matches;
}

/** The palette in force at an element: its CSS variables, else the system's light or dark. */
export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const said = new Map(VARIABLES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()] as const));
  const bg = rgb(said.get("bg") ?? "");
  const dark = bg ? 0.3 * bg[0] + 0.6 * bg[1] + 0.1 * bg[2] < 128 : matches("(prefers-color-scheme: dark)");
  const palette = { ...(dark ? DARK : LIGHT) };
  for (const [name, value] of said) {
    if (value) palette[name] = value;
  }
  return matches("(forced-colors: active)") ? forcedPalette(systemColour("Canvas"), systemColour("CanvasText"), systemColour("Highlight")) : palette;
}

/** A colour of the system as it is now, which files and mixtures need. */
function systemColour(name: string): string {
  const probe = document.createElement("span");
  probe.style.setProperty("forced-color-adjust", "none");
  probe.style.color = name;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return hexOf(channels(colour));
}

/** The user's own colours for all but the series, which must be told apart; the grid is fainter than any curve, for the system has no such colour. */
export function forcedPalette(bg: string, ink: string, accent: string): Palette {
  const [red, green, blue] = channels(bg);
  const dark = 0.3 * red + 0.6 * green + 0.1 * blue < 128;
  return { ...(dark ? DARK : LIGHT), dark, forced: true, bg, surface: bg, hover: bg, ink, muted: ink, faint: mixed(bg, ink, 0.5), grid: mixed(bg, ink, 0.25), border: ink, accent, selection: accent };
}

function mixed(a: string, b: string, part: number): string {
  const [from, to] = [channels(a), channels(b)];
  return hexOf([0, 1, 2].map((k) => Math.round(from[k]! + (to[k]! - from[k]!) * part)) as [number, number, number]);
}

/** A run's slot, or a colour of CSS as it is. */
export function colourOf(colour: number | string, palette: Palette): string {
  return typeof colour === "string" ? colour : palette.series[colour % palette.series.length]!;
}

const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 3]];

/** Dash of a slot: solid for the first twelve, then 6-3, then 2-3. */
export function dashOf(slot: number): readonly number[] {
  return DASHES[Math.floor(slot / LIGHT.series.length) % DASHES.length]!;
}

// Viridis at seventeen places; between them its channels run straight, to within six of 255.
const VIRIDIS = ["440154", "48186a", "472d7b", "424086", "3b528b", "33638d", "2c728e", "26828e", "21918c", "1fa088", "28ae80", "3fbc73", "5ec962", "84d44b", "addc30", "d8e219", "fde725"]
  .map((hex) => channels(`#${hex}`));

/** Viridis at t of [0, 1] as red, green, blue. */
export function viridisChannels(t: number): [number, number, number] {
  const place = Math.min(Math.max(t, 0), 1) * (VIRIDIS.length - 1);
  const below = Math.min(Math.floor(place), VIRIDIS.length - 2);
  const a = VIRIDIS[below]!, b = VIRIDIS[below + 1]!, part = place - below;
  return [Math.round(a[0] + (b[0] - a[0]) * part), Math.round(a[1] + (b[1] - a[1]) * part), Math.round(a[2] + (b[2] - a[2]) * part)];
}

/** Viridis for lines and points: without the end that the ground swallows, yellow on white and violet on black. */
export function toneChannels(t: number, palette: Palette): [number, number, number] {
  const cut = palette.forced ? 0.3 : palette.dark ? 0.15 : 0.08;
  return viridisChannels(palette.dark ? cut + (1 - cut) * t : (1 - cut) * t);
}

export function hexOf(rgb: readonly [number, number, number]): string {
  return `#${rgb.map((c) => c.toString(16).padStart(2, "0")).join("")}`;
}
