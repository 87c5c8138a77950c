// x(...), x[...] and member forms: what they pick, and what they refuse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <type_traits>

#include "error_of.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

using ::testing::StartsWith;
using Integers = std::vector<int64_t>;

// 100 i + 10 j + k at (i, j, k), so that a value says where it stood.
Tensor places() { return arange(2).reshape({2, 1, 1}) * 100 + arange(3).reshape({3, 1}) * 10 + arange(4); }

void expect(const Tensor& got, const Shape& shape, const Integers& values) {
  EXPECT_EQ(got.shape(), shape);
  EXPECT_EQ(got.to_vector<int64_t>(), values);
}

Tensor rows(const Integers& values) { return Tensor::from(values); }

TEST(Indexing, TakesPositionsRangesAndWholeAxes) {
  const Tensor x = places();
  expect(x(1, 2, 3), {}, {123});
  expect(x(-1, -1), {4}, {120, 121, 122, 123});
  expect(x(0, {1, 3}, 0), {2}, {10, 20});
  expect(x({}, 1, {0, -1, 2}), {2, 2}, {10, 12, 110, 112});
  expect(x({}, {}, -1), {2, 3}, {3, 13, 23, 103, 113, 123});
  expect(x({1, to_end}, {2, to_end}, {2, to_end}), {1, 1, 2}, {122, 123});
  EXPECT_EQ(x({}, {}, {}).shape(), x.shape());
  EXPECT_EQ(x({5, 9}).shape(), Shape({0, 3, 4}));
}

TEST(Indexing, TakesAnEllipsisAndNewAxes) {
  const Tensor x = places();
  expect(x(ellipsis, 2, 1), {2}, {21, 121});
  expect(x(1, ellipsis, 0), {3}, {100, 110, 120});
  EXPECT_EQ(x(1, 1, 1, ellipsis).shape(), Shape({}));
  EXPECT_EQ(x(new_axis, {}, new_axis, ellipsis, new_axis).shape(), Shape({1, 2, 1, 3, 4, 1}));
  EXPECT_EQ(x.index({0, new_axis, new_axis, {0, 2}, new_axis, {}, new_axis, new_axis}).shape(),
            Shape({1, 1, 2, 1, 4, 1, 1}));
}

TEST(Indexing, ViewsShareMemoryUnlessAnIndexIsATensor) {
  const Tensor x = places();
  EXPECT_EQ(x(1, {1, 3}).data(), x.data_as<int64_t>() + 16);
  EXPECT_NE(x[rows({0, 1})].data(), x.data());
}

TEST(Indexing, TakesTensorsOfPositions) {
  const Tensor x = places();
  expect(x[rows({1, 0})](ellipsis, 0, 0), {2}, {100, 0});
  expect(x(0, rows({2, -1, 0}), 1), {3}, {21, 21, 1});
  expect(x(rows({0, 1}), rows({2, 1}), rows({3, -4})), {2}, {23, 110});
  expect(x({}, rows({0, 2}), rows({1, 1})), {2, 2}, {1, 21, 101, 121});
  // Apart: their common axes come first.
  expect(x(rows({1}), {}, rows({0, 3})), {2, 3}, {100, 110, 120, 103, 113, 123});
  expect(x(0, 1, Tensor(int64_t{2})), {}, {12});
  EXPECT_EQ(x[rows({})].shape(), Shape({0, 3, 4}));
  EXPECT_EQ(x(rows({}), rows({})).shape(), Shape({0, 4}));
}

TEST(Indexing, PicksTheElementOfEachRow) {
  const Tensor logits = watch(Tensor::from(std::vector<float>{1, 2, 3, 4, 5, 6}, {2, 3}));
  const Tensor picked = logits(arange(2), rows({2, 0}));
  EXPECT_EQ(picked.to_vector<float>(), std::vector<float>({3, 4}));
  EXPECT_EQ(backward(sum(picked * picked))[logits].to_vector<float>(), std::vector<float>({0, 0, 6, 8, 0, 0}));
}

TEST(Indexing, TakesMasks) {
  const Tensor x = places();
  expect(x[x > 121], {2}, {122, 123});
  expect(x[x > 1000], {0}, {});
  expect(x(ellipsis, 0)[rows({0, 1}) == 1], {1, 3}, {100, 110, 120});
  expect(x(x(ellipsis, 0) == 110, {1, 3}), {1, 2}, {111, 112});
  expect(x(0, rows({1, 0, 1}) == 1, rows({3, 0})), {2}, {3, 20});
  expect(masked_select(x, rows({0, 0, 0, 1}) == 1), {6}, {3, 13, 23, 103, 113, 123});
  EXPECT_EQ(zeros({0, 3})[zeros({0}, DType::boolean)].shape(), Shape({0, 3}));
}

