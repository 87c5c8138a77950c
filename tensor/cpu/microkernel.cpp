#include "stet/tensor/cpu/microkernel.h"

#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/microkernel.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "stet/tensor/simd/fma-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// A tile's sums stay in registers: rows x 2 vectors, beside two vectors of b and one of a.
constexpr int kMaxVectors = 2;
#if HWY_TARGET == HWY_SCALAR
constexpr int kRows = 4;
#elif HWY_TARGET == HWY_AVX2
constexpr int kRows = 6;  // 16 registers
#else
constexpr int kRows = 12;  // 32 registers
#endif
static_assert(kRows <= kMaxTileRows);

template <class T> HWY_INLINE T element(PackedRows<T> a, int rows, int row, int64_t k) {
  return a.data[k * rows + row];
}
template <class T> HWY_INLINE T element(GatheredRows<T> a, int, int row, int64_t k) { return a.row[row][a.offset[k]]; }

template <int Rows, int kVectors, class T, class Left>
HWY_NOINLINE void tile(int64_t k, Left a, const T* HWY_RESTRICT b, int64_t ldb, T* HWY_RESTRICT c, int64_t ldc,
                       bool first) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  constexpr int lanes = hn::MaxLanes(d);
  V sum[Rows][kVectors];
  HWY_UNROLL(16) for (int i = 0; i < Rows; ++i) {
    HWY_UNROLL(2) for (int v = 0; v < kVectors; ++v) sum[i][v] = hn::Zero(d);
  }
  for (int64_t p = 0; p < k; ++p, b += ldb) {
    V right[kVectors];
    HWY_UNROLL(2) for (int v = 0; v < kVectors; ++v) right[v] = hn::LoadU(d, b + v * lanes);
    HWY_UNROLL(16) for (int i = 0; i < Rows; ++i) {
      const V left = hn::Set(d, element(a, Rows, i, p));
      HWY_UNROLL(2) for (int v = 0; v < kVectors; ++v) sum[i][v] = Fma(left, right[v], sum[i][v]);
    }
  }
  HWY_UNROLL(16) for (int i = 0; i < Rows; ++i) {
    HWY_UNROLL(2) for (int v = 0; v < kVectors; ++v) {
      T* out = c + i * ldc + v * lanes;
      hn::StoreU(hn::Add(first ? hn::Zero(d) : hn::LoadU(d, out), sum[i][v]), d, out);
    }
  }
}

// Calls the kernel compiled for that many rows, and for one vector of columns where that is enough.
template <int Rows, class T, class Left>
void tile_of(int rows, int64_t cols, int64_t k, Left a, const T* b, int64_t ldb, T* c, int64_t ldc, bool first) {
  if constexpr (Rows > 1) {
    if (rows < Rows) return tile_of<Rows - 1>(rows, cols, k, a, b, ldb, c, ldc, first);
  }
  constexpr int64_t lanes = hn::MaxLanes(hn::ScalableTag<T>());
  if (cols <= lanes) {
    tile<Rows, 1>(k, a, b, ldb, c, ldc, first);
  } else {
    tile<Rows, kMaxVectors>(k, a, b, ldb, c, ldc, first);
  }
}

template <class T, class Left>
void tile_with(int rows, int64_t cols, int64_t k, Left a, const T* b, int64_t ldb, T* c, int64_t ldc, bool first) {
  tile_of<kRows>(rows, cols, k, a, b, ldb, c, ldc, first);
}

// Transposes blocks of vectors of 16 bytes: rows of `k` contiguous elements become columns. Returns how many k were
// done.
template <class T> int64_t transpose_four(const T* source, int64_t k, int64_t lane_stride, int64_t width, T* packed) {
#if HWY_TARGET == HWY_SCALAR
  (void)source, (void)k, (void)lane_stride, (void)width, (void)packed;
  return 0;
#else
  const hn::Full128<T> d;
  int64_t p = 0;
  if constexpr (sizeof(T) == 4) {
    const hn::Repartition<double, decltype(d)> pairs;
    for (; p + 4 <= k; p += 4) {
      const auto r0 = hn::LoadU(d, source + p), r1 = hn::LoadU(d, source + lane_stride + p);
      const auto r2 = hn::LoadU(d, source + 2 * lane_stride + p), r3 = hn::LoadU(d, source + 3 * lane_stride + p);
      const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d, r0, r1)),
                 high01 = hn::BitCast(pairs, hn::InterleaveUpper(d, r0, r1));
      const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d, r2, r3)),
                 high23 = hn::BitCast(pairs, hn::InterleaveUpper(d, r2, r3));
      T* out = packed + p * width;
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, low01, low23)), d, out);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, low01, low23)), d, out + width);
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, high01, high23)), d, out + 2 * width);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, high01, high23)), d, out + 3 * width);
    }
  } else {
    for (; p + 2 <= k; p += 2) {
      T* out = packed + p * width;
      for (int lane = 0; lane < 4; lane += 2) {
        const auto r0 = hn::LoadU(d, source + lane * lane_stride + p),
                   r1 = hn::LoadU(d, source + (lane + 1) * lane_stride + p);
        hn::StoreU(hn::InterleaveLower(d, r0, r1), d, out + lane);
        hn::StoreU(hn::InterleaveUpper(d, r0, r1), d, out + width + lane);
      }
    }
  }
  return p;
