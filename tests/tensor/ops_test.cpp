// The table of ops drives the comparison with the scalar reference over shapes, layouts, threads and instruction sets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "error_of.h"
#include "ops/drive.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/parallel.h"
#include "stet/tensor/simd/isa.h"
#include "tensor/bits.h"
#include "tensor/machines.h"
#include "tensor/reference.h"

namespace stet {
namespace {

using testing::all_same_bits;
using testing::Arrays;
using testing::awkward;
using testing::awkward_inputs;
using testing::layouts;
using testing::on_all_machines;
using testing::on_half_of_machines;
using testing::op_cases;
using testing::OpCase;
using testing::Shapes;
using testing::Tensors;

std::string name_of(const Shapes& shapes) {
  std::string all;
  for (const Shape& s : shapes) all += " " + s.to_string();
  return all;
}

// Inputs in several layouts, and what the op gives for them.
struct Given {
  std::vector<Tensors> layouts;
  reference::Array<float> want;
};

std::vector<Given> given(const OpCase& c) {
  std::vector<Given> all;
  for (const Shapes& shapes : c.sizes) {
    for (bool specials : {false, true}) {
      const Tensors x = awkward_inputs(shapes, specials);
      Arrays arrays;
      for (const Tensor& t : x) arrays.push_back(reference::array<float>(t));
      all.push_back({layouts(x), c.reference(arrays)});
    }
  }
  return all;
}

void expect_equal(const Tensor& y, const reference::Array<float>& want) {
  EXPECT_EQ(y.shape(), want.shape);
  EXPECT_TRUE(all_same_bits(y.to(DType::float32).to_vector<float>(), want.values));
}

// Inputs as they are on all machines; each of the other layouts on half of them.
TEST(Ops, EqualTheReference) {
  for (const OpCase& c : op_cases()) {
    if (!c.reference) continue;
    const std::vector<Given> all = given(c);
    for (size_t turn : {0, 1}) {
      on_half_of_machines(turn, [&] {
        for (size_t i = 0; i < all.size(); ++i) {
          SCOPED_TRACE(c.name + name_of(c.sizes[i / 2]));
          const auto& [layouts, want] = all[i];
          expect_equal(c.op(layouts[0]), want);
          if (layouts.size() > 1) expect_equal(c.op(layouts[1 + (i / 2 + turn) % 2]), want);
        }
      });
    }
  }
}

TEST(Ops, HaveTheSameBitsOnAllMachines) {
  size_t turn = 0;
  const Tensors inputs = awkward_inputs({{3, 40, 50}, {2, 3, 20011}, {517, 2, 129}});
  for (const OpCase& c : op_cases()) {
    if (!c.reference || c.sizes[0].size() != 1) continue;
    for (const Tensor& x : inputs) {
      SCOPED_TRACE(c.name + " " + x.shape().to_string());
      const auto values = [&] { return c.op({x}).to(DType::float32).to_vector<float>(); };
      const std::vector<float> want = values();
      on_half_of_machines(turn++, [&] { EXPECT_TRUE(all_same_bits(values(), want)); });
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

// Of uint8 and bool in int64, along any axes, past what a task takes at once.
TEST(Ops, SumsOfBytesAreExactAndTakeNoWideCopy) {
  for (const Shape& shape :
       {Shape{}, Shape{0}, Shape{5}, Shape{3, 0, 2}, Shape{7, 1025}, Shape{3, 70, 5}, Shape{300000}}) {
    for (const Axes& axes : {Axes{}, Axes{0}, Axes{-1}, Axes{0, -1}}) {
      if (static_cast<int>(axes.size()) > shape.rank()) continue;
      if (axes.size() == 2 && shape.rank() < 3) continue;
      SCOPED_TRACE(shape.to_string() + " axes " + std::to_string(axes.size()));
      Stream stream(Rng(1, "bytes"));
      const Tensor wide = random_integers(stream, shape, 0, 256), bytes = wide.to(DType::uint8), truth = wide > 99;
      const std::vector<int64_t> want = sum(wide, axes).to_vector<int64_t>(),
                                 many = sum(truth.to(DType::int64), axes).to_vector<int64_t>();
      on_all_machines([&] {
        EXPECT_EQ(sum(bytes, axes).to_vector<int64_t>(), want);
        EXPECT_EQ(sum(truth, axes).to_vector<int64_t>(), many);
      });
    }
  }
  const Tensor views = arange(200, DType::uint8).reshape({10, 20}).transpose();
  EXPECT_EQ(sum(views, {1}).to_vector<int64_t>(), sum(views.to(DType::int64), {1}).to_vector<int64_t>());
  const Tensor large = full({int64_t{1} << 24}, 255, DType::uint8);
  const int64_t before = memory_stats().peak_bytes - memory_stats().bytes_in_use;
  EXPECT_EQ(sum(large).item<int64_t>(), int64_t{255} << 24);
  EXPECT_LE(memory_stats().peak_bytes - memory_stats().bytes_in_use, std::max<int64_t>(before, 1 << 20));
}

TEST(Ops, ConversionsRoundOnce) {
  // 2^60 + 2^36 + 1 rounds up to binary32; through binary64 the 1 would be lost and the tie would go down.
  const int64_t odd = (int64_t{1} << 60) + (int64_t{1} << 36) + 1;
  EXPECT_EQ(Tensor::from<int64_t>({odd}).to(DType::float32).item<float>(), std::ldexp(1.0f, 60) + std::ldexp(1.0f, 37));
  const Tensor x = Tensor::from<float>({1.9f, -1.9f, 3e9f, std::nanf(""), -3e9f});
  EXPECT_EQ(x.to(DType::int32).to_vector<int32_t>(), (std::vector<int32_t>{1, -1, INT32_MAX, 0, INT32_MIN}));
}

TEST(Ops, ErrorsNameTheOpTheShapesAndTheRemedy) {
  const Tensor a = zeros({2, 3}), b = zeros({4});
  EXPECT_EQ(error_of<Error>([&] { a + b; }), "add: shapes [2, 3] and [4] do not broadcast");
  EXPECT_EQ(error_of<Error>([&] { a + zeros({3}, DType::int64); }),
            "add: float32 and int64 don't mix; convert one with to()");
  EXPECT_EQ(error_of<Error>([&] { matmul(a, b); }),
            "matmul: [2, 3] x [4]: the first's last axis must match the second's last but one");
  EXPECT_EQ(error_of<Error>([&] {
              matmul(zeros({3, 2, 4}), zeros({5, 4, 2}));
            }),
            "matmul: [3, 2, 4] x [5, 4, 2]: the axes before the last two do not broadcast");
  EXPECT_EQ(error_of<Error>([&] { squeeze(zeros({0, 3}), 0); }), "squeeze: axis 0 of [0, 3] has 0 elements, not one");
  EXPECT_EQ(error_of<Error>([&] {
              cross_entropy_rows(zeros({2, 0}), zeros({2}, DType::int64));
            }),
            "cross_entropy: logits [2, 0] have no classes");
  EXPECT_EQ(error_of<Error>([&] {
              conv2d(zeros({1, 3, 8, 8}), zeros({16, 1, 3, 3}));
            }),
            "conv2d: input has 3 channels, weight [16, 1, 3, 3] takes 1");
  EXPECT_THAT(error_of<Error>([&] {
                conv2d(zeros({1, 3, 8, 8}), zeros({16, 3, 3, 3}), zeros({3}));
              }),
              ::testing::StartsWith("conv2d: bias [3]"));
  EXPECT_EQ(error_of<Error>([&] { index_select(a, 0, Tensor::from<int64_t>({2})); }),
            "index_select: index 2 at position 0 is not in 0 to 1");
  EXPECT_EQ(error_of<Error>([&] { Tensor().shape(); }), "an undefined tensor was used: it was never given a value");
}

}  // namespace
}  // namespace stet
