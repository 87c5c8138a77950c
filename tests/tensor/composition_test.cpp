// Composed ops: shapes, dtypes, sizes of zero, and what they refuse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "error_of.h"
#include "non_finite.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

using ::testing::StartsWith;
using Integers = std::vector<int64_t>;
using Floats = std::vector<float>;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max(), kHuge = int64_t{1} << 32, kQuarter = int64_t{1} << 62;

Integers extents(const std::vector<Tensor>& parts, int axis = 0) {
  Integers all;
  for (const Tensor& part : parts) all.push_back(part.size(axis));
  return all;
}

TEST(Parts, AreOfTheSizesThatPyTorchGives) {
  const Tensor x = arange(7);
  EXPECT_EQ(extents(split(x, 3)), Integers({3, 3, 1}));
  EXPECT_EQ(extents(split(x, 9)), Integers({7}));
  EXPECT_EQ(extents(split(x, kMost)), Integers({7}));
  EXPECT_EQ(extents(split(x, Integers{2, 0, 5})), Integers({2, 0, 5}));
  EXPECT_EQ(extents(chunk(x, 4)), Integers({2, 2, 2, 1}));
  EXPECT_EQ(extents(chunk(x, 5)), Integers({2, 2, 2, 1}));
  EXPECT_EQ(extents(chunk(x, 9)), Integers(7, 1));
  const Tensor none = zeros({0, 2});
  EXPECT_EQ(extents(split(none, 3)), Integers({0}));
  EXPECT_EQ(extents(split(none, 0)), Integers({0}));
  EXPECT_EQ(extents(chunk(none, 3)), Integers({0, 0, 0}));
  EXPECT_TRUE(unbind(none).empty());
  EXPECT_EQ(unbind(none, 1)[1].shape(), Shape({0}));
}

TEST(Parts, AreRefusedInOneLine) {
  const Tensor x = zeros({7, 2});
  EXPECT_EQ(error_of([&] { split(x, 0); }), "split: 0 is not a size for parts of axis 0 of [7, 2]");
  EXPECT_EQ(error_of([&] { split(x, Integers{3, 3}); }), "split: sizes (3, 3) add up to 6, not to axis 0 of [7, 2]");
  EXPECT_EQ(error_of([&] { split(x, Integers{-1, 8}); }), "split: the size -1 is negative");
  EXPECT_THAT(error_of([&] { split(x, Integers{kMost, 1}); }), StartsWith("split: "));
  EXPECT_EQ(error_of([&] { chunk(x, 0); }), "chunk: 0 is not a number of parts");
  EXPECT_EQ(error_of([&] { chunk<3>(x, 1); }), "chunk: axis 1 of [7, 2] gives 2 parts, not 3");
  EXPECT_EQ(error_of([&] { unbind<3>(x, 1); }), "unbind: axis 1 of [7, 2] gives 2 parts, not 3");
  EXPECT_THAT(error_of([&] { unbind(x, 2); }), StartsWith("unbind: axis 2"));
}

TEST(Repetition, TakesAnyDtypeAndNothing) {
  const Tensor x = Tensor::from(std::vector{true, false}, {2});
  EXPECT_EQ(x.repeat({2}).to_vector<bool>(), std::vector<bool>({true, false, true, false}));
  EXPECT_EQ(x.repeat_interleave(2).to_vector<bool>(), std::vector<bool>({true, true, false, false}));
  EXPECT_EQ(repeat(arange(2), {0, 3}).shape(), Shape({0, 6}));
  EXPECT_EQ(repeat_interleave(zeros({2, 0}), 3, 1).shape(), Shape({2, 0}));
  EXPECT_EQ(repeat_interleave(zeros({2, 3}), arange(3), 1).shape(), Shape({2, 3}));
  EXPECT_EQ(repeat_interleave(zeros({2, 3}), Tensor(int64_t{2}), 1).shape(), Shape({2, 6}));
  EXPECT_EQ(expand(zeros({1, 3}), {0, -1}).shape(), Shape({0, 3}));
  EXPECT_EQ(expand(Tensor(1.0f), {2, 2}).strides(), Strides({0, 0}));
}

