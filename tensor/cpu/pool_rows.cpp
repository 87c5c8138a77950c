#include "stet/tensor/cpu/pool_rows.h"

#include <limits>

#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/pool_rows.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace stet {
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

template <int Lanes, class T>
int64_t max_vectors(int64_t u, const PoolRow& row, const T* source, T* y, int64_t* place) {
  const hn::Simd<T, Lanes, 0> d;
  const hn::RebindToSigned<decltype(d)> di;
  using Int = hn::TFromD<decltype(di)>;
  for (; u + Lanes <= row.count; u += Lanes) {
    auto best = hn::Zero(d);
    auto best_key = hn::Set(di, std::numeric_limits<Int>::min()), best_tap = hn::Zero(di);
    for (int64_t i = 0; i < row.rows; ++i) {
      for (int64_t j = 0; j < row.kw; ++j) {
        const auto v = tap(d, row, source, u, i, j);
        const auto key = order_key<decltype(d)>(v);
        const auto better = hn::Gt(key, best_key);
        best = hn::IfThenElse(hn::RebindMask(d, better), v, best);
        best_key = hn::IfThenElse(better, key, best_key);
        best_tap = hn::IfThenElse(better, hn::Set(di, static_cast<Int>(i * row.pitch + j)), best_tap);
      }
    }
    hn::StoreU(best, d, y + u);
    Int taps[Lanes];
    hn::StoreU(best_tap, di, taps);
    for (int64_t lane = 0; lane < Lanes; ++lane) place[u + lane] = (u + lane) * row.stride + taps[lane];
  }
  return u;
}

template <int Lanes, class T> int64_t avg_vectors(int64_t u, const PoolRow& row, const T* source, T divisor, T* y) {
  const hn::Simd<T, Lanes, 0> d;
  for (; u + Lanes <= row.count; u += Lanes) {
    auto sum = hn::Zero(d);
    for (int64_t i = 0; i < row.rows; ++i) {
      for (int64_t j = 0; j < row.kw; ++j) sum = hn::Add(sum, tap(d, row, source, u, i, j));
    }
    hn::StoreU(hn::Div(sum, hn::Set(d, divisor)), d, y + u);
  }
  return u;
}

// The widest vectors first, then halves and quarters of at least 16 bytes.
template <class T> int64_t max(const PoolRow& row, const T* source, T* y, int64_t* place) {
  constexpr int lanes = hn::MaxLanes(hn::ScalableTag<T>()), least = 16 / sizeof(T);
  // A tap's offset must fit into an integer as wide as T.
  const int64_t far = row.rows * row.pitch + row.kw;
  if (row.stride > 2 || far > std::numeric_limits<int32_t>::max()) return 0;
  int64_t u = max_vectors<lanes>(0, row, source, y, place);
  if constexpr (lanes / 2 >= least) u = max_vectors<lanes / 2>(u, row, source, y, place);
  if constexpr (lanes / 4 >= least) u = max_vectors<lanes / 4>(u, row, source, y, place);
  return u;
}

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
}  // namespace stet
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stet {

HWY_EXPORT(pool_kernels_float);
HWY_EXPORT(pool_kernels_double);

template <> const PoolKernels<float>& pool_kernels() { return STET_DISPATCH(pool_kernels_float)(); }
template <> const PoolKernels<double>& pool_kernels() { return STET_DISPATCH(pool_kernels_double)(); }

}  // namespace stet
#endif
