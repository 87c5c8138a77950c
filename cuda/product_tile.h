// A block's part of a matrix product a [M, K] x b [K, N], in the order of docs/numerics.md: chunks of kProductChunk from +0, each one fma chain.
// What is multiplied comes through loaders and goes through an output, so that convolution is a product too. No choice here shows in the bits.
//
// A loader tells where an operand's elements lie. Its lines are a's rows or b's columns:
//
//   struct Loader {
//     using Element = T;
//     static constexpr bool kAlongK;   // neighbouring threads copy neighbouring k of a line, else neighbouring lines of a k
//     static constexpr int kWidth;     // elements a copy: 1, or where lines lie side by side 16 bytes' worth
//     struct Line {…};                 // what a thread keeps of a line (of kWidth neighbouring lines)
//     __device__ Line line(int64_t index) const;           // index % kWidth == 0
//     __device__ Source<T> at(const Line&, int k) const;   // element (line, k), k >= 0
//   };
//
// For k >= K it gives count 0, in both operands: an fma of +0 and +0 changes no sum, while an infinity times +0 would. A line past the last
// may hold anything that can be read: its sums are thrown away. `from` has kWidth elements' alignment.
//
// An output takes sums of a chunk, of W neighbouring columns (a multiple of W; W is at most 16 bytes' worth) of one row; of places past the last too,
// which it ignores. A place belongs to one thread, which comes with one chunk after another. y = first ? +0 + sum : y + sum; last: then what
// follows the product.
//
//   struct Output {
//     template <int W> __device__ void put(int64_t row, int64_t column, const T (&sums)[W], bool first, bool last) const;
//   };
#pragma once

#include "stet/cuda/async_copy.h"
#include "stet/cuda/dialect.h"
#include "stet/tensor/activation.h"
#include "stet/tensor/cpu/scalar_ops.h"

namespace stet::cuda {

/// Elements of one fma chain.
inline constexpr int kProductChunk = 512;

/// Where neighbouring elements of an operand lie; those from `count` on are +0.
template <class T>
struct Source {
  const T* from;
  int count;
};

/// Elements in 16 bytes.
template <class T>
inline constexpr int kPacked = static_cast<int>(16 / sizeof(T));

/// A block computes kM x kN elements, a thread of it kThreadM x kThreadN, in stages of kDepth terms. kStages stages are in shared memory, all but
/// one on their way there.
template <class T, int kM_, int kN_, int kThreadM_, int kThreadN_, int kDepth_ = 16, int kStages_ = 3>
struct Tile {
  using Element = T;
  static constexpr int kM = kM_, kN = kN_, kThreadM = kThreadM_, kThreadN = kThreadN_, kDepth = kDepth_, kStages = kStages_;
  static constexpr int kThreads = (kM / kThreadM) * (kN / kThreadN);
  // A warp's threads are kLanesM x kLanesN, and a block's warps kWarpsM x kWarpsN.
  static constexpr int kLanesM = kM / kThreadM < 4 ? kM / kThreadM : 4, kLanesN = 32 / kLanesM;
  static constexpr int kWarpsM = kM / (kThreadM * kLanesM), kWarpsN = kN / (kThreadN * kLanesN);
  // A thread's rows come in groups of neighbours, one access to shared memory each; so do its columns.
  static constexpr int kGroupM = kThreadM < kPacked<T> ? kThreadM : kPacked<T>, kGroupN = kThreadN < kPacked<T> ? kThreadN : kPacked<T>;
  static_assert(kWarpsM * kWarpsN * 32 == kThreads && kWarpsN > 0 && kThreads <= 1024);
  static_assert(kThreadM % kGroupM == 0 && kThreadN % kGroupN == 0);
  static_assert(kDepth % 8 == 0 && kProductChunk % kDepth == 0 && kStages >= 2);

