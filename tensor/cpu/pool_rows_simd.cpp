#include "stet/tensor/cpu/pool_rows.h"

#include <limits>

#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/pool_rows_simd.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

template <class T> int64_t max(const PoolRow&, const T*, T*, int64_t*) { return 0; }
template <class T> int64_t avg(const PoolRow&, const T*, T, T*) { return 0; }

#else

// Elements 0, stride, 2 stride, ...; stride is 1 or 2. Nothing is read beyond the last of them.
template <class D, class T> hn::Vec<D> load(D d, const T* from, int64_t stride) {
  if (stride == 1) return hn::LoadU(d, from);
  const auto low = hn::LoadU(d, from), high = hn::LoadU(d, from + hn::MaxLanes(d) - 1);
  return hn::ConcatUpperLower(d, hn::ConcatOdd(d, high, high), hn::ConcatEven(d, low, low));
}

// A window's vector at tap (i, j), for the outputs from u on.
template <class D, class T> hn::Vec<D> tap(D d, const PoolRow& row, const T* source, int64_t u, int64_t i, int64_t j) {
  return load(d, source + u * row.stride + i * row.pitch + j, row.stride);
}

// Integers in the order of maximum: NaNs above all and equal, -0 below +0. None is the least integer.
template <class D> hn::Vec<hn::RebindToSigned<D>> order_key(hn::Vec<D> v) {
  const hn::RebindToSigned<D> di;
  const auto largest = hn::Set(di, std::numeric_limits<hn::TFromD<decltype(di)>>::max());
  const auto bits = hn::BitCast(di, v);
  const auto key = hn::Xor(bits, hn::And(hn::BroadcastSignBit(bits), largest));
  return hn::IfThenElse(hn::RebindMask(di, hn::IsNaN(v)), largest, key);
}

// Element by element of what order_key orders; for blocks that hold a NaN, or a zero as the maximum beside a set sign.
template <class D, class Taps, class DI = hn::RebindToSigned<D>>
void max_of_keys(D d, int64_t count, const Taps& taps, hn::Vec<D>& best, hn::Vec<DI>& best_tap) {
  const DI di;
  best = taps(0);
  best_tap = hn::Zero(di);
  auto best_key = order_key<D>(best);
  for (int64_t k = 1; k < count; ++k) {
    const auto v = taps(k);
    const auto key = order_key<D>(v);
    const auto better = hn::Gt(key, best_key);
    best = hn::IfThenElse(hn::RebindMask(d, better), v, best);
    best_key = hn::IfThenElse(better, key, best_key);
    best_tap = hn::IfThenElse(better, hn::Set(di, static_cast<hn::TFromD<DI>>(k)), best_tap);
  }
}

// Stores integers as wide as T as int64, plus `origin`.
template <class DI> void store_places(DI di, hn::Vec<DI> v, int64_t origin, int64_t* to) {
  if constexpr (sizeof(hn::TFromD<DI>) == 8) {
    hn::StoreU(hn::Add(v, hn::Set(di, origin)), di, to);
  } else {
    const hn::Half<DI> half;
    const hn::Rebind<int64_t, decltype(half)> wide;
    const auto start = hn::Set(wide, origin);
    hn::StoreU(hn::Add(hn::PromoteTo(wide, hn::LowerHalf(half, v)), start), wide, to);
    hn::StoreU(hn::Add(hn::PromoteTo(wide, hn::UpperHalf(half, v)), start), wide, to + hn::MaxLanes(half));
  }
}

