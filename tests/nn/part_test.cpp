// Parts of a net: what they name, that the rest is left alone, and modules that only compute.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stet/nn/dropout.h"
#include "stet/nn/linear.h"
#include "stet/nn/norm.h"
#include "stet/nn/part.h"
#include "stet/nn/sequential.h"
#include "stet/optim/sgd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Rng rng(1, "net");

struct Net : nn::Module {
  Net()
      : body(nn::Linear(3, 4, rng / "body"), nn::Dropout(0.5, rng / "drop")),
        norm(4),
        head(4, 2, rng / "head"),
        again(4, 2, rng / "again", {.bias = false}) {
    tie(head.weight, again.weight);
  }
  void members(Visitor& v) override { v("body", body)("norm", norm)("head", head)("again", again); }
  nn::Sequential body;
  nn::BatchNorm2d norm;
  nn::Linear head, again;
};

struct Names : Visitor {
  explicit Names(Stateful& s) { s.members(*this); }
  void on_parameter(const std::string& path, Parameter&) override { found.push_back(path); }
  void on_buffer(const std::string& path, Buffer&) override { found.push_back(path); }
  void on_state(const std::string& path, ScalarRef) override { found.push_back(path); }
  std::vector<std::string> found;
};

std::vector<std::string> names(nn::Part part) { return Names(part).found; }

TEST(Part, NamesWhatMatches) {
  Net net;
  EXPECT_THAT(names(nn::part(net, {"head/*"})), ElementsAre("head/weight", "head/bias"));
  EXPECT_THAT(names(nn::part(net, {"norm/b*", "body/*/weight"})),
              ElementsAre("body/0/weight", "norm/bias", "norm/batches_tracked"));
  EXPECT_THAT(names(nn::part(net, {"again/*"})), ElementsAre("again/weight"));
  EXPECT_THAT(names(nn::part(net, {"head/*", "again/*"})), ElementsAre("head/weight", "head/bias"));
  EXPECT_EQ(names(nn::part(net, {"*"})), Names(net).found);
  EXPECT_EQ(nn::part(net, {"head/*"}).describe(), "part head/*");
  try {
    names(nn::part(net, {"head/*", "heads/*"}));
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'heads/*' matches nothing; names are as in body/0/weight"));
  }
}

TEST(Part, IsTrainedAndTheRestIsFrozen) {
  Net net;
  auto head = nn::part(net, {"head/*"});
  optim::SGD opt(head, {.lr = 0.5});
  const auto body = net.body.get<nn::Linear>(0).weight.value().to_vector<float>();
  const auto before = net.head.weight.value().to_vector<float>();
  const Gradients g = backward(sum(square(net.head(net.body(ones({2, 3}))))), head);
  EXPECT_EQ(g.entries().size(), 2u);
  opt.step(g);
  EXPECT_NE(net.head.weight.value().to_vector<float>(), before);
  EXPECT_EQ(net.body.get<nn::Linear>(0).weight.value().to_vector<float>(), body);
}

TEST(Frozen, EvaluatesWithoutATape) {
  Net net;
  const Tensor x = ones({2, 3});
  const Tensor features = nn::frozen(net.body)(x);
  EXPECT_FALSE(features.has_gradient());
  EXPECT_EQ(features.to_vector<float>(), nn::frozen(net.body.get<nn::Linear>(0))(x).to_vector<float>());  // no dropout
  EXPECT_TRUE(training());
  nn::frozen(net.norm)(ones({2, 4, 1, 1}));
  EXPECT_EQ(net.norm.batches_tracked, 0);
  EXPECT_EQ(backward(sum(net.head(features))).entries().size(), 2u);
}

}  // namespace
}  // namespace stet
