// The steps of a recurrent layer. Rows of a batch don't meet: each thread takes its own through all steps.
#include "stet/tensor/kernels.h"
#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/lstm_simd.cpp"
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

// forward, a tile holds the four gates of a vector of units, so that they meet in registers.
constexpr int kGates = 4;
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_SCALAR
constexpr int kGateRows = 3;  // 16 registers
#else
constexpr int kGateRows = 6;  // 32 registers
#endif

// One step of kRows rows from `row` on, for the vector of units from `unit` on.
template <int kRows>
HWY_NOINLINE void forward_tile(const RecurrentShape& s, const LstmForward& x, int64_t t, int64_t row, int64_t unit) {
  const int64_t n = std::min(kWidth, s.units - unit), states = s.batch * s.units;
  // What the product's sums meet, and nobody has read for a step, is fetched meanwhile.
  for (int r = 0; r < kRows; ++r) {
    for (int g = 0; g < kGates; ++g) hwy::Prefetch(x.gates + ((t * s.batch + row + r) * kGates + g) * s.units + unit);
    hwy::Prefetch(x.output + ((row + r) * s.steps + t) * s.units + unit);
  }
  V product[kRows][kGates];
  multiply(s.units, {x.hiddens + t * states + row * s.units, s.units, 1}, x.weight + unit * kGates * s.units,
           kGates * kWidth, product);
  for (int r = 0; r < kRows; ++r) {
    const int64_t at = t * states + (row + r) * s.units + unit;
    if (s.has_ended(row + r, t)) {
      store_some(load_some(x.cells + at, n), x.cells + at + states, n);
      store_some(load_some(x.hiddens + at, n), x.hiddens + at + states, n);
      store_some(hn::Zero(D()), x.output + ((row + r) * s.steps + t) * s.units + unit, n);
      continue;
    }
    float* gates = x.gates + (t * s.batch + row + r) * kGates * s.units + unit;
    V z[kGates];
    for (int g = 0; g < kGates; ++g) {
      const V recurrent = x.bias ? hn::Add(product[r][g], load_some(x.bias + g * s.units + unit, n)) : product[r][g];
      z[g] = hn::Add(load_some(gates + g * s.units, n), recurrent);
    }
    const V input = fn::Sigmoid(z[0]), forget = fn::Sigmoid(z[1]), candidate = fn::Tanh(z[2]), out = fn::Sigmoid(z[3]);
    const V cell = hn::Add(hn::Mul(forget, load_some(x.cells + at, n)), hn::Mul(input, candidate));
    const V hidden = hn::Mul(out, fn::Tanh(cell));
    store_some(input, gates, n);
    store_some(forget, gates + s.units, n);
    store_some(candidate, gates + 2 * s.units, n);
    store_some(out, gates + 3 * s.units, n);
    store_some(cell, x.cells + at + states, n);
    store_some(hidden, x.hiddens + at + states, n);
    store_some(hidden, x.output + ((row + r) * s.steps + t) * s.units + unit, n);
  }
}

// What a tile of the gradient works on: a step, rows from `row` on, units from `unit` on.
struct Place {
  int64_t t, row, unit;
};

// What the gradients of a tile's row read and write, fetched while its product is made.
HWY_INLINE void fetch(const RecurrentShape& s, const LstmBackward& x, const Place& p) {
  const int64_t at = (p.t * s.batch + p.row) * kGates * s.units, cell = (p.t * s.batch + p.row) * s.units;
  for (int64_t unit = p.unit; unit < std::min(s.units, p.unit + kTileVectors * kWidth); unit += kWidth) {
    for (int g = 0; g < kGates; ++g) {
      hwy::Prefetch(x.gates + at + g * s.units + unit);
      hwy::Prefetch(x.d_gates + at + g * s.units + unit);
    }
    hwy::Prefetch(x.cells + cell + unit);
    if (x.g) hwy::Prefetch(x.g + (p.row * s.steps + p.t) * s.units + unit);
  }
}

