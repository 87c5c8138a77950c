// Eigen's products, compiled for this processor.
#include <Eigen/Core>

#include "product_peers.h"

namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

std::function<void()> prepare(const ProductShape& s, const float* a, const float* b, float* c) {
  return [=] {
    const int64_t m = s.m, n = s.n, k = s.k;
    for (int64_t i = 0; i < s.batch; ++i) {
      const Eigen::Map<const Matrix> left(a + i * m * k, s.transpose_a ? k : m, s.transpose_a ? m : k);
      const Eigen::Map<const Matrix> right(b + i * k * n, s.transpose_b ? n : k, s.transpose_b ? k : n);
      Eigen::Map<Matrix> out(c + i * m * n, m, n);
      if (s.transpose_a) out.noalias() = left.transpose() * right;
      else if (s.transpose_b) out.noalias() = left * right.transpose();
      else out.noalias() = left * right;
    }
  };
}

const AddPeer added({"eigen", [](int n) { Eigen::setNbThreads(n); }, prepare});

}  // namespace
