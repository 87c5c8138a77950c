// The steps of a recurrent layer, one launch each: the product with the state, and in the same kernel what follows from
// it.
#include "stet/cuda/async_copy.h"
#include "stet/cuda/functions.h"
#include "stet/cuda/map.h"
#include "stet/cuda/queue.h"
#include "stet/tensor/contract.h"
#include "stet/tensor/kernels.h"

namespace stet::cuda_kernels {

using cuda::Four, cuda::Queue;

namespace {

constexpr int kGates = 4, kChunk = contract::kProductChunk;
constexpr int kDepth = 32;          // terms of a stage
constexpr int kPitch = kDepth + 4;  // rows so far apart that eight of them meet every bank once, 16 bytes each
constexpr int kChunkStages = kChunk / kDepth;

struct Extents {
  int64_t steps, batch, units;

  explicit Extents(const LstmTrace& trace)
      : steps(trace.gates.size(0)), batch(trace.gates.size(1)), units(trace.gates.size(2) / kGates) {}
};

// Whether rows of the weight and of what it is multiplied with may be read 16 bytes at a time.
bool fours(const Extents& e, const Tensor& weight, const Tensor& rows) {
  return e.units % 4 == 0 && cuda::is_aligned<float>(weight) && cuda::is_aligned<float>(rows);
}

const float* data_or_null(const Tensor& x) { return x.defined() ? x.data_as<float>() : nullptr; }
const int64_t* lengths_or_null(const Tensor& x) { return x.defined() ? x.data_as<int64_t>() : nullptr; }

// One thread's part of copying kLines lines of kLength elements to shared memory, stage by stage. Of the lines, or of
// the elements of each, there are as many as a product has terms, and `terms` of them in all; those behind the last are
// +0. `fours`: 16 bytes at a time.
template <int kLines, int kLength, int kThreads> class Copier {
  static constexpr int kPieces = kLength / 4, kEach = kLines * kPieces / kThreads, kApart = kThreads / kPieces;
  static_assert(kThreads % kPieces == 0 && kEach * kThreads == kLines * kPieces);

 public:
  // line(i) is where the line's elements of the first stage begin, null if there is no such line; terms are `apart`
  // elements apart. Where they run along a line, it has `terms` elements in all, else `elements`.
  template <class F>
  __device__ __forceinline__ Copier(int thread, const float* anywhere, int64_t apart, bool along_line, int terms,
                                    int elements, bool fours, const F& line)
      : anywhere_(anywhere),
        apart_(apart),
        terms_(terms),
        elements_(elements),
        along_line_(along_line),
        fours_(fours),
        line_(thread / kPieces),
        column_(thread % kPieces * 4) {
#pragma unroll
    for (int i = 0; i < kEach; ++i) {
      from_[i] = line(line_ + i * kApart);
      if (from_[i] != nullptr) from_[i] += column_;
    }
  }

  // The stage whose first term is k.
  template <int kPitch> __device__ __forceinline__ void copy(float (&to)[kLines][kPitch], int k) const {
    if (fours_) {
#pragma unroll
      for (int i = 0; i < kEach; ++i) {
        const bool exists = left(i, k) > 0;
        cuda::copy_async<16>(&to[line_ + i * kApart][column_], exists ? from_[i] + k * apart_ : anywhere_,
                             exists ? 16 : 0);
      }
      return;
    }
#pragma unroll
    for (int i = 0; i < kEach; ++i) {
#pragma unroll 1
      for (int j = 0; j < 4; ++j) {
        const bool exists = left(i, k) > j;
        cuda::copy_async<4>(&to[line_ + i * kApart][column_ + j], exists ? from_[i] + k * apart_ + j : anywhere_,
                            exists ? 4 : 0);
      }
    }
  }

 private:
  // Elements that exist from the thread's first one in a line on.
  __device__ __forceinline__ int left(int i, int k) const {
    if (from_[i] == nullptr) return 0;
    return along_line_ ? terms_ - k - column_ : k + line_ + i * kApart < terms_ ? elements_ - column_ : 0;
  }

  const float* anywhere_;
  int64_t apart_;
  int terms_, elements_;
  bool along_line_, fours_;
  int line_, column_;
  const float* from_[kEach];
};

// Whether a row's sequence ended before a step; lengths are null where none does.
__device__ __forceinline__ bool has_ended(const int64_t* lengths, int64_t row, int64_t t) {
  return lengths != nullptr && t >= lengths[row];
}

struct Forward {
  Extents extents;
  const int64_t* lengths;
  const float *weight, *bias;  // bias may be null
  float *gates, *cells, *hiddens;
  float* output;
  bool fours;
};

// A block steps kUnits units of 16 kRows rows of the batch; a thread has all gates of one unit for kRows rows.
constexpr int kUnits = 8, kThreads = 128, kRowGroups = kThreads / kUnits;

template <int kRows> struct ForwardShared {
  static constexpr int kStages = kRows == 4 ? 4 : kRows == 2 ? 6 : 8;
  struct Stage {
    alignas(16) float hidden[kRowGroups * kRows][kPitch];
    alignas(16) float weight[kGates * kUnits][kPitch];
  };
  Stage stages[kStages];
};

template <int kRows> __global__ void __launch_bounds__(kThreads) step(Forward x, int64_t t, int64_t unit_blocks) {
  using Shared = ForwardShared<kRows>;
  constexpr int kStages = Shared::kStages;
  auto& shared = cuda::shared<Shared>();
  const Extents& e = x.extents;
  const int64_t first_row = blockIdx.x / unit_blocks * (kRowGroups * kRows),
                first_unit = blockIdx.x % unit_blocks * kUnits;
  const int place = static_cast<int>(threadIdx.x) % kUnits, group = static_cast<int>(threadIdx.x) / kUnits;
  const int64_t unit = first_unit + place, states = e.batch * e.units;
  const float* const hiddens = x.hiddens + t * states;
  const int units = static_cast<int>(e.units), stages = (units + kDepth - 1) / kDepth,
            thread = static_cast<int>(threadIdx.x);
  const Copier<kRowGroups * kRows, kDepth, kThreads> hidden_copier(
      thread, hiddens, 1, true, units, 0, x.fours,
      [&](int i) { return first_row + i < e.batch ? hiddens + (first_row + i) * e.units : nullptr; });
  const Copier<kGates * kUnits, kDepth, kThreads> weight_copier(
      thread, x.weight, 1, true, units, 0, x.fours, [&](int i) {
        const int64_t unit = first_unit + i % kUnits;
        return unit < e.units ? x.weight + (i / kUnits * e.units + unit) * e.units : nullptr;
      });
  const auto copy = [&](int s) {
    if (s < stages) {
      hidden_copier.copy(shared.stages[s % kStages].hidden, s * kDepth);
      weight_copier.copy(shared.stages[s % kStages].weight, s * kDepth);
    }
    cuda::commit_copies();
  };
  for (int s = 0; s < kStages - 1; ++s) copy(s);

  // What meets the product's sums is fetched meanwhile.
  float from_x[kRows][kGates], before[kRows];
#pragma unroll
  for (int i = 0; i < kRows; ++i) {
    const int64_t row = first_row + group + kRowGroups * i;
    const bool exists = row < e.batch && unit < e.units;
    before[i] = exists ? x.cells[t * states + row * e.units + unit] : 0;
#pragma unroll
    for (int g = 0; g < kGates; ++g)
      from_x[i][g] = exists ? x.gates[((t * e.batch + row) * kGates + g) * e.units + unit] : 0;
  }

  float total[kRows][kGates] = {}, chain[kRows][kGates] = {};
  for (int s = 0; s < stages; ++s) {
    if (s != 0 && s % kChunkStages == 0) {
#pragma unroll
      for (int i = 0; i < kRows; ++i) {
#pragma unroll
        for (int g = 0; g < kGates; ++g) total[i][g] += chain[i][g], chain[i][g] = 0;
      }
    }
    cuda::wait_for_copies<kStages - 2>();
    __syncthreads();
    copy(s + kStages - 1);
    const auto& stage = shared.stages[s % kStages];
#pragma unroll
    for (int k = 0; k < kDepth; k += 4) {
      Four<float> weight[kGates], hidden[kRows];
#pragma unroll
      for (int g = 0; g < kGates; ++g)
        weight[g] = *reinterpret_cast<const Four<float>*>(&stage.weight[g * kUnits + place][k]);
#pragma unroll
      for (int i = 0; i < kRows; ++i)
        hidden[i] = *reinterpret_cast<const Four<float>*>(&stage.hidden[group + kRowGroups * i][k]);
#pragma unroll
      for (int u = 0; u < 4; ++u) {
#pragma unroll
        for (int i = 0; i < kRows; ++i) {
#pragma unroll
          for (int g = 0; g < kGates; ++g)
            chain[i][g] = cuda::multiply_add(hidden[i].of[u], weight[g].of[u], chain[i][g]);
        }
      }
    }
  }

#pragma unroll
  for (int i = 0; i < kRows; ++i) {
    const int64_t row = first_row + group + kRowGroups * i;
    if (row >= e.batch || unit >= e.units) continue;
    if (has_ended(x.lengths, row, t)) {
      const int64_t at = t * states + row * e.units + unit;
      x.cells[at + states] = before[i];
      x.hiddens[at + states] = x.hiddens[at];
      x.output[(row * e.steps + t) * e.units + unit] = 0;
      continue;
    }
    float z[kGates];
#pragma unroll
    for (int g = 0; g < kGates; ++g) {
      const float product = total[i][g] + chain[i][g];
      z[g] = from_x[i][g] + (x.bias != nullptr ? product + x.bias[g * e.units + unit] : product);
    }
    const float input = cuda::sigmoid(z[0]), forget = cuda::sigmoid(z[1]), candidate = cuda::tanh(z[2]),
                out = cuda::sigmoid(z[3]);
    const float cell = forget * before[i] + input * candidate, hidden = out * cuda::tanh(cell);
    float* const gates = x.gates + (t * e.batch + row) * kGates * e.units + unit;
    gates[0] = input;
    gates[e.units] = forget;
    gates[2 * e.units] = candidate;
    gates[3 * e.units] = out;
    x.cells[(t + 1) * states + row * e.units + unit] = cell;
    x.hiddens[(t + 1) * states + row * e.units + unit] = hidden;
    x.output[(row * e.steps + t) * e.units + unit] = hidden;
  }
}

template <int kRows> int64_t row_blocks(const Extents& e, int groups) {
  return (e.batch + groups * kRows - 1) / (groups * kRows);
}

// Calls run<rows>(blocks of rows), with the most rows a thread that still give most multiprocessors a block.
template <class Run>
void choose_rows(const Queue& queue, const Extents& e, int groups, int64_t unit_blocks, const Run& run) {
  const auto enough = [&](int64_t blocks) { return 4 * blocks * unit_blocks >= 3 * queue.multiprocessors(); };
  if (enough(row_blocks<4>(e, groups))) run.template operator()<4>(row_blocks<4>(e, groups));
  else if (enough(row_blocks<2>(e, groups))) run.template operator()<2>(row_blocks<2>(e, groups));
  else run.template operator()<1>(row_blocks<1>(e, groups));
}

}  // namespace

void lstm(Queue& queue, const Tensor& weight, const Tensor& bias, const Tensor& lengths, const LstmTrace& trace,
          const Tensor& output) {
  const Extents e(trace);
  const Forward x = {e,
                     lengths_or_null(lengths),
                     weight.data_as<float>(),
                     data_or_null(bias),
                     trace.gates.mutable_data_as<float>(),
                     trace.cells.mutable_data_as<float>(),
                     trace.hiddens.mutable_data_as<float>(),
                     output.mutable_data_as<float>(),
                     fours(e, weight, trace.hiddens)};
  const int64_t unit_blocks = (e.units + kUnits - 1) / kUnits;
  choose_rows(queue, e, kRowGroups, unit_blocks, [&]<int kRows>(int64_t rows) {
    const cuda::Grid grid{.blocks = {unit_blocks * rows}, .threads = kThreads, .shared = sizeof(ForwardShared<kRows>)};
    for (int64_t t = 0; t < e.steps; ++t) queue.launch(step<kRows>, grid, x, t, unit_blocks);
  });
}

namespace {

struct Backward {
  Extents extents;
  const int64_t* lengths;
  const float* weight;
  const float *gates, *cells;
  const float *g, *g_cell;  // either may be null
  float *d_gates, *d_hidden, *d_cell;
  bool fours;
};

// A block goes back for kColumns units of 8 kRows rows of the batch. Each of its warps multiplies every
// warps_of_block()-th chunk of the product over the next step's gates; the chunks' sums meet in shared memory.
constexpr int kColumns = 16, kMostWarps = 4, kGroups = 8;

template <int kRows> struct BackwardShared {
  static constexpr int kStages = kRows == 4 ? 2 : kRows == 2 ? 3 : 4;
  static constexpr int kElements = kGroups * kRows * kColumns;
  struct Stage {
    alignas(16) float d_gates[kGroups * kRows][kPitch];
    alignas(16) float weight[kDepth][kColumns];
  };
  Stage stages[kMostWarps][kStages];
  float chains[kMostWarps][kElements], totals[kElements];
};

// The chain of one chunk of the product, from term `begin` on.
template <int kRows>
__device__ __forceinline__ void multiply_chunk(float (&chain)[kRows][4], BackwardShared<kRows>& shared,
                                               const Backward& x, const float* d_gates, int64_t first_row,
                                               int64_t first_unit, int64_t begin) {
  constexpr int kStages = BackwardShared<kRows>::kStages;
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const int64_t left = kGates * x.extents.units - begin;
  const int terms = left <= 0       ? 0
                    : left < kChunk ? static_cast<int>(left)
                                    : kChunk,
            stages = (terms + kDepth - 1) / kDepth;
  const Extents& e = x.extents;
  const Copier<kGroups * kRows, kDepth, 32> gates_copier(lane, d_gates, 1, true, terms, 0, x.fours, [&](int i) {
    return first_row + i < e.batch ? d_gates + (first_row + i) * kGates * e.units + begin : nullptr;
  });
  const auto units = static_cast<int>(e.units - first_unit);
  const Copier<kDepth, kColumns, 32> weight_copier(lane, x.weight, e.units, false, terms, units, x.fours, [&](int i) {
    return x.weight + (begin + i) * e.units + first_unit;
  });
  const auto copy = [&](int s) {
    if (s < stages) {
      gates_copier.copy(shared.stages[warp][s % kStages].d_gates, s * kDepth);
      weight_copier.copy(shared.stages[warp][s % kStages].weight, s * kDepth);
    }
    cuda::commit_copies();
  };
  for (int s = 0; s < kStages - 1; ++s) copy(s);
  for (int s = 0; s < stages; ++s) {
    cuda::wait_for_copies<kStages - 2>();
    __syncwarp();
    copy(s + kStages - 1);
    const auto& stage = shared.stages[warp][s % kStages];
#pragma unroll
    for (int k = 0; k < kDepth; k += 4) {
      Four<float> left_terms[kRows], right[4];
#pragma unroll
      for (int i = 0; i < kRows; ++i)
        left_terms[i] = *reinterpret_cast<const Four<float>*>(&stage.d_gates[lane / 4 + kGroups * i][k]);
#pragma unroll
      for (int u = 0; u < 4; ++u) right[u] = *reinterpret_cast<const Four<float>*>(&stage.weight[k + u][lane % 4 * 4]);
#pragma unroll
      for (int u = 0; u < 4; ++u) {
#pragma unroll
        for (int i = 0; i < kRows; ++i) {
#pragma unroll
          for (int j = 0; j < 4; ++j)
            chain[i][j] = cuda::multiply_add(left_terms[i].of[u], right[u].of[j], chain[i][j]);
        }
      }
    }
  }
}

__device__ __forceinline__ float through_sigmoid(float g, float y) { return g * (y * (1.0f - y)); }

// Of one unit of one row: from the gradient that the next step gives to the state that this one leaves.
__device__ __forceinline__ void gate_gradients(const Backward& x, int64_t t, int64_t row, int64_t unit,
                                               float from_next) {
  const Extents& e = x.extents;
  const int64_t state = row * e.units + unit, before = t * e.batch * e.units + state,
                at = (t * e.batch + row) * kGates * e.units + unit;
  float* const to = x.d_gates + at;
  const float later = t + 1 < e.steps ? x.d_cell[state] : x.g_cell != nullptr ? x.g_cell[state] : 0.0f;
  if (has_ended(x.lengths, row, t)) {
    for (int g = 0; g < kGates; ++g) to[g * e.units] = 0;
    x.d_cell[state] = later;
    return;
  }
  const float input = x.gates[at], forget = x.gates[at + e.units], candidate = x.gates[at + 2 * e.units],
              out = x.gates[at + 3 * e.units];
  const float upstream = x.g != nullptr ? x.g[(row * e.steps + t) * e.units + unit] : 0.0f;
  const float dh = upstream + from_next, squashed = cuda::tanh(x.cells[before + e.batch * e.units]);
  const float dc = later + (dh * out) * (1.0f - squashed * squashed);
  to[0] = through_sigmoid(dc * candidate, input);
  to[e.units] = through_sigmoid(dc * x.cells[before], forget);
  to[2 * e.units] = (dc * input) * (1.0f - candidate * candidate);
  to[3 * e.units] = through_sigmoid(dh * squashed, out);
  x.d_cell[state] = dc * forget;
}

// What gate_gradients reads that nobody has read for a step.
__device__ __forceinline__ void prefetch(const Backward& x, int64_t t, int64_t row, int64_t unit) {
  const Extents& e = x.extents;
  for (int g = 0; g < kGates; ++g) cuda::prefetch(x.gates + ((t * e.batch + row) * kGates + g) * e.units + unit);
  cuda::prefetch(x.cells + (t * e.batch + row) * e.units + unit);
  if (x.g != nullptr) cuda::prefetch(x.g + (row * e.steps + t) * e.units + unit);
}

// One step back; at t = -1 the initial state's gradient.
template <int kRows>
__global__ void __launch_bounds__(32 * kMostWarps) step_back(Backward x, int64_t t, int64_t unit_blocks) {
  using Shared = BackwardShared<kRows>;
  auto& shared = cuda::shared<Shared>();
  const Extents& e = x.extents;
  const int64_t first_row = blockIdx.x / unit_blocks * (kGroups * kRows),
                first_unit = blockIdx.x % unit_blocks * kColumns;
  const int thread = static_cast<int>(threadIdx.x), lane = thread % 32, warp = thread / 32,
            warps = static_cast<int>(blockDim.x) / 32;
  for (int i = thread; i < Shared::kElements; i += 32 * warps) {
    const int64_t row = first_row + i / kColumns, unit = first_unit + i % kColumns;
    if (t >= 0 && row < e.batch && unit < e.units) prefetch(x, t, row, unit);
  }
  const float* const d_gates = x.d_gates + (t + 1) * e.batch * kGates * e.units;
  const int64_t terms = t + 1 < e.steps ? kGates * e.units : 0;
  for (int64_t begin = 0; begin < terms; begin += int64_t{warps} * kChunk) {
    float chain[kRows][4] = {};
    multiply_chunk<kRows>(chain, shared, x, d_gates, first_row, first_unit, begin + int64_t{warp} * kChunk);
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
#pragma unroll
      for (int j = 0; j < 4; ++j)
        shared.chains[warp][(lane / 4 + kGroups * i) * kColumns + lane % 4 * 4 + j] = chain[i][j];
    }
    __syncthreads();
    for (int i = thread; i < Shared::kElements; i += 32 * warps) {
      float total = begin == 0 ? 0.0f : shared.totals[i];
      for (int w = 0; w < warps && begin + int64_t{w} * kChunk < terms; ++w) total += shared.chains[w][i];
      shared.totals[i] = total;
    }
    __syncthreads();
  }
  for (int i = thread; i < Shared::kElements; i += 32 * warps) {
    const int64_t row = first_row + i / kColumns, unit = first_unit + i % kColumns;
    if (row >= e.batch || unit >= e.units) continue;
    const float from_next = terms == 0 ? 0.0f : shared.totals[i];
    if (t >= 0) gate_gradients(x, t, row, unit, from_next);
    else x.d_hidden[row * e.units + unit] = from_next;
  }
}

}  // namespace

