// Smoothing where no server does it, by the definition of tracking/reading/smoothing.h.

/**
 * The weighted mean of all finite values so far, in which a value d steps before has the weight 2^(-d / halfLife); NaN as long as
 * nothing was finite. Of buckets, y holds their means; that they stand for equally many points is assumed.
 */
export function smoothed(x: ArrayLike<number>, y: ArrayLike<number>, halfLife: number): Float64Array {
  const out = new Float64Array(y.length).fill(NaN);
  const rate = -Math.LN2 / halfLife;
  let sum = 0, weights = 0, last = 0;
  for (let i = 0; i < y.length; ++i) {
    const value = y[i]!;
    if (value - value === 0) {
      const decay = weights > 0 ? Math.exp(rate * (x[i]! - last)) : 0;
      sum = decay * sum + value;
      weights = decay * weights + 1;
      last = x[i]!;
    }
    if (weights > 0) out[i] = sum / weights;
  }
  return out;
}
