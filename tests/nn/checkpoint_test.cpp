// Checkpoints: the bits of what they stand for.
#include "stet/tensor/checkpoint.h"

#include <gtest/gtest.h>

#include "stet/nn/conv.h"
#include "stet/nn/dropout.h"
#include "stet/nn/linear.h"
#include "stet/nn/norm.h"
#include "stet/nn/transformer.h"
#include "stet/nn/weight_norm.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

const Rng rng(1, "net");

Tensor input(const Shape& shape) {
  Stream draws(Rng(2, "x"));
  return normal(draws, shape);
}

// A result, and the gradients of x and of all parameters.
std::vector<std::vector<float>> bits(const Tensor& y, const Tensor& x, Stateful& net) {
  const Gradients g = backward(sum(y * input(y.shape())));
  std::vector<std::vector<float>> all = {y.to_vector<float>(), g[x].to_vector<float>()};
  for (const Gradients::Entry& e : g.entries()) all.push_back(e.value.to_vector<float>());
  EXPECT_GE(g.entries().size(), parameters(net).size());
  return all;
}

TEST(Checkpoint, HasTheBitsOfTheLayerWithDropout) {
  const auto run = [](bool saves) {
    nn::TransformerEncoder net(8, 2, 3, rng, {.feedforward = 16, .dropout = 0.3});
    const Tensor x = watch(input({2, 5, 8}));
    Tensor y = x * 2;
    for (nn::TransformerEncoderLayer& layer : net.layers) {
      y = saves ? checkpoint([&](const Tensor& z) { return layer(z); }, y) : layer(y);
    }
    // Streams stand where they would stand.
    return bits(net.layers[0](y) + x, x, net);
  };
  EXPECT_EQ(run(true), run(false));
}

// x, y and the weight are met several times, within and without.
TEST(Checkpoint, ContributionsComeOneByOne) {
  const auto run = [](bool saves) {
    nn::Linear net(7, 7, rng);
    nn::Dropout drop(0.2, rng / "drop");
    const Tensor x = watch(input({9, 7}));
    const auto part = [&](const Tensor& a, const Tensor& b) {
      const Tensor y = tanh(net(a)) * b + a / 3.0;
      return net(drop(y)) + b * a + net(y);
    };
    const auto whole = [&](const Tensor& a) {
      const Tensor z = net(a) + a;
      return saves ? checkpoint(part, z, a) * z : part(z, a) * z;
    };
    const Tensor first = net(x) * 0.1;
    const Tensor y = saves ? checkpoint(whole, first) : whole(first);
    return bits(y + net(first) * x + net(x), x, net);
  };
  EXPECT_EQ(run(true), run(false));
}

TEST(Checkpoint, StatisticsMoveOnce) {
  const auto run = [](bool saves) {
    nn::BatchNorm2d norm(3);
    const Tensor x = watch(input({4, 3, 2, 2}));
    const Tensor y = saves ? checkpoint(norm, x) : norm(x);
    auto all = bits(y, x, norm);
    all.push_back(norm.running_mean.value().to_vector<float>());
    all.push_back(norm.running_var.value().to_vector<float>());
    EXPECT_EQ(norm.batches_tracked, 1);
    return all;
  };
  EXPECT_EQ(run(true), run(false));
}

// A critic sees real and fake before backward: the second call has moved the vectors of the first.
TEST(Checkpoint, SpectralNormDividesByWhatItDividedBy) {
  const auto run = [](bool saves) {
    nn::SpectralNorm critic(nn::Linear(7, 3, rng), rng / "state");
    const Tensor x = watch(input({4, 7}));
    const auto call = [&](const Tensor& z) { return saves ? checkpoint(critic, z) : critic(z); };
    const auto both = [&](const Tensor& z) { return call(z) - tanh(call(z * 2)); };
    const Tensor within = saves ? checkpoint(both, x) : both(x);
    const Tensor y = within + call(x);
    auto all = bits(y, x, critic);
    all.push_back(critic.state.u.value().to_vector<float>());
    all.push_back(critic.state.v.value().to_vector<float>());
    return all;
  };
  EXPECT_EQ(run(true), run(false));
}

TEST(Checkpoint, KeepsNothingOfItsInsides) {
  const Tensor x = watch(input({4}));
  std::weak_ptr<Node> inside;
  int runs = 0;
  const auto f = [&](const Tensor& a) {
    ++runs;
    const Tensor y = exp(a);
    inside = y.node();
    return y * y;
  };
  const Tensor loss = sum(checkpoint(f, x));
  EXPECT_TRUE(inside.expired());
  const auto want = backward(loss, {.keep = true})[x].to_vector<float>();
  EXPECT_EQ(backward(loss)[x].to_vector<float>(), want);
  EXPECT_EQ(runs, 3);
  EXPECT_THROW(backward(loss), UsageError);
  const NoGrad no_grad;
  EXPECT_FALSE(checkpoint(f, x).has_gradient());
}

TEST(Checkpoint, LeavesOutWhatNobodyAsksFor) {
  nn::Linear before(3, 3, rng / "before"), within(3, 3, rng / "within");
  int runs = 0;
  const auto f = [&](const Tensor& a) {
    ++runs;
    return within(a);
  };
  const Tensor loss = sum(checkpoint(f, before(input({2, 3}))) + before(input({2, 3})));
  EXPECT_TRUE(backward(loss, within, {.keep = true}).contains(within.weight));
  EXPECT_FALSE(backward(loss, within, {.keep = true}).contains(before.weight));
  const Tensor other = sum(checkpoint(f, input({2, 3})) + before(input({2, 3})));
  runs = 0;
  backward(other, before);
  EXPECT_EQ(runs, 0);
}

TEST(Checkpoint, SaysWhatItCannotDo) {
  const Tensor x = watch(input({4}));
  const Tensor loss = sum(checkpoint([](const Tensor& a) { return exp(a); }, x));
  EXPECT_THROW(backward(loss, {.graph = true}), UsageError);
  int runs = 0;
  const auto other = [&](const Tensor& a) { return ++runs == 1 ? exp(a) : exp(a) * a; };
  const Tensor changed = sum(checkpoint(other, x));
  EXPECT_THROW(backward(changed), UsageError);
  // What has no gradient passes.
  EXPECT_FALSE(checkpoint([](const Tensor& a) { return exp(a); }, input({2})).has_gradient());
  EXPECT_EQ(checkpoint([](const Tensor& a) { return a; }, x).node(), x.node());
}

}  // namespace
}  // namespace stet
