// A block's part of a matrix product a [M, K] x b [K, N], in the order of docs/numerics.md: chunks of kProductChunk
// from +0, each one fma chain. What is multiplied comes through loaders and goes through an output, so that convolution
// is a product too. No choice here shows in the bits.
//
// A loader tells where an operand's elements lie. It stands at a stage of the terms k, and its lines are the tile's:
// a's rows or b's columns.
//
//   struct Loader {
//     using Element = T;
//     static constexpr bool kAlongK;   // neighbouring threads copy neighbouring k of a line, else neighbouring lines
//     of a k static constexpr int kWidth;     // elements a copy: 1, or where lines lie side by side 16 bytes' worth
//     struct Line {…};                 // what a thread keeps of a line, or of kWidth neighbouring lines
//     __device__ Line line(int index, int term) const;  // index % kWidth == 0; term: of a stage, the first that this
//     thread copies
//     __device__ Source<T> at(const Line&, int term, int ahead) const;  // an element of the stage; `ahead` is how far
//     `term` is from line()'s
//     __device__ void advance(int terms);  // to the next stage
//   };
//
// For k >= K it gives count 0, in both operands: an fma of +0 and +0 changes no sum, while an infinity times +0 would.
// It is asked for stages past the last too. A line past the last may hold anything that can be read: its sums are
// thrown away. `from` has kWidth elements' alignment.
//
// An output takes finished sums of W neighbouring columns of the tile (a multiple of W; W is at most 16 bytes' worth)
// in one row; of places past the product's last too, which it ignores. Where it can take all of a thread's at once it
// may have put_all too, for speed; false: it hasn't.
//
//   struct Output {
//     template <int W> __device__ void put(int row, int column, const T (&sums)[W]) const;
//     template <class S> __device__ bool put_all(T (&sums)[S::kThreadM][S::kThreadN], int row, int column) const;  //
//     of the first; see Tile
//   };
#pragma once

#include "stet/cuda/async_copy.h"
#include "stet/cuda/dialect.h"
#include "stet/tensor/activation.h"
#include "stet/tensor/contract.h"
#include "stet/tensor/scalar_ops.h"

