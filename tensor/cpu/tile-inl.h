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
namespace stet {
namespace HWY_NAMESPACE {

/// The left operand: element (r, k) is at data[r * row + k * step].
struct Left {
  const float* data;
  int64_t row, step;
};

/// sum[r][v] = fma(left(r, k), b[k * ldb + lane], sum[r][v]) in ascending k.
template <int kRows, int kVectors, class V>
HWY_INLINE void MultiplyAdd(int64_t count, Left left, const float* HWY_RESTRICT b, int64_t ldb,
                            V (&sum)[kRows][kVectors]) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::ScalableTag<float> d;
  constexpr int64_t kWidth = hn::MaxLanes(d);
  // Three rows share a base, so that few registers address them all.
  constexpr int kBases = (kRows + 2) / 3;
  const float* base[kBases];
  for (int i = 0; i < kBases; ++i) base[i] = left.data + 3 * i * left.row;
  for (int64_t k = 0; k < count; ++k, b += ldb) {
    V right[kVectors];
    HWY_UNROLL(4) for (int v = 0; v < kVectors; ++v) right[v] = hn::LoadU(d, b + v * kWidth);
    HWY_UNROLL(16) for (int r = 0; r < kRows; ++r) {
      const V one = hn::Set(d, base[r / 3][(r % 3) * left.row]);
      HWY_UNROLL(4) for (int v = 0; v < kVectors; ++v) sum[r][v] = Fma(one, right[v], sum[r][v]);
    }
    HWY_UNROLL(4) for (int i = 0; i < kBases; ++i) base[i] += left.step;
  }
}

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
HWY_NOINLINE void MultiplyTile(int64_t count, Left left, const float* b, int64_t ldb, float* c, int64_t ldc,
                               Store store) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  constexpr int64_t kWidth = hn::MaxLanes(d);
  V sum[kRows][kVectors];
  HWY_UNROLL(16) for (int r = 0; r < kRows; ++r) {
    HWY_UNROLL(2) for (int v = 0; v < kVectors; ++v) {
      sum[r][v] = store == Store::chain ? hn::LoadU(d, c + r * ldc + v * kWidth) : hn::Zero(d);
    }
  }
  MultiplyAdd(count, left, b, ldb, sum);
  HWY_UNROLL(16) for (int r = 0; r < kRows; ++r) {
    HWY_UNROLL(2) for (int v = 0; v < kVectors; ++v) {
      float* to = c + r * ldc + v * kWidth;
      if (store == Store::set) sum[r][v] = hn::Add(hn::Zero(d), sum[r][v]);
      if (store == Store::add) sum[r][v] = hn::Add(hn::LoadU(d, to), sum[r][v]);
      hn::StoreU(sum[r][v], d, to);
    }
  }
}

/// A tile of `rows` <= kTileRows and all `columns`, which are rounded up to whole vectors in b and c.
template <int kRows = kTileRows>
void MultiplyRows(int rows, int64_t columns, int64_t count, Left left, const float* b, int64_t ldb, float* c,
                  int64_t ldc, Store store) {
  if constexpr (kRows > 1) {
    if (rows < kRows) return MultiplyRows<kRows - 1>(rows, columns, count, left, b, ldb, c, ldc, store);
  }
  constexpr int64_t kWidth = hwy::HWY_NAMESPACE::MaxLanes(hwy::HWY_NAMESPACE::ScalableTag<float>());
  int64_t j = 0;
  for (; j + kWidth < columns; j += kTileVectors * kWidth) {
    MultiplyTile<kRows, kTileVectors>(count, left, b + j, ldb, c + j, ldc, store);
  }
  if (j < columns) MultiplyTile<kRows, 1>(count, left, b + j, ldb, c + j, ldc, store);
}

/// The same for a whole product: K in chunks, which are added in order.
inline void MultiplyChunks(int rows, int64_t columns, int64_t count, Left left, const float* b, int64_t ldb, float* c,
                           int64_t ldc) {
  for (int64_t k = 0; k < count; k += kProductChunk) {
    MultiplyRows(rows, columns, std::min(kProductChunk, count - k), {left.data + k * left.step, left.row, left.step},
                 b + k * ldb, ldb, c, ldc, k == 0 ? Store::set : Store::add);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace stet
HWY_AFTER_NAMESPACE();

#endif
