// Batch norm in float32 (of other types it is composed): planes' sums, then channels', then what is written.
#include "stet/cuda/errors.h"
#include "stet/cuda/fold.h"
#include "stet/cuda/map.h"
#include "stet/cuda/queue.h"
#include "stet/cuda/row_team.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/norm_centre.h"

namespace stet::cuda_kernels {

using cuda::Grid, cuda::IndexDivisor, cuda::kChain, cuda::kTileColumns, cuda::Queue, cuda::RowTeam, cuda::Several;

namespace {

constexpr unsigned kLongPlaneThreads = 512;

const float* floats(const Tensor& t) { return t.defined() ? t.data_as<float>() : nullptr; }

// [n, c, p]: n samples of c channels, p elements a plane.
struct Planes {
  int64_t n, c, p;

  int64_t count() const { return n * c; }
  int64_t elements() const { return n * c * p; }
  IndexDivisor by_channels() const { return {c, n * c}; }
};

Planes planes_of(const Tensor& x) { return {x.size(0), x.size(1), x.size(2)}; }

__device__ __forceinline__ float scale_of(float variance, float epsilon) { return 1 / sqrtf(variance + epsilon); }

__device__ __forceinline__ float factor_of(const float* weight, float scale, int64_t c) {
  return weight ? weight[c] * scale : scale;
}

// bias - rest * factor: what is added after the factor, where `rest` is still to be taken from the input before it.
__device__ __forceinline__ float shift_of(const float* bias, float rest, float factor, int64_t c) {
  const float down = rest * factor;
  return bias ? bias[c] - down : -down;
}

// What the launches of a plane's sums have in common: `by_team` for planes that threads hold, `by_block` for longer
// ones.
template <class ByTeam, class ByBlock>
void launch_planes(const Planes& s, const ByTeam& by_team, const ByBlock& by_block) {
  if (s.p <= cuda::kMostTeamRow<float>) return cuda::launch_teams<float>(s.count(), s.p, by_team);
  by_block(Grid{{s.count()}, kLongPlaneThreads, sizeof(cuda::BlockSums<Several<float, 2>>)});
}

// Each plane's mean, less its channel's origin, and the sum of its squares around its mean.
struct Moments {
  const float* x;
  int64_t n, c, p;
  IndexDivisor channels;
  float *mean, *square;

  __device__ float origin_of(int64_t plane) const { return channel_origin(x, n, c, p, channels(plane).rest); }
  // `squares` are about the centre without its rest.
  __device__ void set(int64_t plane, float offset, float squares, const Centre& centre) const {
    mean[plane] = offset;
    square[plane] = squares - (centre.rest * centre.rest) * static_cast<float>(p);
  }
};

template <int kItems, bool kBlock>
__global__ void __launch_bounds__(cuda::kTeamThreads<float, kBlock>)
    moments_by_team(Moments a, int64_t planes, int64_t p, int lanes) {
  const RowTeam<float, kItems, kBlock> team(planes, p, lanes);
  const float* x = a.x + team.row() * p;
  const float origin = a.origin_of(team.row());
  float v[kItems];
  team.each([&](int k, int i) { v[k] = x[i]; });
  const float offset = team.sum([&](int k) { return v[k] - origin; }) / static_cast<float>(p);
  const Centre centre = centre_of(origin, offset);
  const float squares = team.sum([&](int k) {
    const float centred = v[k] - centre.mean;
    return centred * centred;
  });
  if (team.leads()) a.set(team.row(), offset, squares, centre);
}

__global__ void __launch_bounds__(kLongPlaneThreads) moments_by_block(Moments a, int64_t p) {
  auto& shared = cuda::shared<cuda::BlockSums<Several<float, 2>>>();
  const float *x = a.x + int64_t{blockIdx.x} * p, origin = a.origin_of(blockIdx.x);
  const auto sum = [&](const auto& term) {
    return cuda::row_sum_by_block(
               p,
               [&](int64_t i) {
                 return Several<float, 2>{term(i), 0};
               },
               shared)
        .of[0];
  };
  const float offset = sum([=](int64_t i) { return x[i] - origin; }) / static_cast<float>(p);
  const Centre centre = centre_of(origin, offset);
  const float squares = sum([=](int64_t i) {
    const float centred = x[i] - centre.mean;
    return centred * centred;
  });
  if (threadIdx.x == 0) a.set(blockIdx.x, offset, squares, centre);
}

// Up to so many samples one launch makes the statistics of all channels of their planes' sums: a chain of 64 samples a
// thread.
constexpr int64_t kFewSamples = 1024;

// A channel's sums over its samples, from planes' sums [2, n, c], and what follows from them.
struct Channels {
  const float *sums, *weight, *bias, *x;
  float epsilon;
  int64_t n, c, p;
  float *mean, *variance, *rest, *factor, *shift;  // [c]