  /// One term's elements lie side by side. With 16 bytes between terms, a warp that copies 8 terms of 4 lines meets every bank once.
  struct Shared {
    alignas(16) T a[kStages][kDepth][kM + kPacked<T>];
    alignas(16) T b[kStages][kDepth][kN + kPacked<T>];
  };
};

namespace tile {

template <class T, int kWidth>
struct alignas(kWidth * sizeof(T)) Group {
  T of[kWidth];
};

/// kLines lines of an operand: a thread's share of copying them to shared memory, a stage at a time.
template <class S, class Loader, int kLines>
class Copier {
  using T = typename S::Element;
  static constexpr int kWidth = Loader::kWidth, kGroups = kLines / kWidth, kThreads = S::kThreads;
  static_assert(kLines % kWidth == 0 && (kWidth == 1 || (kWidth == kPacked<T> && !Loader::kAlongK)));
  // Terms and groups of lines that all threads copy at one time; and how often a thread copies, along both.
  static constexpr int kTerms = Loader::kAlongK ? 8 : kThreads > kGroups ? kThreads / kGroups : 1, kAtOnce = kThreads / kTerms;
  static constexpr int kLineSteps = (kGroups + kAtOnce - 1) / kAtOnce, kTermSteps = (S::kDepth + kTerms - 1) / kTerms;
  static_assert(kThreads % kTerms == 0);

 public:
  __device__ __forceinline__ Copier(const Loader& loader, int64_t first) : loader_(loader) {
    const int thread = static_cast<int>(threadIdx.x);
    term_ = Loader::kAlongK ? thread % kTerms : thread / kAtOnce;
    group_ = Loader::kAlongK ? thread / kTerms : thread % kAtOnce;
#pragma unroll
    for (int i = 0; i < kLineSteps; ++i) lines_[i] = loader.line(first + (group_ + i * kAtOnce) * kWidth);
  }

  /// The terms k … k + kDepth - 1.
  template <int kStride>
  __device__ __forceinline__ void copy(int k, T (&to)[S::kDepth][kStride]) const {
#pragma unroll
    for (int i = 0; i < kLineSteps; ++i) {
#pragma unroll
      for (int j = 0; j < kTermSteps; ++j) {
        const int group = group_ + i * kAtOnce, term = term_ + j * kTerms;
        if ((kGroups % kAtOnce != 0 && group >= kGroups) || (S::kDepth % kTerms != 0 && term >= S::kDepth)) continue;
        const Source<T> source = loader_.at(lines_[i], k + term);
        copy_async<kWidth * static_cast<int>(sizeof(T))>(&to[term][group * kWidth], source.from, source.count * static_cast<int>(sizeof(T)));
      }
    }
  }

