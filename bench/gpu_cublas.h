// cuBLAS's products in float32, to compare with, where a machine has the library: it is looked for when a program runs.
#pragma once

#include <memory>
#include <string>

#include "product_shapes.h"
#include "stet/cuda/queue.h"

namespace gpu_bench {

class Cublas {
 public:
  /// The library at `path`, or where the system finds it. Null and a reason if there is none.
  static std::shared_ptr<Cublas> load(const std::string& path, std::string& reason);

  /// c from a and b in a queue, laid out as the shape says; in float32, not in TensorFloat-32. Throws
  /// std::runtime_error.
  void product(stet::cuda::Queue& queue, const ProductShape& s, const float* a, const float* b, float* c);

 private:
  using Status = int;
  Status (*create_)(void**) = nullptr;
  Status (*set_stream_)(void*, void*) = nullptr;
  Status (*set_math_mode_)(void*, int) = nullptr;
  Status (*sgemm_)(void*, int, int, int, int, int, const float*, const float*, int, const float*, int, const float*,
                   float*, int) = nullptr;
  Status (*sgemm_batched_)(void*, int, int, int, int, int, const float*, const float*, int, long long, const float*,
                           int, long long, const float*, float*, int, long long, int) = nullptr;
  void* handle_ = nullptr;
};

}  // namespace gpu_bench