  __device__ void set(int64_t channel, float offset, float squares, float between) const {
    const float value = (squares + between * static_cast<float>(p)) / static_cast<float>(n * p);
    const Centre centre = centre_of(channel_origin(x, n, c, p, channel), offset);
    mean[channel] = centre.mean;
    rest[channel] = centre.rest;
    variance[channel] = value;
    factor[channel] = factor_of(weight, scale_of(value, epsilon), channel);
    shift[channel] = shift_of(bias, centre.rest, factor[channel], channel);
  }
};

struct TileSums {
  Several<float, 2> of[kFewSamples / kChain * kTileColumns];
  float mean[kTileColumns];
};

// A block's chains: of up to 32 channels from its first one on, each a thread's.
struct ChannelTile {
  int64_t first;
  int width, chains, chain, column;
  bool works;  // whether there is such a chain

  __device__ ChannelTile(int64_t n, int64_t c)
      : first(int64_t{blockIdx.x} * kTileColumns),
        width(cuda::part_size(c, blockIdx.x, kTileColumns)),
        chains(static_cast<int>((n + kChain - 1) / kChain)),
        chain(static_cast<int>(threadIdx.x) / width),
        column(static_cast<int>(threadIdx.x) % width),
        works(chain < chains) {}

  __device__ bool finishes() const { return threadIdx.x < static_cast<unsigned>(width); }
};

Grid tile_grid(const Planes& s) {
  const int64_t chains = (s.n + kChain - 1) / kChain;
  return {{(s.c + kTileColumns - 1) / kTileColumns}, static_cast<unsigned>(chains * kTileColumns), sizeof(TileSums)};
}

// The planes' means stay in registers between the two sums that are made of them.
__global__ void __launch_bounds__(kFewSamples / kChain * kTileColumns) statistics_of_channels(Channels a) {
  auto& shared = cuda::shared<TileSums>();
  const ChannelTile tile(a.n, a.c);
  const int own = tile.works ? cuda::part_size(a.n, tile.chain, kChain) : 0, thread = static_cast<int>(threadIdx.x);
  const float* from = a.sums + int64_t{tile.chain} * kChain * a.c + tile.first + tile.column;
  float means[kChain];
  Several<float, 2> sums{};
#pragma unroll
  for (int k = 0; k < kChain; ++k) means[k] = k < own ? from[k * a.c] : 0.0f;
#pragma unroll
  for (int k = 0; k < kChain; ++k) {
    if (k < own) sums = cuda::Add<Several<float, 2>>()(sums, {means[k], from[a.n * a.c + k * a.c]});
  }
  if (tile.works) shared.of[thread] = sums;
  __syncthreads();
  const auto whole = [&](int c) { return shared.of[c * tile.width + tile.column]; };
  if (tile.finishes()) {
    sums = cuda::fold_chain<cuda::Add<Several<float, 2>>>(tile.chains, whole);
    shared.mean[tile.column] = sums.of[0] / static_cast<float>(a.n);
  }
  __syncthreads();
  const float centre = shared.mean[tile.column];
  float between = 0;
#pragma unroll
  for (int k = 0; k < kChain; ++k) {
    if (k < own) between = between + (means[k] - centre) * (means[k] - centre);
  }
  if (tile.works) shared.of[thread].of[0] = between;
  __syncthreads();
  if (!tile.finishes()) return;
  between = cuda::fold_chain<cuda::Add<float>>(tile.chains, [&](int c) { return whole(c).of[0]; });
  a.set(tile.first + tile.column, centre, sums.of[1], between);
}

// The same with a launch for each of the two sums, and one after each of them.
__global__ void spread_of_planes(const float* means, const float* total, int64_t n, int64_t planes,
                                 IndexDivisor channels, float* y) {
  for (int64_t t = cuda::global_thread(); t < planes; t += cuda::global_threads()) {
    const float off = means[t] - total[channels(t).rest] / static_cast<float>(n);
    y[t] = off * off;
  }
}
__global__ void set_statistics(Channels a, const float* total, const float* squares, const float* between) {
  for (int64_t c = cuda::global_thread(); c < a.c; c += cuda::global_threads()) {
    a.set(c, total[c] / static_cast<float>(a.n), squares[c], between[c]);
  }
}

void set_statistics_of(Queue& queue, const Planes& s, const Channels& a) {
  if (s.n <= kFewSamples) return queue.launch(statistics_of_channels, tile_grid(s), a);
  cuda::Scratch<float> channels(queue, 3 * s.c), spread(queue, s.count());
  float *total = channels.data(), *between = total + 2 * s.c;
  cuda::fold_other<float, cuda::Add<float>>(queue, a.sums, 2, s.n, s.c, total);
  queue.launch(spread_of_planes, Grid::over(s.count()), a.sums, total, s.n, s.count(), s.by_channels(), spread.data());
  cuda::fold_other<float, cuda::Add<float>>(queue, spread.data(), 1, s.n, s.c, between);
  queue.launch(set_statistics, Grid::over(s.c), a, total, total + s.c, between);
}

// Neighbouring elements of a plane, as one access to memory.
template <int kEach> struct alignas(kEach * sizeof(float)) Elements { float of[kEach]; };
template <int kEach> __device__ __forceinline__ Elements<kEach> elements_at(const float* x, int64_t i) {
  return reinterpret_cast<const Elements<kEach>*>(x)[i];
}

// Calls launch(4) or launch(1), as an integral constant: how many elements are taken together.
template <class Launch>
void by_fours(const Planes& s, std::initializer_list<const void*> arrays, const Launch& launch) {
  bool fours = s.p % 4 == 0;
  for (const void* a : arrays) fours = fours && reinterpret_cast<uintptr_t>(a) % 16 == 0;
  if (fours) launch(std::integral_constant<int, 4>());
  else launch(std::integral_constant<int, 1>());
}

// z = (x - mean) * factor + shift + residual by channel, or with given statistics x * factor + shift + residual.
struct Normalising {
  const float *x, *mean, *factor, *shift, *residual;
  float* y;
  bool relu;
  const float *variance = nullptr, *weight = nullptr,
              *bias = nullptr;  // for given statistics, instead of factor, shift
  float epsilon = 0;
};

template <int kEach, bool kGiven>
__global__ void normalise(Normalising a, int64_t elements, IndexDivisor plane, IndexDivisor channels) {
  const int64_t steps = elements / kEach;
  for (int64_t t = cuda::global_thread(); t < steps; t += cuda::global_threads()) {
    const int64_t i = steps - 1 - t;  // from the end on, which was read last and waits in the second-level cache
    const int64_t c = channels(plane(i * kEach).quotient).rest;
    const float mean = a.mean[c];
    float factor, shift;
    if constexpr (kGiven) {
      factor = factor_of(a.weight, scale_of(a.variance[c], a.epsilon), c);
      shift = shift_of(a.bias, mean, factor, c);
    } else {
      factor = a.factor[c];
      shift = a.shift[c];
    }
    Elements<kEach> v = elements_at<kEach>(a.x, i), residual{};
    if (a.residual) residual = elements_at<kEach>(a.residual, i);
#pragma unroll
    for (int j = 0; j < kEach; ++j) {
      float z = (kGiven ? v.of[j] : v.of[j] - mean) * factor + shift;
      if (a.residual) z = z + residual.of[j];
      v.of[j] = a.relu ? scalar_ops::relu(z) : z;
    }
    reinterpret_cast<Elements<kEach>*>(a.y)[i] = v;
  }
}

template <bool kGiven> void launch_normalise(Queue& queue, const Planes& s, const Normalising& a) {
  if (s.elements() == 0) return;
  by_fours(s, {a.x, a.residual, a.y}, [&](auto each) {
    queue.launch(normalise<each(), kGiven>, Grid::over(s.elements(), each()), a, s.elements(),
                 IndexDivisor(s.p, s.elements()), s.by_channels());
  });
}

}  // namespace

void batch_norm(Queue& queue, const BatchNormInputs& in, const Tensor& y, const BatchStatistics& statistics) {
  cuda::require_float32(queue, in.x, "batch_norm of float64");
  const Planes s = planes_of(in.x);
  if (s.elements() == 0) return;
  cuda::Scratch<float> sums(queue, 2 * s.count()), channels(queue, 2 * s.c);
  const Moments moments{floats(in.x), s.n, s.c, s.p, s.by_channels(), sums.data(), sums.data() + s.count()};
  launch_planes(
      s,
      [&](auto items, auto block, const Grid& grid, int lanes) {
        queue.launch(moments_by_team<items(), block()>, grid, moments, s.count(), s.p, lanes);
      },
      [&](const Grid& grid) { queue.launch(moments_by_block, grid, moments, s.p); });
  float *mean = statistics.mean.mutable_data_as<float>(), *factor = channels.data(), *shift = factor + s.c;
  set_statistics_of(
      queue, s,
      {sums.data(), floats(in.weight), floats(in.bias), floats(in.x), static_cast<float>(in.epsilon), s.n, s.c, s.p,
       mean, statistics.variance.mutable_data_as<float>(), statistics.rest.mutable_data_as<float>(), factor, shift});
  launch_normalise<false>(queue, s,
                          {floats(in.x), mean, factor, shift, floats(in.residual), y.mutable_data_as<float>(),
                           in.activation == Activation::relu});
}

void batch_norm_evaluation(Queue& queue, const BatchNormInputs& in, const BatchStatistics& statistics,
                           const Tensor& y) {
  cuda::require_float32(queue, in.x, "batch_norm_evaluation of float64");
  launch_normalise<true>(queue, planes_of(in.x),
                         {floats(in.x), floats(statistics.mean), nullptr, nullptr, floats(in.residual),
                          y.mutable_data_as<float>(), in.activation == Activation::relu, floats(statistics.variance),
                          floats(in.weight), floats(in.bias), static_cast<float>(in.epsilon)});
}

namespace {

// Where an upstream gradient ends: at relu's results, which are known, or made again of x.
enum class Masked { no, by_input, by_result };

// `masked` takes the gradient before relu, if results are known; it may be g, and so may dx.
struct Differentiating {
  const float *g, *x, *y, *mean, *variance, *rest, *weight, *bias;
  float epsilon;
  float *masked, *dx;
};

// A channel's numbers, for one thread.
struct Channel {
  float mean, factor, shift;
  __device__ Channel(const Differentiating& a, int64_t c)
      : mean(a.mean[c]),
        factor(factor_of(a.weight, scale_of(a.variance[c], a.epsilon), c)),
        shift(shift_of(a.bias, a.rest[c], factor, c)) {}
};

// The gradient before relu, from g.
__device__ __forceinline__ float by_input(const Channel& channel, float g, float centred) {
  return centred * channel.factor + channel.shift > 0 ? g : 0.0f;
}

// What is summed of an element: the gradient g before relu, and g * (x - mean).
__device__ __forceinline__ Several<float, 2> terms(float g, float centred) { return {g, g * centred}; }

template <Masked kMasked>
__device__ __forceinline__ float before_relu(const Differentiating& a, const Channel& channel, int64_t i,
                                             float centred) {
  const float g = a.g[i];
  if constexpr (kMasked == Masked::by_input) return by_input(channel, g, centred);
  if constexpr (kMasked == Masked::by_result) return a.y[i] > 0 ? g : 0.0f;
  return g;
}

// sums [2, planes]. All is read before anything is written, so that no load waits for a store that may be to its place.
template <Masked kMasked, int kItems, bool kBlock>
__global__ void __launch_bounds__(cuda::kTeamThreads<float, kBlock>)
    gradient_sums_by_team(Differentiating a, int64_t planes, int64_t p, IndexDivisor channels, int lanes, float* sums) {
  const RowTeam<float, kItems, kBlock> team(planes, p, lanes);
  const int64_t plane = team.row();
  const Channel channel(a, channels(plane).rest);
  float g[kItems], centred[kItems];
  team.each([&](int k, int i) {
    centred[k] = a.x[plane * p + i] - channel.mean;
    g[k] = before_relu<kMasked>(a, channel, plane * p + i, centred[k]);
  });
  const auto sum = team.sum([&](int k) { return terms(g[k], centred[k]); });
  if constexpr (kMasked == Masked::by_result) team.store(a.masked + plane * p, [&](int k) { return g[k]; });
  if (!team.leads()) return;
  sums[plane] = sum.of[0];
  sums[planes + plane] = sum.of[1];
}

template <Masked kMasked>
__global__ void __launch_bounds__(kLongPlaneThreads)
    gradient_sums_by_block(Differentiating a, int64_t planes, int64_t p, IndexDivisor channels, float* sums) {
  auto& shared = cuda::shared<cuda::BlockSums<Several<float, 2>>>();
  const int64_t plane = blockIdx.x;
  const Channel channel(a, channels(plane).rest);
  const auto sum = cuda::row_sum_by_block(
      p,
      [&](int64_t i) {
        const float centred = a.x[plane * p + i] - channel.mean,
                    g = before_relu<kMasked>(a, channel, plane * p + i, centred);
        if constexpr (kMasked == Masked::by_result) a.masked[plane * p + i] = g;
        return terms(g, centred);
      },
      shared);
  if (threadIdx.x != 0) return;
  sums[plane] = sum.of[0];
  sums[planes + plane] = sum.of[1];
}

// A channel's gradients, and what dx takes of them.
struct ChannelGradients {
  const float* sums;  // [2, n, c]
  int64_t n, c, p;
  float *dweight, *dbias, *level, *slope;  // [c]

