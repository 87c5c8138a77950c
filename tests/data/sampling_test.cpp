// Orders by weights, classes and lengths; batches that are filled up.
#include "stet/data/sampling.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "data/support.h"
#include "error_of.h"
#include "stet/data/in_memory.h"
#include "stet/data/loader.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Rng rng(3, "data");

// Sample i has 1 + i mod 7 tokens i + 1, and the label i.
struct Texts {
  int64_t n;
  int64_t size() const { return n; }
  std::pair<Tensor, int64_t> get(int64_t i) const {
    return {Tensor::from(std::vector<int64_t>(static_cast<size_t>(1 + i % 7), i + 1)), i};
  }
};

TEST(PaddedLoader, FillsUpToTheLongest) {
  Loader loader(Texts{5}, {.batch = 3, .collate = pad(0)});
  std::vector<std::vector<int64_t>> lengths;
  for (auto [x, length, y] : loader) {
    EXPECT_EQ(x.shape(), (Shape{y.size(0), max(length).template item<int64_t>()}));
    lengths.push_back(length.template to_vector<int64_t>());
    for (int64_t k = 0; k < x.size(0); ++k) {
      for (int64_t t = 0; t < x.size(1); ++t) {
        const int64_t want = t < length[k].template item<int64_t>() ? y[k].template item<int64_t>() + 1 : 0;
        EXPECT_EQ(x[k][t].template item<int64_t>(), want);
      }
    }
  }
  EXPECT_EQ(lengths, (std::vector<std::vector<int64_t>>{{1, 2, 3}, {4, 5}}));
}

// Two sequences of unequal lengths.
struct Pairs {
  int64_t size() const { return 2; }
  std::pair<Tensor, Tensor> get(int64_t i) const { return {ones({i + 1, 2}), full({3 - i}, 5, DType::int64)}; }
};

TEST(PaddedLoader, FillsOtherFieldsWithAValueOfTheirOwn) {
  Loader loader(Pairs(), {.batch = 2, .collate = pad(-1, -100)});
  auto batch = loader.next();
  ASSERT_TRUE(batch);
  const auto& [x, length, y] = *batch;
  EXPECT_EQ(x.shape(), Shape({2, 2, 2}));
  EXPECT_EQ(x[0][1][0].item<float>(), -1);
  EXPECT_THAT(y.to_vector<int64_t>(), ElementsAre(5, 5, 5, 5, 5, -100));
  EXPECT_THAT(length.to_vector<int64_t>(), ElementsAre(1, 2));
}

struct Scalars {
  int64_t size() const { return 2; }
  int64_t get(int64_t i) const { return i; }
};

TEST(PaddedLoader, RefusesWhatHasNoLength) {
  Loader loader(Scalars(), {.batch = 2, .collate = pad(0)});
  EXPECT_THAT(error_of([&] { loader.next(); }), HasSubstr("has no axis to be filled up along"));
  EXPECT_THAT(error_of([&] { Loader(Texts{3}, {.collate = pad(0), .bucket = -1}); }), HasSubstr("bucket -1"));
}

std::vector<std::vector<int64_t>> labels_of(int64_t workers, int64_t epoch, int64_t bucket) {
  Loader loader(Texts{103},
                {.batch = 4, .shuffle = rng / "shuffle", .collate = pad(0), .bucket = bucket, .workers = workers});
  loader.start_epoch(epoch);
  std::vector<std::vector<int64_t>> labels;
  while (auto batch = loader.next()) labels.push_back(std::get<2>(*batch).to_vector<int64_t>());
  return labels;
}

TEST(PaddedLoader, BucketsHoldSamplesOfNearlyOneLength) {
  const auto batches = labels_of(0, 0, 8);
  ASSERT_EQ(batches.size(), 26u);
  std::set<int64_t> seen;
  int64_t spread = 0, without = 0;
  const auto spread_of = [](const std::vector<int64_t>& batch) {
    int64_t low = 7, high = 0;
    for (int64_t i : batch) low = std::min(low, i % 7), high = std::max(high, i % 7);
    return high - low;
  };
  for (const auto& batch : batches) {
    seen.insert(batch.begin(), batch.end());
    spread += spread_of(batch);
  }
  for (const auto& batch : labels_of(0, 0, 0)) without += spread_of(batch);
  EXPECT_EQ(seen.size(), 103u);
  EXPECT_LT(spread, 26);
  EXPECT_GT(without, 4 * spread);
  EXPECT_EQ(batches.back().size(), 3u);
  EXPECT_EQ(labels_of(3, 0, 8), batches);  // workers don't show
  EXPECT_NE(labels_of(0, 1, 8), batches);
}

