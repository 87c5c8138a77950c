// Register tiles for kernels that multiply small matrices in cache themselves, with operands in place. Include it after
// hwy/highway.h.
#include <algorithm>
#include <cstdint>

#include "stet/tensor/cpu/microkernel.h"
#include "stet/tensor/cpu/tiling.h"
#include "stet/tensor/simd/fma-inl.h"

#if defined(STET_TENSOR_CPU_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef STET_TENSOR_CPU_TILE_INL_H_
#undef STET_TENSOR_CPU_TILE_INL_H_
#else
#define STET_TENSOR_CPU_TILE_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {
using stet::HWY_NAMESPACE::Fma;

// A register tile is an array of sums, rows x vectors. Every loop over one is unrolled: sums that are addressed by a
// variable would live in memory.

/// The next term of every sum: sum[r][v] = fma(left(r), right(v), sum[r][v]), where `operands` give left(r), one
/// element in all lanes, and right(v).
template <int kRows, int kVectors, class V, class Operands>
HWY_INLINE void multiply_add(const Operands& operands, V (&sum)[kRows][kVectors]) {
  V right[kVectors];
  HWY_UNROLL(4) for (int v = 0; v < kVectors; ++v) right[v] = operands.right(v);
  HWY_UNROLL(32) for (int r = 0; r < kRows; ++r) {
    const V left = operands.left(r);
    HWY_UNROLL(4) for (int v = 0; v < kVectors; ++v) sum[r][v] = Fma(left, right[v], sum[r][v]);
  }
}

/// The next `count` terms; next() takes the operands from one to the following.
template <int kRows, int kVectors, class V, class Operands>
HWY_INLINE void multiply_add(int64_t count, Operands operands, V (&sum)[kRows][kVectors]) {
  HWY_UNROLL(1) for (int64_t k = 0; k < count; ++k) {
    multiply_add(operands, sum);
    operands.next();
  }
}

/// sum = +0.
template <int kRows, int kVectors, class V> HWY_INLINE void set_zero(V (&sum)[kRows][kVectors]) {
  HWY_UNROLL(32) for (int r = 0; r < kRows; ++r) {
    HWY_UNROLL(4)
    for (int v = 0; v < kVectors; ++v) sum[r][v] = hwy::HWY_NAMESPACE::Zero(hwy::HWY_NAMESPACE::DFromV<V>());
  }
}

/// sum = +0 where a chain begins, else the chain's sums so far, whose rows are `stride` apart.
template <int kRows, int kVectors, class V, class T>
HWY_INLINE void begin_chain(bool begins, const T* chain, int64_t stride, V (&sum)[kRows][kVectors]) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::ScalableTag<T> d;
  HWY_UNROLL(32) for (int r = 0; r < kRows; ++r) {
    HWY_UNROLL(4) for (int v = 0; v < kVectors; ++v) {
      sum[r][v] = begins ? hn::Zero(d) : hn::LoadU(d, chain + r * stride + v * hn::MaxLanes(d));
    }
  }
}

/// A chunk's end: sum = total + sum, where the first chunk's total is +0, so that no sum is -0.
template <int kRows, int kVectors, class V, class T>
HWY_INLINE void add_total(bool first, const T* total, int64_t stride, V (&sum)[kRows][kVectors]) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::ScalableTag<T> d;
  HWY_UNROLL(32) for (int r = 0; r < kRows; ++r) {
    HWY_UNROLL(4) for (int v = 0; v < kVectors; ++v) {
      const V before = first ? hn::Zero(d) : hn::LoadU(d, total + r * stride + v * hn::MaxLanes(d));
      sum[r][v] = hn::Add(before, sum[r][v]);
    }
  }
}

/// sum = +0 where it is below 0.
template <int kRows, int kVectors, class V> HWY_INLINE void relu(V (&sum)[kRows][kVectors]) {
  namespace hn = hwy::HWY_NAMESPACE;
  const V zero = hn::Zero(hn::DFromV<V>());
  HWY_UNROLL(32) for (int r = 0; r < kRows; ++r) {
    HWY_UNROLL(4) for (int v = 0; v < kVectors; ++v) sum[r][v] = hn::IfThenZeroElse(hn::Lt(sum[r][v], zero), sum[r][v]);
  }
}

template <int kRows, int kVectors, class V, class T>
HWY_INLINE void store_sums(const V (&sum)[kRows][kVectors], T* to, int64_t stride) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::ScalableTag<T> d;
  HWY_UNROLL(32) for (int r = 0; r < kRows; ++r) {
    HWY_UNROLL(4) for (int v = 0; v < kVectors; ++v) hn::StoreU(sum[r][v], d, to + r * stride + v * hn::MaxLanes(d));
  }
}

