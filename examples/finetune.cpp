// Fine-tuning: a network that was trained on many digits 0 to 4 learns 5 to 9 from few.
//
//   finetune --save base.safetensors       # the network to begin with
//   finetune --weights base.safetensors    # with a new head: that alone at first, then all, at two rates
//   finetune                               # the same from nothing, to compare
//
// The weights are a safetensors file, which PyTorch reads as well.
#include <iostream>

#include "stet/stet.h"

using namespace stet;

namespace {

/// x [N, 1, 28, 28] to logits [N, 5].
struct Net : nn::Module {
  nn::Sequential body;
  nn::Linear head;

  explicit Net(const Rng& rng)
      : body(nn::Conv2d(1, 16, 3, rng / 0, {.stride = 2, .activation = Activation::relu}),
             nn::Conv2d(16, 32, 3, rng / 1, {.stride = 2, .activation = Activation::relu}), nn::Flatten(),
             nn::Linear(1152, 64, rng / 2, {.activation = Activation::relu})),
        head(64, 5, rng / "head") {}
  Tensor operator()(const Tensor& x) { return head(body(x)); }
  void members(Visitor& v) override { v("body", body)("head", head); }
};

// The images of five digits, labelled 0 to 4.
template <class Images> auto digits_from(const Images& images, int64_t first) {
  std::vector<int64_t> chosen;
  const std::vector<int64_t> labels = images.labels().template to_vector<int64_t>();
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= first && labels[i] < first + 5) chosen.push_back(static_cast<int64_t>(i));
  }
  return data::map(data::subset(images, chosen),
                   [first](const Tensor& x, const Tensor& y) { return std::tuple(x, y - first); });
}

}  // namespace

int main(int argc, char** argv) {
  Run run(argc, argv, "finetune");
  const auto folder = run.path("data", "", {.help = "folder of MNIST's files; none: digits that the program draws"});
  const auto weights = run.path("weights", "", {.help = "a safetensors file to begin with; none: random ones"});
  const auto saved = run.path("save", "", {.help = "train on the digits 0 to 4, and write the weights here"});
  const auto few = run.param("few", 30, {.above = 9, .help = "images of 5 to 9 that are learned from"});
  const auto head_epochs = run.param("head-epochs", 12, {.above = 0, .help = "passes that train the new head alone"});
  const auto epochs = run.param("epochs", 12, {.above = 0, .help = "passes that train all"});
  const auto batch = run.param("batch", 10, {.above = 0, .help = "images a step"});
  const auto head_lr = run.param("head-lr", 1e-2, {.above = 0, .help = "learning rate of the new head alone"});
  const auto lr = run.param("lr", 2e-3, {.above = 0, .help = "learning rate of all; loaded layers have a third"});
  const Rng rng = run.rng();

  const auto images = folder.empty() ? data::digits() : data::mnist(folder);
  auto [train, test] = data::split(digits_from(images, saved.empty() ? 5 : 0), {0.8, 0.2}, rng / "split");
  std::vector<int64_t> chosen = permutation(rng / "few", train.size());
  if (saved.empty()) chosen.resize(static_cast<size_t>(std::min<int64_t>(few, train.size())));
  data::Loader loader(data::subset(train, chosen),
                      {.batch = batch, .shuffle = rng / "shuffle", .device = run.device()});

  Net net(rng / "net");
  if (!weights.empty()) std::cout << nn::load(net, weights, {.ignore = {"head.*"}, .partial = true}).summary() << "\n";
  to(net, run.device());
  auto head = nn::part(net, {"head/*"});
  optim::AdamW head_opt(head, {.lr = head_lr});
  optim::AdamW opt(net, {.lr = lr}, weights.empty() ? optim::Groups{} : optim::Groups{{"body/*", {.lr = lr / 3}}});
  Kept<double> accuracy(run, "accuracy", 0.0);
  const auto judge = [&, &test = test](auto epoch) {  // clang 14 captures no name of a pair by itself
    accuracy = data::evaluate(nn::accuracy(net), test, {.device = run.device()});
    run.log("test/accuracy", accuracy);
    std::cout << "epoch " << epoch + 1 << ": test accuracy " << accuracy * 100 << " %\n";
  };

  run.track("net", net)("head-opt", head_opt)("opt", opt)("loader", loader);
  if (!weights.empty()) {
    for (auto epoch : run.epochs(head_epochs)) {
      for (auto [x, y] : run.steps(loader)) {
        const Tensor loss = nn::cross_entropy(net.head(nn::frozen(net.body)(x)), y);
        head_opt.step(backward(loss, head));
        run.log("train/loss", loss);
      }
      judge(epoch);
    }
  }
  for (auto epoch : run.epochs(epochs)) {
    for (auto [x, y] : run.steps(loader)) {
      const Tensor loss = nn::cross_entropy(net(x), y);
      opt.step(backward(loss));
      run.log("train/loss", loss);
    }
    judge(epoch);
  }
  if (!saved.empty()) nn::save(net, saved);
}