HWY_INLINE void gate_gradients(const RecurrentShape& s, const LstmBackward& x, const Place& p, V from_next) {
  const D d;
  const V one = hn::Set(d, 1.0f);
  const int64_t n = std::min(kWidth, s.units - p.unit), state = p.row * s.units + p.unit;
  const int64_t before = p.t * s.batch * s.units + state, at = (p.t * s.batch + p.row) * kGates * s.units + p.unit;
  float* to = x.d_gates + at;
  if (s.has_ended(p.row, p.t)) {
    for (int g = 0; g < kGates; ++g) store_some(hn::Zero(d), to + g * s.units, n);
    return;
  }
  const float* gates = x.gates + at;
  const V input = load_some(gates, n), forget = load_some(gates + s.units, n),
          candidate = load_some(gates + 2 * s.units, n), out = load_some(gates + 3 * s.units, n);
  const V upstream = x.g ? load_some(x.g + (p.row * s.steps + p.t) * s.units + p.unit, n) : hn::Zero(d);
  const V dh = hn::Add(upstream, from_next);
  const V squashed = fn::Tanh(load_some(x.cells + before + s.batch * s.units, n));
  const V slope = hn::Sub(one, hn::Mul(squashed, squashed));
  const V dc = hn::Add(load_some(x.d_cell + state, n), hn::Mul(hn::Mul(dh, out), slope));
  const auto through_sigmoid = [&](V g, V y) HWY_ATTR { return hn::Mul(g, hn::Mul(y, hn::Sub(one, y))); };
  store_some(through_sigmoid(hn::Mul(dc, candidate), input), to, n);
  store_some(through_sigmoid(hn::Mul(dc, load_some(x.cells + before, n)), forget), to + s.units, n);
  store_some(hn::Mul(hn::Mul(dc, input), hn::Sub(one, hn::Mul(candidate, candidate))), to + 2 * s.units, n);
  store_some(through_sigmoid(hn::Mul(dh, squashed), out), to + 3 * s.units, n);
  store_some(hn::Mul(dc, forget), x.d_cell + state, n);
}

// The product with the next step's gates, +0 behind the last one, and what follows from it. At t = -1 it is the initial
// state's gradient.
template <int kRows> HWY_NOINLINE void backward_tile(const RecurrentShape& s, const LstmBackward& x, const Place& p) {
  const int64_t gates = kGates * s.units;
  for (int r = 0; r < kRows && p.t >= 0; ++r) fetch(s, x, {p.t, p.row + r, p.unit});
  V sum[kRows][kTileVectors];
  multiply(p.t + 1 < s.steps ? gates : 0, {x.d_gates + ((p.t + 1) * s.batch + p.row) * gates, gates, 1},
           x.weight + p.unit * gates, kTileVectors * kWidth, sum);
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kTileVectors; ++v) {
      const int64_t unit = p.unit + v * kWidth;
      if (unit >= s.units) break;
      if (p.t >= 0) {
        gate_gradients(s, x, {p.t, p.row + r, unit}, sum[r][v]);
      } else {
        store_some(sum[r][v], x.d_hidden + (p.row + r) * s.units + unit, std::min(kWidth, s.units - unit));
      }
    }
  }
}

void forward(const RecurrentShape& s, const LstmForward& x, Range rows) {
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

void backward(const RecurrentShape& s, const LstmBackward& x, Range rows) {
  for (int64_t i = rows.begin * s.units; i < rows.end * s.units; ++i) x.d_cell[i] = x.g_cell ? x.g_cell[i] : 0;
  const RowTiles tiles(rows.size(), kTileRows);
  for (int64_t t = s.steps - 1; t >= (x.d_hidden ? -1 : 0); --t) {
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

RecurrentShape shape_of(const LstmTrace& trace, const Tensor& lengths) {
  return {trace.gates.size(0), trace.gates.size(1), trace.gates.size(2) / 4, data_or_null<int64_t>(lengths)};
}

}  // namespace

void lstm(const Tensor& weight, const Tensor& bias, const Tensor& lengths, const LstmTrace& trace,
          const Tensor& output) {
  const RecurrentShape s = shape_of(trace, lengths);
  const auto* source = weight.data_as<float>();
  float* packed = recurrent_space(STET_DISPATCH(pack_forward)(source, s.units, nullptr));
  STET_DISPATCH(pack_forward)(source, s.units, packed);
  const LstmForward x = {packed,
                         data_or_null<float>(bias),
                         trace.gates.mutable_data_as<float>(),
                         trace.cells.mutable_data_as<float>(),
                         trace.hiddens.mutable_data_as<float>(),
                         output.mutable_data_as<float>()};
  for_rows(s, 4, [&](Range rows) { STET_DISPATCH(forward)(s, x, rows); });
}

void lstm_gradient(const Tensor& weight, const Tensor& lengths, const LstmTrace& trace, const Tensor& g,
                   const Tensor& g_cell, const Tensor& d_gates, const Tensor& d_hidden, const Tensor& d_cell) {
  const RecurrentShape s = shape_of(trace, lengths);
  const auto* source = weight.data_as<float>();
  float* packed = recurrent_space(STET_DISPATCH(pack_backward)(source, s.units, nullptr));
  STET_DISPATCH(pack_backward)(source, s.units, packed);
  const LstmBackward x = {packed,
                          trace.gates.data_as<float>(),
                          trace.cells.data_as<float>(),
                          data_or_null<float>(g),
                          data_or_null<float>(g_cell),
                          d_gates.mutable_data_as<float>(),
                          d_hidden.defined() ? d_hidden.mutable_data_as<float>() : nullptr,
                          d_cell.mutable_data_as<float>()};
  for_rows(s, 4, [&](Range rows) { STET_DISPATCH(backward)(s, x, rows); });
}

}  // namespace stet::cpu_kernels

#endif
