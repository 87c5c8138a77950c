// Loading and saving a net's weights by names: what is mapped, what is refused, and that a refusal changes nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "stet/nn/attention.h"
#include "stet/nn/linear.h"
#include "stet/nn/norm.h"
#include "stet/nn/recurrent.h"
#include "stet/nn/transformer.h"
#include "stet/nn/weights/load.h"
#include "stet/nn/weights/safetensors.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "tracking/temp_folder.h"

namespace stet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Tensors = std::map<std::string, Tensor>;

namespace fs = std::filesystem;

const Rng rng(1, "net");

struct Net : nn::Module {
  Net() : body(3, 2, rng / "body"), norm(2), head(2, 4, rng / "head") {}
  void members(Visitor& v) override { v("body", body)("norm", norm)("head", head); }
  nn::Linear body;
  nn::BatchNorm2d norm;
  nn::Linear head;
};

class LoadTest : public testing::Test {
 protected:
  fs::path write(const Tensors& tensors) const {
    nn::write_safetensors(path_, tensors);
    return path_;
  }
  std::string refusal(Stateful& net, const Tensors& tensors, const nn::LoadOptions& options = {}) const {
    try {
      nn::load(net, write(tensors), options);
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
      return error.what();
    }
    return "no UsageError";
  }
  const tracking::TempFolder folder_;
  const fs::path path_ = folder_ / "stet_load_test.safetensors";
};

Tensors whole() {
  return {{"body.weight", full({2, 3}, 1)},
          {"body.bias", full({2}, 2)},
          {"norm.weight", full({2}, 3)},
          {"norm.bias", full({2}, 4)},
          {"norm.running_mean", full({2}, 5)},
          {"norm.running_var", full({2}, 6)},
          {"norm.num_batches_tracked", Tensor(int64_t{7})},
          {"head.weight", full({4, 2}, 8)},
          {"head.bias", full({4}, 9)}};
}

TEST_F(LoadTest, SetsParametersBuffersAndCounters) {
  Net net;
  const nn::LoadReport report = nn::load(net, write(whole()));
  EXPECT_EQ(report.loaded.size(), 9u);
  EXPECT_EQ(report.summary(), "loaded 9 tensors");
  EXPECT_THAT(net.body.bias.value().to_vector<float>(), ElementsAre(2, 2));
  EXPECT_THAT(net.norm.running_var.value().to_vector<float>(), ElementsAre(6, 6));
  EXPECT_EQ(net.norm.batches_tracked, 7);
  const auto names = nn::save(net, path_);
  EXPECT_EQ(names.size(), 9u);
  for (const auto& [name, value] : nn::read_safetensors(path_))
    EXPECT_EQ(max(abs((value - whole().at(name)).to(DType::float64))).item<double>(), 0) << name;
  Tensors old = whole();
  old.erase("norm.num_batches_tracked");  // files of old versions of PyTorch lack it
  EXPECT_EQ(nn::load(net, write(old)).loaded.size(), 8u);
}

TEST_F(LoadTest, ListsWhatDoesNotFitAndChangesNothing) {
  Net net;
  const auto before = net.body.bias.value().to_vector<float>();
  Tensors tensors = whole();
  tensors.erase("head.bias");
  tensors["heads.bias"] = full({4}, 9);
  tensors["extra"] = full({1}, 1);
  const std::string message = refusal(net, tensors);
  EXPECT_THAT(message, HasSubstr("stet_load_test.safetensors does not fit, nothing was loaded"));
  EXPECT_THAT(message, HasSubstr("missing head.bias (is it heads.bias?)"));
  EXPECT_THAT(message, HasSubstr("unexpected extra, heads.bias"));
  tensors = whole();
  tensors["head.weight"] = full({2, 4}, 8);
  EXPECT_THAT(refusal(net, tensors), HasSubstr("head.weight is [4, 2] here and head.weight is [2, 4] in the file (see "
                                               ".transpose)"));
  tensors["head.weight"] = full({4, 2}, 8, DType::int64);
  EXPECT_THAT(refusal(net, tensors), HasSubstr("head.weight is float32 here and head.weight is I64 in the file"));
  EXPECT_THAT(refusal(net, {{"a", full({1}, 1)}}, {.partial = true}),
              HasSubstr("no name of the file is one of the net"));
  Tensors many;
  for (int i = 0; i < 20; ++i) many["t" + std::to_string(i)] = full({1}, 1);
  EXPECT_THAT(refusal(net, many), HasSubstr(" and 12 more"));
  EXPECT_EQ(net.body.bias.value().to_vector<float>(), before);
}

