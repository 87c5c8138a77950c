// Initialisers: their distributions, and orthogonality.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "stet/nn/init.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet {
namespace {

namespace init = nn::init;
const Rng rng(3, "weight");

double deviation(const Tensor& w) { return std::sqrt(mean(square(w.to(DType::float64))).item<double>()); }
double largest(const Tensor& w) { return max(abs(w.to(DType::float64))).item<double>(); }

TEST(Init, FansCountTheKernel) {
  EXPECT_EQ(init::fans({8, 4, 3, 5}).in, 60);
  EXPECT_EQ(init::fans({8, 4, 3, 5}).out, 120);
  EXPECT_THROW(init::fans({8}), UsageError);
}

TEST(Init, DeviationsAreThePapers) {
  const Shape shape{200, 300};
  EXPECT_NEAR(deviation(init::kaiming_normal(shape, rng)), std::sqrt(2.0 / 300), 1e-3);
  EXPECT_NEAR(deviation(init::kaiming_uniform(shape, rng)), std::sqrt(2.0 / 300), 1e-3);
  EXPECT_NEAR(deviation(init::kaiming_uniform(shape, rng, {.a = 1, .fan = init::Fan::out})), std::sqrt(1.0 / 200),
              1e-3);
  EXPECT_NEAR(deviation(init::xavier_normal(shape, rng, 2)), 2 * std::sqrt(2.0 / 500), 2e-3);
  EXPECT_NEAR(deviation(init::xavier_uniform(shape, rng)), std::sqrt(2.0 / 500), 1e-3);
  EXPECT_NEAR(deviation(init::normal(shape, rng, 0, 0.02)), 0.02, 5e-4);
}

TEST(Init, UniformsKeepTheirBounds) {
  EXPECT_LE(largest(init::kaiming_uniform({200, 300}, rng)), std::sqrt(6.0 / 300) * (1 + 1e-7));
  EXPECT_GT(largest(init::kaiming_uniform({200, 300}, rng)), std::sqrt(6.0 / 300) * 0.999);
  EXPECT_LE(largest(init::xavier_uniform({200, 300}, rng)), std::sqrt(6.0 / 500) * (1 + 1e-7));
  const Tensor u = init::uniform({1000}, rng, 2, 3);
  EXPECT_GE(min(u).item<float>(), 2);
  EXPECT_LT(max(u).item<float>(), 3);
}

TEST(Init, ConstantAndDtype) {
  EXPECT_EQ(init::constant({2}, 0.5).to_vector<float>(), std::vector<float>(2, 0.5f));
  EXPECT_EQ(init::kaiming_normal({2, 2}, rng, {.dtype = DType::float64}).dtype(), DType::float64);
}

void expect_orthonormal(const Tensor& rows, double scale, double tolerance) {
  const Tensor product = matmul(rows, rows.transpose());
  EXPECT_LE(largest(product - eye(rows.size(0), rows.dtype()) * scale), tolerance);
}

TEST(Orthogonal, RowsOrColumnsAreOrthonormal) {
  expect_orthonormal(init::orthogonal({20, 50}, rng, 1, DType::float64), 1, 1e-14);
  expect_orthonormal(init::orthogonal({50, 20}, rng, 1, DType::float64).transpose(), 1, 1e-14);
  expect_orthonormal(init::orthogonal({64, 64}, rng, 3, DType::float64), 9, 1e-13);
  expect_orthonormal(init::orthogonal({8, 4, 3, 3}, rng).reshape({8, 36}), 1, 1e-6);
  EXPECT_THROW(init::orthogonal({5}, rng), UsageError);
}

TEST(Orthogonal, StaysOrthogonalForNearlyDependentColumns) {
  const double tiny = 1e-9;
  std::vector<double> a{1, 1, tiny, 0, 0, tiny};  // [3, 2]
  init::orthonormalize(a.data(), 3, 2);
  EXPECT_NEAR(a[0] * a[1] + a[2] * a[3] + a[4] * a[5], 0, 1e-16);
  std::vector<double> dependent{1, 0, 0, 0};
  EXPECT_THROW(init::orthonormalize(dependent.data(), 2, 2), UsageError);
}

// The order that the header writes out, element by element.
TEST(Orthogonal, FollowsTheWrittenOrderToTheBit) {
  const int64_t rows = 7, columns = 5;
  Stream stream(rng);
  std::vector<double> got = normal(stream, {rows, columns}, 0, 1, DType::float64).to_vector<double>(), a = got;
  init::orthonormalize(got.data(), rows, columns);
  const auto at = [&](int64_t i, int64_t j) -> double& { return a[static_cast<size_t>(i * columns + j)]; };
  for (int pass = 0; pass < 2; ++pass) {
    for (int64_t k = 0; k < columns; ++k) {
      double s = 0;
      for (int64_t i = 0; i < rows; ++i) s = s + at(i, k) * at(i, k);
      for (int64_t i = 0; i < rows; ++i) at(i, k) = at(i, k) / std::sqrt(s);
      for (int64_t j = k + 1; j < columns; ++j) {
        double r = 0;
        for (int64_t i = 0; i < rows; ++i) r = r + at(i, k) * at(i, j);
        for (int64_t i = 0; i < rows; ++i) at(i, j) = at(i, j) - at(i, k) * r;
      }
    }
  }
  for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(std::bit_cast<uint64_t>(got[i]), std::bit_cast<uint64_t>(a[i]));
}

TEST(Init, RefusesWeightsPastInt64) {
  const int64_t huge = int64_t{1} << 40;
  const Rng rng(1, "huge");
  EXPECT_THROW(nn::init::kaiming_uniform({2, huge, huge}, rng), UsageError);
  EXPECT_THROW(nn::init::xavier_normal({huge, 2, huge}, rng), UsageError);
  EXPECT_THROW(nn::init::uniform({huge, huge}, rng, 0, 1), UsageError);
  EXPECT_EQ(nn::init::xavier_uniform({2, 3}, rng, 0).to_vector<float>(), std::vector<float>(6, 0));
}

}  // namespace
}  // namespace stet
