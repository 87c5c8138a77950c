// Batch norm and layer norm beside real arithmetic: rows far from zero, with outliers, constant, infinite.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

#include "stet/tensor/autograd.h"
#include "stet/tensor/ops.h"
#include "tensor/machines.h"

namespace stet {
namespace {

using testing::on_all_machines;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// A row of golden/norm_rows.txt: what make_norm_rows.py says.
struct GoldenRow {
  std::string name;
  std::vector<float> x, upstream;
  std::vector<double> y, dx;
};

std::vector<GoldenRow> golden_rows() {
  std::ifstream file(STET_SOURCE_DIR "/tests/golden/norm_rows.txt");
  std::vector<GoldenRow> rows;
  for (std::string head; std::getline(file, head);) {
    const size_t colon = head.find(": ");
    GoldenRow row{head.substr(0, colon), {}, {}, {}, {}};
    for (int left = std::stoi(head.substr(colon + 2)); left > 0; --left) {
      std::string line;
      std::getline(file, line);
      std::istringstream words(line);
      std::string x, g, y, dx;
      words >> x >> g >> y >> dx;
      row.x.push_back(std::stof(x));
      row.upstream.push_back(std::stof(g));
      row.y.push_back(std::stod(y));
      row.dx.push_back(std::stod(dx));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

double worst(const Tensor& got, const std::vector<double>& want) {
  double most = 0;
  const Tensor wide = got.to(DType::float64);
  const std::vector<double> values = wide.to_vector<double>();
  for (size_t i = 0; i < want.size(); ++i) {
    const double off = std::fabs(values[i] - want[i]);
    most = off <= most ? most : off;  // NaN is worst
  }
  return most;
}

// How large a gradient may be: the row's scale, for upstream gradients of up to 2.
double slope_of(const std::vector<float>& row) {
  const auto n = static_cast<double>(row.size());
  double mean = 0, variance = 0;
  for (float v : row) mean += v / n;
  for (float v : row) variance += (v - mean) * (v - mean) / n;
  return 2 / std::sqrt(variance + 1e-5);
}

// Splits a row over samples, so that it is one channel of a batch; [n] as [samples, 1, n / samples].
Shape as_channel(size_t n) {
  const auto size = static_cast<int64_t>(n), samples = size % 4 == 0 ? int64_t{4} : int64_t{1};
  return {samples, 1, size / samples};
}

TEST(NormValues, AreWithin1e5OfRealArithmetic) {
  const std::vector<GoldenRow> rows = golden_rows();
  ASSERT_GE(rows.size(), 15u);
  for (const GoldenRow& row : rows) {
    SCOPED_TRACE(row.name);
    const auto n = static_cast<int64_t>(row.x.size());
    const Shape channel = as_channel(row.x.size());
    const double slope = 1e-5 * slope_of(row.x);
    on_all_machines([&] {
      const Tensor x = watch(Tensor::from(row.x, {1, n})), g = Tensor::from(row.upstream, {1, n});
      const Tensor y = layer_norm(x, {}, {});
      EXPECT_LE(worst(y, row.y), 1e-5);
      EXPECT_LE(worst(backward(sum(y * g))[x], row.dx), slope);
      const Tensor planes = watch(Tensor::from(row.x, channel)), upstream = Tensor::from(row.upstream, channel);
      const Tensor z = batch_norm(planes, {}, {}).y;
      EXPECT_LE(worst(z, row.y), 1e-5);
      EXPECT_LE(worst(backward(sum(z * upstream))[planes], row.dx), slope);
    });
  }
}

TEST(NormValues, OfAConstantRowOrChannelAreZeros) {
  for (float c : {0.0f, 100.3f, 1000.1f, -5000.3f, 123456.7f, 1e30f, 1e-40f}) {
    for (int64_t n : {1, 2, 3, 31, 768, 1025, 3000}) {
      SCOPED_TRACE(std::to_string(c) + " " + std::to_string(n));
      on_all_machines([&] {
        EXPECT_EQ(layer_norm(full({2, n}, c), {}, {}).to_vector<float>(), std::vector<float>(2 * n, 0));
        const BatchNorm b = batch_norm(full({5, 2, n}, c), {}, full({2}, 0.5));
        EXPECT_EQ(b.y.to_vector<float>(), std::vector<float>(10 * n, 0.5));
        EXPECT_EQ(b.mean.to_vector<float>(), std::vector<float>(2, c));
        EXPECT_EQ(b.variance.to_vector<float>(), std::vector<float>(2, 0));
      });
    }
  }
}

TEST(NormValues, TheStatisticsAreThoseOfTheValues) {
  Stream stream(Rng(3, "channel"));
  const Tensor x = normal(stream, {64, 1, 49}, 1e5, 0.1);
  double mean = 0, variance = 0;
  const double n = static_cast<double>(x.elements());
  for (float v : x.to_vector<float>()) mean += v / n;
  for (float v : x.to_vector<float>()) variance += (v - mean) * (v - mean) / n;
  const BatchNorm b = batch_norm(x, {}, {});
  EXPECT_NEAR(b.mean.item<float>(), mean, 1e5 * 0x1p-24);
  EXPECT_NEAR(b.variance.item<float>(), variance, 1e-6 * variance);
}

// An infinity or NaN makes its own row NaN, wherever it stands, and no other.
TEST(NormValues, OfInfinitiesAndNanAreNan) {
  for (float special : {kInfinity, -kInfinity, std::nanf("")}) {
    for (int64_t place : {0, 1, 20, 40}) {
      SCOPED_TRACE(std::to_string(special) + " at " + std::to_string(place));
      std::vector<float> values(123);
      for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 7);
      const std::vector<float> untouched = layer_norm(Tensor::from(values, {3, 41}), {}, {}).to_vector<float>();
      values[static_cast<size_t>(41 + place)] = special;
      on_all_machines([&] {
        const std::vector<float> y = layer_norm(Tensor::from(values, {3, 41}), {}, {}).to_vector<float>();
        const std::vector<float> z = batch_norm(Tensor::from(values, {1, 3, 41}), {}, {}).y.to_vector<float>();
        for (size_t i = 0; i < y.size(); ++i) {
          EXPECT_EQ(std::isnan(y[i]), i / 41 == 1) << i;
          EXPECT_EQ(std::isnan(z[i]), i / 41 == 1) << i;
          if (i / 41 != 1) { EXPECT_EQ(y[i], untouched[i]) << i; }
        }
      });
    }
  }
}

}  // namespace
}  // namespace stet
