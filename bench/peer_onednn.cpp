// oneDNN: dnnl_sgemm, and the matmul primitive where there is a batch.
#include <omp.h>

#include <memory>
#include <oneapi/dnnl/dnnl.hpp>

#include "product_peers.h"

namespace {

using dnnl::memory;

std::function<void()> prepare_batch(const ProductShape& s, const float* a, const float* b, float* c) {
  const auto desc = [&](int64_t rows, int64_t cols, bool transposed) {
    return memory::desc({s.batch, rows, cols}, memory::data_type::f32,
                        transposed ? memory::dims{rows * cols, 1, rows} : memory::dims{rows * cols, cols, 1});
  };
  const auto left = desc(s.m, s.k, s.transpose_a), right = desc(s.k, s.n, s.transpose_b), out = desc(s.m, s.n, false);
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  const auto stream = std::make_shared<dnnl::stream>(engine);
  const auto primitive = std::make_shared<dnnl::matmul>(dnnl::matmul::primitive_desc({left, right, out}, engine));
  const std::unordered_map<int, memory> arguments = {{DNNL_ARG_SRC, memory(left, engine, const_cast<float*>(a))},
                                                     {DNNL_ARG_WEIGHTS, memory(right, engine, const_cast<float*>(b))},
                                                     {DNNL_ARG_DST, memory(out, engine, c)}};
  return [=] {
    primitive->execute(*stream, arguments);
    stream->wait();
  };
}

std::function<void()> prepare(const ProductShape& s, const float* a, const float* b, float* c) {
  if (s.batch > 1) return prepare_batch(s, a, b, c);
  return [=] {
    dnnl::sgemm(s.transpose_a ? 'T' : 'N', s.transpose_b ? 'T' : 'N', s.m, s.n, s.k, 1, a, s.transpose_a ? s.m : s.k, b,
                s.transpose_b ? s.k : s.n, 0, c, s.n);
  };
}

const AddPeer added({"onednn", [](int n) { omp_set_num_threads(n); }, prepare});

}  // namespace
