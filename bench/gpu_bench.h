// What gpu_bench measures: cases, each one a call that the GPU takes again and again.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "stet/cuda/queue.h"
#include "stet/tensor/tensor.h"

namespace gpu_bench {

using stet::Shape;
using stet::Tensor;

struct Setup {
  stet::Device device{stet::Device::Kind::cuda, 0};
  bool tiny = false;   // sizes that an emulated GPU gets through
  std::string cublas;  // cuBLAS's library, or empty: where the system finds it

  stet::cuda::Queue& queue() const { return stet::cuda::queue_of(device.index); }
};

/// Of a call: floating-point operations, or bytes that it must read and write.
struct Work {
  double amount = 0;
  const char* rate = "";  // "GFLOP/s" or "GB/s"
};
inline Work flops(double n) { return {n, "GFLOP/s"}; }
inline Work bytes(double n) { return {n, "GB/s"}; }
/// n tensors' bytes, of float32 elements each.
inline Work floats(double n, int64_t elements) { return bytes(4 * n * static_cast<double>(elements)); }

struct Case {
  std::string name, who;  // who computes: "stet", "cublas"
  Work work;
  std::function<std::function<void()>()> prepare;  // makes the tensors; the result asks the GPU for one call
};
using Cases = std::vector<Case>;

/// Numbers in [-0.5, 0.5) that look drawn at random: a GPU is slower on those than on equal ones.
Tensor numbers(const Setup& setup, const Shape& shape);
/// The same, positive.
Tensor positive_numbers(const Setup& setup, const Shape& shape);
/// int64 in 0 … n-1.
Tensor indices(const Setup& setup, const Shape& shape, int64_t n);
/// A result's memory.
Tensor space(const Setup& setup, const Shape& shape, stet::DType dtype = stet::DType::float32);

// A case's name begins with one of these families' names; bench/gpu runs a process for each.
void add_peak(Cases& to, const Setup& setup);          // peak
void add_products(Cases& to, const Setup& setup);      // product
void add_convolutions(Cases& to, const Setup& setup);  // conv
void add_memory(Cases& to, const Setup& setup);        // memory
void add_sequences(Cases& to, const Setup& setup);     // sequence

}  // namespace gpu_bench
