#include "stet/tensor/cpu/microkernel.h"

#include <algorithm>
#include <cstring>

#include "stet/tensor/simd/targets.h"
// targets.h comes before Highway's.
#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/microkernel_simd.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "stet/tensor/cpu/tile-inl.h"
#include "stet/tensor/cpu/transpose-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

static_assert(kTileRows <= kMaxTileRows && kTileVectors == kMaxTileVectors);

// From this many k on, fetching a tile of c while its sums are computed costs nothing beside them.
constexpr int64_t kPrefetchDepth = 24;

// A left operand that is read where it lies is fetched so many k ahead.
constexpr int64_t kLeftAhead = 8;

// +0 + sum before c + sum, so that c is never -0.
template <class D, class T> HWY_INLINE void add_to(D d, hn::Vec<D> sum, T* c, bool first) {
  hn::StoreU(hn::Add(first ? hn::Zero(d) : hn::LoadU(d, c), sum), d, c);
}

// Operands in place that are copied on the way. That costs nothing beside the arithmetic, in whose shadow their far
// rows arrive.
template <class T, int kRows, int kVectors> class Copied : public InPlace<T, kRows> {
 public:
  HWY_INLINE Copied(TileLeft<T> left, TileRight<T> right)
      : InPlace<T, kRows>(left, right.data, right.k_stride),
        beside_(right.step),
        left_copy_(left.copy),
        right_copy_(right.copy) {}

  HWY_INLINE void next() {
    constexpr int64_t kLanes = hn::MaxLanes(hn::ScalableTag<T>());
    if (right_copy_ != nullptr) {
      hwy::Prefetch(this->right_ + beside_);
      HWY_UNROLL(2)
      for (int v = 0; v < kVectors; ++v) hn::StoreU(this->right(v), hn::ScalableTag<T>(), right_copy_ + v * kLanes);
      right_copy_ += kVectors * kLanes;
    }
    if (left_copy_ != nullptr) {
      hwy::Prefetch(this->base_[0] + kLeftAhead * this->left_step_);
      std::memcpy(left_copy_, this->base_[0], kRows * sizeof(T));
      left_copy_ += kRows;
    }
    InPlace<T, kRows>::next();
  }

 private:
  int64_t beside_;
  T *HWY_RESTRICT left_copy_, *HWY_RESTRICT right_copy_;
};

template <class T, int kRows, int kVectors, bool kCopy>
HWY_INLINE void tile(int64_t k, TileLeft<T> a, TileRight<T> b, T* HWY_RESTRICT c, int64_t ldc, bool first) {
  if (k >= kPrefetchDepth) {
    HWY_UNROLL(1) for (int i = 0; i < kRows; ++i) {
      HWY_UNROLL(2)
      for (int v = 0; v < kVectors; ++v) hwy::Prefetch(c + i * ldc + v * hn::MaxLanes(hn::ScalableTag<T>()));
    }
  }
  hn::Vec<hn::ScalableTag<T>> sum[kRows][kVectors];
  set_zero(sum);
  if constexpr (kCopy) {
    multiply_add(k, Copied<T, kRows, kVectors>(a, b), sum);
  } else {
    multiply_add(k, InPlace<T, kRows>(a, b.data, b.k_stride), sum);
  }
  add_total(first, c, ldc, sum);
  store_sums(sum, c, ldc);
}

template <class T, int kRows, int kVectors>
void tiles(int64_t count, int64_t k, TileLeft<T> a, TileRight<T> b, T* c, int64_t ldc, bool first) {
  constexpr int64_t kWidth = kVectors * hn::MaxLanes(hn::ScalableTag<T>());
  for (int64_t t = 0; t < count; ++t, b.data += b.step, c += kWidth) {
    if (a.copy == nullptr && b.copy == nullptr) {
      tile<T, kRows, kVectors, false>(k, a, b, c, ldc, first);
      continue;
    }
    tile<T, kRows, kVectors, true>(k, a, b, c, ldc, first);
    if (a.copy != nullptr) a = {a.copy, 1, kRows};
    if (b.copy != nullptr) b.copy += k * kWidth;
  }
}

#if HWY_TARGET != HWY_SCALAR

