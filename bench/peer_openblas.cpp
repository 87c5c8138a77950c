// OpenBLAS's cblas_sgemm.
#include <cblas-openblas.h>

#include "product_peers.h"

namespace {

std::function<void()> prepare(const ProductShape& s, const float* a, const float* b, float* c) {
  return [=] {
    const int m = static_cast<int>(s.m), n = static_cast<int>(s.n), k = static_cast<int>(s.k);
    for (int64_t i = 0; i < s.batch; ++i) {
      cblas_sgemm(CblasRowMajor, s.transpose_a ? CblasTrans : CblasNoTrans, s.transpose_b ? CblasTrans : CblasNoTrans,
                  m, n, k, 1, a + i * m * k, s.transpose_a ? m : k, b + i * k * n, s.transpose_b ? k : n, 0,
                  c + i * m * n, n);
    }
  };
}

const AddPeer added({"openblas", [](int n) { openblas_set_num_threads(n); }, prepare});

}  // namespace
