// Weights that PyTorch wrote: loaded with renames, computed with, and written back as they were. The files are those of
// tests/golden/make_weights.py; STET_TORCH_WEIGHTS names a folder of larger ones (make_weights.py --real).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stet/nn/attention.h"
#include "stet/nn/conv.h"
#include "stet/nn/embedding.h"
#include "stet/nn/linear.h"
#include "stet/nn/norm.h"
#include "stet/nn/pool.h"
#include "stet/nn/sequential.h"
#include "stet/nn/weights/load.h"
#include "stet/nn/weights/safetensors.h"
#include "stet/tensor/mode.h"
#include "stet/tensor/ops.h"
#include "tracking/temp_folder.h"

namespace stet {
namespace {

namespace fs = std::filesystem;

const Rng rng(1, "net");

fs::path folder() {
  const char* other = std::getenv("STET_TORCH_WEIGHTS");
  return other != nullptr ? fs::path(other) : fs::path(STET_SOURCE_DIR) / "tests/golden/weights";
}

// He et al., 2016, by torchvision's names.
struct Block : nn::Module {
  Block(int64_t in, int64_t width, int64_t stride, const Rng& r)
      : conv1(in, width, 3, r / 1, {.stride = stride, .padding = 1, .bias = false}),
        conv2(width, width, 3, r / 2, {.padding = 1, .bias = false}),
        bn1(width),
        bn2(width) {
    if (stride == 1 && in == width) return;
    downsample.emplace(nn::Conv2d(in, width, 1, r / 3, {.stride = stride, .bias = false}), nn::BatchNorm2d(width));
  }
  Tensor operator()(const Tensor& x) {
    const Tensor y = conv2(bn1(conv1(x), Activation::relu));
    return bn2(y, Activation::relu, downsample ? (*downsample)(x) : x);
  }
  void members(Visitor& v) override {
    v("conv1", conv1)("bn1", bn1)("conv2", conv2)("bn2", bn2)("downsample", downsample);
  }

  nn::Conv2d conv1, conv2;
  nn::BatchNorm2d bn1, bn2;
  std::optional<nn::Sequential> downsample;
};

struct ResNet18 : nn::Module {
  ResNet18(int64_t width, int64_t classes)
      : conv1(3, width, 7, rng / "conv1", {.stride = 2, .padding = 3, .bias = false}),
        bn1(width),
        fc(8 * width, classes, rng / "fc") {
    int64_t before = width;
    for (int i = 0; i < 4; ++i) {
      const int64_t now = width << i;
      layers[i].add(Block(before, now, i == 0 ? 1 : 2, rng / (2 * i))).add(Block(now, now, 1, rng / (2 * i + 1)));
      before = now;
    }
  }
  Tensor operator()(const Tensor& x) {
    Tensor y = max_pool2d(bn1(conv1(x), Activation::relu), {3, 3}, {.stride = {2, 2}, .padding = {1, 1}});
    for (nn::Sequential& layer : layers) y = layer(y);
    return fc(mean(y, {2, 3}));
  }
  void members(Visitor& v) override {
    v("conv1", conv1)("bn1", bn1);
    for (int i = 0; i < 4; ++i) v("layer" + std::to_string(i + 1), layers[i]);
    v("fc", fc);
  }

  nn::Conv2d conv1;
  nn::BatchNorm2d bn1;
  nn::Sequential layers[4];
  nn::Linear fc;
};

// Radford et al., 2019, in the words of this library.
struct Layer : nn::Module {
  Layer(int64_t width, int64_t heads, const Rng& r)
      : norm1(width),
        norm2(width),
        attention(width, heads, r / "attention"),
        up(width, 4 * width, r / "up"),
        down(4 * width, width, r / "down") {}
  Tensor operator()(const Tensor& x) const {
    const Tensor y = x + attention(norm1(x));
    return y + down(gelu(up(norm2(y)), Gelu::tanh));
  }
  void members(Visitor& v) override {
    v("norm1", norm1)("attention", attention)("norm2", norm2)("up", up)("down", down);
  }

  nn::LayerNorm norm1, norm2;
  nn::MultiHeadAttention attention;
  nn::Linear up, down;
};

struct Gpt2 : nn::Module {
  Gpt2(int64_t vocabulary, int64_t block, int64_t width, int64_t heads, int64_t count)
      : tokens(vocabulary, width, rng / "tokens"),
        positions(block, width, rng / "positions"),
        norm(width),
        head(width, vocabulary, rng / "head", {.bias = false}) {
    for (int64_t i = 0; i < count; ++i) layers.emplace_back(width, heads, rng / i);
    tie(tokens.weight, head.weight);
  }
  Tensor operator()(const Tensor& x) const {
    Tensor y = tokens(x) + positions(arange(x.size(1)));
    for (const Layer& layer : layers) y = layer(y);
    return head(norm(y));
  }
  void members(Visitor& v) override {
    v("tokens", tokens)("positions", positions)("layers", layers)("norm", norm)("head", head);
  }

