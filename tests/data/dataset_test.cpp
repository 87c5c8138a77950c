#include "stet/data/dataset.h"

#include <gmock/gmock.h>

#include <cmath>

#include "data/support.h"
#include "error_of.h"
#include "stet/data/evaluate.h"
#include "stet/data/in_memory.h"
#include "stet/data/split.h"
#include "stet/tensor/ops.h"

namespace stet::data {
namespace {

using testing::HasSubstr;

struct Range {
  int64_t n, first = 0;
  int64_t size() const { return n; }
  int64_t get(int64_t i) const { return first + i; }
};

template <class D> std::vector<int64_t> contents(const D& dataset) {
  std::vector<int64_t> all;
  for (int64_t i = 0; i < dataset.size(); ++i) all.push_back(fields(dataset.get(i))[0].template item<int64_t>());
  return all;
}

struct Named {
  Tensor image;
  int label;
  double weight;
};

TEST(Sample, FieldsOfATupleAStructANumberAndATensor) {
  const Tensor x = Tensor(1.5f);
  EXPECT_EQ(field_count<Tensor>, 1u);
  EXPECT_EQ(field_count<Named>, 3u);
  const auto named = fields(Named{x, 3, 0.25});
  EXPECT_EQ(named[0].item<float>(), 1.5f);
  EXPECT_EQ(named[1].dtype(), DType::int32);
  EXPECT_EQ(named[2].item<double>(), 0.25);
  const auto tuple = fields(std::tuple(x, true, 7LL));
  EXPECT_EQ(tuple[1].dtype(), DType::boolean);
  EXPECT_EQ(tuple[2].dtype(), DType::int64);
  EXPECT_EQ(fields(std::pair(x, uint16_t{9}))[1].item<int64_t>(), 9);
  EXPECT_EQ(fields(std::array<Tensor, 2>{x, x}).size(), 2u);
  EXPECT_EQ(fields(4.0f)[0].dtype(), DType::float32);
}

TEST(Dataset, SubsetConcatAndMapCompose) {
  const auto joined = concat(Range{3}, Range{2, 10}, Range{1, 20});
  EXPECT_EQ(contents(joined), (std::vector<int64_t>{0, 1, 2, 10, 11, 20}));
  const auto some = subset(joined, {5, 0, 3});
  EXPECT_EQ(contents(some), (std::vector<int64_t>{20, 0, 10}));
  const auto doubled = map(some, [](const Tensor& x) { return x.item<int64_t>() * 2; });
  EXPECT_EQ(contents(doubled), (std::vector<int64_t>{40, 0, 20}));
  EXPECT_THAT(error_of([&] { subset(Range{3}, {0, 3}); }), HasSubstr("index 3 is outside 0 … 2"));
  EXPECT_THAT(error_of([&] { some.get(3); }), HasSubstr("index 3"));
}

TEST(Dataset, AMappedOneKeepsItsSourcesRecord) {
  const auto set = in_memory("four", Tensor::from(std::vector<float>{1, 2}));
  const auto mapped = map(set, [](const Tensor& x) { return x * 2; });
  EXPECT_EQ(mapped.record().name, "four");
  EXPECT_EQ(mapped.record().samples_sha256, set.record().samples_sha256);
  static_assert(!RecordedDataset<decltype(map(Range{3}, [](const Tensor& x) { return x; }))>);
}

TEST(Dataset, TensorsInMemoryAreAnnouncedByTheirBytes) {
  Announcements run;
  const Tensor x = Tensor::from(std::vector<float>{1, 2, 3, 4}, {2, 2}), y = Tensor::from(std::vector<int64_t>{0, 1});
  const auto set = in_memory("four", x, y);
  EXPECT_EQ(set.size(), 2);
  EXPECT_EQ(set.get(1)[0].to_vector<float>(), (std::vector<float>{3, 4}));
  in_memory("four", transpose(transpose(x)), y);
  in_memory("four", x.reshape({2, 1, 2}), y);
  ASSERT_EQ(run.records.size(), 3u);
  EXPECT_EQ(run.records[0].name, "four");
  EXPECT_EQ(run.records[0].samples, 2);
  EXPECT_EQ(run.records[1].samples_sha256, run.records[0].samples_sha256) << "a view holds what its copy holds";
  EXPECT_NE(run.records[2].samples_sha256, run.records[0].samples_sha256) << "the shape counts";
  EXPECT_THAT(error_of([&] {
                in_memory("odd", x, Tensor::from(std::vector<int64_t>{1, 2, 3}));
              }),
              HasSubstr("odd: column 1 has 3 rows, column 0 has 2"));
  EXPECT_THAT(error_of([&] { set.get(2); }), HasSubstr("four: sample 2"));
}

TEST(Split, GivesEverySampleToOnePart) {
  const auto [train, test] = split(Range{1000}, {0.9, 0.1}, Rng(1) / "split");
  EXPECT_EQ(train.size(), 900);
  EXPECT_EQ(test.size(), 100);
  std::vector<int64_t> all = contents(train);
  for (int64_t i : contents(test)) all.push_back(i);
  EXPECT_EQ(all, permutation(Rng(1) / "split", 1000));
}

TEST(Split, DependsOnTheSeedAndThePath) {
  const auto first = [](const Rng& rng) { return contents(split(Range{100}, {0.5, 0.5}, rng)[0]); };
  EXPECT_EQ(first(Rng(1) / "a"), first(Rng(1) / "a"));
  EXPECT_NE(first(Rng(1) / "a"), first(Rng(2) / "a"));
  EXPECT_NE(first(Rng(1) / "a"), first(Rng(1) / "b"));
}

TEST(Split, GivesWhatIsLeftToTheLargestRemainders) {
  const auto sizes = [](int64_t n, std::vector<double> fractions) {
    std::vector<int64_t> result;
    for (const auto& part : split_indices(n, fractions, Rng(1))) result.push_back(static_cast<int64_t>(part.size()));
    return result;
  };
  EXPECT_EQ(sizes(10, {0.7, 0.2, 0.1}), (std::vector<int64_t>{7, 2, 1}));
  EXPECT_EQ(sizes(11, {0.5, 0.25, 0.25}), (std::vector<int64_t>{5, 3, 3}));
  EXPECT_EQ(sizes(10, {0.33, 0.33, 0.34}), (std::vector<int64_t>{3, 3, 4}));
  EXPECT_EQ(sizes(3, {0.5, 0.5}), (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(sizes(100, {0.29, 0.71}), (std::vector<int64_t>{29, 71}));
  EXPECT_EQ(sizes(5, {1.0}), (std::vector<int64_t>{5}));
}

TEST(Split, RefusesFractionsThatAreNone) {
  const auto refusal = [](std::vector<double> fractions) {
    return error_of([&] { split_indices(10, fractions, Rng(1)); });
  };
  EXPECT_EQ(refusal({0.9, 0.2}), "split: the fractions 0.9, 0.2 sum to 1.1; they must sum to 1");
  EXPECT_THAT(refusal({1.5, -0.5}), HasSubstr("1.5"));
  EXPECT_THAT(refusal({0.99, 0.01}), HasSubstr("part 1 of 0.99, 0.01 gets none of 10 samples"));
  EXPECT_THAT(refusal({std::nan(""), 1}), HasSubstr("nan"));
}

TEST(Split, TellsTheRun) {
  Announcements run;
  const auto set = in_memory("hundred", arange(100));
  split(set, {0.5, 0.5}, Rng(3) / "x" / "split");
  split(set, {0.5, 0.5}, Rng(4) / "x" / "split");
  ASSERT_EQ(run.records.size(), 3u);
  EXPECT_EQ(run.records[1].name, "hundred");
  EXPECT_EQ(run.records[1].samples, 100);
  EXPECT_EQ(run.records[1].samples_sha256, run.records[0].samples_sha256);
  EXPECT_EQ(run.records[1].split, "0.5, 0.5 by seed 3, path x/split");
  EXPECT_EQ(run.records[1].digest.size(), 64u);
  EXPECT_NE(run.records[1].digest, run.records[2].digest);
  EXPECT_EQ(run.records[0].digest, "");
}

TEST(Evaluate, IsTheMeanWhateverTheBatch) {
  // Swamping values show any other order of the sum.
  struct Swamping {
    int64_t size() const { return 1001; }
    double get(int64_t i) const { return i % 3 == 0 ? 1e16 : i % 3 == 1 ? -1e16 : 0.1 * static_cast<double>(i); }
  };
  double expected = 0;
  for (int64_t i = 0; i < 1001; ++i) expected += Swamping().get(i);
  expected /= 1001;
  const auto identity = [](const Tensor& x) { return x; };
  for (int64_t batch : {1, 2, 7, 256, 1001, 5000})
    EXPECT_EQ(evaluate(identity, Swamping(), {.batch = batch}), expected) << batch;
}

TEST(Evaluate, RunsInEvaluationAndTakesAnyDtype) {
  const auto set = in_memory("pairs", arange(10), arange(10, DType::float32));
  const auto metric = [](const Tensor& a, const Tensor& b) {
    EXPECT_FALSE(training());
    EXPECT_FALSE(grad_enabled());
    return a.to(DType::float32) + b > 9.0;
  };
  EXPECT_EQ(evaluate(metric, set, {.batch = 3}), 0.5);
  EXPECT_TRUE(training());
  EXPECT_TRUE(grad_enabled());
}

// Sample i: 1 + i mod 3 ones, and how many.
struct Lengths {
  int64_t size() const { return 7; }
  std::pair<Tensor, float> get(int64_t i) const { return {ones({1 + i % 3}), static_cast<float>(1 + i % 3)}; }
};

TEST(Evaluate, FillsUpSamplesOfUnequalLengths) {
  struct Mean {
    double sum = 0;
    int64_t count = 0;
    void add(const Tensor& prediction, const Tensor& target) {
      sum += stet::sum(prediction - target).item();
      count += target.size(0);
    }
    double value() const { return sum / static_cast<double>(count); }
  };
  // A sample of length n is filled up to m by m - n times 5.
  const auto excess = [](const Tensor& x, const Tensor& lengths) {
    const Tensor filled = static_cast<double>(x.size(1)) - lengths.to(DType::float32);
    return sum(x, {1}) - filled * 5;
  };
  for (int64_t batch : {1, 2, 4, 7}) {
    EXPECT_EQ(evaluate(Lengths(), excess, {.batch = batch, .collate = pad(5)}, Mean()), 0) << batch;
    const auto right = [&](const Tensor& x, const Tensor& lengths, const Tensor& y) { return excess(x, lengths) == y; };
    EXPECT_EQ(evaluate(right, Lengths(), {.batch = batch, .collate = pad(5)}), 1) << batch;
  }
}

TEST(Evaluate, RefusesAMetricOfAnotherShape) {
  const auto total = [](const Tensor& x) { return sum(x); };
  EXPECT_THAT(error_of([&] { evaluate(total, in_memory("ten", arange(10, DType::float32))); }),
              HasSubstr("gave [] for a batch of 10"));
  EXPECT_THAT(error_of([&] { evaluate(total, Range{0}); }), HasSubstr("empty"));
  EXPECT_THAT(error_of([&] { evaluate(total, Range{1}, {.batch = 0}); }), HasSubstr("batch 0"));
}

}  // namespace
}  // namespace stet::data