/// Operands where they lie: left(r) is left's element (r, k), and right(v) vector v of row k of a matrix whose rows are
/// `step` apart.
template <class T, int kRows> class InPlace {
 public:
  HWY_INLINE InPlace(TileLeft<T> left, const T* right, int64_t step)
      : row_(left.row_stride), left_step_(left.k_stride), right_(right), right_step_(step) {
    HWY_UNROLL(8) for (int i = 0; i < kBases; ++i) base_[i] = left.data + 3 * i * row_;
  }

  HWY_INLINE hwy::HWY_NAMESPACE::Vec<hwy::HWY_NAMESPACE::ScalableTag<T>> left(int r) const {
    return hwy::HWY_NAMESPACE::Set(hwy::HWY_NAMESPACE::ScalableTag<T>(), base_[r / 3][(r % 3) * row_]);
  }
  HWY_INLINE hwy::HWY_NAMESPACE::Vec<hwy::HWY_NAMESPACE::ScalableTag<T>> right(int v) const {
    const hwy::HWY_NAMESPACE::ScalableTag<T> d;
    return hwy::HWY_NAMESPACE::LoadU(d, right_ + v * hwy::HWY_NAMESPACE::MaxLanes(d));
  }
  HWY_INLINE void next() {
    right_ += right_step_;
    HWY_UNROLL(8) for (int i = 0; i < kBases; ++i) base_[i] += left_step_;
  }

 protected:
  // One pointer for three rows: their strides 0, 1 and 2 are addressing modes.
  static constexpr int kBases = (kRows + 2) / 3;
  const T* base_[kBases];
  int64_t row_, left_step_;
  const T* right_;
  int64_t right_step_;
};

// The largest tile: its sums stay in registers, beside two vectors of the right operand and one of the left.
#if HWY_TARGET == HWY_SCALAR
inline constexpr int kTileRows = 4;
#elif HWY_TARGET == HWY_AVX2
inline constexpr int kTileRows = 6;  // 16 registers
#else
inline constexpr int kTileRows = 12;  // 32 registers
#endif
inline constexpr int kTileVectors = 2;

/// What becomes of a tile's sums: c = +0 + sum, c = c + sum, or c = the chain that began in c, continued.
enum class Store { set, add, chain };

template <int kRows, int kVectors>
HWY_NOINLINE void multiply_tile(int64_t count, TileLeft<float> left, const float* b, int64_t ldb, float* c, int64_t ldc,
                                Store store) {
  hwy::HWY_NAMESPACE::Vec<hwy::HWY_NAMESPACE::ScalableTag<float>> sum[kRows][kVectors];
  begin_chain(store != Store::chain, c, ldc, sum);
  multiply_add(count, InPlace<float, kRows>(left, b, ldb), sum);
  if (store != Store::chain) add_total(store == Store::set, c, ldc, sum);
  store_sums(sum, c, ldc);
}

/// A tile of `rows` <= kTileRows and all `columns`, which are rounded up to whole vectors in b and c.
template <int kRows = kTileRows>
void multiply_rows(int rows, int64_t columns, int64_t count, TileLeft<float> left, const float* b, int64_t ldb,
                   float* c, int64_t ldc, Store store) {
  if constexpr (kRows > 1) {
    if (rows < kRows) return multiply_rows<kRows - 1>(rows, columns, count, left, b, ldb, c, ldc, store);
  }
  constexpr int64_t kWidth = hwy::HWY_NAMESPACE::MaxLanes(hwy::HWY_NAMESPACE::ScalableTag<float>());
  int64_t j = 0;
  for (; j + kWidth < columns; j += kTileVectors * kWidth) {
    multiply_tile<kRows, kTileVectors>(count, left, b + j, ldb, c + j, ldc, store);
  }
  if (j < columns) multiply_tile<kRows, 1>(count, left, b + j, ldb, c + j, ldc, store);
}

/// The same for a whole product: K in chunks, which are added in order.
inline void multiply_chunks(int rows, int64_t columns, int64_t count, TileLeft<float> left, const float* b, int64_t ldb,
                            float* c, int64_t ldc) {
  for (int64_t k = 0; k < count; k += kProductChunk) {
    multiply_rows(rows, columns, std::min(kProductChunk, count - k),
                  {left.data + k * left.k_stride, left.row_stride, left.k_stride}, b + k * ldb, ldb, c, ldc,
                  k == 0 ? Store::set : Store::add);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#endif