  nn::Embedding tokens, positions;
  std::vector<Layer> layers;
  nn::LayerNorm norm;
  nn::Linear head;
};

struct Io {
  explicit Io(const std::string& name)
      : file(folder() / (name + ".io.safetensors")),
        x(file.read("x")),
        float32(file.read("float32")),
        float64(file.read("float64")) {}
  int64_t operator[](const char* key) const { return std::stoll(file.metadata().at(key)); }

  nn::Safetensors file;
  Tensor x, float32, float64;
};

double largest(const Tensor& x) { return max(abs(x.to(DType::float64))).item<double>(); }

// Within the greater of 1e-5 of the largest logit and four times PyTorch's own distance from float64.
void expect_logits(const Tensor& got, const Io& io) {
  ASSERT_EQ(got.shape(), io.float64.shape());
  const double distance = largest(got.to(DType::float64) - io.float64);
  const double theirs = largest(io.float32.to(DType::float64) - io.float64), top = largest(io.float64);
  EXPECT_LE(distance, std::max(1e-5 * top, 4 * theirs));
  EXPECT_GT(top, 0.1);
  testing::Test::RecordProperty("distance", fmt::format("{:.2g}", distance / top));
  testing::Test::RecordProperty("of_pytorch", fmt::format("{:.2g}", theirs / top));
}

void expect_same(const std::map<std::string, Tensor>& got, const std::map<std::string, Tensor>& want) {
  for (const auto& [name, value] : want) {
    ASSERT_TRUE(got.contains(name)) << name;
    const Tensor& other = got.at(name);
    ASSERT_EQ(other.shape(), value.shape()) << name;
    ASSERT_EQ(other.dtype(), value.dtype()) << name;
    EXPECT_EQ(largest(other.to(DType::float64) - value.to(DType::float64)), 0) << name;
  }
}

TEST(TorchWeights, ResNet18) {
  const Io io("resnet18");
  ResNet18 net(io["width"], io["classes"]);
  const auto report = nn::load(net, folder() / "resnet18.safetensors");
  EXPECT_EQ(report.loaded.size(), 122u);  // as torchvision's state_dict has
  const Evaluation evaluation;
  expect_logits(net(io.x), io);

  const tracking::TempFolder temporary;
  const fs::path written = temporary / "resnet18.written.safetensors";
  EXPECT_EQ(nn::save(net, written).size(), 122u);
  const auto given = nn::read_safetensors(folder() / "resnet18.safetensors"), back = nn::read_safetensors(written);
  EXPECT_EQ(back.size(), given.size());
  expect_same(back, given);
  if (std::getenv("STET_TORCH_WEIGHTS") != nullptr) fs::copy(written, folder() / written.filename());
}

TEST(TorchWeights, Gpt2) {
  const Io io("gpt2");
  Gpt2 net(io["vocabulary"], io["block"], io["width"], io["heads"], io["layers"]);
  const std::vector<std::string> conv1d = {"*.c_attn.weight", "*.c_proj.weight", "*.c_fc.weight"};
  const auto report = nn::load(net, folder() / "gpt2",
                               {.rename = {{R"(^h\.(\d+)\.)", "layers.$1."},
                                           {R"(attn\.c_attn)", "attention.qkv"},
                                           {R"(attn\.c_proj)", "attention.projection"},
                                           {R"(mlp\.c_fc)", "up"},
                                           {R"(mlp\.c_proj)", "down"},
                                           {"ln_(1|2)", "norm$1"},
                                           {"^ln_f", "norm"},
                                           {"^wte", "tokens"},
                                           {"^wpe", "positions"}},
                                .transpose = conv1d,
                                .ignore = {"*.attn.bias", "*.attn.masked_bias"},
                                .prefix = "transformer."});
  EXPECT_TRUE(report.missing.empty());
  const Evaluation evaluation;
  expect_logits(net(io.x), io);

  const tracking::TempFolder temporary;
  const fs::path written = temporary / "gpt2.written.safetensors";
  nn::save(net, written,
           {.rename = {{R"(^layers\.(\d+)\.)", "transformer.h.$1."},
                       {R"(attention\.in_proj_(weight|bias))", "attn.c_attn.$1"},
                       {R"(attention\.out_proj)", "attn.c_proj"},
                       {R"(\.up\.)", ".mlp.c_fc."},
                       {R"(\.down\.)", ".mlp.c_proj."},
                       {"norm(1|2)", "ln_$1"},
                       {"^norm", "transformer.ln_f"},
                       {"^tokens", "transformer.wte"},
                       {"^positions", "transformer.wpe"},
                       {"^head", "lm_head"}},
            .transpose = conv1d});
  const auto given = nn::read_safetensors(folder() / "gpt2"), back = nn::read_safetensors(written);
  EXPECT_EQ(back.size(), given.size() + 1);  // the head, which is tied to the table of tokens
  expect_same(back, given);
  EXPECT_EQ(largest(back.at("lm_head.weight") - given.at("transformer.wte.weight")), 0);
  if (std::getenv("STET_TORCH_WEIGHTS") != nullptr) fs::copy(written, folder() / written.filename());
}

}  // namespace
}  // namespace stet
