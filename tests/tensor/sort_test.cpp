// Order, extremes with indices and writing at indices where the table of ops doesn't come: other dtypes, and refusals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "error_of.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/rng.h"
#include "tensor/machines.h"

namespace stet {
namespace {

using ::testing::StartsWith;

template <class T> std::vector<T> drawn(int64_t n, int64_t below) {
  SampleDraws draws(Rng(3, "order"), 0, 0);
  std::vector<T> v;
  for (int64_t i = 0; i < n; ++i) v.push_back(static_cast<T>(draws.below(below) - below / 2));
  return v;
}

template <class T> void expect_stable(int64_t n, int64_t below) {
  const std::vector<T> v = drawn<T>(n, below);
  std::vector<int64_t> up(v.size());
  std::iota(up.begin(), up.end(), 0);
  std::vector<int64_t> down = up;
  const auto at = [&](int64_t i) { return v[static_cast<size_t>(i)]; };
  std::stable_sort(up.begin(), up.end(), [&](int64_t a, int64_t b) { return at(a) < at(b); });
  std::stable_sort(down.begin(), down.end(), [&](int64_t a, int64_t b) { return at(a) > at(b); });
  const Tensor x = Tensor::from(v);
  EXPECT_EQ(argsort(x).to_vector<int64_t>(), up);
  EXPECT_EQ(argsort(x, 0, true).to_vector<int64_t>(), down);
  down.resize(static_cast<size_t>(n / 2));
  EXPECT_EQ(topk(x, n / 2).indices.to_vector<int64_t>(), down);
}

TEST(Sort, IsStableForEveryDtype) {
  testing::on_all_machines([] {
    for (int64_t n : {1, 2, 100, 1023, 1024, 5000}) {
      for (int64_t below : {3, 70000}) {
        expect_stable<float>(n, below);
        expect_stable<double>(n, below);
        expect_stable<int32_t>(n, below);
        expect_stable<int64_t>(n, below);
        expect_stable<uint8_t>(n, below);
      }
    }
  });
  const Tensor flags = Tensor::from(std::vector<bool>{true, false, true, false}, {4});
  EXPECT_EQ(argsort(flags).to_vector<int64_t>(), (std::vector<int64_t>{1, 3, 0, 2}));
  EXPECT_EQ(topk(flags, 3).indices.to_vector<int64_t>(), (std::vector<int64_t>{0, 2, 1}));
}

TEST(Sort, PutsNaNLastAndTakesZerosForEqual) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  const Tensor x = Tensor::from(std::vector<float>{0, nan, -0.0f, inf, -inf, -nan, 0, -1});
  EXPECT_EQ(argsort(x).to_vector<int64_t>(), (std::vector<int64_t>{4, 7, 0, 2, 6, 3, 1, 5}));
  EXPECT_EQ(argsort(x, -1, true).to_vector<int64_t>(), (std::vector<int64_t>{1, 5, 3, 0, 2, 6, 7, 4}));
}

TEST(Sort, ExtremesGiveTheWholeGradientToTheLowestIndex) {
  const Tensor x = watch(Tensor::from(std::vector<float>{2, 5, 5, 1, 1, 3}, {2, 3}));
  const auto [values, indices] = max_with_indices(x);
  EXPECT_EQ(indices.to_vector<int64_t>(), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(values.shape(), Shape{2});
  EXPECT_EQ(backward(sum(values * 7))[x].to_vector<float>(), (std::vector<float>{0, 7, 0, 0, 0, 7}));
  const Tensor least = min_with_indices(x, 1, true).values;
  EXPECT_EQ(least.shape(), (Shape{2, 1}));
  EXPECT_EQ(backward(sum(least))[x].to_vector<float>(), (std::vector<float>{1, 0, 0, 1, 0, 0}));
}

TEST(Sort, RefusesInOneLine) {
  const Tensor x = zeros({2, 3});
  EXPECT_EQ(error_of([&] { topk(x, 4); }), "topk: 4 elements were asked for along axis 1 of [2, 3]");
  EXPECT_THAT(error_of([&] { topk(x, -1); }), StartsWith("topk: "));
  EXPECT_THAT(error_of([&] { sort(x, 2); }), StartsWith("sort: axis 2"));
  EXPECT_THAT(error_of([&] { argsort(zeros({})); }), StartsWith("argsort: axis -1"));
  EXPECT_THAT(error_of([&] { max_with_indices(zeros({2, 0})); }), StartsWith("max_with_indices: axis 1"));
  EXPECT_THAT(error_of([&] { min_with_indices(x, 5); }), StartsWith("min_with_indices: axis 5"));
  EXPECT_THAT(error_of([] { sort(broadcast_to(zeros({}), {int64_t{1} << 62})); }), StartsWith("contiguous: "));
}

TEST(Scatter, WritesEveryDtypeAndTheLastOfTwo) {
  const Tensor index = Tensor::from(std::vector<int64_t>{1, 3, 1});
  for (DType dtype : {DType::float32, DType::float64, DType::int32, DType::int64, DType::uint8, DType::boolean}) {
    const Tensor x = zeros({4}, dtype), source = Tensor::from(std::vector<int64_t>{1, 1, 0}).to(dtype);
    EXPECT_EQ(scatter(x, 0, index, source).to(DType::int64).to_vector<int64_t>(), (std::vector<int64_t>{0, 0, 0, 1}));
    EXPECT_EQ(scatter(x, 0, index, 1).to(DType::int64).to_vector<int64_t>(), (std::vector<int64_t>{0, 1, 0, 1}));
  }
}

TEST(Scatter, GivesTheGradientToWhatIsLeft) {
  const Tensor index = Tensor::from(std::vector<int64_t>{1, 3, 1});
  const Tensor x = watch(ones({4})), source = watch(ones({3}));
  const Gradients g = backward(sum(scatter(x, 0, index, source) * Tensor::from(std::vector<float>{1, 2, 3, 4})));
  EXPECT_EQ(g[x].to_vector<float>(), (std::vector<float>{1, 0, 3, 0}));
  EXPECT_EQ(g[source].to_vector<float>(), (std::vector<float>{0, 4, 2}));
}

TEST(Scatter, RefusesInOneLine) {
  const Tensor x = zeros({2, 3}), index = zeros({2, 1}, DType::int64);
  EXPECT_EQ(error_of([&] { scatter(x, 1, index, zeros({2, 2})); }), "scatter: index [2, 1] and source [2, 2] differ");
  EXPECT_THAT(error_of([&] { scatter(x, 0, index, zeros({2, 1})); }), StartsWith("scatter: index [2, 1] and input"));
  EXPECT_THAT(error_of([&] { scatter(x, 2, index, 1); }), StartsWith("scatter: axis 2"));
  EXPECT_THAT(error_of([&] { scatter(x, 1, zeros({2, 1}), 1); }), StartsWith("scatter: an index must be int64"));
  EXPECT_THAT(error_of([&] { scatter(x.to(DType::uint8), 1, index, 300); }), StartsWith("scatter: 300"));
  EXPECT_EQ(error_of<DataError>([&] {
              scatter(x, 1, full({2, 1}, 3, DType::int64), 1);
            }),
            "scatter: index 3 at position 0 is not in 0 to 2");
}

TEST(Nonzero, FindsEveryDtypesAndNaN) {
  const std::vector<int64_t> want = {0, 2, 1, 1};
  for (DType dtype : {DType::float32, DType::float64, DType::int32, DType::int64, DType::uint8, DType::boolean}) {
    const Tensor y = nonzero(Tensor::from(std::vector<int64_t>{0, 0, 1, 0, 1, 0}, {2, 3}).to(dtype));
    EXPECT_EQ(y.shape(), (Shape{2, 2}));
    EXPECT_EQ(y.to_vector<int64_t>(), want);
  }
  EXPECT_EQ(nonzero(Tensor::from(std::vector<float>{-0.0f, std::nanf("")})).to_vector<int64_t>(),
            std::vector<int64_t>{1});
  EXPECT_EQ(nonzero(zeros({3, 0, 2})).shape(), (Shape{0, 3}));
  EXPECT_EQ(nonzero(ones({})).shape(), (Shape{1, 0}));
}

}  // namespace
}  // namespace stet
