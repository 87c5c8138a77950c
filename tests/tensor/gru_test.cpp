// GRU's kernels against a plain loop and against the public ops that define them.
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
  bool bias = true, lengths = false;
};

// Odd extents, more than one chunk of the recurrent product, forward (over the units) and back (over the gates).
const std::vector<Case>& cases() {
  static const std::vector<Case> all = {{1, 1, 1, 1},
                                        {2, 31, 3, 7},
                                        {32, 5, 65, 128},
                                        {33, 4, 5, 33, false},
                                        {7, 9, 2, 17, true, true},
                                        {40, 3, 4, 24, false, true},
                                        {3, 2, 5, 530}};
  return all;
}

std::string name_of(const Case& c) {
  return fmt::format("batch {}, {} steps, {} to {}{}", c.batch, c.steps, c.in, c.units, c.lengths ? ", lengths" : "");
}

struct Inputs {
  Tensor x;
  RecurrentWeights w;
  Tensor initial, g, lengths;

  std::vector<Tensor> all() const { return {x, w.input, w.recurrent, w.input_bias, w.recurrent_bias, initial}; }
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
  in.w = {draw({3 * c.units, c.in}, small, false), draw({3 * c.units, c.units}, small, false), {}, {}};
  if (c.bias)
    in.w.input_bias = draw({3 * c.units}, small, false), in.w.recurrent_bias = draw({3 * c.units}, small, false);
  in.initial = draw({c.batch, c.units}, 1, specials);
  in.g = draw({c.batch, c.steps, c.units}, 1, specials);
  if (c.lengths) {
    std::vector<int64_t> n;
    for (int64_t b = 0; b < c.batch; ++b) n.push_back((b * 3 + c.steps) % (c.steps + 1));
    in.lengths = Tensor::from(n);
  }
  return in;
}

float product(const float* a, const float* b, int64_t n) {
  float total = 0;
  for (int64_t k = 0; k < n; k += contract::kProductChunk) {
    float chain = 0;
    for (int64_t i = k; i < std::min(n, k + contract::kProductChunk); ++i) chain = std::fma(a[i], b[i], chain);
    total = total + chain;
  }
  return total;
}

// docs/numerics.md, one element after another: [B, T, H].
std::vector<float> plain_gru(const Case& c, const Inputs& in) {
  const auto x = in.x.to_vector<float>(), w = in.w.input.to_vector<float>(), r = in.w.recurrent.to_vector<float>();
  const auto bw = c.bias ? in.w.input_bias.to_vector<float>() : std::vector<float>(),
             br = c.bias ? in.w.recurrent_bias.to_vector<float>() : std::vector<float>();
  auto h = in.initial.to_vector<float>();
  std::vector<float> y(static_cast<size_t>(c.batch * c.steps * c.units));
  for (int64_t b = 0; b < c.batch; ++b) {
    const int64_t steps = c.lengths ? in.lengths.to_vector<int64_t>()[static_cast<size_t>(b)] : c.steps;
    for (int64_t t = 0; t < steps; ++t) {
      std::vector<float> a, u;
      for (int64_t g = 0; g < 3 * c.units; ++g) {
        const auto i = static_cast<size_t>(g);
        a.push_back(
            product(&x[static_cast<size_t>((b * c.steps + t) * c.in)], &w[i * static_cast<size_t>(c.in)], c.in));
        u.push_back(product(&h[static_cast<size_t>(b * c.units)], &r[i * static_cast<size_t>(c.units)], c.units));
        if (c.bias) a[i] = a[i] + bw[i], u[i] = u[i] + br[i];
      }
      for (int64_t unit = 0; unit < c.units; ++unit) {
        const auto i = static_cast<size_t>(unit), of_gate = static_cast<size_t>(c.units);
        const float reset = math::sigmoid(a[i] + u[i]), update = math::sigmoid(a[i + of_gate] + u[i + of_gate]);
        const float from_state = reset * u[i + 2 * of_gate], candidate = math::tanh(a[i + 2 * of_gate] + from_state);
        float& state = h[static_cast<size_t>(b * c.units + unit)];
        const float taken = (1 - update) * candidate, kept = update * state;
        state = taken + kept;
        y[static_cast<size_t>((b * c.steps + t) * c.units + unit)] = state;
      }
    }
  }
  return y;
}

TEST(Gru, EqualsThePlainLoop) {
  for (const Case& c : cases()) {
    for (bool specials : {false, true}) {
      const Inputs in = inputs(c, specials);
      EXPECT_TRUE(all_same_bits(gru(in.x, in.w, in.initial, in.lengths).output.to_vector<float>(), plain_gru(c, in)))
          << name_of(c);
    }
  }
}

void expect_same(const Gradients& g, const std::vector<Tensor>& watched, const std::array<Tensor, 6>& want) {
  for (size_t i = 0; i < want.size(); ++i) {
    if (!watched[i].defined()) continue;
    EXPECT_TRUE(all_same_bits(g[watched[i]].to_vector<float>(), want[i].to_vector<float>())) << i;
  }
}

TEST(Gru, ForwardAndGradientsEqualTheComposition) {
  for (const Case& c : cases()) {
    for (bool specials : {false, true}) {
      SCOPED_TRACE(name_of(c) + (specials ? ", specials" : ""));
      const Inputs in = inputs(c, specials);
      const Tensor value = composed::gru(in.x, in.w, in.initial, in.lengths);
      const auto gradients = composed::gru_gradient(in.g, in.x, in.w, in.initial, in.lengths);
      testing::on_all_machines([&] {
        std::vector<Tensor> v = in.all();
        for (Tensor& x : v) x = x.defined() ? watch(x) : x;
        const RecurrentResult r = gru(v[0], {v[1], v[2], v[3], v[4]}, v[5], in.lengths);
        EXPECT_TRUE(all_same_bits(r.output.to_vector<float>(), value.to_vector<float>()));
        expect_same(backward(sum(r.output * in.g)), v, gradients);
      });
    }
  }
}

TEST(Gru, GivesGradientsWhereTheyAreAskedFor) {
  const Inputs in = inputs({4, 6, 5, 19}, false);
  const auto want = composed::gru_gradient(in.g, in.x, in.w, in.initial);
  for (size_t asked = 0; asked < want.size(); ++asked) {
    std::vector<Tensor> v = in.all();
    v[asked] = watch(v[asked]);
    const Tensor y = gru(v[0], {v[1], v[2], v[3], v[4]}, v[5]).output;
    EXPECT_TRUE(all_same_bits(backward(sum(y * in.g))[v[asked]].to_vector<float>(), want[asked].to_vector<float>()))
        << asked;
  }
}

TEST(Gru, RefusesShapesThatDoNotFit) {
  const Inputs in = inputs({3, 4, 5, 6}, false);
  EXPECT_THROW(gru(in.x, {in.w.input, zeros({18, 5}), {}, {}}), UsageError);
  EXPECT_THROW(gru(in.x, {zeros({18, 4}), in.w.recurrent, {}, {}}), UsageError);
  EXPECT_THROW(gru(in.x, {in.w.input, in.w.recurrent, zeros({6}), {}}), UsageError);
  EXPECT_THROW(gru(in.x, in.w, zeros({3, 5})), UsageError);
  EXPECT_THROW(gru(in.x, in.w, {}, zeros({3})), UsageError);
  EXPECT_THROW(gru(in.x, in.w, {}, Tensor::from<int64_t>({1, 5, 2})), DataError);
  EXPECT_THROW(rnn(in.x, in.w), UsageError);
}

}  // namespace
}  // namespace stet
