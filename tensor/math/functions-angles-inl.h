// Tangent and the inverses of sine, cosine and tangent: a part of functions-inl.h, which includes it.

STET_LANES F64 tan(F64 x) {
  const F64 a = abs(x);
  const Turn turn = turn_of_radians(at_least(finite_or(a, 1), 0x1p-12));
  const Sines s = sines_of_turn(turn);
  const Mask even = is_zero(turn.q & splat_bits(1));
  const Sum n = renormalised({select(even, s.sine.high, s.cosine.high), select(even, s.sine.low, s.cosine.low)});
  const Sum d = renormalised({select(even, s.cosine.high, s.sine.high), select(even, s.cosine.low, s.sine.low)});
  const F64 quotient = n.high / d.high;
  const F64 low = (fnma(quotient, d.high, n.high) + fnma(quotient, d.low, n.low)) / d.high;
  // A quarter turn on it is -cos/sin.
  const I64 sign = shift_left<63>(turn.q & splat_bits(1)) ^ (bits(x) & splat_bits(INT64_MIN));
  const F64 result = from_bits(bits(round_to_odd(quotient, low)) ^ sign);
  // Below 2^-12, x + x^3/3 rounds to x.
  return select(a < splat(0x1p-12), x, select(a < splat(kInfinity), result, splat(__builtin_nan(""))));
}

/// The angle of a point whose coordinates are at least 0, not both of them, and at most 2^600; with a relative error of
/// about 2^-58. The smaller over the larger is c + ..., c a multiple of 1/8: atan(n / d) = atan(c) + atan(u),
/// u = (n - c d) / (d + c n), and |u| <= 1/15.
STET_LANES Sum angle_of(const Sum& y, const Sum& x) {
  const Mask steep = x.high < y.high;
  const Sum n = {select(steep, x.high, y.high), select(steep, x.low, y.low)};
  const Sum d = {select(steep, y.high, x.high), select(steep, y.low, x.low)};
  const F64 t = at_most(n.high / d.high * splat(8), 7.4) + splat(kToInteger);
  const F64 c = (t - splat(kToInteger)) * splat(0.125);
  const F64 cd = c * d.high, cn = c * n.high;
  const F64 top = n.high - cd;  // exact
  const F64 top_low = n.low - (fms(c, d.high, cd) + c * d.low);
  const F64 base = d.high + cn;
  const F64 base_low = (cn - (base - d.high)) + fma(c, n.low, fms(c, n.high, cn) + d.low);
  const F64 u = top / base;
  const F64 u_low = (fnma(u, base, top) + fnma(u, base_low, top_low)) / base;
  const F64 z = u * u;
  const F64 rest = fma(u * z, polynomial(z, kAtanTail), u_low);

  const I64 index = add(bits(t), select_bits(steep, splat_bits(8), splat_bits(0)));
  const F64 from = lookup16(kAtanHigh, index);
  const F64 step = select(steep, splat(0) - u, u);
  const F64 step_low = select(steep, splat(0) - rest, rest);
  const F64 high = from + step;
  return {high, (step - (high - from)) + (lookup16(kAtanLow, index) + step_low)};
}

STET_LANES F64 atan(F64 x) {
  // From 2^60 on it rounds to pi/2.
  const Sum angle = angle_of({at_most(abs(x), 0x1p60), splat(0)}, {splat(1), splat(0)});
  return copy_sign(round_to_odd(angle.high, angle.low), x);
}

/// sqrt(1 - a^2) for 0 <= a <= 1, a float or below 2^-12; NaN for other numbers.
STET_LANES Sum other_side(F64 a) {
  const F64 sum = splat(1) + a, difference = splat(1) - a;
  const F64 square = difference * sum;
  const F64 root = sqrt(square);
  const F64 low = (fnma(root, root, square) + fms(difference, sum, square)) / (root + root);
  return {root, select(square == splat(0), splat(0), low)};
}

STET_LANES F64 asin(F64 x) {
  const F64 a = abs(x);
  const Sum angle = angle_of({a, splat(0)}, other_side(a));
  // Below 2^-12, x + x^3/6 rounds to x.
  return select(a < splat(0x1p-12), x, copy_sign(round_to_odd(angle.high, angle.low), x));
}

STET_LANES F64 acos(F64 x) {
  const F64 a = abs(x);
  const Sum angle = angle_of(other_side(a), {a, splat(0)});
  // Of -x it is pi less.
  const F64 high = splat(2 * kHalfPiHigh) - angle.high;
  const F64 low = ((splat(2 * kHalfPiHigh) - high) - angle.high) + (splat(2 * kHalfPiLow) - angle.low);
  const Mask negative = x < splat(0);
  return round_to_odd(select(negative, high, angle.high), select(negative, low, angle.low));
}