TEST(Indexing, RefusesWhatItCantTake) {
  const Tensor x = places();
  EXPECT_EQ(error_of<Error>([&] { x(0, 0, 0, 0); }), "index: 4 axes are named of shape [2, 3, 4]");
  EXPECT_EQ(error_of<Error>([&] { x(0, 3); }), "index: 3 is out of range for an axis of 3 in [2, 3, 4]");
  EXPECT_EQ(error_of<Error>([&] { x(ellipsis, ellipsis); }), "index: more than one ellipsis");
  EXPECT_EQ(error_of<Error>([&] { x[zeros({2})]; }), "index: an index must be int64 or bool, not float32");
  EXPECT_EQ(error_of<Error>([&] { x[zeros({3}, DType::boolean)]; }),
            "index: the mask [3] does not fit shape [2, 3, 4]");
  EXPECT_THAT(error_of<Error>([&] { x(rows({0, 1}), rows({0, 1, 2})); }), StartsWith("index: shapes [2] and [3]"));
  EXPECT_THAT(error_of<Error>([&] { x({0, 2, 0}); }), StartsWith("slice: the step is 0"));
  EXPECT_THROW(x[rows({2})], DataError);
  EXPECT_THAT([&] { x[rows({-3})]; }, ::testing::ThrowsMessage<DataError>(::testing::HasSubstr("index -3 ")));
  EXPECT_THROW(x(rows({0}), rows({3})), DataError);  // which is in range of both axes together
  EXPECT_THROW(x(rows({0}), rows({-4})), DataError);
}

TEST(Axes, NeedNoBracesWhereThereIsOne) {
  const Tensor x = places();
  expect(sum(x, -1), {2, 3}, sum(x, {-1}).to_vector<int64_t>());
  expect(x.sum(0), {3, 4}, sum(x, {0}).to_vector<int64_t>());
  expect(x.max({0, 1}), {4}, {120, 121, 122, 123});
  expect(x.sum(), {}, {1476});
  EXPECT_EQ(x.sum({}, true).shape(), Shape({1, 1, 1}));
  static_assert(!std::is_convertible_v<bool, Axes> && !std::is_convertible_v<bool, Index>);
}

TEST(Assignment, GivesTheNameAnotherValue) {
  Tensor x = Tensor::from(std::vector<float>{1, 2});
  const Tensor before = x;
  x += before;
  x *= 3;
  x -= 1;
  x /= Tensor::from(std::vector<float>{5, 11});
  EXPECT_EQ(x.to_vector<float>(), std::vector<float>({1, 1}));
  EXPECT_EQ(before.to_vector<float>(), std::vector<float>({1, 2}));
}

TEST(Members, AreTheFreeOps) {
  const Tensor x = Tensor::from(std::vector<double>{0.5, 2, 1, 0.25, 3, 1.5}, {2, 3}), i = rows({1, 0});
  const auto same = [](const Tensor& a, const Tensor& b) {
    EXPECT_EQ(a.shape(), b.shape());
    EXPECT_EQ(a.to(DType::float64).to_vector<double>(), b.to(DType::float64).to_vector<double>());
  };
  same(x.mean(1), mean(x, 1)), same(x.min(1), min(x, 1)), same(x.var(1), var(x, 1)), same(x.std(1), stddev(x, 1));
  same(x.any(1), any(x, 1)), same(x.all(1), all(x, 1)), same(x.norm(), norm(x)), same(x.argmax(0), argmax(x, 0));
  same(x.argmin(0), argmin(x, 0)), same(x.softmax(0), softmax(x, 0)), same(x.log_softmax(), log_softmax(x));
  same(x.matmul(x.transpose()), matmul(x, transpose(x))), same(x.abs(), abs(x)), same(x.sign(), sign(x));
  same(x.square(), square(x)), same(x.exp(), exp(x)), same(x.log(), log(x)), same(x.log1p(), log1p(x));
  same(x.sqrt(), sqrt(x)), same(x.rsqrt(), rsqrt(x)), same(x.sin(), sin(x)), same(x.cos(), cos(x));
  same(x.tanh(), tanh(x)), same(x.sigmoid(), sigmoid(x)), same(x.relu(), relu(x)), same(x.erf(), erf(x));
  same(x.pow(2), pow(x, 2)), same(x.pow(0.5), pow(x, 0.5)), same(x.pow(x), pow(x, x));
  same(x.clamp(0.5, 1), clamp(x, 0.5, 1)), same(x.clamp(x * 0.5, x), x),
      same(x.expand_as(zeros({4, 2, 3})), tile(x, {4, 1, 1}));
  same(x.index_select(0, i), index_select(x, 0, i)), same(x.gather(1, i.unsqueeze(1)), gather(x, 1, i.unsqueeze(1)));
  same(x.split(2, 1)[1], x({}, {2, 3})), same(x.split(Integers{1, 2}, 1)[1], x({}, {1, 3}));
  same(x.chunk(2, 1)[1], x({}, {2, 3})), same(x.chunk<3>(1)[2], x({}, {2, 3})), same(x.unbind()[1], x[1]);
  same(x.flatten(0, 1), flatten(x)), same(zeros_like(x), x * 0), same(ones_like(x), x / x),
      same(full_like(x, 2), x / x * 2);
}

}  // namespace
}  // namespace stet
