// What unit tests of the page need: named tests, and comparisons that say what differs. The page's own modules need no browser for them.

declare const process: { exitCode: number; stdout: { write(text: string): void } };

let failed = 0, passed = 0;
const running: Promise<void>[] = [];

function failure(name: string, error: unknown): void {
  ++failed;
  process.stdout.write(`FAILED ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
}

/** One that returns a promise has passed when that is kept. */
export function test(name: string, f: () => void | Promise<void>): void {
  try {
    const done = f();
    if (done) running.push(done.then(() => void ++passed, (error) => failure(name, error)));
    else ++passed;
  } catch (error) {
    failure(name, error);
  }
}

/** Plain values, arrays and typed arrays by their content; NaN equals NaN. */
function said(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) => {
    if (typeof v === "number" && (!Number.isFinite(v) || Object.is(v, -0))) return Object.is(v, -0) ? "-0" : String(v);
    return ArrayBuffer.isView(v) ? Array.from(v as unknown as ArrayLike<number>) : v;
  }) ?? "undefined";
}

export function equal(actual: unknown, expected: unknown, what = "value"): void {
  if (said(actual) !== said(expected)) throw new Error(`${what} is ${said(actual)}, not ${said(expected)}`);
}

export function near(actual: number, expected: number, tolerance = 1e-12, what = "value"): void {
  if (!(Math.abs(actual - expected) <= tolerance)) throw new Error(`${what} is ${actual}, not ${expected}`);
}

export function holds(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

export async function report(): Promise<void> {
  await Promise.all(running);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  // None at all is no success.
  if (failed > 0 || passed === 0) process.exitCode = 1;
}
