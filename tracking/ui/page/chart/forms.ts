// Forms of series, for those who see the system's few colours: they stand on the curves, and in every legend.
import type { Scene } from "./scene";

/** Corners x0, y0, x1, y1, … of a convex piece, in the square from -1 to 1. */
type Piece = readonly number[];

const DISC: Piece = Array.from({ length: 16 }, (_, k) => [Math.cos((k * Math.PI) / 8), Math.sin((k * Math.PI) / 8)]).flat();

// None is a chart's sign of something else: × and upright triangles stand for what is no number, a diamond for a verified run.
const SOLID: readonly (readonly Piece[])[] = [
  [DISC],
  [[-0.9, -0.9, 0.9, -0.9, 0.9, 0.9, -0.9, 0.9]],
  [[-0.8, -1, 1, 0, -0.8, 1]],
  [[0.8, -1, -1, 0, 0.8, 1]],
  [[-1, -1, 1, -1, 0, 0], [-1, 1, 0, 0, 1, 1]],
  [[-1, -1, 0, 0, -1, 1], [1, -1, 1, 1, 0, 0]],
];
/** So many forms there are: the solid ones, then the same hollow. */
export const FORMS = 2 * SOLID.length;
const HOLLOW = 0.5;

/** The piece about its own middle, so much smaller. */
function inside(piece: Piece): number[] {
  const corners = piece.length / 2;
  const middle = [0, 1].map((axis) => piece.reduce((sum, value, i) => sum + (i % 2 === axis ? value : 0), 0) / corners);
  return piece.map((value, i) => middle[i % 2]! + HOLLOW * (value - middle[i % 2]!));
}

/** A slot's form about (x, y): what is filled, and what is left out of that. */
function piecesOf(slot: number, x: number, y: number, radius: number): { outer: number[][]; inner: number[][] } {
  const solid = SOLID[slot % SOLID.length]!;
  const placed = (piece: Piece): number[] => piece.map((value, i) => (i % 2 ? y : x) + radius * value);
  const hollow = slot % FORMS >= SOLID.length;
  return { outer: solid.map(placed), inner: hollow ? solid.map((piece) => placed(inside(piece))) : [] };
}

/** Draws a slot's form, with a rim of the ground that parts it from lines below. */
export function drawForm(scene: Scene, slot: number, x: number, y: number, colour: string, ground: string): void {
  for (const piece of piecesOf(slot, x, y, 6.5).outer) scene.area(piece, ground);
  const { outer, inner } = piecesOf(slot, x, y, 5);
  for (const piece of outer) scene.area(piece, colour);
  for (const piece of inner) scene.area(piece, ground);
}

/** A slot's form as CSS cuts it out of a box of twelve pixels. */
export function clipOf(slot: number): string {
  const { outer, inner } = piecesOf(slot, 6, 6, 6);
  const path = [...outer, ...inner].map((piece) => `M${piece.map((value) => Math.round(value * 100) / 100).join(" ")}Z`).join("");
  return `path(evenodd, "${path}")`;
}
