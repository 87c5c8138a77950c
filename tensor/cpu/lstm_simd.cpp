// The steps of a recurrent layer. Rows of a batch don't meet: each thread takes its own through all steps.
#include "stet/tensor/kernels.h"
#include "stet/tensor/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "stet/tensor/cpu/lstm_simd.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h, which includes this file once a target.
#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "stet/tensor/cpu/lstm_steps.h"
#include "stet/tensor/cpu/row-inl.h"
#include "stet/tensor/cpu/tile-inl.h"
#include "stet/tensor/math/float-lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace stet::cpu_kernels {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
namespace fn = math::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
constexpr int64_t kWidth = hn::MaxLanes(D());

// forward, a tile holds the four gates of a vector of units, so that they meet in registers.
constexpr int kGates = 4;
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_SCALAR
constexpr int kGateRows = 3;  // 16 registers
#else
constexpr int kGateRows = 6;  // 32 registers
#endif

HWY_INLINE V load_some(const float* x, int64_t n) {
  return n < kWidth ? load_part(D(), x, n, 0.0f) : hn::LoadU(D(), x);
}

HWY_INLINE void store_some(V v, float* y, int64_t n) {
  if (n >= kWidth) return hn::StoreU(v, D(), y);
  HWY_ALIGN float rest[kWidth];
  hn::Store(v, D(), rest);
  std::copy(rest, rest + n, y);
}

// A row's sums over the whole of K: its chunks' chains, added in order.
template <int kRows, int kVectors>
HWY_INLINE void multiply(int64_t count, TileLeft<float> left, const float* b, int64_t ldb,
                         V (&total)[kRows][kVectors]) {
  set_zero(total);
  for (int64_t k = 0; k < count; k += kProductChunk) {
    const TileLeft<float> from = {left.data + k * left.k_stride, left.row_stride, left.k_stride};
    V sum[kRows][kVectors];
    set_zero(sum);
    multiply_add(std::min(kProductChunk, count - k), InPlace<float, kRows>(from, b + k * ldb, ldb), sum);
    HWY_UNROLL(16) for (int r = 0; r < kRows; ++r) {
      HWY_UNROLL(4) for (int v = 0; v < kVectors; ++v) total[r][v] = hn::Add(total[r][v], sum[r][v]);
    }
  }
}