// The outputs [u, u + kLanes). Kernel and stride are those of `row`, or known to be 2.
template <int kLanes, bool kTwo, class T>
void max_block(const PoolRow& row, const T* source, int64_t u, T* y, int64_t* place) {
  const hn::Simd<T, kLanes, 0> d;
  const hn::RebindToSigned<decltype(d)> di;
  using Int = hn::TFromD<decltype(di)>;
  const int64_t kw = kTwo ? 2 : row.kw, count = kTwo ? 4 : row.rows * kw, stride = kTwo ? 2 : row.stride;
  const auto taps = [&](int64_t k) { return load(d, source + u * stride + k / kw * row.pitch + k % kw, stride); };
  auto best = taps(0);
  auto best_tap = hn::Zero(di);
  auto nan = hn::IsNaN(best);
  auto signs = best;
  HWY_UNROLL(4) for (int64_t k = 1; k < count; ++k) {
    const auto v = taps(k);
    const auto better = hn::Gt(v, best);
    best = hn::IfThenElse(better, v, best);
    best_tap = hn::IfThenElse(hn::RebindMask(di, better), hn::Set(di, static_cast<Int>(k)), best_tap);
    nan = hn::Or(nan, hn::IsNaN(v));
    signs = hn::Or(signs, v);
  }
  const auto zeros =
      hn::And(hn::Eq(best, hn::Zero(d)), hn::RebindMask(d, hn::Lt(hn::BitCast(di, signs), hn::Zero(di))));
  if (!hn::AllFalse(d, hn::Or(nan, zeros))) max_of_keys(d, count, taps, best, best_tap);
  hn::StoreU(best, d, y + u);
  // Tap k lies k / kw rows and k % kw columns further on.
  auto offset = best_tap;
  if constexpr (kTwo) {
    const auto one = hn::Set(di, 1);
    const auto below = hn::Gt(best_tap, one);
    offset = hn::Add(hn::And(best_tap, one), hn::IfThenElseZero(below, hn::Set(di, static_cast<Int>(row.pitch))));
  } else {
    Int lane[kLanes];
    hn::StoreU(best_tap, di, lane);
    for (Int& k : lane) k = static_cast<Int>(k / kw * row.pitch + k % kw);
    offset = hn::LoadU(di, lane);
  }
  offset = hn::Add(offset, hn::Mul(hn::Iota(di, 0), hn::Set(di, static_cast<Int>(stride))));
  store_places(di, offset, row.first + u * stride, place + u);
}

// In the widest vectors that fit; the last overlaps the one before. Returns how many outputs were done: all or none.
template <int kLanes, bool kTwo, class T> int64_t max_row(const PoolRow& row, const T* source, T* y, int64_t* place) {
  if constexpr (kLanes * sizeof(T) < 16) {
    return 0;
  } else {
    if (row.count < kLanes) return max_row<kLanes / 2, kTwo>(row, source, y, place);
    int64_t u = 0;
    for (; u + kLanes <= row.count; u += kLanes) max_block<kLanes, kTwo>(row, source, u, y, place);
    if (u < row.count) max_block<kLanes, kTwo>(row, source, row.count - kLanes, y, place);
    return row.count;
  }
}

template <int kLanes, class T> int64_t avg_vectors(int64_t u, const PoolRow& row, const T* source, T divisor, T* y) {
  const hn::Simd<T, kLanes, 0> d;
  for (; u + kLanes <= row.count; u += kLanes) {
    auto sum = hn::Zero(d);
    for (int64_t i = 0; i < row.rows; ++i) {
      for (int64_t j = 0; j < row.kw; ++j) sum = hn::Add(sum, tap(d, row, source, u, i, j));
    }
    hn::StoreU(hn::Div(sum, hn::Set(d, divisor)), d, y + u);
  }
  return u;
}

template <class T> int64_t max(const PoolRow& row, const T* source, T* y, int64_t* place) {
  constexpr int lanes = hn::MaxLanes(hn::ScalableTag<T>());
  // A tap's offset must fit into an integer as wide as T.
  const int64_t far = row.rows * row.pitch + row.kw + lanes * row.stride;
  if (row.stride > 2 || far > std::numeric_limits<int32_t>::max()) return 0;
  if (row.rows == 2 && row.kw == 2 && row.stride == 2) return max_row<lanes, true>(row, source, y, place);
  return max_row<lanes, false>(row, source, y, place);
}

// The widest vectors first, then halves and quarters of at least 16 bytes.
template <class T> int64_t avg(const PoolRow& row, const T* source, T divisor, T* y) {
  constexpr int lanes = hn::MaxLanes(hn::ScalableTag<T>()), least = 16 / sizeof(T);
  if (row.stride > 2) return 0;
  int64_t u = avg_vectors<lanes>(0, row, source, divisor, y);
  if constexpr (lanes / 2 >= least) u = avg_vectors<lanes / 2>(u, row, source, divisor, y);
  if constexpr (lanes / 4 >= least) u = avg_vectors<lanes / 4>(u, row, source, divisor, y);
  return u;
}

#endif

template <class T> const PoolKernels<T>& kernels() {
  static constexpr PoolKernels<T> table = {max<T>, avg<T>};
  return table;
}

}  // namespace

const PoolKernels<float>& pool_kernels_float() { return kernels<float>(); }
const PoolKernels<double>& pool_kernels_double() { return kernels<double>(); }

}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stet::cpu_kernels {

HWY_EXPORT(pool_kernels_float);
HWY_EXPORT(pool_kernels_double);

template <> const PoolKernels<float>& pool_kernels() { return STET_DISPATCH(pool_kernels_float)(); }
template <> const PoolKernels<double>& pool_kernels() { return STET_DISPATCH(pool_kernels_double)(); }

}  // namespace stet::cpu_kernels
#endif
