// Products on a GPU beside cuBLAS's: square ones, and those of the linear layers of nanoGPT's configuration for a GPU
// and an MLP.
#include <cmath>
#include <cstdio>
#include <stdexcept>

#include "gpu_bench.h"
#include "gpu_cublas.h"
#include "gpu_peak.h"
#include "product_shapes.h"
#include "stet/tensor/backend.h"

namespace gpu_bench {
namespace {

std::vector<ProductShape> shapes(const Setup& setup) {
  std::vector<ProductShape> all;
  if (setup.tiny) {
    all.push_back({"square/64", 1, 64, 64, 64, false, false});
    add_layer(all, "layer/65_33", 40, 65, 33);
    return all;
  }
  for (int64_t n : {1024, 2048, 4096}) all.push_back({"square/" + std::to_string(n), 1, n, n, n, false, false});
  const int64_t tokens = 64 * 256;
  add_layer(all, "gpt/384_1152", tokens, 384, 1152);
  add_layer(all, "gpt/384_384", tokens, 384, 384);
  add_layer(all, "gpt/384_1536", tokens, 384, 1536);
  add_layer(all, "gpt/1536_384", tokens, 1536, 384);
  add_layer(all, "gpt/384_65", tokens, 384, 65);
  add_layer(all, "mlp/784_512", 128, 784, 512, true);
  add_layer(all, "mlp/512_512", 128, 512, 512);
  return all;
}

struct Operands {
  Tensor a, b;  // as they lie in memory
  Tensor left, right, y;
};

Operands operands(const Setup& setup, const ProductShape& s) {
  Operands o;
  o.a = numbers(setup, s.transpose_a ? Shape{s.k, s.m} : Shape{s.m, s.k});
  o.b = numbers(setup, s.transpose_b ? Shape{s.n, s.k} : Shape{s.k, s.n});
  o.left = s.transpose_a ? o.a.transpose() : o.a;
  o.right = s.transpose_b ? o.b.transpose() : o.b;
  o.y = space(setup, {s.m, s.n});
  return o;
}

// As a layer asks for it: its forward is the op linear.
std::function<void()> call(const Setup& setup, const ProductShape& s, const Operands& o) {
  stet::Backend& backend = stet::backend(setup.device);
  if (s.name.ends_with("/forward")) return [o, &backend] { backend.linear(o.a, o.b, {}, stet::Activation::none, o.y); };
  return [o, &backend] { backend.matmul(o.left, o.right, o.y); };
}

// What is compared must be the same product.
void require_close(const Tensor& got, const Tensor& want, int64_t k) {
  const std::vector<float> x = got.to(stet::cpu).to_vector<float>(), y = want.to(stet::cpu).to_vector<float>();
  for (size_t i = 0; i < x.size(); ++i) {
    if (!(std::abs(x[i] - y[i]) < 1e-6 * static_cast<double>(k)))
      throw std::runtime_error("its product is another one");
  }
}

}  // namespace

void add_peak(Cases& to, const Setup& setup) {
  stet::cuda::Queue& queue = setup.queue();
  const int rounds = setup.tiny ? 2 : 4096;
  to.push_back({"peak/fma", "stet", flops(peak_flops(queue, rounds)), [&queue, setup, rounds] {
                  const Tensor y = space(setup, {peak_threads(queue)});
                  return [&queue, y, rounds] { run_peak(queue, y.mutable_data_as<float>(), rounds); };
                }});
}

void add_products(Cases& to, const Setup& setup) {
  std::string reason;
  std::shared_ptr<Cublas> cublas;
#ifndef STET_CUDA_EMULATED
  cublas = Cublas::load(setup.cublas, reason);
  if (!cublas) std::printf("cublas is left out: %s\n", reason.c_str());
#endif
  for (const ProductShape& s : shapes(setup)) {
    to.push_back({"product/" + s.name, "stet", flops(s.flops()), [=] { return call(setup, s, operands(setup, s)); }});
    if (!cublas) continue;
    to.push_back({"product/" + s.name, "cublas", flops(s.flops()), [=] {
                    const Operands o = operands(setup, s);
                    const auto product = [=](const Tensor& y) {
                      cublas->product(setup.queue(), s, o.a.data_as<float>(), o.b.data_as<float>(),
                                      y.mutable_data_as<float>());
                    };
                    const Tensor y = space(setup, o.y.shape());
                    product(y);
                    call(setup, s, o)();
                    require_close(y, o.y, s.k);
                    return [=] { product(y); };
                  }});
  }
}

}  // namespace gpu_bench
