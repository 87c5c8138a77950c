// The recurrent layer's kernels against the CPU's.
#include <gtest/gtest.h>

#include <cmath>

#include "cuda/device.h"
#include "stet/tensor/backend.h"
#include "tensor/bits.h"

namespace stet {
namespace {

using testing::all_same_bits;
using testing::awkward;

struct Case {
  int64_t batch, steps, units;
  bool bias = true, misaligned = false;
  bool lengths = false;  // rows end after 0, 1, … steps, then again
};

// One row, two and four a thread, forward and back (the emulated GPU has 4 multiprocessors); units that come in fours
// and not; more than one chunk of the product over the units and over the gates, and more chunks than a block has
// warps.
const std::vector<Case>& cases() {
  static const std::vector<Case> all = {{1, 1, 1},          {2, 31, 3},
                                        {3, 5, 9, false},   {33, 3, 24},
                                        {70, 3, 24},        {40, 2, 16, true, true},
                                        {60, 2, 16, false}, {33, 3, 24, true, false, true},
                                        {131, 2, 7, true},  {20, 2, 130, true},
                                        {5, 2, 128},        {5, 1, 520},
                                        {3, 2, 513, false}};
  return all;
}

std::string name_of(const Case& c) {
  return "batch " + std::to_string(c.batch) + ", " + std::to_string(c.steps) + " steps, " + std::to_string(c.units) +
         " units";
}

Tensor input(const Shape& shape, uint64_t seed, double deviation, bool specials) {
  Stream stream(Rng(seed, "input"));
  const Tensor plain = normal(stream, shape, 0, deviation);
  return specials ? where(bernoulli(stream, shape, 0.01), awkward(shape, seed), plain) : plain;
}

struct Results {
  std::vector<float> gates, cells, hiddens, output;
  std::vector<std::vector<float>> gradients;
};

Results run(Device device, const Case& c, bool specials) {
  const double small = 1 / std::sqrt(static_cast<double>(c.units));
  const Shape states{c.steps + 1, c.batch, c.units}, gate_shape{c.steps, c.batch, 4 * c.units};
  const int64_t skip = c.misaligned ? 1 : 0;
  const Tensor weight = input({4 * c.units * c.units + skip}, 1, small, false)
                            .to(device)
                            .view({4 * c.units, c.units}, {c.units, 1}, skip);
  const Tensor bias = c.bias ? input({4 * c.units}, 2, small, false).to(device) : Tensor();
  // The steps write over all but the first states.
  const Tensor gates = input(gate_shape, 3, 1, specials).to(device), cells = input(states, 4, 1, specials).to(device),
               hiddens = input(states, 5, 1, specials).to(device),
               output = full({c.batch, c.steps, c.units}, 7).to(device);
  Tensor lengths;
  if (c.lengths) {
    std::vector<int64_t> n;
    for (int64_t i = 0; i < c.batch; ++i) n.push_back(i % (c.steps + 1));
    lengths = Tensor::from(n).to(device);
  }
  Backend& b = backend(device);
  b.lstm(weight, bias, lengths, {gates, cells, hiddens}, output);
  Results r{
      gates.to_vector<float>(), cells.to_vector<float>(), hiddens.to_vector<float>(), output.to_vector<float>(), {}};

  const Tensor g = input({c.batch, c.steps, c.units}, 6, 1, specials).to(device);
  const Tensor g_cell = input({c.batch, c.units}, 7, 1, specials).to(device);
  const auto back = [&](const Tensor& g, const Tensor& g_cell, bool hidden) {
    const Tensor d_gates = full(gate_shape, 7).to(device), d_cell = full({c.batch, c.units}, 7).to(device);
    const Tensor d_hidden = hidden ? full({c.batch, c.units}, 7).to(device) : Tensor();
    b.lstm_gradient(weight, lengths, {gates, cells, hiddens}, g, g_cell, d_gates, d_hidden, d_cell);
    r.gradients.push_back(d_gates.to_vector<float>());
    r.gradients.push_back(d_cell.to_vector<float>());
    if (hidden) r.gradients.push_back(d_hidden.to_vector<float>());
  };
  back(g, {}, true);
  back({}, g_cell, true);
  back(g, g_cell, false);
  return r;
}

void expect_cpu(const Case& c) {
  for (bool specials : {false, true}) {
    SCOPED_TRACE(name_of(c) + (specials ? ", specials" : ""));
    const Results want = run(cpu, c, specials), got = run(testing::device(), c, specials);
    EXPECT_TRUE(all_same_bits(got.gates, want.gates)) << "gates";
    EXPECT_TRUE(all_same_bits(got.cells, want.cells)) << "cells";
    EXPECT_TRUE(all_same_bits(got.hiddens, want.hiddens)) << "hiddens";
    EXPECT_TRUE(all_same_bits(got.output, want.output)) << "output";
    for (size_t i = 0; i < want.gradients.size(); ++i) {
      EXPECT_TRUE(all_same_bits(got.gradients[i], want.gradients[i])) << "gradient " << i;
    }
  }
}

TEST(Lstm, EqualsTheCpu) {
  for (const Case& c : cases()) expect_cpu(c);
}

TEST(Lstm, EqualsTheCpuInAnyOrderOfThreads) {
  testing::in_orders([] {
    expect_cpu({70, 2, 24});
    expect_cpu({5, 1, 257});
  });
}

}  // namespace
}  // namespace stet