void lstm_gradient(Queue& queue, const Tensor& weight, const Tensor& lengths, const LstmTrace& trace, const Tensor& g,
                   const Tensor& g_cell, const Tensor& d_gates, const Tensor& d_hidden, const Tensor& d_cell) {
  const Extents e(trace);
  const Backward x = {e,
                      lengths_or_null(lengths),
                      weight.data_as<float>(),
                      trace.gates.data_as<float>(),
                      trace.cells.data_as<float>(),
                      data_or_null(g),
                      data_or_null(g_cell),
                      d_gates.mutable_data_as<float>(),
                      d_hidden.defined() ? d_hidden.mutable_data_as<float>() : nullptr,
                      d_cell.mutable_data_as<float>(),
                      fours(e, weight, d_gates)};
  const int64_t unit_blocks = (e.units + kColumns - 1) / kColumns, chunks = (kGates * e.units + kChunk - 1) / kChunk;
  const unsigned warps = chunks < kMostWarps ? static_cast<unsigned>(chunks) : kMostWarps;
  choose_rows(queue, e, kGroups, unit_blocks, [&]<int kRows>(int64_t rows) {
    const cuda::Grid grid{
        .blocks = {unit_blocks * rows}, .threads = 32 * warps, .shared = sizeof(BackwardShared<kRows>)};
    for (int64_t t = e.steps - 1; t >= (d_hidden.defined() ? -1 : 0); --t)
      queue.launch(step_back<kRows>, grid, x, t, unit_blocks);
  });
}

}  // namespace stet::cuda_kernels