TEST(Choice, TakesAnyDtype) {
  const Tensor x = arange(4).reshape({2, 2});
  EXPECT_EQ(x.masked_fill(x > 1, -1).to_vector<int64_t>(), Integers({0, 1, -1, -1}));
  EXPECT_EQ((x > 0).masked_fill(x == 3, false).to_vector<bool>(), std::vector<bool>({false, true, true, false}));
  EXPECT_EQ(x.clamp_min(2).to_vector<int64_t>(), Integers({2, 2, 2, 3}));
  EXPECT_EQ(where(x > 1, 7, x).to_vector<int64_t>(), Integers({0, 1, 7, 7}));
  EXPECT_EQ(tril(x + 1).to_vector<int64_t>(), Integers({1, 0, 3, 4}));
  EXPECT_EQ(triu(x >= 0).to_vector<bool>(), std::vector<bool>({true, true, false, true}));
  EXPECT_EQ(tril(ones({2, 3}), -kMost).to_vector<float>(), Floats(6, 0));
  EXPECT_EQ(triu(ones({2, 3}), kMost).to_vector<float>(), Floats(6, 0));
}

TEST(Order, TakesAnyDtypeAndEdges) {
  const Tensor x = arange(5);
  EXPECT_EQ(x.flip(0).to_vector<int64_t>(), Integers({4, 3, 2, 1, 0}));
  EXPECT_EQ(x.roll(7, 0).to_vector<int64_t>(), Integers({3, 4, 0, 1, 2}));
  EXPECT_EQ(x.roll(std::numeric_limits<int64_t>::min(), 0).to_vector<int64_t>(), Integers({3, 4, 0, 1, 2}));
  EXPECT_EQ(diag(arange(2) + 1, -1).to_vector<int64_t>(), Integers({0, 0, 0, 1, 0, 0, 0, 2, 0}));
  EXPECT_EQ(diag(zeros({0})).shape(), Shape({0, 0}));
  EXPECT_EQ(diagonal(zeros({2, 3}), 3).shape(), Shape({0}));
  EXPECT_EQ(diagonal(zeros({2, 3}), -kMost).shape(), Shape({0}));
  EXPECT_EQ(diagonal(zeros({4, 0, 3}), 1).shape(), Shape({4, 0}));
  EXPECT_EQ(movedim(zeros({2, 3, 4}), {}, {}).shape(), Shape({2, 3, 4}));
  EXPECT_EQ(movedim(zeros({2, 3, 4}), 0, 2).shape(), Shape({3, 4, 2}));
}

TEST(Ranges, HoldTheirNumbers) {
  EXPECT_EQ(arange(2, 5).to_vector<int64_t>(), Integers({2, 3, 4}));
  EXPECT_EQ(arange(5, 0, -2).to_vector<int64_t>(), Integers({5, 3, 1}));
  EXPECT_EQ(arange(3, 3).elements(), 0);
  EXPECT_EQ(arange(0, 1, 0.25).to_vector<float>(), Floats({0, 0.25f, 0.5f, 0.75f}));
  EXPECT_EQ(arange(1, 4, 1, DType::float64).to_vector<double>(), std::vector<double>({1, 2, 3}));
  EXPECT_EQ(arange(kMost - 2, kMost).to_vector<int64_t>(), Integers({kMost - 2, kMost - 1}));
  EXPECT_EQ(arange(-kMost, kMost, kMost).to_vector<int64_t>(), Integers({-kMost, 0}));
  EXPECT_EQ(linspace(0, 1, 5).to_vector<float>(), Floats({0, 0.25f, 0.5f, 0.75f, 1}));
  for (int64_t n = 2; n < 50; ++n) {  // where n - 1 steps would miss it
    EXPECT_EQ(linspace(-0.7, 1.1, n, DType::float64)[-1].item<double>(), 1.1);
  }
  EXPECT_EQ(linspace(3, 9, 1).to_vector<float>(), Floats({3}));
  EXPECT_EQ(linspace(3, 9, 0).elements(), 0);
  EXPECT_EQ(linspace(1, 0, 3).to_vector<float>(), Floats({1, 0.5f, 0}));
}

TEST(Statistics, OfEqualAndOfFarValuesAreExact) {
  const Tensor far = Tensor::from(Floats{1e8f, 1e8f + 8, 1e8f + 16, 1e8f + 24});
  EXPECT_EQ(var(far, {}, false, 0).item<float>(), 80);
  EXPECT_EQ(stddev(full({1000}, 0.1)).item<float>(), 0);
  EXPECT_TRUE(std::isnan(var(zeros({1})).item<float>()));
  EXPECT_TRUE(std::isnan(var(zeros({0})).item<float>()));
}

