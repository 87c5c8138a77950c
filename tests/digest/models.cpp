// Twenty steps of small networks.
#include "stet/nn/conv.h"
#include "stet/nn/dropout.h"
#include "stet/nn/flatten.h"
#include "stet/nn/linear.h"
#include "stet/nn/pool.h"
#include "stet/nn/sequential.h"
#include "stet/optim/adam.h"
#include "stet/optim/sgd.h"
#include "training.h"

namespace stet::digests {
namespace {

void train_small_mlp(Trace& trace) {
  const Rng rng(1, "mlp");
  nn::Sequential net(nn::Flatten(), nn::Linear(64, 48, rng / 0), relu, nn::Dropout(0.2, rng / "drop"),
                     nn::Linear(48, 33, rng / 1), relu, nn::Linear(33, 10, rng / 2));
  optim::SGD optimizer(net, {.lr = 0.1, .momentum = 0.9});
  train(trace, net, optimizer, [](uint32_t step) { return images(step, 33, 1, 8); });
}

void train_small_cnn(Trace& trace) {
  const Rng rng(1, "cnn");
  nn::Sequential net(nn::Conv2d(1, 8, 3, rng / 0), relu, nn::Conv2d(8, 17, 3, rng / 1), relu, nn::MaxPool2d(2),
                     nn::Dropout(0.25, rng / "drop"), nn::Flatten(), nn::Linear(425, 32, rng / 2), relu,
                     nn::Linear(32, 10, rng / 3));
  optim::Adam optimizer(net);
  train(trace, net, optimizer, [](uint32_t step) { return images(step, 9, 1, 14); });
}

}  // namespace

void add_small_models(Cases& cases) {
  cases.push_back({"model.small_mlp", train_small_mlp});
  cases.push_back({"model.small_cnn", train_small_cnn});
}

}  // namespace stet::digests