// Blocks of 16 bytes, `stride` elements apart, side by side in one vector.
template <class D, class T> HWY_INLINE hn::Vec<D> load_blocks(D d, const T* from, int64_t stride) {
  constexpr int64_t block = 16 / sizeof(T), count = hn::MaxLanes(d) / block;
  if constexpr (count == 1) {
    (void)stride;
    return hn::LoadU(d, from);
  } else {
    const hn::Half<D> half;
    const auto low = load_blocks(half, from, stride);
    return hn::Combine(d, load_blocks(half, from + count / 2 * stride, stride), low);
  }
}

// One vector of lanes of a matrix whose k lie side by side.
template <class D, class T>
HWY_INLINE void pack_lanes(D d, const T* source, int64_t k, int64_t lane_stride, int64_t width, T* packed) {
  constexpr int block = 16 / sizeof(T);
  int64_t p = 0;
  for (; p + block <= k; p += block) {
    hn::Vec<D> v[block];
    HWY_UNROLL(4)
    for (int i = 0; i < block; ++i) v[i] = load_blocks(d, source + i * lane_stride + p, block * lane_stride);
    TransposeInBlocks(d, v);
    HWY_UNROLL(4) for (int i = 0; i < block; ++i) hn::StoreU(v[i], d, packed + (p + i) * width);
  }
  for (; p < k; ++p) {
    for (size_t lane = 0; lane < hn::MaxLanes(d); ++lane) packed[p * width + lane] = source[lane * lane_stride + p];
  }
}

#endif

// `kCount` elements from each row, less than a vector: a copy whose length is known takes few moves.
template <class T, int kCount> void pack_few(const T* source, int64_t k, int64_t k_stride, int64_t width, T* packed) {
  for (int64_t p = 0; p < k; ++p, source += k_stride, packed += width) std::memcpy(packed, source, kCount * sizeof(T));
}

template <class T, int kMost>
void pack_few(int64_t count, const T* source, int64_t k, int64_t k_stride, int64_t width, T* packed) {
  if constexpr (kMost > 0) {
    if (count == kMost) return pack_few<T, kMost>(source, k, k_stride, width, packed);
    pack_few<T, kMost - 1>(count, source, k, k_stride, width, packed);
  }
}

template <class T>
void pack_rows(const T* source, int64_t count, int64_t k, int64_t k_stride, int64_t width, T* packed) {
  const hn::ScalableTag<T> d;
  constexpr int64_t step = hn::MaxLanes(d);
  const int64_t whole = count / step * step;
  for (int64_t p = 0; whole > 0 && p < k; ++p) {
    for (int64_t lane = 0; lane < whole; lane += step)
      hn::StoreU(hn::LoadU(d, source + p * k_stride + lane), d, packed + p * width + lane);
  }
  pack_few<T, step - 1>(count - whole, source + whole, k, k_stride, width, packed + whole);
}

template <class T>
void pack(const T* source, int64_t count, int64_t k, int64_t lane_stride, int64_t k_stride, int64_t width, T* packed) {
  if (lane_stride == 1) {
    pack_rows(source, count, k, k_stride, width, packed);
  } else {
    int64_t lane = 0;
#if HWY_TARGET != HWY_SCALAR
    if (k_stride == 1) {
      const hn::ScalableTag<T> d;
      const hn::Full128<T> d128;
      constexpr int64_t block = 16 / sizeof(T), lanes = hn::MaxLanes(d);
      for (; lane + lanes <= count; lane += lanes) {
        pack_lanes(d, source + lane * lane_stride, k, lane_stride, width, packed + lane);
      }
      for (; lane + block <= count; lane += block) {
        pack_lanes(d128, source + lane * lane_stride, k, lane_stride, width, packed + lane);
      }
    }
#endif
    for (; lane < count; ++lane) {
      for (int64_t p = 0; p < k; ++p) packed[p * width + lane] = source[lane * lane_stride + p * k_stride];
    }
  }
  if (count == width) return;
  for (int64_t p = 0; p < k; ++p) std::fill(packed + p * width + count, packed + (p + 1) * width, T(0));
}