TEST(Statistics, GradientsOfGradientsAreFiniteAtZero) {
  for (const auto& f : {+[](const Tensor& x) { return stddev(x); }, +[](const Tensor& x) { return norm(x); },
                        +[](const Tensor& x) { return norm(x, 3); }, +[](const Tensor& x) { return norm(x, 0.5); }}) {
    const Tensor x = watch(zeros({3}));
    const Tensor g = backward(f(x), {.graph = true})[x];
    EXPECT_EQ(g.to_vector<float>(), Floats(3, 0));
    EXPECT_EQ(backward(sum(g * g))[x].to_vector<float>(), Floats(3, 0));
  }
}

TEST(Statistics, OfInfinitiesAndNothing) {
  const auto lowest = static_cast<float>(-kInfinity);
  EXPECT_EQ(logsumexp(full({2}, lowest), 0).item<float>(), lowest);
  EXPECT_EQ(logsumexp(Tensor::from(Floats{1, -lowest}), 0).item<float>(), -lowest);
  EXPECT_EQ(logsumexp(zeros({2, 0}), 1).to_vector<float>(), Floats(2, lowest));
  EXPECT_EQ(norm(zeros({2, 0}), 2, 1).to_vector<float>(), Floats(2, 0));
  EXPECT_FALSE(any(zeros({0})).item<bool>());
  EXPECT_TRUE(all(zeros({0})).item<bool>());
  EXPECT_TRUE(any(full({2}, NAN)).item<bool>());
  EXPECT_EQ(all(arange(4).reshape({2, 2}), 1).to_vector<bool>(), std::vector<bool>({false, true}));
  EXPECT_EQ(norm(Tensor::from(Floats{0, 3, -2}), 0).item<float>(), 2);
}

TEST(Einsum, SaysWhatIsWrongWithTheEquation) {
  const Tensor a = zeros({2, 3}), b = zeros({3, 4});
  EXPECT_EQ(error_of([&] { einsum("ij,jk->ik", {a}); }), "einsum: \"ij,jk->ik\" has 2 operands, not 1");
  EXPECT_EQ(error_of([&] { einsum("ij,jk->iz", {a, b}); }), "einsum: \"ij,jk->iz\" has 'z' in the result alone");
  EXPECT_EQ(error_of([&] { einsum("ij,ij->i", {a, b}); }), "einsum: \"ij,ij->i\" meets extents 2 and 3 in 'i'");
  EXPECT_EQ(error_of([&] { einsum("ijk->i", {a}); }), "einsum: \"ijk->i\" has ijk for shape [2, 3]");
  EXPECT_EQ(error_of([&] { einsum("...ijk->i", {a}); }), "einsum: \"...ijk->i\" has ...ijk for shape [2, 3]");
  EXPECT_EQ(error_of([&] { einsum("i1->i", {a}); }), "einsum: \"i1->i\" has '1', which is no index");
  EXPECT_EQ(error_of([&] { einsum("ij->ii", {a}); }), "einsum: \"ij->ii\" names an index of the result twice");
  EXPECT_EQ(error_of([&] { einsum("......->", {a}); }), "einsum: \"......->\" has \"...\" twice in an operand");
  EXPECT_THAT(error_of([&] { einsum("ij->", {arange(4).reshape({2, 2})}); }), StartsWith("einsum: takes float32"));
  EXPECT_THAT(error_of([&] { einsum("i,i->", {zeros({2}), zeros({2}, DType::float64)}); }), StartsWith("einsum: "));
  EXPECT_THAT(error_of([&] { einsum("", std::span<const Tensor>()); }), StartsWith("einsum: no tensors"));
  EXPECT_EQ(einsum(",->", {Tensor(2.0f), Tensor(3.0f)}).item<float>(), 6);
}

struct Call {
  std::string op;
  std::function<void()> call;
};

// A view of one number with as many elements as are asked for.
Tensor stretched(const Shape& shape) { return broadcast_to(zeros({}), shape); }