TEST(PaddedLoader, ResumesWithinAnEpoch) {
  const auto whole = labels_of(0, 2, 8);
  Loader loader(Texts{103}, {.batch = 4, .shuffle = rng / "shuffle", .collate = pad(0), .bucket = 8});
  struct Set : Visitor {
    void on_state(const std::string& path, ScalarRef scalar) override {
      *std::get<int64_t*>(scalar) = path == "epoch" ? 2 : 5;
    }
  } set;
  loader.members(set);
  auto batch = loader.next();
  ASSERT_TRUE(batch);
  EXPECT_EQ(std::get<2>(*batch).to_vector<int64_t>(), whole[5]);
}

TEST(Weights, DrawInProportionAndNeverAZero) {
  const std::vector<double> weights{1, 0, 3, 0, 4, 0};
  std::vector<double> many;
  for (int k = 0; k < 2000; ++k) many.insert(many.end(), weights.begin(), weights.end());
  std::vector<int64_t> counts(6);
  for (int64_t i : weighted_draws(many, rng, 0)) ++counts[static_cast<size_t>(i % 6)];
  EXPECT_EQ(counts[1] + counts[3] + counts[5], 0);
  for (size_t c : {0u, 2u, 4u}) {
    const double expected = 12000 * weights[c] / 8;
    EXPECT_NEAR(static_cast<double>(counts[c]), expected, 4 * std::sqrt(expected));
  }
  EXPECT_EQ(weighted_draws(many, rng, 0), weighted_draws(many, rng, 0));
  EXPECT_NE(weighted_draws(many, rng, 0), weighted_draws(many, rng, 1));
  EXPECT_THAT(weighted_draws(std::vector<double>{0, 0, 5}, rng, 0), ElementsAre(2, 2, 2));
}

TEST(Weights, AreALoadersAndBalanceClasses) {
  std::vector<int64_t> labels(400, 0);
  for (size_t i = 0; i < 40; ++i) labels[i * 10] = 1;
  const Tensor y = Tensor::from(labels);
  Loader loader(in_memory("numbers", y), {.batch = 50, .shuffle = rng / "w", .weights = balanced_weights(y)});
  int64_t ones = 0, all = 0;
  for (auto [label] : loader) {
    ones += sum(label).template item<int64_t>();
    all += label.size(0);
  }
  EXPECT_EQ(all, 400);
  EXPECT_NEAR(static_cast<double>(ones), 200, 40);
  const auto refusal = [&](LoaderOptions options) {
    return error_of([&] { Loader(in_memory("numbers", y), options); });
  };
  EXPECT_THAT(refusal({.weights = balanced_weights(y)}), HasSubstr("give .shuffle"));
  EXPECT_THAT(refusal({.shuffle = rng / "w", .weights = {1, 2}}), HasSubstr("2 weights for 400 samples"));
  EXPECT_THAT(refusal({.shuffle = rng / "w", .weights = std::vector<double>(400, 0)}), HasSubstr("sum to 0"));
  EXPECT_THAT(refusal({.shuffle = rng / "w", .weights = std::vector<double>(400, -1)}), HasSubstr("weight -1"));
}

TEST(StratifiedSplit, KeepsTheProportionsOfClasses) {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < 100; ++i) labels.push_back(i < 70 ? 0 : i < 90 ? 1 : 2);
  const Tensor y = Tensor::from(labels);
  Announcements announced;
  const auto [train, test] = stratified_split(in_memory("numbers", y), y, {0.8, 0.2}, rng / "split");
  EXPECT_EQ(train.size(), 80);
  const auto count = [&](const auto& part, int64_t label) {
    return std::count_if(part.indices().begin(), part.indices().end(),
                         [&](int64_t i) { return labels[static_cast<size_t>(i)] == label; });
  };
  EXPECT_EQ(count(test, 0), 14);
  EXPECT_EQ(count(test, 1), 4);
  EXPECT_EQ(count(test, 2), 2);
  std::set<int64_t> all(train.indices().begin(), train.indices().end());
  all.insert(test.indices().begin(), test.indices().end());
  EXPECT_EQ(all.size(), 100u);
  EXPECT_FALSE(std::is_sorted(train.indices().begin(), train.indices().end()));
  EXPECT_THAT(announced.records.back().split, testing::StartsWith("stratified 0.8, 0.2 by seed 3"));
  EXPECT_THROW(stratified_split(in_memory("numbers", y), arange(3), {0.8, 0.2}, rng / "split"), UsageError);
  EXPECT_THROW(stratified_indices(y, std::vector<double>{0.8, 0.3}, rng), UsageError);
  EXPECT_THROW(stratified_indices(y.to(DType::float32), std::vector<double>{1}, rng), UsageError);
}

}  // namespace
}  // namespace stet::data
