// Segmentation: a U-Net (Ronneberger et al., 2015, arXiv 1505.04597) says of every pixel what it belongs to.
//
//   segment --epochs 8
//
// The program draws its images: discs, squares and crosses of any size and shade, one over another, with noise. It is
// judged by the mean over classes of intersection over union.
#include <iostream>

#include "models/unet.h"
#include "stet/stet.h"

using namespace stet;

namespace {

constexpr int64_t kSize = 32, kClasses = 4;  // ground, disc, square, cross

/// Scene i depends on the seed, the path and i alone; all geometry is in integers.
struct Scenes {
  Rng rng;
  int64_t count;

  int64_t size() const { return count; }
  std::pair<Tensor, Tensor> get(int64_t i) const {
    SampleDraws draws(rng, 0, static_cast<uint64_t>(i));
    std::vector<uint8_t> shade(kSize * kSize, static_cast<uint8_t>(draws.below(80)));
    std::vector<int64_t> kind(kSize * kSize, 0);
    for (int64_t figures = 2 + draws.below(3); figures > 0; --figures) {
      const int64_t what = 1 + draws.below(kClasses - 1), x = draws.below(kSize), y = draws.below(kSize);
      const int64_t radius = 3 + draws.below(6), grey = 100 + draws.below(120);
      for (int64_t at = 0; at < kSize * kSize; ++at) {
        if (!holds(what, std::abs(at % kSize - x), std::abs(at / kSize - y), radius)) continue;
        shade[static_cast<size_t>(at)] = static_cast<uint8_t>(grey);
        kind[static_cast<size_t>(at)] = what;
      }
    }
    for (uint8_t& pixel : shade) pixel = static_cast<uint8_t>(pixel + draws.below(36));
    return {Tensor::from(shade).reshape({1, kSize, kSize}).to(DType::float32) / 128 - 1,
            Tensor::from(kind).reshape({kSize, kSize})};
  }

 private:
  // Does a figure hold the pixel that lies dx and dy from its middle?
  static bool holds(int64_t what, int64_t dx, int64_t dy, int64_t radius) {
    if (what == 1) return dx * dx + dy * dy <= radius * radius;
    if (what == 2) return std::max(dx, dy) < radius;
    return std::min(dx, dy) <= radius / 3 && std::max(dx, dy) <= radius;
  }
};

}  // namespace

int main(int argc, char** argv) {
  Run run(argc, argv, "segment");
  const auto count = run.param("count", 1000, {.above = 9, .help = "images; a tenth is kept for testing"});
  const auto epochs = run.param("epochs", 6, {.above = 0, .help = "passes over the training images"});
  const auto batch = run.param("batch", 16, {.above = 0, .help = "images a step"});
  const auto width = run.param("width", 12, {.above = 0, .help = "channels at the finest scale"});
  const auto depth = run.param("depth", 2, {.from = 0, .to = 5, .help = "how many times the scale is halved"});
  const auto lr = run.param("lr", 3e-3, {.above = 0, .help = "highest learning rate of AdamW"});
  const Rng rng = run.rng();

  auto [train, test] = data::split(Scenes{rng / "scenes", count}, {0.9, 0.1}, rng / "split");
  data::Loader loader(train, {.batch = batch, .shuffle = rng / "shuffle", .device = run.device()});
  models::UNet net(1, width, depth, kClasses, rng / "net");
  to(net, run.device());
  optim::AdamW opt(net, {.lr = lr, .schedule = optim::cosine(epochs * loader.batches_per_epoch())});

  run.track("net", net)("opt", opt)("loader", loader);
  for (auto epoch : run.epochs(epochs)) {
    for (auto [x, y] : run.steps(loader)) {
      const Tensor loss = nn::cross_entropy(net(x).permute({0, 2, 3, 1}), y);
      opt.step(backward(loss));
      run.log("train/loss", loss);
    }
    const nn::ClassScores iou = data::evaluate(test, net, {.device = run.device()}, nn::MeanIoU(kClasses, {.axis = 1}));
    run.log("test/iou", iou);
    std::cout << "epoch " << epoch + 1 << ": mean intersection over union " << iou << "\n";
  }
}