  __device__ void set(const Differentiating& a, int64_t channel, float sum, float product) const {
    const float scale = scale_of(a.variance[channel], a.epsilon), count = static_cast<float>(n * p);
    const float rest = a.rest[channel], weight = (product - rest * sum) * scale, rise = (weight * scale) / count;
    dbias[channel] = sum;
    dweight[channel] = weight;
    slope[channel] = rise;
    level[channel] = sum / count - rest * rise;
  }
};

__global__ void __launch_bounds__(kFewSamples / kChain * kTileColumns)
    gradients_of_channels(ChannelGradients to, Differentiating a) {
  auto& shared = cuda::shared<TileSums>();
  const ChannelTile tile(to.n, to.c);
  const float* from = to.sums + int64_t{tile.chain} * kChain * to.c + tile.first + tile.column;
  using Sum = cuda::Add<Several<float, 2>>;
  const auto term = [=](int k) { return Several<float, 2>{from[k * to.c], from[to.n * to.c + k * to.c]}; };
  if (tile.works) shared.of[threadIdx.x] = cuda::fold_chain<Sum>(cuda::part_size(to.n, tile.chain, kChain), term);
  __syncthreads();
  if (!tile.finishes()) return;
  const auto sums = cuda::fold_chain<Sum>(tile.chains, [&](int c) { return shared.of[c * tile.width + tile.column]; });
  to.set(a, tile.first + tile.column, sums.of[0], sums.of[1]);
}

__global__ void set_gradients(ChannelGradients to, Differentiating a, const float* sums) {
  for (int64_t c = cuda::global_thread(); c < to.c; c += cuda::global_threads()) to.set(a, c, sums[c], sums[to.c + c]);
}

void set_gradients_of(Queue& queue, const Planes& s, const ChannelGradients& to, const Differentiating& a) {
  if (s.n <= kFewSamples) return queue.launch(gradients_of_channels, tile_grid(s), to, a);
  cuda::Scratch<float> sums(queue, 2 * s.c);
  cuda::fold_other<float, cuda::Add<float>>(queue, to.sums, 2, s.n, s.c, sums.data());
  queue.launch(set_gradients, Grid::over(s.c), to, a, sums.data());
}

template <int kEach, bool kByInput>
__global__ void input_gradient(Differentiating a, const float* levels, const float* slopes, int64_t elements,
                               IndexDivisor plane, IndexDivisor channels) {
  const int64_t steps = elements / kEach;
  for (int64_t t = cuda::global_thread(); t < steps; t += cuda::global_threads()) {
    const int64_t i = steps - 1 - t, c = channels(plane(i * kEach).quotient).rest;  // from the end on, as above
    const Channel channel(a, c);
    const float level = levels[c], slope = slopes[c];
    const Elements<kEach> x = elements_at<kEach>(a.x, i);
    Elements<kEach> g = elements_at<kEach>(a.g, i);
#pragma unroll
    for (int j = 0; j < kEach; ++j) {
      const float centred = x.of[j] - channel.mean;
      if constexpr (kByInput) g.of[j] = by_input(channel, g.of[j], centred);
      g.of[j] = ((g.of[j] - level) - centred * slope) * channel.factor;
    }
    reinterpret_cast<Elements<kEach>*>(a.dx)[i] = g;
  }
}

template <Masked kMasked>
void differentiate(Queue& queue, const Planes& s, const Differentiating& a, const BatchNormGradients& to) {
  cuda::Scratch<float> sums(queue, 2 * s.count()), channels(queue, 2 * s.c);
  launch_planes(
      s,
      [&](auto items, auto block, const Grid& grid, int lanes) {
        queue.launch(gradient_sums_by_team<kMasked, items(), block()>, grid, a, s.count(), s.p, s.by_channels(), lanes,
                     sums.data());
      },
      [&](const Grid& grid) {
        queue.launch(gradient_sums_by_block<kMasked>, grid, a, s.count(), s.p, s.by_channels(), sums.data());
      });
  float *level = channels.data(), *slope = level + s.c;
  set_gradients_of(
      queue, s,
      {sums.data(), s.n, s.c, s.p, to.weight.mutable_data_as<float>(), to.bias.mutable_data_as<float>(), level, slope},
      a);
  Differentiating ready = a;  // the masked gradient is there where it was kept
  if (kMasked == Masked::by_result) ready.g = a.masked;
  by_fours(s, {ready.g, a.x, a.dx}, [&](auto each) {
    queue.launch(input_gradient<each(), kMasked == Masked::by_input>, Grid::over(s.elements(), each()), ready, level,
                 slope, s.elements(), IndexDivisor(s.p, s.elements()), s.by_channels());
  });
}

}  // namespace

void batch_norm_gradient(Queue& queue, const BatchNormInputs& in, const BatchStatistics& statistics, const Tensor& y,
                         const Tensor& g, const BatchNormGradients& to) {
  cuda::require_float32(queue, in.x, "batch_norm of float64");
  const Planes s = planes_of(in.x);
  if (s.elements() == 0) return;
  const Differentiating a{floats(g),
                          floats(in.x),
                          floats(y),
                          floats(statistics.mean),
                          floats(statistics.variance),
                          floats(statistics.rest),
                          floats(in.weight),
                          floats(in.bias),
                          static_cast<float>(in.epsilon),
                          to.residual.defined() ? to.residual.mutable_data_as<float>() : nullptr,
                          to.x.mutable_data_as<float>()};
  if (in.activation == Activation::none) return differentiate<Masked::no>(queue, s, a, to);
  if (a.masked) return differentiate<Masked::by_result>(queue, s, a, to);
  differentiate<Masked::by_input>(queue, s, a, to);
}

}  // namespace stet::cuda_kernels
