// The recurrent layer's kernels against a plain loop and against the public ops that define them.
#include <gtest/gtest.h>

#include "stet/tensor/autograd.h"
#include "stet/tensor/contract.h"
#include "stet/tensor/error.h"
#include "stet/tensor/math/elementary.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/composed.h"
#include "tensor/bits.h"
#include "tensor/machines.h"

namespace stet {
namespace {

using testing::all_same_bits;
using testing::awkward;

struct Case {
  int64_t batch, steps, in, units;
  bool bias = true;
};

// Odd extents, more than one chunk of the recurrent product, forward (over the units) and back (over the gates).
const std::vector<Case>& cases() {
  static const std::vector<Case> all = {{1, 1, 1, 1},          {2, 31, 3, 7},  {32, 5, 65, 128}, {33, 4, 5, 33, false},
                                        {3, 64, 7, 16, false}, {7, 65, 2, 17}, {1, 600, 3, 5},   {3, 3, 513, 530}};
  return all;
}

std::string name_of(const Case& c) {
  return fmt::format("batch {}, {} steps, {} to {}", c.batch, c.steps, c.in, c.units);
}

struct Inputs {
  Tensor x;
  LstmWeights w;
  LstmState initial;
  Tensor g, g_cell;

  std::vector<Tensor> all() const {
    return {x, w.input, w.recurrent, w.input_bias, w.recurrent_bias, initial.hidden, initial.cell};
  }
};

Inputs inputs(const Case& c, bool specials) {
  uint64_t seed = 0;
  const auto draw = [&](const Shape& shape, double deviation, bool poisoned) {
    Stream stream(Rng(++seed, "input"));
    const Tensor plain = normal(stream, shape, 0, deviation);
    return poisoned ? where(bernoulli(stream, shape, 0.01), awkward(shape, seed), plain) : plain;
  };
  const double small = 1 / std::sqrt(static_cast<double>(c.units));
  Inputs in;
  in.x = draw({c.batch, c.steps, c.in}, 1, specials);
  in.w = {draw({4 * c.units, c.in}, small, false), draw({4 * c.units, c.units}, small, false), {}, {}};
  if (c.bias)
    in.w.input_bias = draw({4 * c.units}, small, false), in.w.recurrent_bias = draw({4 * c.units}, small, false);
  in.initial = {draw({c.batch, c.units}, 1, specials), draw({c.batch, c.units}, 1, specials)};
  in.g = draw({c.batch, c.steps, c.units}, 1, specials);
  in.g_cell = draw({c.batch, c.units}, 1, specials);
  return in;
}

// docs/numerics.md, one element after another: [B, T, H].
std::vector<float> plain_lstm(const Case& c, const Inputs& in) {
  const auto x = in.x.to_vector<float>(), w = in.w.input.to_vector<float>(), r = in.w.recurrent.to_vector<float>();
  const auto bw = c.bias ? in.w.input_bias.to_vector<float>() : std::vector<float>(),
             br = c.bias ? in.w.recurrent_bias.to_vector<float>() : std::vector<float>();
  auto h = in.initial.hidden.to_vector<float>(), cell = in.initial.cell.to_vector<float>();
  const auto product = [](const float* a, const float* b, int64_t n) {
    float total = 0;
    for (int64_t k = 0; k < n; k += contract::kProductChunk) {
      float chain = 0;
      for (int64_t i = k; i < std::min(n, k + contract::kProductChunk); ++i) chain = std::fma(a[i], b[i], chain);
      total = total + chain;
    }
    return total;
  };
  std::vector<float> y(static_cast<size_t>(c.batch * c.steps * c.units));
  for (int64_t t = 0; t < c.steps; ++t) {
    for (int64_t b = 0; b < c.batch; ++b) {
      std::vector<float> z;
      for (int64_t g = 0; g < 4 * c.units; ++g) {
        const auto i = static_cast<size_t>(g);
        float from_x =
            product(&x[static_cast<size_t>((b * c.steps + t) * c.in)], &w[i * static_cast<size_t>(c.in)], c.in);
        float from_h = product(&h[static_cast<size_t>(b * c.units)], &r[i * static_cast<size_t>(c.units)], c.units);
        if (c.bias) from_x = from_x + bw[i], from_h = from_h + br[i];
        z.push_back(from_x + from_h);
      }
      for (int64_t u = 0; u < c.units; ++u) {
        const auto gate = [&](int64_t g) { return z[static_cast<size_t>(g * c.units + u)]; };
        float& state = cell[static_cast<size_t>(b * c.units + u)];
        const float kept = math::sigmoid(gate(1)) * state, taken = math::sigmoid(gate(0)) * math::tanh(gate(2));
        state = kept + taken;
        const float out = math::sigmoid(gate(3)) * math::tanh(state);
        h[static_cast<size_t>(b * c.units + u)] = out;  // of this row alone, whose product is done
        y[static_cast<size_t>((b * c.steps + t) * c.units + u)] = out;
      }
    }
  }
  return y;
}

TEST(Lstm, EqualsThePlainLoop) {
  for (const Case& c : cases()) {
    for (bool specials : {false, true}) {
      const Inputs in = inputs(c, specials);
      EXPECT_TRUE(all_same_bits(lstm(in.x, in.w, in.initial).output.to_vector<float>(), plain_lstm(c, in)))
          << name_of(c);
    }
  }
}

void expect_same(const Gradients& g, const std::vector<Tensor>& watched, const std::array<Tensor, 7>& want) {
  for (size_t i = 0; i < want.size(); ++i) {
    if (!watched[i].defined()) continue;
    EXPECT_TRUE(all_same_bits(g[watched[i]].to_vector<float>(), want[i].to_vector<float>())) << i;
  }
}

TEST(Lstm, ForwardAndGradientsEqualTheComposition) {
  for (const Case& c : cases()) {
    for (bool specials : {false, true}) {
      SCOPED_TRACE(name_of(c) + (specials ? ", specials" : ""));
      const Inputs in = inputs(c, specials);
      const LstmResult value = composed::lstm(in.x, in.w, in.initial);
      const auto of_output = composed::lstm_gradient(in.g, {}, in.x, in.w, in.initial);
      const auto of_cell = composed::lstm_gradient({}, in.g_cell, in.x, in.w, in.initial);
      testing::on_all_machines([&] {
        std::vector<Tensor> v = in.all();
        for (Tensor& x : v) x = x.defined() ? watch(x) : x;
        const LstmResult r = lstm(v[0], {v[1], v[2], v[3], v[4]}, {v[5], v[6]});
        EXPECT_TRUE(all_same_bits(r.output.to_vector<float>(), value.output.to_vector<float>()));
        EXPECT_TRUE(all_same_bits(r.last.hidden.to_vector<float>(), value.last.hidden.to_vector<float>()));
        EXPECT_TRUE(all_same_bits(r.last.cell.to_vector<float>(), value.last.cell.to_vector<float>()));
        expect_same(backward(sum(r.output * in.g), {.keep = true}), v, of_output);
        expect_same(backward(sum(r.last.cell * in.g_cell)), v, of_cell);
      });
    }
  }
}

// From 0 steps to all.
Tensor some_lengths(const Case& c) {
  std::vector<int64_t> n;
  for (int64_t b = 0; b < c.batch; ++b) n.push_back((b * 3 + c.steps) % (c.steps + 1));
  return Tensor::from(n);
}

TEST(Lstm, WithLengthsEqualsTheComposition) {
  for (const Case& c : cases()) {
    for (bool specials : {false, true}) {
      SCOPED_TRACE(name_of(c) + (specials ? ", specials" : ""));
      const Inputs in = inputs(c, specials);
      const Tensor n = some_lengths(c);
      const LstmResult value = composed::lstm(in.x, in.w, in.initial, n);
      const auto of_output = composed::lstm_gradient(in.g, {}, in.x, in.w, in.initial, n);
      const auto of_cell = composed::lstm_gradient({}, in.g_cell, in.x, in.w, in.initial, n);
      testing::on_all_machines([&] {
        std::vector<Tensor> v = in.all();
        for (Tensor& x : v) x = x.defined() ? watch(x) : x;
        const LstmResult r = lstm(v[0], {v[1], v[2], v[3], v[4]}, {v[5], v[6]}, n);
        EXPECT_TRUE(all_same_bits(r.output.to_vector<float>(), value.output.to_vector<float>()));
        EXPECT_TRUE(all_same_bits(r.last.hidden.to_vector<float>(), value.last.hidden.to_vector<float>()));
        EXPECT_TRUE(all_same_bits(r.last.cell.to_vector<float>(), value.last.cell.to_vector<float>()));
        expect_same(backward(sum(r.output * in.g), {.keep = true}), v, of_output);
        expect_same(backward(sum(r.last.cell * in.g_cell)), v, of_cell);
      });
    }
  }
}

TEST(Lstm, TakesLengthsThatAreAView) {
  const Inputs in = inputs({2, 3, 4, 5}, false);
  EXPECT_EQ(lstm(in.x, in.w, {}, Tensor::from<int64_t>({2}).expand({2})).output.to_vector<float>(),
            lstm(in.x, in.w, {}, Tensor::from<int64_t>({2, 2})).output.to_vector<float>());
}

TEST(Lstm, GivesGradientsWhereTheyAreAskedFor) {
  const Inputs in = inputs({4, 6, 5, 19}, false);
  const auto want = composed::lstm_gradient(in.g, {}, in.x, in.w, in.initial);
  for (size_t asked = 0; asked < want.size(); ++asked) {
    std::vector<Tensor> v = in.all();
    v[asked] = watch(v[asked]);
    const Tensor y = lstm(v[0], {v[1], v[2], v[3], v[4]}, {v[5], v[6]}).output;
    EXPECT_TRUE(all_same_bits(backward(sum(y * in.g))[v[asked]].to_vector<float>(), want[asked].to_vector<float>()))
        << asked;
  }
}

TEST(Lstm, StartsFromZeroUnlessTold) {
  const Inputs in = inputs({3, 4, 5, 6}, false);
  const Tensor none = zeros({3, 6});
  EXPECT_EQ(lstm(in.x, in.w).output.to_vector<float>(), lstm(in.x, in.w, {none, none}).output.to_vector<float>());
  EXPECT_EQ(lstm(in.x, in.w, {in.initial.hidden, {}}).output.to_vector<float>(),
            lstm(in.x, in.w, {in.initial.hidden, none}).output.to_vector<float>());
}

TEST(Lstm, GoesOnFromItsLastState) {
  const Inputs in = inputs({3, 10, 5, 20}, false);
  const LstmResult whole = lstm(in.x, in.w, in.initial), first = lstm(in.x.slice(1, 0, 4), in.w, in.initial);
  const LstmResult second = lstm(in.x.slice(1, 4, 10), in.w, first.last);
  EXPECT_EQ(concatenate({first.output, second.output}, 1).to_vector<float>(), whole.output.to_vector<float>());
  EXPECT_EQ(second.last.cell.to_vector<float>(), whole.last.cell.to_vector<float>());
}

TEST(Lstm, ARowDoesNotDependOnItsBatch) {
  const Inputs in = inputs({9, 6, 5, 20}, false);
  const auto row = [](const Tensor& x) { return x.slice(0, 4, 5); };
  EXPECT_EQ(lstm(row(in.x), in.w, {row(in.initial.hidden), row(in.initial.cell)}).output.to_vector<float>(),
            row(lstm(in.x, in.w, in.initial).output).to_vector<float>());
}

TEST(Lstm, RefusesShapesThatDoNotFit) {
  const Inputs in = inputs({2, 3, 4, 5}, false);
  EXPECT_THROW(lstm(zeros({2, 3, 5}), in.w), UsageError);
  EXPECT_THROW(lstm(zeros({2, 0, 4}), in.w), UsageError);
  EXPECT_THROW(lstm(in.x, {in.w.input, zeros({20, 4}), {}, {}}), UsageError);
  EXPECT_THROW(lstm(in.x, {in.w.input, in.w.recurrent, zeros({5}), {}}), UsageError);
  EXPECT_THROW(lstm(in.x, in.w, {zeros({3, 5}), {}}), UsageError);
  EXPECT_THROW(lstm(in.x, in.w, {}, Tensor::from<int64_t>({3, 4})), DataError);
  EXPECT_THROW(lstm(in.x, in.w, {}, Tensor::from<int64_t>({4}).expand({2})), DataError);
  EXPECT_EQ(lstm(zeros({0, 3, 4}), in.w).output.shape(), Shape({0, 3, 5}));
}

}  // namespace
}  // namespace stet
