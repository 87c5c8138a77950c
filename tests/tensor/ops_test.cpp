// The table of op cases drives the comparison with the scalar reference over shapes, layouts, threads and instruction
// sets.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/parallel.h"
#include "stet/tensor/simd/isa.h"
#include "tensor/bits.h"
#include "tensor/machines.h"
#include "tensor/op_cases.h"
#include "tensor/reference.h"

namespace stet {
namespace {

using testing::all_same_bits;
using testing::awkward;
using testing::binary_cases;
using testing::BinaryCase;
using testing::gapped_layout;
using testing::on_all_machines;
using testing::shapes;
using testing::transposed_layout;
using testing::unary_cases;
using testing::UnaryCase;

TEST(Ops, UnaryOpsEqualTheReference) {
  struct Given {
    const UnaryCase& c;
    Tensor x, transposed, gapped;
    std::vector<float> want;
  };
  std::vector<Given> all;
  for (const Shape& shape : shapes()) {
    for (bool specials : {false, true}) {
      const Tensor x = awkward(shape, 1, specials), transposed = transposed_layout(x), gapped = gapped_layout(x);
      for (const UnaryCase& c : unary_cases()) {
        all.push_back({c, x, transposed, gapped, c.reference(reference::array<float>(x)).values});
      }
    }
  }
  on_all_machines([&] {
    for (const auto& [c, x, transposed, gapped, want] : all) {
      SCOPED_TRACE(std::string(c.name) + " " + x.shape().to_string());
      EXPECT_TRUE(all_same_bits(c.op(x).to_vector<float>(), want));
      EXPECT_TRUE(all_same_bits(c.op(transposed).to_vector<float>(), want));
      EXPECT_TRUE(all_same_bits(c.op(gapped).to_vector<float>(), want));
    }
  });
}

TEST(Ops, UnaryOpsHaveTheSameBitsOnAllMachines) {
  for (const Shape& shape : {Shape{3, 40, 50}, Shape{2, 3, 20011}, Shape{517, 2, 129}}) {
    const Tensor x = awkward(shape, 2);
    for (const UnaryCase& c : unary_cases()) {
      SCOPED_TRACE(std::string(c.name) + " " + shape.to_string());
      const std::vector<float> want = c.op(x).to_vector<float>();
      on_all_machines([&] { EXPECT_TRUE(all_same_bits(c.op(x).to_vector<float>(), want)); });
    }
  }
}

TEST(Ops, BinaryOpsEqualTheReferenceUnderBroadcasting) {
  const std::pair<Shape, Shape> pairs[] = {
      {{3, 5, 33}, {3, 5, 33}}, {{3, 5, 33}, {33}}, {{3, 5, 33}, {5, 1}}, {{1}, {2, 65}},    {{}, {40}},
      {{4, 1, 7}, {5, 1}},      {{0, 3}, {3}},      {{20011}, {20011}},   {{300, 70}, {70}}, {{300, 70}, {300, 1}}};
  for (const auto& [left, right] : pairs) {
    const Tensor a = awkward(left, 3), b = awkward(right, 4);
    for (const BinaryCase& c : binary_cases()) {
      SCOPED_TRACE(std::string(c.name) + " " + left.to_string() + " " + right.to_string());
      const auto want = reference::zip<float>(reference::array<float>(a), reference::array<float>(b), c.reference);
      on_all_machines([&] {
        const Tensor y = c.op(a, b);
        EXPECT_EQ(y.shape(), want.shape);
        EXPECT_TRUE(all_same_bits(y.to_vector<float>(), want.values));
      });
    }
  }
}

TEST(Ops, LongSumsEqualTheReferenceOnEveryLevel) {
  // Three levels of chains and a bit of each; three levels of blocks and a bit of each.
  for (const auto& [shape, axes] :
       std::vector<std::pair<Shape, Axes>>{{{266'305, 2}, {0}}, {{1'049'601}, {0}}, {{2, 1025, 65}, {1, 2}}}) {
    const Tensor x = awkward(shape, 5, false);
    const std::vector<float> want = reference::sum(reference::array<float>(x), axes).values;
    on_all_machines([&, axes = axes] { EXPECT_TRUE(all_same_bits(sum(x, axes).to_vector<float>(), want)); });
    const Tensor wide = x.to(DType::float64);
    EXPECT_TRUE(all_same_bits(sum(wide, axes).to_vector<double>(),
                              reference::sum(reference::array<double>(wide), axes).values));
  }
}

TEST(Ops, SumsShowTheirTree) {
  // 2^24 swallows a 1 that is added to it alone, but not a 2: where the ones meet first shows the order.
  std::vector<float> x(64, 0.0f);
  x[0] = 16777216.0f;
  x[32] = 1.0f;  // the same lane as element 0, so it is swallowed

  EXPECT_EQ(sum(Tensor::from(x)).item<float>(), 16777216.0f);

  x[1] = x[17] = 1.0f;  // lanes 1 and 17 meet before lane 0 is added
  EXPECT_EQ(sum(Tensor::from(x)).item<float>(), 16777218.0f);
}

TEST(Ops, ArgmaxTakesTheFirstOfEqualsAndTheFirstNaN) {
  const float nan = std::nanf("");
  EXPECT_EQ(argmax(Tensor::from<float>({1, 3, 3, 2})).item<int64_t>(), 1);
  EXPECT_EQ(argmin(Tensor::from<float>({1, 0, 3, 0})).item<int64_t>(), 1);
  EXPECT_EQ(argmax(Tensor::from<float>({1, nan, 3, nan})).item<int64_t>(), 1);
  EXPECT_EQ(argmin(Tensor::from<float>({1, 5, nan, -9})).item<int64_t>(), 2);
  for (const int64_t n : {15, 16, 17, 64, 1000}) {
    std::vector<float> v(static_cast<size_t>(n), -0.0f);
    v[static_cast<size_t>(n - 1)] = 0.0f;
    on_all_machines([&] { EXPECT_EQ(argmax(Tensor::from(v)).item<int64_t>(), 0) << n; });
    v[static_cast<size_t>(n - 2)] = nan;
    on_all_machines([&] { EXPECT_EQ(argmin(Tensor::from(v)).item<int64_t>(), n - 2) << n; });
    v[static_cast<size_t>(n - 2)] = v[static_cast<size_t>(n / 2)] = 5.0f;
    on_all_machines([&] { EXPECT_EQ(argmax(Tensor::from(v)).item<int64_t>(), n / 2) << n; });
  }
  const Tensor x = Tensor::from<int32_t>({1, 9, 3, 4, 5, 6}, {2, 3});
  EXPECT_EQ(argmax(x, 0).to_vector<int64_t>(), (std::vector<int64_t>{1, 0, 1}));
  EXPECT_EQ(argmax(x, 1, true).shape(), (Shape{2, 1}));
}

TEST(Ops, IntegersWrapAndDivideTowardZero) {
  const Tensor a = Tensor::from<int32_t>({INT32_MAX, -7, INT32_MIN});
  EXPECT_EQ((a + Tensor::from<int32_t>({1, 0, -1})).to_vector<int32_t>(),
            (std::vector<int32_t>{INT32_MIN, -7, INT32_MAX}));
  EXPECT_EQ((a / Tensor::from<int32_t>({2, 2, -1})).to_vector<int32_t>(),
            (std::vector<int32_t>{INT32_MAX / 2, -3, INT32_MIN}));
  EXPECT_THROW(a / Tensor::from<int32_t>({1, 0, 1}), DataError);
  EXPECT_EQ(sum(Tensor::from<uint8_t>({200, 200})).item<int64_t>(), 400);
}

TEST(Ops, ConversionsRoundOnce) {
  // 2^60 + 2^36 + 1 rounds up to binary32; through binary64 the 1 would be lost and the tie would go down.
  const int64_t odd = (int64_t{1} << 60) + (int64_t{1} << 36) + 1;
  EXPECT_EQ(Tensor::from<int64_t>({odd}).to(DType::float32).item<float>(), std::ldexp(1.0f, 60) + std::ldexp(1.0f, 37));
  const Tensor x = Tensor::from<float>({1.9f, -1.9f, 3e9f, std::nanf(""), -3e9f});
  EXPECT_EQ(x.to(DType::int32).to_vector<int32_t>(), (std::vector<int32_t>{1, -1, INT32_MAX, 0, INT32_MIN}));
}

TEST(Ops, ErrorsNameTheOpTheShapesAndTheRemedy) {
  const auto message = [](const std::function<void()>& f) -> std::string {
    try {
      f();
    } catch (const Error& e) { return e.what(); }
    return "no error";
  };
  const Tensor a = zeros({2, 3}), b = zeros({4});
  EXPECT_EQ(message([&] { a + b; }), "add: shapes [2, 3] and [4] do not broadcast");
  EXPECT_EQ(message([&] { a + zeros({3}, DType::int64); }), "add: float32 and int64 don't mix; convert one with to()");
  EXPECT_EQ(message([&] { matmul(a, b); }),
            "matmul: [2, 3] x [4]: the first's last axis must match the second's last but one");
  EXPECT_EQ(message([&] {
              conv2d(zeros({1, 3, 8, 8}), zeros({16, 1, 3, 3}));
            }),
            "conv2d: input has 3 channels, weight [16, 1, 3, 3] takes 1");
  EXPECT_EQ(message([&] { index_select(a, 0, Tensor::from<int64_t>({2})); }),
            "index_select: index 2 at position 0 is not in 0 to 1");
  EXPECT_EQ(message([&] { Tensor().shape(); }), "an undefined tensor was used: it was never given a value");
}

}  // namespace
}  // namespace stet
