// A square of vectors transposed in registers. Include it after hwy/highway.h.

#if defined(STET_TENSOR_CPU_TRANSPOSE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef STET_TENSOR_CPU_TRANSPOSE_INL_H_
#undef STET_TENSOR_CPU_TRANSPOSE_INL_H_
#else
#define STET_TENSOR_CPU_TRANSPOSE_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

template <class V> HWY_INLINE void TransposeSquare(V (&)[1]) {}

#else

// Rows become columns within each block of 16 bytes: r[group + j], of `group` rows, then holds in block b the column b
// * group + j.
template <class D, class V = hn::Vec<D>> HWY_INLINE void TransposeInBlocks(D d, V* r) {
  if constexpr (sizeof(hn::TFromD<D>) == 8) {
    const V low = hn::InterleaveLower(d, r[0], r[1]);
    r[1] = hn::InterleaveUpper(d, r[0], r[1]);
    r[0] = low;
  } else {
    const hn::Repartition<double, D> pairs;
    const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, r[0], r[1]));
    const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, r[0], r[1]));
    const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, r[2], r[3]));
    const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, r[2], r[3]));
    r[0] = hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23));
    r[1] = hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23));
    r[2] = hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23));
    r[3] = hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23));
  }
}

// r[i * group] for i < Blocks: block b of row i and block i of row b change places.
template <int Blocks, class D, class V = hn::Vec<D>> HWY_INLINE void TransposeBlocks(D d, V* r, int group) {
  if constexpr (Blocks == 2) {
    const V low = hn::ConcatLowerLower(d, r[group], r[0]);
    r[group] = hn::ConcatUpperUpper(d, r[group], r[0]);
    r[0] = low;
  }
  if constexpr (Blocks == 4) {
    const V low02 = hn::ConcatLowerLower(d, r[2 * group], r[0]),
            low13 = hn::ConcatLowerLower(d, r[3 * group], r[group]);
    const V high02 = hn::ConcatUpperUpper(d, r[2 * group], r[0]),
            high13 = hn::ConcatUpperUpper(d, r[3 * group], r[group]);
    r[0] = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(low13), low02);
    r[group] = hn::OddEvenBlocks(low13, hn::SwapAdjacentBlocks(low02));
    r[2 * group] = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(high13), high02);
    r[3 * group] = hn::OddEvenBlocks(high13, hn::SwapAdjacentBlocks(high02));
  }
}

// A square of vectors: r[i] lane j and r[j] lane i change places.
template <class V, int Lanes> HWY_INLINE void TransposeSquare(V (&r)[Lanes]) {
  const hn::DFromV<V> d;
  constexpr int group = 16 / sizeof(hn::TFromV<V>), blocks = Lanes / group;
  HWY_UNROLL(8) for (int b = 0; b < blocks; ++b) TransposeInBlocks(d, r + b * group);
  HWY_UNROLL(4) for (int j = 0; j < group; ++j) TransposeBlocks<blocks>(d, r + j, group);
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#endif