template <class T>
void store(int64_t rows, int64_t cols, const T* sums, int64_t sums_stride, T* c, int64_t row_stride, int64_t col_stride,
           bool first) {
  int64_t done = 0;  // rows
  if (col_stride == 1) {
    const hn::ScalableTag<T> d;
    const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
    for (; done < rows; ++done) {
      int64_t j = 0;
      for (; j + lanes <= cols; j += lanes)
        add_to(d, hn::LoadU(d, sums + done * sums_stride + j), c + done * row_stride + j, first);
      for (; j < cols; ++j) {
        T& out = c[done * row_stride + j];
        out = (first ? T(0) : out) + sums[done * sums_stride + j];
      }
    }
    return;
  }
#if HWY_TARGET != HWY_SCALAR
  const hn::Full128<T> d;
  constexpr int64_t block = 16 / sizeof(T);
  const int64_t whole = cols / block * block;
  for (; done + block <= rows; done += block) {
    for (int64_t j = 0; j < whole; j += block) {
      hn::Vec<decltype(d)> v[block];
      HWY_UNROLL(4) for (int i = 0; i < block; ++i) v[i] = hn::LoadU(d, sums + (done + i) * sums_stride + j);
      TransposeInBlocks(d, v);
      HWY_UNROLL(4) for (int i = 0; i < block; ++i) add_to(d, v[i], c + done + (j + i) * col_stride, first);
    }
    for (int64_t i = done; i < done + block; ++i) {
      for (int64_t j = whole; j < cols; ++j) {
        T& out = c[i + j * col_stride];
        out = (first ? T(0) : out) + sums[i * sums_stride + j];
      }
    }
  }
#endif
  for (; done < rows; ++done) {
    for (int64_t j = 0; j < cols; ++j) {
      T& out = c[done * row_stride + j * col_stride];
      out = (first ? T(0) : out) + sums[done * sums_stride + j];
    }
  }
}

template <class T> void finish(int64_t rows, int64_t cols, T* c, int64_t ldc, const T* bias, Activation activation) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  const V zero = hn::Zero(d);
  const bool relu = activation == Activation::relu;
  const auto apply = [&](V x, V shift) HWY_ATTR {
    if (bias != nullptr) x = hn::Add(x, shift);
    return relu ? hn::IfThenElse(hn::Lt(x, zero), zero, x) : x;
  };
  for (int64_t i = 0; i < rows; ++i, c += ldc) {
    int64_t j = 0;
    for (; j + lanes <= cols; j += lanes) {
      const V shift = bias != nullptr ? hn::LoadU(d, bias + j) : zero;
      hn::StoreU(apply(hn::LoadU(d, c + j), shift), d, c + j);
    }
    for (; j < cols; ++j) c[j] = hn::GetLane(apply(hn::Set(d, c[j]), bias != nullptr ? hn::Set(d, bias[j]) : zero));
  }
}

template <class T, int kRows> constexpr void add_tiles(Microkernel<T>& kernel) {
  kernel.tiles[kRows][1] = tiles<T, kRows, 1>;
  kernel.tiles[kRows][2] = tiles<T, kRows, 2>;
  if constexpr (kRows > 1) add_tiles<T, kRows - 1>(kernel);
}

template <class T> const Microkernel<T>& kernels() {
  static constexpr Microkernel<T> table = [] {
    constexpr int lanes = hn::MaxLanes(hn::ScalableTag<T>());
    static_assert(lanes <= kMaxLanes);
    Microkernel<T> k = {lanes, kTileRows, {}, pack<T>, store<T>, finish<T>};
    add_tiles<T, kTileRows>(k);
    return k;
  }();
  return table;
}

}  // namespace

const Microkernel<float>& microkernels_float() { return kernels<float>(); }
const Microkernel<double>& microkernels_double() { return kernels<double>(); }

}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stet::cpu_kernels {

HWY_EXPORT(microkernels_float);
HWY_EXPORT(microkernels_double);

template <> const Microkernel<float>& microkernel() { return STET_DISPATCH(microkernels_float)(); }
template <> const Microkernel<double>& microkernel() { return STET_DISPATCH(microkernels_double)(); }

}  // namespace stet::cpu_kernels
#endif