 private:
  const Loader& loader_;
  int term_, group_;
  typename Loader::Line lines_[kLineSteps];
};

/// The elements of one term that a thread multiplies: of kCount lines in groups of kGroup, whose lines are kApart apart.
template <class T, int kCount, int kGroup, int kApart>
__device__ __forceinline__ void fetch(const T* from, T (&to)[kCount]) {
#pragma unroll
  for (int g = 0; g < kCount / kGroup; ++g) {
    const auto group = *reinterpret_cast<const Group<T, kGroup>*>(from + g * kApart);
#pragma unroll
    for (int i = 0; i < kGroup; ++i) to[g * kGroup + i] = group.of[i];
  }
}

}  // namespace tile

/// The terms [begin, end) of the elements from (row, column) on; begin is a multiple of kProductChunk. `first` and `last` of the output are
/// those of this range, and an empty one puts +0. All S::kThreads threads of the block call it; `shared` may be used for other things after the
/// next barrier.
template <class S, class A, class B, class Output>
__device__ __forceinline__ void product_tile(typename S::Shared& shared, const A& a, const B& b, const Output& output, int64_t row, int64_t column,
                                             int begin, int end) {
  using T = typename S::Element;
  constexpr int kDepth = S::kDepth, kStages = S::kStages, kM = S::kThreadM, kN = S::kThreadN, kGroupM = S::kGroupM, kGroupN = S::kGroupN;
  constexpr int kApartM = kGroupM * S::kLanesM, kApartN = kGroupN * S::kLanesN;
  const int stages = (end - begin + kDepth - 1) / kDepth;
  const tile::Copier<S, A, S::kM> copy_a(a, row);
  const tile::Copier<S, B, S::kN> copy_b(b, column);
#pragma unroll
  for (int s = 0; s < kStages - 1; ++s) {
    if (s < stages) {
      copy_a.copy(begin + s * kDepth, shared.a[s]);
      copy_b.copy(begin + s * kDepth, shared.b[s]);
    }
    commit_copies();
  }

  // Lanes are laid so that each quarter of a warp reads few different groups.
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const int lane_m = S::kLanesM == 4 ? (lane & 1) | (lane >> 4) << 1 : lane % S::kLanesM;
  const int lane_n = S::kLanesM == 4 ? (lane >> 1) & 7 : lane / S::kLanesM;
  const int m = warp / S::kWarpsN * (kM * S::kLanesM) + lane_m * kGroupM, n = warp % S::kWarpsN * (kN * S::kLanesN) + lane_n * kGroupN;

  T left[2][kM], right[2][kN];  // of the term that is multiplied, and of the next one
  const auto fetch = [&](int slot, int term) {
    tile::fetch<T, kM, kGroupM, kApartM>(&shared.a[slot][term][m], left[term % 2]);
    tile::fetch<T, kN, kGroupN, kApartN>(&shared.b[slot][term][n], right[term % 2]);
  };
  wait_for_copies<kStages - 2>();
  __syncthreads();
  fetch(0, 0);
  int s = 0, slot = 0;
  do {
    const bool first = s == 0;
    const int stop = s + kProductChunk / kDepth < stages ? s + kProductChunk / kDepth : stages;
    T sums[kM][kN] = {};
    for (; s < stop; ++s) {
#pragma unroll
      for (int term = 0; term < kDepth; ++term) {
        const int now = slot;
        if (term == kDepth - 1) {
          wait_for_copies<kStages - 2>();
          __syncthreads();  // the next stage is there, and nobody reads this one any more
          slot = slot + 1 == kStages ? 0 : slot + 1;
        }
        fetch(slot, (term + 1) % kDepth);
        if (term == 0) {
          if (s + kStages - 1 < stages) {
            const int free = now == 0 ? kStages - 1 : now - 1;
            copy_a.copy(begin + (s + kStages - 1) * kDepth, shared.a[free]);
            copy_b.copy(begin + (s + kStages - 1) * kDepth, shared.b[free]);
          }
          commit_copies();
        }
#pragma unroll
        for (int i = 0; i < kM; ++i) {
#pragma unroll
          for (int j = 0; j < kN; ++j) sums[i][j] = multiply_add(left[term % 2][i], right[term % 2][j], sums[i][j]);
        }
      }
    }
#pragma unroll
    for (int i = 0; i < kM; ++i) {
#pragma unroll
      for (int g = 0; g < kN / kGroupN; ++g) {
        T some[kGroupN];
#pragma unroll
        for (int j = 0; j < kGroupN; ++j) some[j] = sums[i][g * kGroupN + j];
        output.template put<kGroupN>(row + m + i / kGroupM * kApartM + i % kGroupM, column + n + g * kApartN, some, first, s == stages);
      }
    }
  } while (s < stages);
}

/// What follows a product: the bias, undefined where null, and the activation.
template <class T>
__device__ __forceinline__ T finish_product(T sum, const T* bias, Activation activation) {
  if (bias != nullptr) sum = scalar_ops::add(sum, *bias);
  return activation == Activation::relu ? scalar_ops::relu(sum) : sum;
}

}  // namespace stet::cuda