#endif
}

template <class T>
void copy_rows(const T* source, int64_t lanes, int64_t k, int64_t k_stride, int64_t width, T* packed) {
  const hn::ScalableTag<T> d;
  const int64_t step = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t p = 0; p < k; ++p, source += k_stride, packed += width) {
    int64_t lane = 0;
    for (; lane + step <= lanes; lane += step) hn::StoreU(hn::LoadU(d, source + lane), d, packed + lane);
    for (; lane < lanes; ++lane) packed[lane] = source[lane];
  }
}

template <class T>
void pack(const T* source, int64_t lanes, int64_t k, int64_t lane_stride, int64_t k_stride, int64_t width, T* packed) {
  if (lane_stride == 1) {
    copy_rows(source, lanes, k, k_stride, width, packed);
  } else {
    int64_t lane = 0;
    if (k_stride == 1) {
      for (; lane + 4 <= lanes; lane += 4) {
        const T* block = source + lane * lane_stride;
        const int64_t done = transpose_four(block, k, lane_stride, width, packed + lane);
        for (int64_t p = done; p < k; ++p) {
          for (int64_t i = 0; i < 4; ++i) packed[p * width + lane + i] = block[i * lane_stride + p];
        }
      }
    }
    for (; lane < lanes; ++lane) {
      for (int64_t p = 0; p < k; ++p) packed[p * width + lane] = source[lane * lane_stride + p * k_stride];
    }
  }
  if (lanes == width) return;
  for (int64_t p = 0; p < k; ++p) {
    for (int64_t lane = lanes; lane < width; ++lane) packed[p * width + lane] = 0;
  }
}

// One vector of a run. What it holds beyond the run's end is overwritten by the vectors that follow.
template <class T> struct Piece {
  const T* source;
  int64_t lane;
};

template <int Count, class T>
void copy_pieces(const Piece<T>* pieces, int count, const int64_t* offset, int64_t k, int64_t width, T* packed) {
  const hn::ScalableTag<T> d;
  Piece<T> local[Count > 0 ? Count : 1];
  for (int i = 0; i < Count; ++i) local[i] = pieces[i];
  for (int64_t p = 0; p < k; ++p, packed += width) {
    if constexpr (Count > 0) {
      HWY_UNROLL(8)
      for (int i = 0; i < Count; ++i) hn::StoreU(hn::LoadU(d, local[i].source + offset[p]), d, packed + local[i].lane);
    } else {
      for (const Piece<T>* i = pieces; i < pieces + count; ++i) {
        hn::StoreU(hn::LoadU(d, i->source + offset[p]), d, packed + i->lane);
      }
    }
  }
}

template <class T> void pack_runs(const LaneRun<T>* runs, int64_t count, const int64_t* offset, int64_t k, T* packed) {
  constexpr int64_t lanes = hn::MaxLanes(hn::ScalableTag<T>()), width = kMaxVectors * lanes;
  Piece<T> pieces[width + kMaxVectors];
  int n = 0;
  for (int64_t r = 0; r < count; ++r) {
    for (int64_t i = 0; i < runs[r].length; i += lanes) pieces[n++] = {runs[r].source + i, runs[r].lane + i};
  }
  switch (n) {
    case 2: return copy_pieces<2>(pieces, n, offset, k, width, packed);
    case 3: return copy_pieces<3>(pieces, n, offset, k, width, packed);
    case 4: return copy_pieces<4>(pieces, n, offset, k, width, packed);
    default: return copy_pieces<0>(pieces, n, offset, k, width, packed);
  }
}

template <class T> const Microkernel<T>& kernels() {
  constexpr int cols = kMaxVectors * static_cast<int>(hn::MaxLanes(hn::ScalableTag<T>()));
  static_assert(cols <= kMaxTileCols);
  static constexpr Microkernel<T> table = {
      kRows, cols, tile_with<T, PackedRows<T>>, tile_with<T, GatheredRows<T>>, pack<T>, pack_runs<T>};
  return table;
}

}  // namespace

const Microkernel<float>& kernels_float() { return kernels<float>(); }
const Microkernel<double>& kernels_double() { return kernels<double>(); }

}  // namespace HWY_NAMESPACE
}  // namespace stet
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stet {

HWY_EXPORT(kernels_float);
HWY_EXPORT(kernels_double);

template <> const Microkernel<float>& microkernel() { return STET_DISPATCH(kernels_float)(); }
template <> const Microkernel<double>& microkernel() { return STET_DISPATCH(kernels_double)(); }

}  // namespace stet
#endif
