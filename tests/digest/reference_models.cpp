// The first twenty steps of the reference models, with the optimizers that they are measured with.
#include "models/char_gpt.h"
#include "models/char_lstm.h"
#include "models/cnn.h"
#include "models/mlp.h"
#include "models/resnet20.h"
#include "training.h"

namespace stet::digests {
namespace {

void train_mlp(Trace& trace) {
  models::Mlp net(0.2, Rng(1, "mlp"));
  to(net, device());
  optim::SGD optimizer(net, {.lr = 0.1, .momentum = 0.9});
  train(trace, net, optimizer, [](uint32_t step) { return images(step, 128, 1, 28); });
}

void train_cnn(Trace& trace) {
  models::Cnn net(0.5, Rng(1, "cnn"));
  to(net, device());
  optim::Adam optimizer(net);
  train(trace, net, optimizer, [](uint32_t step) { return images(step, 64, 1, 28); });
}

void train_resnet20(Trace& trace) {
  models::ResNet20 net(Rng(1, "resnet20"));
  to(net, device());
  optim::SGD optimizer(net, {.lr = 0.1, .momentum = 0.9, .weight_decay = 1e-4});
  train(trace, net, optimizer, [](uint32_t step) { return images(step, 64, 3, 32); });
}

void train_char_gpt(Trace& trace) {
  const models::GptShape shape;
  models::CharGpt net(shape, Rng(1, "char_gpt"));
  to(net, device());
  optim::AdamW optimizer(net, {.lr = 1e-3, .beta2 = 0.99, .weight_decay = 0.1});
  train(
      trace, net, optimizer, [&](uint32_t step) { return text(step, 12, shape.block, shape.vocabulary); }, 1.0);
}

void train_char_lstm(Trace& trace) {
  models::CharLstm net(65, 128, Rng(1, "char_lstm"));
  to(net, device());
  optim::Adam optimizer(net);
  train(trace, net, optimizer, [](uint32_t step) { return one_hot_text(step, 32, 64, 65); });
}

}  // namespace

void add_models(Cases& cases) {
  cases.push_back({"model.mlp", train_mlp});
  cases.push_back({"model.cnn", train_cnn});
  cases.push_back({"model.resnet20", train_resnet20});
  cases.push_back({"model.char_gpt", train_char_gpt});
  cases.push_back({"model.char_lstm", train_char_lstm});
}

}  // namespace stet::digests