TEST(Arange, ComparesIntegersAsTheyAre) {
  constexpr int64_t past = int64_t{1} << 53;
  EXPECT_THAT(error_of([&] { arange(past + 1, past, int64_t{1} << 62); }), StartsWith("arange: a step of"));
  EXPECT_EQ(arange(past, past + 1, 1).elements(), 1);
  EXPECT_EQ(arange(past + 1, past, -1).elements(), 1);
}

TEST(Compositions, RefuseWhatTheyCantTake) {
  const Tensor x = zeros({2, 3}), image = zeros({1, 2, 3, 4}), counts = arange(3), mask = zeros({4}, DType::boolean);
  const Integers negative{-1, 1};
  const std::vector<Call> calls = {
      {"expand",
       [&] {
         expand(x, {3, 3});
       }},
      {"expand", [&] { expand(x, {3}); }},
      {"expand",
       [&] {
         expand(x, {-1, 2, 3});
       }},
      {"repeat", [&] { repeat(x, {2}); }},
      {"repeat", [&] { repeat(x, negative); }},
      {"tile", [&] { tile(x, negative); }},
      {"repeat_interleave", [&] { repeat_interleave(x, -1, 0); }},
      {"repeat_interleave", [&] { repeat_interleave(x, 1, 2); }},
      {"repeat_interleave", [&] { repeat_interleave(x, counts, 0); }},
      {"repeat_interleave", [&] { repeat_interleave(x, x, 0); }},
      {"repeat_interleave", [&] { repeat_interleave(x, counts - 1, 1); }},
      {"meshgrid",
       [&] {
         meshgrid({x, x});
       }},
      {"meshgrid",
       [&] {
         meshgrid({counts, zeros({2})});
       }},
      {"masked_fill", [&] { masked_fill(x, x, 0); }},
      {"masked_fill", [&] { masked_fill(x, mask, 0); }},
      {"masked_fill",
       [&] {
         masked_fill(zeros({3}), zeros({2, 3}, DType::boolean), 0);
       }},
      {"masked_fill", [&] { masked_fill(counts, counts > 1, 0.5); }},
      {"masked_select", [&] { masked_select(x, mask); }},
      {"masked_select", [&] { masked_select(x, x); }},
      {"where", [&] { where(counts > 1, 0.5, counts); }},
      {"clamp_min", [&] { clamp_min(counts > 1, 0); }},
      {"clamp_min", [&] { clamp(zeros({3}), x, x); }},
      {"clamp_max", [&] { clamp_max(counts, 0.5); }},
      {"tril", [&] { tril(counts); }},
      {"triu", [&] { triu(counts); }},
      {"flip",
       [&] {
         flip(x, {0, 0});
       }},
      {"roll", [&] { roll(x, 1, 2); }},
      {"roll",
       [&] {
         roll(x, {1}, {0, 1});
       }},
      {"movedim",
       [&] {
         movedim(x, {0, 1}, 0);
       }},
      {"movedim",
       [&] {
         movedim(x, {0, 0}, {0, 1});
       }},
      {"movedim", [&] { movedim(x, 0, 2); }},
      {"swapaxes", [&] { swapaxes(x, 0, 2); }},
      {"diagonal", [&] { diagonal(counts); }},
      {"diag", [&] { diag(image); }},
      {"outer", [&] { outer(x, x); }},
      {"outer", [&] { outer(counts, zeros({2})); }},
      {"pad",
       [&] {
         pad(counts, {{3, 0}}, Padding::reflect);
       }},
      {"pad",
       [&] {
         pad(counts, {{0, 4}}, Padding::circular);
       }},
      {"pad",
       [&] {
         pad(zeros({0}), {{1, 0}}, Padding::replicate);
       }},
      {"pad",
       [&] {
         pad(counts, {{-1, 0}}, Padding::replicate);
       }},
      {"pad",
       [&] {
         pad(counts, {{0, 0}, {0, 0}}, Padding::replicate);
       }},
      {"unfold",
       [&] {
         unfold(x, {1, 1});
       }},
      {"unfold",
       [&] {
         unfold(image, {4, 1});
       }},
      {"unfold",
       [&] {
         unfold(image, {0, 1});
       }},
      {"unfold",
       [&] {
         unfold(image, {1, 1}, {.stride = {0, 1}});
       }},
      {"fold",
       [&] {
         fold(zeros({1, 3, 4}), {3, 3}, {2, 2});
       }},
      {"fold",
       [&] {
         fold(zeros({1, 4, 5}), {3, 3}, {2, 2});
       }},
      {"fold",
       [&] {
         fold(zeros({1, 4, 5}), {-1, 3}, {2, 2});
       }},
      {"pixel_shuffle", [&] { pixel_shuffle(image, 2); }},
      {"pixel_shuffle", [&] { pixel_shuffle(x, 2); }},
      {"pixel_unshuffle", [&] { pixel_unshuffle(image, 2); }},
      {"pixel_unshuffle", [&] { pixel_unshuffle(image, 0); }},
      {"arange", [] { arange(0, 5, 0); }},
      {"arange", [] { arange(0, 5, -1); }},
      {"arange", [] { arange(0, 300, 1, DType::uint8); }},
      {"arange", [] { arange(0, 1, 0.5, DType::int64); }},
      {"arange", [] { arange(0, kInfinity); }},
      {"arange", [] { arange(0, NAN); }},
      {"linspace", [] { linspace(0, 1, -1); }},
      {"linspace", [] { linspace(0, kInfinity, 3); }},
      {"linspace", [] { linspace(0, 1, 3, DType::int64); }},
      {"var", [&] { var(counts); }},
      {"stddev", [&] { stddev(x, 2); }},
      {"norm", [&] { norm(counts); }},
      {"norm", [&] { norm(x, NAN); }},
      {"norm", [&] { norm(zeros({0}), kInfinity); }},
      {"normalize", [&] { normalize(x, 2, 2); }},
      {"logsumexp", [&] { logsumexp(counts, 0); }},
      {"any", [&] { any(x, 2); }},
      {"all",
       [&] {
         all(x, {0, 0});
       }},
      {"flatten", [&] { flatten(x, 1, 0); }},
  };
  for (const Call& c : calls) EXPECT_THAT(error_of(c.call), StartsWith(c.op + ": ")) << &c - calls.data();
}