namespace stet::cuda {

/// Elements of one fma chain.
inline constexpr int kProductChunk = contract::kProductChunk;

/// Where neighbouring elements of an operand lie; those from `count` on are +0.
template <class T> struct Source {
  const T* from;
  int count;
};

/// Elements in 16 bytes.
template <class T> inline constexpr int kPacked = static_cast<int>(16 / sizeof(T));

/// A block computes kM x kN elements, a thread of it kThreadM x kThreadN, in stages of kDepth terms. kStages stages are
/// in shared memory, all but one on their way there. So many blocks are to share a multiprocessor that all of its
/// registers are in use (kBlocks).
template <class T, int kM_, int kN_, int kThreadM_, int kThreadN_, int kDepth_ = 16, int kStages_ = 3> struct Tile {
  using Element = T;
  static constexpr int kM = kM_, kN = kN_, kThreadM = kThreadM_, kThreadN = kThreadN_, kDepth = kDepth_,
                       kStages = kStages_;
  static constexpr int kThreads = (kM / kThreadM) * (kN / kThreadN);
  static constexpr int kBlocks = (kThreadM * kThreadN * sizeof(T) > 64 * 4 ? 256 : 512) / kThreads;
  // A warp's threads are kLanesM x kLanesN, and a block's warps kWarpsM x kWarpsN. A warp's part is about square, to
  // read least.
  static constexpr int kMostLanesM = kThreadM < kThreadN ? 8 : 4;
  static constexpr int kLanesM = kM / kThreadM < kMostLanesM ? kM / kThreadM : kMostLanesM, kLanesN = 32 / kLanesM;
  static constexpr int kWarpsM = kM / (kThreadM * kLanesM), kWarpsN = kN / (kThreadN * kLanesN);
  // A thread's rows come in groups of neighbours, one access to shared memory each; so do its columns.
  static constexpr int kGroupM = kThreadM < kPacked<T> ? kThreadM : kPacked<T>,
                       kGroupN = kThreadN < kPacked<T> ? kThreadN : kPacked<T>;
  // From one group's first line to the next one's.
  static constexpr int kApartM = kGroupM * kLanesM, kApartN = kGroupN * kLanesN;
  static_assert(kWarpsM * kWarpsN * 32 == kThreads && kWarpsN > 0 && kThreads <= 1024);
  static_assert(kThreadM % kGroupM == 0 && kThreadN % kGroupN == 0);
  static_assert(kDepth % 8 == 0 && kProductChunk % kDepth == 0 && kStages >= 2);

  /// One term's elements lie side by side. With 16 bytes between terms, a warp that copies 8 terms of 4 lines meets
  /// every bank once.
  struct Shared {
    alignas(16) T a[kStages][kDepth][kM + kPacked<T>];
    alignas(16) T b[kStages][kDepth][kN + kPacked<T>];
  };
};

namespace tile {

template <class T, int kWidth> struct alignas(kWidth * sizeof(T)) Group { T of[kWidth]; };

/// kLines lines of an operand: a thread's share of copying them to shared memory, a stage at a time.
template <class S, class Loader, int kLines> class Copier {
  using T = typename S::Element;
  static constexpr int kWidth = Loader::kWidth, kGroups = kLines / kWidth, kThreads = S::kThreads;
  static_assert(kLines % kWidth == 0 && (kWidth == 1 || (kWidth == kPacked<T> && !Loader::kAlongK)));
  // Terms and groups of lines that all threads copy at one time; and how often a thread copies, along both.
  static constexpr int kTerms = Loader::kAlongK      ? 8
                                : kThreads > kGroups ? kThreads / kGroups
                                                     : 1,
                       kAtOnce = kThreads / kTerms;
  static constexpr int kLineSteps = (kGroups + kAtOnce - 1) / kAtOnce, kTermSteps = (S::kDepth + kTerms - 1) / kTerms;
  static_assert(kThreads % kTerms == 0);

 public:
  /// How many copies a thread makes a stage.
  static constexpr int kCopies = kLineSteps * kTermSteps;

  __device__ __forceinline__ explicit Copier(const Loader& loader) : loader_(loader) {
    const int thread = static_cast<int>(threadIdx.x);
    term_ = Loader::kAlongK ? thread % kTerms : thread / kAtOnce;
    group_ = Loader::kAlongK ? thread / kTerms : thread % kAtOnce;
#pragma unroll
    for (int i = 0; i < kLineSteps; ++i) lines_[i] = loader.line((group_ + i * kAtOnce) * kWidth, term_);
  }

  /// What the i-th copy of the stage takes.
  __device__ __forceinline__ Source<T> source(int i) const {
    return loader_.at(lines_[i % kLineSteps], term_ + ahead(i), ahead(i));
  }
  template <int kStride>
  __device__ __forceinline__ void copy(int i, const Source<T>& source, T (&to)[S::kDepth][kStride]) const {
    const int group = group_ + i % kLineSteps * kAtOnce, term = term_ + ahead(i);
    if ((kGroups % kAtOnce != 0 && group >= kGroups) || (S::kDepth % kTerms != 0 && term >= S::kDepth)) return;
    copy_async<kWidth* static_cast<int>(sizeof(T))>(&to[term][group * kWidth], source.from,
                                                    source.count * static_cast<int>(sizeof(T)));
  }
  __device__ __forceinline__ void advance() {
    loader_.advance(S::kDepth);
    if constexpr (requires { loader_.move(lines_[0]); }) {
#pragma unroll
      for (auto& line : lines_) loader_.move(line);
    }
  }

 private:
  static constexpr __device__ int ahead(int i) { return i / kLineSteps * kTerms; }

  Loader loader_;
  int term_, group_;
  typename Loader::Line lines_[kLineSteps];
};

/// The elements of one term that a thread multiplies: of kCount lines in groups of kGroup, whose lines are kApart
/// apart.
template <class T, int kCount, int kGroup, int kApart>
__device__ __forceinline__ void fetch(const T* from, T (&to)[kCount]) {
#pragma unroll
  for (int g = 0; g < kCount / kGroup; ++g) {
    const auto group = *reinterpret_cast<const Group<T, kGroup>*>(from + g * kApart);
#pragma unroll
    for (int i = 0; i < kGroup; ++i) to[g * kGroup + i] = group.of[i];
  }
}

/// sums += the totals of the chunks before, and where `keep` is set they are the totals then. A thread's own come back
/// to it, so memory is laid out as it suits the threads, and no barrier is needed.
template <class S, class T>
__device__ __forceinline__ void add_to_totals(T (&sums)[S::kThreadM][S::kThreadN], T* totals, bool first, bool keep) {
  constexpr int kGroup = S::kGroupN, kGroups = S::kThreadN / kGroup;
  auto* const groups =
      reinterpret_cast<Group<T, kGroup>*>(totals);  // null where there is nothing before and nothing to keep
#pragma unroll
  for (int i = 0; i < S::kThreadM; ++i) {
#pragma unroll
    for (int g = 0; g < kGroups; ++g) {
      Group<T, kGroup> all{};
      const int mine = (i * kGroups + g) * S::kThreads + static_cast<int>(threadIdx.x);
      if (!first) all = groups[mine];
#pragma unroll
      for (int j = 0; j < kGroup; ++j) sums[i][g * kGroup + j] = all.of[j] = all.of[j] + sums[i][g * kGroup + j];
      if (keep) groups[mine] = all;
    }
  }
}

}  // namespace tile

/// Where a block keeps the sums of chunks that are done while it works on the next one.
template <class T> struct Totals {
  T* data;  // S::kM * S::kN elements of memory of this block's own, aligned to 16 bytes; null if there is one chunk
  bool resume = false;  // `data` holds the sums of the terms before
  bool keep = false;    // the sums go there instead of to the output
};

/// The tile's elements, summed over `terms` terms from where the loaders stand, a multiple of kProductChunk. No terms
/// give +0. All S::kThreads threads of the block call it; `shared` may be used for other things after the next barrier.
template <class S, class A, class B, class Output>
__device__ __forceinline__ void product_tile(typename S::Shared& shared, const A& a, const B& b, int terms,
                                             const Output& output, const Totals<typename S::Element>& totals) {
  using T = typename S::Element;
  constexpr int kDepth = S::kDepth, kStages = S::kStages, kM = S::kThreadM, kN = S::kThreadN, kGroupM = S::kGroupM,
                kGroupN = S::kGroupN;
  constexpr int kApartM = S::kApartM, kApartN = S::kApartN;
  tile::Copier<S, A, S::kM> copy_a(a);
  tile::Copier<S, B, S::kN> copy_b(b);
  const auto copy = [&](int slot) {
    // Addresses of some copies, then the copies: what looks addresses up between two costs idle instructions.
    constexpr int kAll = copy_a.kCopies + copy_b.kCopies, kSome = 16;
#pragma unroll
    for (int some = 0; some < kAll; some += kSome) {
      Source<T> sources[kSome] = {};
#pragma unroll
      for (int i = some; i < some + kSome; ++i) {
        if (i < copy_a.kCopies) sources[i - some] = copy_a.source(i);
        else if (i < kAll) sources[i - some] = copy_b.source(i - copy_a.kCopies);
      }
#pragma unroll
      for (int i = some; i < some + kSome; ++i) {
        if (i < copy_a.kCopies) copy_a.copy(i, sources[i - some], shared.a[slot]);
        else if (i < kAll) copy_b.copy(i - copy_a.kCopies, sources[i - some], shared.b[slot]);
      }
    }
    copy_a.advance();
    copy_b.advance();
    commit_copies();
  };
#pragma unroll
  for (int s = 0; s < kStages - 1; ++s) copy(s);

  // Lanes are laid so that each quarter of a warp reads few different groups.
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const int inner = (lane >> 1) & 7, outer = (lane & 1) | (lane >> 4) << 1;
  const int lane_m = S::kLanesM == 8 ? inner : S::kLanesM == 4 ? outer : lane % S::kLanesM;
  const int lane_n = S::kLanesM == 8 ? outer : S::kLanesM == 4 ? inner : lane / S::kLanesM;
  const int m = warp / S::kWarpsN * (kM * S::kLanesM) + lane_m * kGroupM,
            n = warp % S::kWarpsN * (kN * S::kLanesN) + lane_n * kGroupN;

  T left[kM], right[kN];
  const auto fetch = [&](int slot, int term) {
    tile::fetch<T, kM, kGroupM, kApartM>(&shared.a[slot][term][m], left);
    tile::fetch<T, kN, kGroupN, kApartN>(&shared.b[slot][term][n], right);
  };
  wait_for_copies<kStages - 2>();
  __syncthreads();
  const int stages = (terms + kDepth - 1) / kDepth;
  int s = 0, slot = 0;
  T sums[kM][kN];
  const auto multiply = [&] {
#pragma unroll
    for (int i = 0; i < kM; ++i) {
#pragma unroll
      for (int j = 0; j < kN; ++j) sums[i][j] = multiply_add(left[i], right[j], sums[i][j]);
    }
  };
  while (true) {
#pragma unroll
    for (int i = 0; i < kM; ++i) {
#pragma unroll
      for (int j = 0; j < kN; ++j) sums[i][j] = 0;
    }
    const bool first = s == 0 && !totals.resume;
    const int stop = s + kProductChunk / kDepth < stages ? s + kProductChunk / kDepth : stages;
    for (; s < stop; ++s) {
      fetch(slot, 0);
      copy(slot == 0 ? kStages - 1 : slot - 1);  // at one time: each time costs idle instructions
      multiply();
#pragma unroll
      for (int term = 1; term < kDepth; ++term) {
        fetch(slot, term);
        if (term == kDepth - 1) {
          wait_for_copies<kStages - 2>();
          __syncthreads();  // the next stage is there, and nobody reads this one any more
          slot = slot + 1 == kStages ? 0 : slot + 1;
        }
        multiply();
      }
    }
    tile::add_to_totals<S>(sums, totals.data, first, s < stages || totals.keep);
    if (s >= stages) break;
  }
  if (totals.keep) return;
  if constexpr (requires { output.template put_all<S>(sums, m, n); }) {
    if (output.template put_all<S>(sums, m, n)) return;
  }
  // Through memory, so that put() is compiled once, not for each group: a code that is too long to be kept near is slow
  // to come.
  constexpr int kGroups = kN / kGroupN;
  T kept[kM * kGroups][kGroupN];
#pragma unroll
  for (int i = 0; i < kM; ++i) {
#pragma unroll
    for (int j = 0; j < kN; ++j) kept[i * kGroups + j / kGroupN][j % kGroupN] = sums[i][j];
  }
#pragma unroll 1
  for (int e = 0; e < kM * kGroups; ++e) {
    const int i = e / kGroups, g = e % kGroups;
    output.template put<kGroupN>(m + i / kGroupM * kApartM + i % kGroupM, n + g * kApartN, kept[e]);
  }
}

/// What follows a product: the bias, undefined where null, and the activation.
template <class T> __device__ __forceinline__ T finish_product(T sum, const T* bias, Activation activation) {
  if (bias != nullptr) sum = scalar_ops::add(sum, *bias);
  return activation == Activation::relu ? scalar_ops::relu(sum) : sum;
}

}  // namespace stet::cuda
