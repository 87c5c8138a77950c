// Layer norm: rows stay in registers from their sums to their results.
#include "stet/cuda/errors.h"
#include "stet/cuda/fold.h"
#include "stet/cuda/queue.h"
#include "stet/cuda/row_team.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/norm_centre.h"

namespace stet::cuda_kernels {

using cuda::Grid, cuda::Queue, cuda::RowTeam, cuda::Several;

namespace {

constexpr unsigned kLongRowThreads = 512;

const float* floats(const Tensor& t) { return t.defined() ? t.data_as<float>() : nullptr; }

// x [rows, d]; weight and bias may be null.
struct Rows {
  const float *x, *weight, *bias;
  float *y, *mean, *rest, *scale;
  int64_t rows, d;
  float epsilon;
};

// `squares` are about the mean without its rest.
__device__ __forceinline__ float scale_of(float squares, float rest, float count, float epsilon) {
  return 1 / sqrtf((squares / count - rest * rest) + epsilon);
}

// `x` is centred.
__device__ __forceinline__ float normalised(const Rows& a, int64_t i, float x, float scale) {
  float z = x * scale;
  if (a.weight) z = z * a.weight[i];
  if (a.bias) z = z + a.bias[i];
  return z;
}

template <int kItems, bool kBlock>
__global__ void __launch_bounds__(cuda::kTeamThreads<float, kBlock>) normalise_by_team(Rows a, int lanes) {
  const RowTeam<float, kItems, kBlock> team(a.rows, a.d, lanes);
  const auto count = static_cast<float>(a.d);
  const float* x = a.x + team.row() * a.d;
  float* y = a.y + team.row() * a.d;
  float v[kItems];
  team.each([&](int k, int i) { v[k] = x[i]; });
  const float origin = row_origin(x, a.d);
  const Centre centre = centre_of(origin, team.sum([&](int k) { return v[k] - origin; }) / count);
  const float squares = team.sum([&](int k) {
    const float centred = v[k] - centre.mean;
    return centred * centred;
  });
  const float scale = scale_of(squares, centre.rest, count, a.epsilon);
  team.each([&](int k, int i) { v[k] = normalised(a, i, (v[k] - centre.mean) - centre.rest, scale); });
  team.store(y, [&](int k) { return v[k]; });
  if (!team.leads()) return;
  a.mean[team.row()] = centre.mean;
  a.rest[team.row()] = centre.rest;
  a.scale[team.row()] = scale;
}

// Rows that no block holds are read again.
__global__ void __launch_bounds__(kLongRowThreads) normalise_by_block(Rows a) {
  auto& sums = cuda::shared<cuda::BlockSums<float>>();
  const auto count = static_cast<float>(a.d);
  const int64_t row = blockIdx.x;
  const float* x = a.x + row * a.d;
  const float origin = row_origin(x, a.d);
  const float total = cuda::row_sum_by_block(
      a.d, [=](int64_t i) { return x[i] - origin; }, sums);
  const Centre centre = centre_of(origin, total / count);
  const auto square = [=](int64_t i) {
    const float centred = x[i] - centre.mean;
    return centred * centred;
  };
  const float scale = scale_of(cuda::row_sum_by_block(a.d, square, sums), centre.rest, count, a.epsilon);
  float* y = a.y + row * a.d;
  cuda::map_row_by_block(
      a.d, [&](int64_t i) { return normalised(a, i, (x[i] - centre.mean) - centre.rest, scale); },
      [=](int64_t i, float z) { y[i] = z; });
  if (threadIdx.x != 0) return;
  a.mean[row] = centre.mean;
  a.rest[row] = centre.rest;
  a.scale[row] = scale;
}

}  // namespace

void layer_norm(Queue& queue, const LayerNormInputs& in, const Tensor& y, const RowStatistics& statistics) {
  cuda::require_float32(queue, in.x, "layer_norm of float64");
  const Rows a{floats(in.x),
               floats(in.weight),
               floats(in.bias),
               y.mutable_data_as<float>(),
               statistics.mean.mutable_data_as<float>(),
               statistics.rest.mutable_data_as<float>(),
               statistics.scale.mutable_data_as<float>(),
               in.x.size(0),
               in.x.size(1),
               static_cast<float>(in.epsilon)};
  if (a.d > cuda::kMostTeamRow<float>) {
    return queue.launch(normalise_by_block, {{a.rows}, kLongRowThreads, sizeof(cuda::BlockSums<float>)}, a);
  }
  cuda::launch_teams<float>(a.rows, a.d, [&](auto items, auto block, const Grid& grid, int lanes) {
    queue.launch(normalise_by_team<items(), block()>, grid, a, lanes);
  });
}

namespace {

// dx may be g.
struct GradientRows {
  const float *g, *x, *weight, *mean, *rest, *scale;
  float* dx;
  int64_t rows, d;
};

// A row's numbers, for one thread.
struct Row {
  float mean, rest, scale;
  __device__ Row(const GradientRows& a, int64_t row) : mean(a.mean[row]), rest(a.rest[row]), scale(a.scale[row]) {}
};

// An element of a row: its g * weight and its x without the mean, but for the mean's rest.
struct Element {
  float weighted, centred;
};
__device__ __forceinline__ Element element(const GradientRows& a, int64_t row, int64_t i, const Row& of) {
  const float g = a.g[row * a.d + i];
  return {a.weight ? g * a.weight[i] : g, a.x[row * a.d + i] - of.mean};
}

__device__ __forceinline__ Several<float, 2> terms(Element e) { return {e.weighted, e.weighted * e.centred}; }

// What a row's sums of terms make of its elements.
struct RowGradient {
  float level, slope;
  __device__ RowGradient(const Several<float, 2>& sums, const Row& of, float count)
      : level(sums.of[0] / count), slope(((sums.of[1] - of.rest * sums.of[0]) * of.scale) / count) {}
  __device__ __forceinline__ float operator()(Element e, const Row& of) const {
    return ((e.weighted - level) - ((e.centred - of.rest) * of.scale) * slope) * of.scale;
  }
};

template <int kItems, bool kBlock>
__global__ void __launch_bounds__(cuda::kTeamThreads<float, kBlock>) gradient_by_team(GradientRows a, int lanes) {
  const RowTeam<float, kItems, kBlock> team(a.rows, a.d, lanes);
  const int64_t row = team.row();
  const Row of(a, row);
  Element v[kItems];
  team.each([&](int k, int i) { v[k] = element(a, row, i, of); });
  const RowGradient gradient(team.sum([&](int k) { return terms(v[k]); }), of, static_cast<float>(a.d));
  team.store(a.dx + row * a.d, [&](int k) { return gradient(v[k], of); });
}

__global__ void __launch_bounds__(kLongRowThreads) gradient_by_block(GradientRows a) {
  auto& shared = cuda::shared<cuda::BlockSums<Several<float, 2>>>();
  const int64_t row = blockIdx.x;
  const Row of(a, row);
  const auto sums = cuda::row_sum_by_block(
      a.d, [&](int64_t i) { return terms(element(a, row, i, of)); }, shared);
  const RowGradient gradient(sums, of, static_cast<float>(a.d));
  cuda::map_row_by_block(
      a.d, [&](int64_t i) { return gradient(element(a, row, i, of), of); },
      [&](int64_t i, float z) { a.dx[row * a.d + i] = z; });
}

// Of each chain of 64 rows the sums of g * h and of g, a column a thread: y [2, chains, d]. The last chains come first:
// the kernel after this one begins with the first rows, which the second-level cache holds then.
template <class Y> __global__ void sum_chains(GradientRows a, cuda::IndexDivisor d, int64_t chains, Y y) {
  const int64_t total = chains * a.d;
  for (int64_t t = cuda::global_thread(); t < total; t += cuda::global_threads()) {
    const auto [back, j] = d(t);
    const int64_t c = chains - 1 - back, first = c * cuda::kChain;
    const float *g = a.g + first * a.d + j, *x = a.x + first * a.d + j, *mean = a.mean + first, *rest = a.rest + first,
                *scale = a.scale + first;
    const auto sums =
        cuda::fold_chain<cuda::Add<Several<float, 2>>>(cuda::part_size(a.rows, c, cuda::kChain), [=](int k) {
          const float upstream = g[k * a.d];
          return Several<float, 2>{upstream * (((x[k * a.d] - mean[k]) - rest[k]) * scale[k]), upstream};
        });
    y[c * a.d + j] = sums.of[0];
    y[total + c * a.d + j] = sums.of[1];
  }
}

void sum_rows(Queue& queue, const GradientRows& a, const cuda::TwoArrays<float>& y) {
  const int64_t chains = cuda::parts_of(a.rows, cuda::kChain);
  const Grid grid = Grid::over(chains * a.d);
  const cuda::IndexDivisor d(a.d, chains * a.d);
  if (chains == 1) return queue.launch(sum_chains<cuda::TwoArrays<float>>, grid, a, d, chains, y);
  cuda::Scratch<float> sums(queue, 2 * chains * a.d);
  queue.launch(sum_chains<float*>, grid, a, d, chains, sums.data());
  cuda::fold_other<float, cuda::Add<float>>(queue, sums.data(), 2, chains, a.d, y);
}

}  // namespace

void layer_norm_gradient(Queue& queue, const LayerNormInputs& in, const RowStatistics& statistics, const Tensor& g,
                         const LayerNormGradients& to) {
  cuda::require_float32(queue, in.x, "layer_norm of float64");
  const GradientRows a{floats(g),
                       floats(in.x),
                       floats(in.weight),
                       floats(statistics.mean),
                       floats(statistics.rest),
                       floats(statistics.scale),
                       to.x.mutable_data_as<float>(),
                       in.x.size(0),
                       in.x.size(1)};
  sum_rows(queue, a,
           {to.weight.mutable_data_as<float>(), to.bias.mutable_data_as<float>(),
            a.d});  // before dx, which may take g's place
  if (a.d > cuda::kMostTeamRow<float>) {
    return queue.launch(gradient_by_block, {{a.rows}, kLongRowThreads, sizeof(cuda::BlockSums<Several<float, 2>>)}, a);
  }
  cuda::launch_teams<float>(a.rows, a.d, [&](auto items, auto block, const Grid& grid, int lanes) {
    queue.launch(gradient_by_team<items(), block()>, grid, a, lanes);
  });
}

}  // namespace stet::cuda_kernels