TEST_F(LoadTest, RenamesTransposesAndIgnores) {
  Net net;
  const Tensors tensors = {{"model.b.w", Tensor::from<double>({1, 2, 3, 4, 5, 6}, {3, 2})},
                           {"model.b.bias", full({2}, 2)},
                           {"norm.weight", full({2}, 3)},
                           {"norm.bias", full({2}, 4)},
                           {"norm.running_mean", full({2}, 5)},
                           {"norm.running_var", full({2}, 6)},
                           {"model.h_e_a_d.weight", full({4, 2}, 8)},
                           {"model.h_e_a_d.bias", full({4}, 9)},
                           {"inv_freq", full({1}, 1)}};
  const nn::LoadOptions options{.rename = {{R"(^b\.)", "body."}, {R"(\.w$)", ".weight"}, {"_", ""}, {"(he)ad", "$1ad"}},
                                .transpose = {"*b.w"},
                                .ignore = {"inv_*"},
                                .prefix = "model."};
  // "_" is taken out of running_mean too.
  EXPECT_THAT(refusal(net, tensors, options),
              HasSubstr("missing norm.running_mean (is it norm.running_mean, renamed norm.runningmean?)"));
  nn::LoadOptions right = options;
  right.rename[2] = {"h_e_a_d", "head"};
  const auto report = nn::load(net, write(tensors), right);
  EXPECT_THAT(report.ignored, ElementsAre("inv_freq"));
  EXPECT_THAT(net.body.weight.value().to_vector<float>(), ElementsAre(1, 3, 5, 2, 4, 6));
  EXPECT_THAT(refusal(net, tensors, {.transpose = {"*none*"}, .partial = true}), HasSubstr("'*none*' of .transpose"));
  EXPECT_THAT(refusal(net, tensors, {.prefix = "models.", .partial = true}), HasSubstr("the prefix 'models.'"));
  EXPECT_THAT(refusal(net, tensors, {.rename = {{"(", ""}}}), HasSubstr("'(' is no regular expression"));
  EXPECT_THAT(refusal(net, tensors, {.rename = {{"^.+$", "body.bias"}}}), HasSubstr("are both for body.bias"));
  EXPECT_THAT(refusal(net, {{"body.weight", full({2, 3, 1}, 1)}}, {.transpose = {"*"}}), HasSubstr("for matrices"));
}

TEST_F(LoadTest, TakesAPart) {
  Net net;
  const auto report =
      nn::load(net, write({{"body.weight", full({2, 3}, 1)}, {"other", full({1}, 1)}}), {.partial = true});
  EXPECT_THAT(report.loaded, ElementsAre("body.weight"));
  EXPECT_THAT(report.unexpected, ElementsAre("other"));
  EXPECT_EQ(report.missing.size(), 7u);
  EXPECT_EQ(report.summary(),
            "loaded 1 tensors; missing: body.bias, norm.weight, norm.bias, norm.running_mean, norm.running_var, "
            "head.weight, head.bias; unexpected: other");
}

struct Separate : nn::Module {
  Separate() : q(2, 3, rng / "q"), k(2, 1, rng / "k"), v(2, 1, rng / "v") {}
  void members(Visitor& visit) override { visit("q", q)("k", k)("v", v); }
  nn::Linear q, k, v;
};

struct Joined : nn::Module {
  Joined() : qkv(2, 5, rng / "qkv") {}
  void members(Visitor& v) override { v("qkv", qkv); }
  nn::Linear qkv;
};