TEST(Compositions, RefuseSizesPastInt64) {
  const Tensor column = stretched({kHuge, 1}), row = stretched({kHuge});
  const std::vector<Call> calls = {
      {"expand",
       [] {
         expand(zeros({1, 1}), {kHuge, kHuge});
       }},
      {"repeat", [] { repeat(zeros({4}), {kQuarter}); }},
      {"repeat",
       [] {
         repeat(zeros({1, 1}), {kHuge, kHuge});
       }},
      {"tile", [] { tile(zeros({4}), {kQuarter}); }},
      {"repeat_interleave", [] { repeat_interleave(zeros({4}), kQuarter); }},
      {"repeat_interleave",
       [&] {
         repeat_interleave(zeros({2}), Tensor::from(Integers{kMost, 1}), 0);
       }},
      {"meshgrid",
       [&] {
         meshgrid({row, row});
       }},
      {"masked_select",
       [&] {
         masked_select(column, broadcast_to(zeros({}, DType::boolean), {1, kHuge}));
       }},
      {"diag", [] { diag(zeros({1}), kQuarter); }},
      {"diag", [] { diag(zeros({1}), std::numeric_limits<int64_t>::min()); }},
      {"outer", [&] { outer(row, row); }},
      {"pad",
       [] {
         pad(zeros({4}), {{kMost, 0}}, Padding::replicate);
       }},
      {"unfold",
       [] {
         unfold(zeros({1, 1, 4, 4}), {1, 1}, {.padding = {kQuarter, 0}});
       }},
      {"unfold",
       [] {
         unfold(zeros({1, 1, 4, 4}), {2, 2}, {.dilation = {kMost, 1}});
       }},
      {"fold",
       [] {
         fold(zeros({1, 4, 4}), {kHuge, kHuge}, {1, 1});
       }},
      {"pixel_shuffle",
       [] {
         pixel_shuffle(zeros({4, 2, 2}), kHuge);
       }},
      {"pixel_unshuffle",
       [] {
         pixel_unshuffle(zeros({4, 0, 0}), kHuge);
       }},
      {"arange", [] { arange(-kMost, kMost); }},
      {"arange", [] { arange(0, 1e300); }},
      {"linspace", [] { linspace(0, 1, kQuarter); }},
  };
  for (const Call& c : calls) EXPECT_THAT(error_of(c.call), StartsWith(c.op + ": ")) << &c - calls.data();
}

}  // namespace
}  // namespace stet
