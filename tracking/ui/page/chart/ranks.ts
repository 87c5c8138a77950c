// Rank correlation.

export interface Correlation {
  /** Spearman's rho; NaN where one side is constant, or there are fewer than two pairs. */
  rho: number;
  /** Pairs in which both values are finite. */
  n: number;
}

/** Ranks from 1; equal values share the mean of theirs. */
export function ranksOf(values: readonly number[]): Float64Array {
  const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(values.length);
  for (let i = 0; i < order.length; ) {
    let end = i + 1;
    while (end < order.length && values[order[end]!] === values[order[i]!]) ++end;
    for (let k = i; k < end; ++k) ranks[order[k]!] = (i + 1 + end) / 2;
    i = end;
  }
  return ranks;
}

/** Pearson's correlation of the ranks, which is right with ties too. */
export function spearman(x: ArrayLike<number>, y: ArrayLike<number>): Correlation {
  const a: number[] = [], b: number[] = [];
  for (let i = 0; i < Math.min(x.length, y.length); ++i) {
    const u = x[i]!, v = y[i]!;
    if (u - u !== 0 || v - v !== 0) continue;
    a.push(u);
    b.push(v);
  }
  const ra = ranksOf(a), rb = ranksOf(b);
  // Ranks have the mean (n + 1) / 2 whatever ties there are.
  const mean = (a.length + 1) / 2;
  let aa = 0, bb = 0, ab = 0;
  for (let i = 0; i < a.length; ++i) {
    const u = ra[i]! - mean, v = rb[i]! - mean;
    aa += u * u;
    bb += v * v;
    ab += u * v;
  }
  return { rho: aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : NaN, n: a.length };
}
