// A steady training step asks the system for no memory.
#include <gtest/gtest.h>

#include "stet/nn/conv.h"
#include "stet/nn/dropout.h"
#include "stet/nn/linear.h"
#include "stet/nn/loss.h"
#include "stet/optim/adam.h"
#include "stet/optim/clip.h"
#include "stet/optim/sgd.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/storage.h"

namespace stet {
namespace {

struct Mlp : nn::Module {
  nn::Linear in, out;
  nn::Dropout drop;
  Mlp() : in(40, 64, Rng(1) / "in"), out(64, 10, Rng(1) / "out"), drop(0.2, Rng(1) / "drop") {}
  Tensor operator()(const Tensor& x) { return out(drop(relu(in(x)))); }
  void members(Visitor& v) override { v("in", in)("out", out)("drop", drop); }
};

struct Cnn : nn::Module {
  nn::Conv2d conv;
  nn::Linear out;
  Cnn() : conv(1, 8, {3, 3}, Rng(2) / "conv"), out(8 * 9, 10, Rng(2) / "out") {}
  Tensor operator()(const Tensor& x) { return out(max_pool2d(relu(conv(x)), {2, 2}).flatten(1)); }
  void members(Visitor& v) override { v("conv", conv)("out", out); }
};

template <class Net, class Optimizer>
void expect_no_allocations(Net& net, Optimizer& optimizer, const Tensor& x, const Tensor& y) {
  int64_t before = 0;
  for (int step = 0; step < 6; ++step) {
    if (step == 3) before = memory_stats().system_allocations;
    Gradients g = backward(nn::cross_entropy(net(x), y));
    optim::clip_norm(g, net, 1);
    optimizer.step(g);
  }
  EXPECT_EQ(memory_stats().system_allocations, before);
}

TEST(SteadyStep, OfAnMlpAllocatesNothing) {
  Mlp net;
  optim::SGD optimizer(net, {.lr = 0.1, .momentum = 0.9});
  expect_no_allocations(net, optimizer, ones({16, 40}), zeros({16}, DType::int64));
}

TEST(SteadyStep, OfACnnAllocatesNothing) {
  Cnn net;
  optim::AdamW optimizer(net);
  expect_no_allocations(net, optimizer, ones({4, 1, 8, 8}), zeros({4}, DType::int64));
}

}  // namespace
}  // namespace stet
