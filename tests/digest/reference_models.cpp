// The first twenty steps of the reference models, with the optimizers that they are measured with.
#include "models/cnn.h"
#include "models/mlp.h"
#include "training.h"

namespace stet::digests {
namespace {

void train_mlp(Trace& trace) {
  models::Mlp net(0.2, Rng(1, "mlp"));
  optim::SGD optimizer(net, {.lr = 0.1, .momentum = 0.9});
  train(trace, net, optimizer, [](uint32_t step) { return images(step, 128, 1, 28); });
}

void train_cnn(Trace& trace) {
  models::Cnn net(0.5, Rng(1, "cnn"));
  optim::Adam optimizer(net);
  train(trace, net, optimizer, [](uint32_t step) { return images(step, 64, 1, 28); });
}

}  // namespace

void add_models(Cases& cases) {
  cases.push_back({"model.mlp", train_mlp});
  cases.push_back({"model.cnn", train_cnn});
}

}  // namespace stet::digests
