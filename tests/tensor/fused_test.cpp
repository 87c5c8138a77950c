// Kernels that stand for compositions of public ops give the compositions' bits, forward and backward, everywhere.
#include <gtest/gtest.h>

#include <functional>

#include "stet/tensor/autograd.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/ops/composed.h"
#include "stet/tensor/parallel.h"
#include "stet/tensor/simd/isa.h"
#include "tensor/bits.h"

namespace stet {
namespace {

using testing::all_same_bits;
using testing::awkward;

void everywhere(const std::function<void()>& check) {
  const std::string best = isa();
  for (const std::string& name : available_isas()) {
    for (const int n : {1, 2, 3, 7}) {
      SCOPED_TRACE(name + ", " + std::to_string(n) + " threads");
      set_isa(name);
      set_threads(n);
      check();
    }
  }
  set_isa(best);
  set_threads(0);
}

::testing::AssertionResult same_bits(const Tensor& got, const Tensor& want) {
  if (got.shape() != want.shape())
    return ::testing::AssertionFailure() << got.shape().to_string() << " not " << want.shape().to_string();
  if (got.dtype() == DType::float64) return all_same_bits(got.to_vector<double>(), want.to_vector<double>());
  return all_same_bits(got.to_vector<float>(), want.to_vector<float>());
}

// The gradient of sum(f(x) * weights) for x, recorded in composed ops where `graph`.
Tensor gradient(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, const Tensor& weights,
                bool graph = false) {
  const Tensor watched = watch(x);
  return backward(sum(f(watched) * weights), {.graph = graph})[watched].detach();
}

const Shape kRows[] = {{1, 1},    {3, 10},   {7, 31},   {2, 33},    {130, 65},
                       {5, 1000}, {3, 1025}, {2, 4097}, {2, 2, 17}, {900, 3}};

TEST(Fused, SoftmaxEqualsItsComposition) {
  for (const DType dtype : {DType::float32, DType::float64}) {
    for (const Shape& shape : kRows) {
      if (dtype == DType::float64 && shape.elements() > 2000) continue;
      for (const bool specials : {false, true}) {
        SCOPED_TRACE(shape.to_string());
        const Tensor x = awkward(shape, 1, specials).to(dtype), w = awkward(shape, 2, specials).to(dtype);
        const NoGrad no_grad;
        const Tensor y = composed::softmax(x, x.rank() - 1), log_y = composed::log_softmax(x, x.rank() - 1);
        const Tensor dx = y * (w - sum(w * y, {-1}, true));
        everywhere([&] {
          EXPECT_TRUE(same_bits(softmax(x), y));
          EXPECT_TRUE(same_bits(log_softmax(x), log_y));
          EXPECT_TRUE(same_bits(softmax(contiguous(x.transpose()).transpose()), y));
          set_grad_enabled(true);
          EXPECT_TRUE(same_bits(gradient([](const Tensor& v) { return softmax(v); }, x, w), dx));
          set_grad_enabled(false);
        });
      }
    }
  }
}

TEST(Fused, SoftmaxDividesAsDivisionDoes) {
  // Exponentials down to subnormal ones, over sums of all lengths of significand: many quotients lie near a tie.
  for (int64_t n = 2; n < 700; n += n < 40 ? 1 : 37) {
    Stream stream(Rng(3) / std::to_string(n));
    const Tensor x = normal(stream, {400, n}) * uniform(stream, {400, 1}, 0, 30);
    const Tensor want = composed::softmax(x, 1);
    for (const std::string& name : available_isas()) {
      set_isa(name);
      EXPECT_TRUE(same_bits(softmax(x), want)) << n << " on " << name;
    }
  }
  set_isa(available_isas().front());
}

TEST(Fused, CrossEntropyEqualsItsComposition) {
  for (const DType dtype : {DType::float32, DType::float64}) {
    for (const Shape& shape : kRows) {
      if (dtype == DType::float64 && shape.elements() > 2000) continue;
      for (const bool specials : {false, true}) {
        SCOPED_TRACE(shape.to_string());
        const Tensor x = awkward(shape, 1, specials).to(dtype);
        const Shape rows(std::vector<int64_t>(shape.begin(), shape.end() - 1));
        std::vector<int64_t> classes;
        for (int64_t i = 0; i < rows.elements(); ++i) classes.push_back((i * 7 + 3) % shape[-1]);
        const Tensor target = Tensor::from(classes, rows), w = awkward(rows, 2, specials).to(dtype);
        const auto loss = [&](const Tensor& v) { return cross_entropy_rows(v, target); };
        Tensor want, want_dx;
        {
          const NoGrad no_grad;
          want = composed::cross_entropy_rows(x, target);
          want_dx = composed::cross_entropy_gradient(x, target, w);
        }
        everywhere([&] {
          EXPECT_TRUE(same_bits(loss(x), want));
          EXPECT_TRUE(same_bits(gradient(loss, x, w), want_dx));
          EXPECT_TRUE(same_bits(gradient(loss, x, w, true), want_dx));
        });
      }
    }
  }
}

TEST(Fused, CrossEntropyNamesATargetThatIsNoClass) {
  EXPECT_THROW(cross_entropy_rows(zeros({2, 3}), Tensor::from<int64_t>({0, 3})), DataError);
  EXPECT_THROW(cross_entropy_rows(zeros({2, 3}), Tensor::from<int64_t>({-1, 0})), DataError);
}

TEST(Fused, TheGradientOfReluPassesWhereXIsPositive) {
  for (const DType dtype : {DType::float32, DType::float64}) {
    for (const Shape& shape : {Shape{0}, Shape{1}, Shape{33}, Shape{5, 1025}, Shape{70001}}) {
      SCOPED_TRACE(shape.to_string());
      const Tensor x = awkward(shape, 1).to(dtype), w = awkward(shape, 2).to(dtype), zero = zeros({}, dtype);
      everywhere([&] {
        EXPECT_TRUE(same_bits(gradient([](const Tensor& v) { return relu(v); }, x, w), where(x > 0, w, zero)));
        EXPECT_TRUE(
            same_bits(gradient([](const Tensor& v) { return relu(v); }, x, broadcast_to(ones({}, dtype), shape)),
                      where(x > 0, ones(shape, dtype), zero)));
      });
    }
  }
}

TEST(Fused, GradientsAreNotWrittenOverWhatOthersHold) {
  const Tensor x = watch(Tensor::from<float>({1, -2, 3}));
  // Two uses of one gradient: each relu's pullback gets the add's own.
  const Tensor a = relu(x), b = relu(-x);
  EXPECT_EQ(backward(sum((a + b) * Tensor::from<float>({1, 2, 4})))[x].to_vector<float>(),
            (std::vector<float>{1, -2, 4}));
  // A gradient that the program goes on holding.
  const Tensor y = watch(Tensor::from<float>({1, -2, 3})), kept = watch(relu(y));
  const Gradients g = backward(sum(kept * kept));
  EXPECT_EQ(g[kept].to_vector<float>(), (std::vector<float>{2, 0, 6}));
  Gradients sum_of_two = g;
  sum_of_two += g;
  EXPECT_EQ(g[kept].to_vector<float>(), (std::vector<float>{2, 0, 6}));
  EXPECT_EQ(sum_of_two[kept].to_vector<float>(), (std::vector<float>{4, 0, 12}));
}

}  // namespace
}  // namespace stet