TEST_F(LoadTest, JoinsWhatIsSeveralInTheFile) {
  Joined net;
  const Tensors tensors = {{"query.weight", Tensor::from<float>({1, 2, 3, 4, 5, 6}, {3, 2})},
                           {"key.weight", Tensor::from<float>({7, 8}, {1, 2})},
                           {"value.weight", Tensor::from<float>({9, 10}, {1, 2})},
                           {"query.bias", Tensor::from<float>({1, 2, 3})},
                           {"key.bias", Tensor::from<float>({4})},
                           {"value.bias", Tensor::from<float>({5})}};
  const nn::LoadOptions options{.join = {{{"query", "key", "value"}, "qkv"}}};
  const auto report = nn::load(net, write(tensors), options);
  EXPECT_THAT(report.loaded, ElementsAre("qkv.weight", "qkv.bias"));
  EXPECT_THAT(net.qkv.weight.value().to_vector<float>(), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
  EXPECT_THAT(net.qkv.bias.value().to_vector<float>(), ElementsAre(1, 2, 3, 4, 5));
  Tensors wrong = tensors;
  wrong.erase("key.bias");
  EXPECT_THAT(refusal(net, wrong, options), HasSubstr("qkv.bias is joined of 3 tensors, and only some fit"));
  wrong = tensors;
  wrong["key.weight"] = full({1, 3}, 0);
  EXPECT_THAT(refusal(net, wrong, options), HasSubstr("qkv.weight is joined of 3 tensors, and not all fit"));
  wrong["key.weight"] = full({2, 2}, 0);
  EXPECT_THAT(refusal(net, wrong, options), HasSubstr("qkv.weight is [5, 2] here and query.weight is [6, 2]"));
  EXPECT_THAT(refusal(net, tensors, {.join = {{{"query", "key", "value"}, "qqv"}}}), HasSubstr("unexpected"));
  EXPECT_THAT(refusal(net, tensors, {.join = {{{"que", "ery"}, "qkv"}}}), HasSubstr("unexpected"));
  EXPECT_THAT(refusal(net, tensors, {.join = {{{"query"}, "qkv"}}}), HasSubstr(".join needs two parts"));
  EXPECT_THAT(refusal(net, tensors, {.join = {{{"(", "b"}, "qkv"}}}), HasSubstr("'(' of .join is no regular"));
  EXPECT_THAT(net.qkv.bias.value().to_vector<float>(), ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(LoadTest, SplitsWhatIsOneInTheFile) {
  Separate net;
  const Tensors tensors = {{"c_attn.weight", Tensor::from<float>({1, 3, 5, 7, 9, 2, 4, 6, 8, 10}, {2, 5})},
                           {"c_attn.bias", Tensor::from<float>({1, 2, 3, 4, 5})}};
  const nn::LoadOptions options{.split = {{R"(c_attn\.(\w+))", {"q.$1", "k.$1", "v.$1"}}}, .transpose = {"*.weight"}};
  EXPECT_EQ(nn::load(net, write(tensors), options).loaded.size(), 6u);
  EXPECT_THAT(net.q.weight.value().to_vector<float>(), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(net.k.weight.value().to_vector<float>(), ElementsAre(7, 8));
  EXPECT_THAT(net.v.bias.value().to_vector<float>(), ElementsAre(5));
  Tensors wrong = tensors;
  wrong["c_attn.bias"] = full({6}, 0);
  EXPECT_THAT(refusal(net, wrong, options), HasSubstr("c_attn.bias has 5 rows in 3 parts here and is [6]"));
  EXPECT_THAT(refusal(net, tensors, {.split = {{"c_attn", {"q", "k", "x"}}}}), HasSubstr("unexpected c_attn"));
  EXPECT_THAT(net.v.bias.value().to_vector<float>(), ElementsAre(5));
}

struct Layers : nn::Module {
  Layers() : lstm(3, 2, rng / "lstm", {.layers = 2}), attention(4, 2, rng / "attention") {}
  void members(Visitor& v) override { v("lstm", lstm)("attention", attention); }
  nn::LSTM lstm;
  nn::MultiHeadAttention attention;
};

TEST_F(LoadTest, NamesLayersAsPyTorchDoes) {
  Layers net, other;
  const auto names = nn::save(net, path_);
  EXPECT_THAT(names, ElementsAre("attention.in_proj_bias", "attention.in_proj_weight", "attention.out_proj.bias",
                                 "attention.out_proj.weight", "lstm.bias_hh_l0", "lstm.bias_hh_l1", "lstm.bias_ih_l0",
                                 "lstm.bias_ih_l1", "lstm.weight_hh_l0", "lstm.weight_hh_l1", "lstm.weight_ih_l0",
                                 "lstm.weight_ih_l1"));
  for (auto& p : parameters(other)) p.cell->value = zeros(p.cell->value.shape());
  EXPECT_EQ(nn::load(other, path_).loaded.size(), 12u);
  EXPECT_EQ(other.lstm.layers[1].input.value().to_vector<float>(), net.lstm.layers[1].input.value().to_vector<float>());
  // The walk's own names will do as well, and a layer by itself has its names too.
  EXPECT_THAT(nn::save(net, path_, {.rename = {{R"(lstm\.weight_ih_l(\d+))", "lstm.$1.input"}}}),
              testing::Contains("lstm.0.input"));
  EXPECT_THAT(nn::load(other, path_).missing, IsEmpty());
  EXPECT_THAT(nn::save(net.lstm, path_), testing::Contains("weight_ih_l0"));
}

TEST_F(LoadTest, SequencesHavePyTorchsNames) {
  nn::TransformerDecoder net(8, 2, 1, rng / "decoder", {.feedforward = 4});
  EXPECT_THAT(nn::save(net, path_),
              testing::IsSupersetOf({"layers.0.self_attn.in_proj_weight", "layers.0.multihead_attn.out_proj.bias",
                                     "layers.0.linear1.weight", "layers.0.linear2.bias", "layers.0.norm3.weight"}));
  nn::GRU gru(3, 5, rng / "gru", {.layers = 2, .bidirectional = true});
  EXPECT_THAT(nn::save(gru, path_), testing::Contains("weight_hh_l1_reverse"));
  nn::GRUCell cell(3, 5, rng / "cell");
  EXPECT_THAT(nn::save(cell, path_), testing::UnorderedElementsAre("weight_ih", "weight_hh", "bias_ih", "bias_hh"));
}

struct Tied : nn::Module {
  Tied() : first(3, 3, rng / 0, {.bias = false}), second(3, 3, rng / 1, {.bias = false}) {
    tie(first.weight, second.weight);
  }
  void members(Visitor& v) override { v("first", first)("second", second); }
  nn::Linear first, second;
};

TEST_F(LoadTest, TiedCellsHaveAllTheirNames) {
  Tied net;
  EXPECT_THAT(nn::save(net, path_), ElementsAre("first.weight", "second.weight"));
  nn::load(net, path_);
  nn::load(net, write({{"second.weight", full({3, 3}, 5)}}));
  EXPECT_EQ(net.first.weight.value().to_vector<float>()[0], 5);
  EXPECT_THAT(refusal(net, {{"first.weight", full({3, 3}, 1)}, {"second.weight", full({3, 3}, 2)}}),
              HasSubstr("'first.weight' and 'second.weight' differ, and the net has them tied"));
  EXPECT_EQ(net.first.weight.value().to_vector<float>()[0], 5);
}

TEST_F(LoadTest, SavesInShardsThatAnIndexNames) {
  const tracking::TempFolder shards;
  const fs::path folder = shards.path();
  Net net, other;
  net.norm.batches_tracked = 5;
  nn::save(net, folder / "model.safetensors", {.shard_bytes = 40});
  // Bytes in the order of names: 8, 24 and 16 and 32, 8 and 8, 8, 8, 8.
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 5);
  EXPECT_EQ(nn::Safetensors(folder / "model-00001-of-00004.safetensors").tensors().size(), 2u);
  nn::load(other, folder);
  EXPECT_EQ(other.head.weight.value().to_vector<float>(), net.head.weight.value().to_vector<float>());
  EXPECT_EQ(other.norm.batches_tracked, 5);
  nn::save(net, path_, {.shard_bytes = 1000});
  EXPECT_EQ(nn::load(other, path_).loaded.size(), 9u);
  EXPECT_THROW(nn::save(net, path_, {.shard_bytes = -1}), UsageError);
}

TEST_F(LoadTest, SaveRefusesNamesThatMeet) {
  Net net;
  EXPECT_THROW(nn::save(net, path_, {.rename = {{"body|head", "both"}}}), UsageError);
  EXPECT_THROW(nn::save(net, path_, {.transpose = {"none"}}), UsageError);
  EXPECT_THAT(nn::save(net, path_, {.transpose = {"m.head.weight"}, .prefix = "m."}), testing::Contains("m.body.bias"));
  EXPECT_EQ(nn::Safetensors(path_).tensors().at("m.head.weight").shape, (std::vector<int64_t>{2, 4}));
}

}  // namespace
}  // namespace stet