// One step of kRows rows from `row` on, for the vector of units from `unit` on.
template <int kRows>
HWY_NOINLINE void forward_tile(const LstmShape& s, const LstmForward& x, int64_t t, int64_t row, int64_t unit) {
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
    float* gates = x.gates + (t * s.batch + row + r) * kGates * s.units + unit;
    V z[kGates];
    for (int g = 0; g < kGates; ++g) {
      const V recurrent = x.bias ? hn::Add(product[r][g], load_some(x.bias + g * s.units + unit, n)) : product[r][g];
      z[g] = hn::Add(load_some(gates + g * s.units, n), recurrent);
    }
    const V input = fn::Sigmoid(z[0]), forget = fn::Sigmoid(z[1]), candidate = fn::Tanh(z[2]), out = fn::Sigmoid(z[3]);
    const int64_t at = t * states + (row + r) * s.units + unit;
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
HWY_INLINE void fetch(const LstmShape& s, const LstmBackward& x, const Place& p) {
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

HWY_INLINE void gate_gradients(const LstmShape& s, const LstmBackward& x, const Place& p, V from_next) {
  const D d;
  const V one = hn::Set(d, 1.0f);
  const int64_t n = std::min(kWidth, s.units - p.unit), state = p.row * s.units + p.unit;
  const int64_t before = p.t * s.batch * s.units + state, at = (p.t * s.batch + p.row) * kGates * s.units + p.unit;
  const float* gates = x.gates + at;
  const V input = load_some(gates, n), forget = load_some(gates + s.units, n),
          candidate = load_some(gates + 2 * s.units, n), out = load_some(gates + 3 * s.units, n);
  const V upstream = x.g ? load_some(x.g + (p.row * s.steps + p.t) * s.units + p.unit, n) : hn::Zero(d);
  const V dh = hn::Add(upstream, from_next);
  const V squashed = fn::Tanh(load_some(x.cells + before + s.batch * s.units, n));
  const V slope = hn::Sub(one, hn::Mul(squashed, squashed));
  const V dc = hn::Add(load_some(x.d_cell + state, n), hn::Mul(hn::Mul(dh, out), slope));
  const auto through_sigmoid = [&](V g, V y) HWY_ATTR { return hn::Mul(g, hn::Mul(y, hn::Sub(one, y))); };
  float* to = x.d_gates + at;
  store_some(through_sigmoid(hn::Mul(dc, candidate), input), to, n);
  store_some(through_sigmoid(hn::Mul(dc, load_some(x.cells + before, n)), forget), to + s.units, n);
  store_some(hn::Mul(hn::Mul(dc, input), hn::Sub(one, hn::Mul(candidate, candidate))), to + 2 * s.units, n);
  store_some(through_sigmoid(hn::Mul(dh, squashed), out), to + 3 * s.units, n);
  store_some(hn::Mul(dc, forget), x.d_cell + state, n);
}

// The product with the next step's gates, +0 behind the last one, and what follows from it. At t = -1 it is the initial
// state's gradient.
template <int kRows> HWY_NOINLINE void backward_tile(const LstmShape& s, const LstmBackward& x, const Place& p) {
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

// Calls body<rows>() for the number of rows of a tile.
template <int kRows, class Body> HWY_INLINE void with_rows(int rows, const Body& body) {
  if constexpr (kRows > 1) {
    if (rows < kRows) return with_rows<kRows - 1>(rows, body);
  }
  body.template operator()<kRows>();
}

void forward(const LstmShape& s, const LstmForward& x, Range rows) {
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

void backward(const LstmShape& s, const LstmBackward& x, Range rows) {
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

// Panels of a vector of units: [H, gates, kWidth], the lanes of units that are not there +0.
int64_t pack_forward(const float* weight, int64_t units, float* to) {
  if (!to) return pieces_of(units, kWidth) * kWidth * kGates * units;
  for (int64_t unit = 0; unit < units; unit += kWidth) {
    const int64_t n = std::min(kWidth, units - unit);
    for (int64_t k = 0; k < units; ++k) {
      for (int64_t g = 0; g < kGates; ++g, to += kWidth) {
        const float* from = weight + (g * units + unit) * units + k;
        for (int64_t i = 0; i < kWidth; ++i) to[i] = i < n ? from[i * units] : 0;
      }
    }
  }
  return 0;
}

// Panels of kTileVectors vectors of units: [4 H, lanes].
int64_t pack_backward(const float* weight, int64_t units, float* to) {
  constexpr int64_t kLanes = kTileVectors * kWidth;
  if (!to) return pieces_of(units, kLanes) * kLanes * kGates * units;
  for (int64_t unit = 0; unit < units; unit += kLanes) {
    microkernel<float>().pack(weight + unit, std::min(kLanes, units - unit), kGates * units, 1, units, kLanes,
                              to + unit * kGates * units);
  }
  return 0;
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace stet::cpu_kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include "stet/tensor/cpu/workspace.h"
#include "stet/tensor/parallel.h"

namespace stet::cpu_kernels {

HWY_EXPORT(forward);
HWY_EXPORT(backward);
HWY_EXPORT(pack_forward);
HWY_EXPORT(pack_backward);

namespace {

LstmShape shape_of(const LstmTrace& trace) {
  return {trace.gates.size(0), trace.gates.size(1), trace.gates.size(2) / 4};
}

const float* data_or_null(const Tensor& x) { return x.defined() ? x.data_as<float>() : nullptr; }

// Rows of the batch, one part a thread.
template <class Body> void for_rows(const LstmShape& s, const Body& body) {
  const int64_t work = s.steps * s.batch * 4 * s.units * s.units;
  const int64_t parts = std::clamp<int64_t>(work / kLeastWork, 1, std::min<int64_t>(threads(), s.batch));
  parallel_for(parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) body(part(s.batch, parts, i, 1));
  });
}

float* packing_space(int64_t floats) {
  static thread_local Workspace space;
  return space.get<float>(floats);
}

}  // namespace

void lstm(const Tensor& weight, const Tensor& bias, const LstmTrace& trace, const Tensor& output) {
  const LstmShape s = shape_of(trace);
  const auto* source = weight.data_as<float>();
  float* packed = packing_space(STET_DISPATCH(pack_forward)(source, s.units, nullptr));
  STET_DISPATCH(pack_forward)(source, s.units, packed);
  const LstmForward x = {packed,
                         data_or_null(bias),
                         trace.gates.mutable_data_as<float>(),
                         trace.cells.mutable_data_as<float>(),
                         trace.hiddens.mutable_data_as<float>(),
                         output.mutable_data_as<float>()};
  for_rows(s, [&](Range rows) { STET_DISPATCH(forward)(s, x, rows); });
}

void lstm_gradient(const Tensor& weight, const LstmTrace& trace, const Tensor& g, const Tensor& g_cell,
                   const Tensor& d_gates, const Tensor& d_hidden, const Tensor& d_cell) {
  const LstmShape s = shape_of(trace);
  const auto* source = weight.data_as<float>();
  float* packed = packing_space(STET_DISPATCH(pack_backward)(source, s.units, nullptr));
  STET_DISPATCH(pack_backward)(source, s.units, packed);
  const LstmBackward x = {packed,
                          trace.gates.data_as<float>(),
                          trace.cells.data_as<float>(),
                          data_or_null(g),
                          data_or_null(g_cell),
                          d_gates.mutable_data_as<float>(),
                          d_hidden.defined() ? d_hidden.mutable_data_as<float>() : nullptr,
                          d_cell.mutable_data_as<float>()};
  for_rows(s, [&](Range rows) { STET_DISPATCH(backward)(s, x, rows); });
}

}  // namespace stet::cpu_kernels

#endif
