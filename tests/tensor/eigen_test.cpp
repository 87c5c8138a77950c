#include "stet/tensor/eigen.h"

#include <gtest/gtest.h>

#include "stet/tensor/chunks.h"

namespace stet {
namespace {

TEST(Eigen, MapsReadTensorsInPlace) {
  const Tensor x = Tensor::from<float>({1, 2, 3, 4, 5, 6}, {2, 3});
  EXPECT_EQ(as_eigen<float>(x).data(), x.data());
  EXPECT_EQ(as_eigen<float>(x)(1, 2), 6);
  EXPECT_EQ(as_eigen<float>(x.transpose())(2, 1), 6);
  EXPECT_EQ(as_eigen<float>(x.slice(1, 1, 2)).sum(), 7);
  EXPECT_EQ(as_eigen<float>(x[1]).cols(), 3);
  EXPECT_THROW(as_eigen<double>(x), UsageError);
  const Tensor back = from_eigen(as_eigen<float>(x).transpose().eval());
  EXPECT_EQ(back.shape(), (Shape{3, 2}));
  EXPECT_EQ(back.to_vector<float>(), (std::vector<float>{1, 4, 2, 5, 3, 6}));
}

TEST(Eigen, ProductsAgreeWithDoublePrecision) {
  Stream s(Rng(1, "eigen"));
  const Tensor a = normal(s, {37, 700}), b = normal(s, {700, 29});
  const Eigen::MatrixXd want = as_eigen<float>(a).cast<double>() * as_eigen<float>(b).cast<double>();
  EXPECT_LT((as_eigen<float>(matmul(a, b)).cast<double>() - want).cwiseAbs().maxCoeff(), 1e-3);
}

TEST(Tensor, AdoptTakesAVectorWithoutACopy) {
  std::vector<float> v{1, 2, 3, 4};
  const float* data = v.data();
  const Tensor t = Tensor::adopt(std::move(v), {2, 2});
  EXPECT_EQ(t.data(), data);
  EXPECT_EQ((t * 2).to_vector<float>(), (std::vector<float>{2, 4, 6, 8}));
}

TEST(Chunks, AreEqualPartsSideBySide) {
  const Tensor x = arange(8).reshape({4, 2}), y = arange(4);
  std::vector<int64_t> seen;
  for (auto [xi, yi] : chunks(2, x, y)) {
    EXPECT_EQ(xi.shape(), (Shape{2, 2}));
    for (int64_t v : yi.template to_vector<int64_t>()) seen.push_back(v);
  }
  EXPECT_EQ(seen, (std::vector<int64_t>{0, 1, 2, 3}));
}

}  // namespace
}  // namespace stet
