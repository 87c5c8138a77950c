// The steps of a gated recurrent unit, as lstm_simd.cpp goes through its own.
#include "stet/tensor/kernels.h"

#include <algorithm>
#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/gru_simd.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once a target.
#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "stet/tensor/cpu/recurrent-inl.h"
#include "stet/tensor/cpu/recurrent_steps.h"
#include "stet/tensor/math/float-lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
namespace fn = math::HWY_NAMESPACE;

using namespace recurrent;

// forward, a tile holds the three gates of a vector of units, so that they meet in registers.
constexpr int kGates = 3;
constexpr int kKept = 4;  // gates, and what the state gave to the candidate
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_SCALAR
constexpr int kGateRows = 4;  // 16 registers
#else
constexpr int kGateRows = 8;  // 32 registers
#endif

// One step of kRows rows from `row` on, for the vector of units from `unit` on.
template <int kRows>
HWY_NOINLINE void forward_tile(const RecurrentShape& s, const GruForward& x, int64_t t, int64_t row, int64_t unit) {
  const int64_t n = std::min(kWidth, s.units - unit), states = s.batch * s.units;
  // What the product's sums meet, and nobody has read for a step, is fetched meanwhile.
  for (int r = 0; r < kRows; ++r) {
    const int64_t at = t * s.batch + row + r;
    for (int g = 0; g < kGates; ++g) hwy::Prefetch(x.inputs + (at * kGates + g) * s.units + unit);
    for (int g = 0; g < kKept; ++g) hwy::Prefetch(x.gates + (at * kKept + g) * s.units + unit);
    hwy::Prefetch(x.output + ((row + r) * s.steps + t) * s.units + unit);
  }
  V product[kRows][kGates];
  multiply(s.units, {x.hiddens + t * states + row * s.units, s.units, 1}, x.weight + unit * kGates * s.units,
           kGates * kWidth, product);
  const V one = hn::Set(D(), 1.0f);
  for (int r = 0; r < kRows; ++r) {
    const int64_t at = t * s.batch + row + r;
    const float* state = x.hiddens + at * s.units + unit;
    float* output = x.output + ((row + r) * s.steps + t) * s.units + unit;
    const V before = load_some(state, n);
    if (s.has_ended(row + r, t)) {
      store_some(before, x.hiddens + at * s.units + unit + states, n);
      store_some(hn::Zero(D()), output, n);
      continue;
    }
    V from_state[kGates], from_x[kGates];
    for (int g = 0; g < kGates; ++g) {
      from_state[g] = x.bias ? hn::Add(product[r][g], load_some(x.bias + g * s.units + unit, n)) : product[r][g];
      from_x[g] = load_some(x.inputs + (at * kGates + g) * s.units + unit, n);
    }
    const V reset = fn::Sigmoid(hn::Add(from_x[0], from_state[0]));
    const V update = fn::Sigmoid(hn::Add(from_x[1], from_state[1]));
    const V candidate = fn::Tanh(hn::Add(from_x[2], hn::Mul(reset, from_state[2])));
    const V hidden = hn::Add(hn::Mul(hn::Sub(one, update), candidate), hn::Mul(update, before));
    float* gates = x.gates + at * kKept * s.units + unit;
    store_some(reset, gates, n);
    store_some(update, gates + s.units, n);
    store_some(candidate, gates + 2 * s.units, n);
    store_some(from_state[2], gates + 3 * s.units, n);
    store_some(hidden, x.hiddens + at * s.units + unit + states, n);
    store_some(hidden, output, n);
  }
}

// What a tile of the gradient works on: a step, rows from `row` on, units from `unit` on.
struct Place {
  int64_t t, row, unit;
};

HWY_INLINE void gate_gradients(const RecurrentShape& s, const GruBackward& x, const Place& p, V product) {
  const D d;
  const V one = hn::Set(d, 1.0f);
  const int64_t n = std::min(kWidth, s.units - p.unit), at = p.t * s.batch + p.row;
  float* const carried = x.d_hidden + p.row * s.units + p.unit;
  const V from_next = hn::Add(load_some(carried, n), product);
  float* const to_inputs = x.d_inputs + at * kGates * s.units + p.unit;
  float* const to_state = x.d_recurrent + at * kGates * s.units + p.unit;
  if (s.has_ended(p.row, p.t)) {
    for (int g = 0; g < kGates; ++g) {
      store_some(hn::Zero(d), to_inputs + g * s.units, n);
      store_some(hn::Zero(d), to_state + g * s.units, n);
    }
    return store_some(from_next, carried, n);
  }
  const float* gates = x.gates + at * kKept * s.units + p.unit;
  const V reset = load_some(gates, n), update = load_some(gates + s.units, n),
          candidate = load_some(gates + 2 * s.units, n), from_state = load_some(gates + 3 * s.units, n);
  const V before = load_some(x.hiddens + at * s.units + p.unit, n);
  const V dh = hn::Add(load_some(x.g + (p.row * s.steps + p.t) * s.units + p.unit, n), from_next);
  const auto through_sigmoid = [&](V g, V y) HWY_ATTR { return hn::Mul(g, hn::Mul(y, hn::Sub(one, y))); };
  const V d_update = through_sigmoid(hn::Mul(dh, hn::Sub(before, candidate)), update);
  const V d_candidate = hn::Mul(hn::Mul(dh, hn::Sub(one, update)), hn::Sub(one, hn::Mul(candidate, candidate)));
  const V d_reset = through_sigmoid(hn::Mul(d_candidate, from_state), reset);
  for (float* to : {to_inputs, to_state}) {
    store_some(d_reset, to, n);
    store_some(d_update, to + s.units, n);
  }
  store_some(d_candidate, to_inputs + 2 * s.units, n);
  store_some(hn::Mul(d_candidate, reset), to_state + 2 * s.units, n);
  store_some(hn::Mul(dh, update), carried, n);
}

