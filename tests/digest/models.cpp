// Twenty steps of small networks.
#include "models/char_gpt.h"
#include "models/char_lstm.h"
#include "models/resnet20.h"
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
  to(net, device());
  optim::SGD optimizer(net, {.lr = 0.1, .momentum = 0.9});
  train(trace, net, optimizer, [](uint32_t step) { return images(step, 33, 1, 8); });
}

void train_small_cnn(Trace& trace) {
  const Rng rng(1, "cnn");
  nn::Sequential net(nn::Conv2d(1, 8, 3, rng / 0), relu, nn::Conv2d(8, 17, 3, rng / 1), relu, nn::MaxPool2d(2),
                     nn::Dropout(0.25, rng / "drop"), nn::Flatten(), nn::Linear(425, 32, rng / 2), relu,
                     nn::Linear(32, 10, rng / 3));
  to(net, device());
  optim::Adam optimizer(net);
  train(trace, net, optimizer, [](uint32_t step) { return images(step, 9, 1, 14); });
}

void train_small_resnet20(Trace& trace) {
  models::ResNet20 net(Rng(1, "resnet20"));
  to(net, device());
  optim::SGD optimizer(net, {.lr = 0.1, .momentum = 0.9, .weight_decay = 1e-4});
  train(trace, net, optimizer, [](uint32_t step) { return images(step, 2, 3, 8); });
}

void train_small_char_gpt(Trace& trace) {
  const models::GptShape shape{.vocabulary = 17, .block = 19, .width = 36, .heads = 3, .layers = 2};
  models::CharGpt net(shape, Rng(1, "char_gpt"));
  to(net, device());
  optim::AdamW optimizer(net, {.lr = 1e-2, .beta2 = 0.99, .weight_decay = 0.1});
  train(
      trace, net, optimizer, [&](uint32_t step) { return text(step, 3, shape.block, shape.vocabulary); }, 1.0);
}

void train_small_char_lstm(Trace& trace) {
  models::CharLstm net(17, 25, Rng(1, "char_lstm"));
  to(net, device());
  optim::Adam optimizer(net, {.lr = 1e-2});
  train(trace, net, optimizer, [](uint32_t step) { return one_hot_text(step, 5, 9, 17); });
}

}  // namespace

void add_small_models(Cases& cases) {
  cases.push_back({"model.small_mlp", train_small_mlp});
  cases.push_back({"model.small_cnn", train_small_cnn});
  cases.push_back({"model.small_resnet20", train_small_resnet20});
  cases.push_back({"model.small_char_gpt", train_small_char_gpt});
  cases.push_back({"model.small_char_lstm", train_small_char_lstm});
}

}  // namespace stet::digests