// The product with the next step's gates, +0 behind the last one, and what follows from it. At t = -1 it is the initial
// state's gradient.
template <int kRows> HWY_NOINLINE void backward_tile(const RecurrentShape& s, const GruBackward& x, const Place& p) {
  const int64_t gates = kGates * s.units;
  V sum[kRows][kTileVectors];
  multiply(p.t + 1 < s.steps ? gates : 0, {x.d_recurrent + ((p.t + 1) * s.batch + p.row) * gates, gates, 1},
           x.weight + p.unit * gates, kTileVectors * kWidth, sum);
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kTileVectors; ++v) {
      const int64_t unit = p.unit + v * kWidth;
      if (unit >= s.units) break;
      if (p.t >= 0) {
        gate_gradients(s, x, {p.t, p.row + r, unit}, sum[r][v]);
      } else {
        const int64_t n = std::min(kWidth, s.units - unit);
        float* carried = x.d_hidden + (p.row + r) * s.units + unit;
        store_some(hn::Add(load_some(carried, n), sum[r][v]), carried, n);
      }
    }
  }
}

void forward(const RecurrentShape& s, const GruForward& x, Range rows) {
  const RowTiles tiles(rows.size(), kGateRows);
  for (int64_t t = 0; t < s.steps; ++t) {
    for (int64_t unit = 0; unit < s.units; unit += kWidth) {
      for (int64_t i = 0; i < tiles.count; ++i) {
        with_rows<kGateRows>(tiles.height(i),
                             [&]<int kRows>() { forward_tile<kRows>(s, x, t, rows.begin + tiles.begin(i), unit); });
      }
    }
  }
}

void backward(const RecurrentShape& s, const GruBackward& x, Range rows) {
  std::fill(x.d_hidden + rows.begin * s.units, x.d_hidden + rows.end * s.units, 0.0f);
  const RowTiles tiles(rows.size(), kTileRows);
  for (int64_t t = s.steps - 1; t >= -1; --t) {
    for (int64_t unit = 0; unit < s.units; unit += kTileVectors * kWidth) {
      for (int64_t i = 0; i < tiles.count; ++i) {
        with_rows<kTileRows>(tiles.height(i), [&]<int kRows>() {
          backward_tile<kRows>(s, x, {t, rows.begin + tiles.begin(i), unit});
        });
      }
    }
  }
}

int64_t pack_forward(const float* weight, int64_t units, float* to) { return pack_gates<kGates>(weight, units, to); }
int64_t pack_backward(const float* weight, int64_t units, float* to) { return pack_units(weight, kGates, units, to); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace stet::cpu_kernels {

HWY_EXPORT(forward);
HWY_EXPORT(backward);
HWY_EXPORT(pack_forward);
HWY_EXPORT(pack_backward);

namespace {

RecurrentShape shape_of(const GruTrace& trace, const Tensor& lengths) {
  return {trace.gates.size(0), trace.gates.size(1), trace.gates.size(2) / 4, data_or_null<int64_t>(lengths)};
}

}  // namespace

void gru(const Tensor& weight, const Tensor& bias, const Tensor& lengths, const GruTrace& trace, const Tensor& output) {
  const RecurrentShape s = shape_of(trace, lengths);
  const auto* source = weight.data_as<float>();
  float* packed = recurrent_space(STET_DISPATCH(pack_forward)(source, s.units, nullptr));
  STET_DISPATCH(pack_forward)(source, s.units, packed);
  const GruForward x = {packed,
                        data_or_null<float>(bias),
                        trace.inputs.data_as<float>(),
                        trace.gates.mutable_data_as<float>(),
                        trace.hiddens.mutable_data_as<float>(),
                        output.mutable_data_as<float>()};
  for_rows(s, 3, [&](Range rows) { STET_DISPATCH(forward)(s, x, rows); });
}

void gru_gradient(const Tensor& weight, const Tensor& lengths, const GruTrace& trace, const Tensor& g,
                  const Tensor& d_inputs, const Tensor& d_recurrent, const Tensor& d_hidden) {
  const RecurrentShape s = shape_of(trace, lengths);
  const auto* source = weight.data_as<float>();
  float* packed = recurrent_space(STET_DISPATCH(pack_backward)(source, s.units, nullptr));
  STET_DISPATCH(pack_backward)(source, s.units, packed);
  const GruBackward x = {packed,
                         trace.gates.data_as<float>(),
                         trace.hiddens.data_as<float>(),
                         g.data_as<float>(),
                         d_inputs.mutable_data_as<float>(),
                         d_recurrent.mutable_data_as<float>(),
                         d_hidden.mutable_data_as<float>()};
  for_rows(s, 3, [&](Range rows) { STET_DISPATCH(backward)(s, x, rows); });
}

}  // namespace stet::cpu_kernels

#endif
