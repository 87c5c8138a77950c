// Plans of matrix products.
#pragma once

#include <optional>

#include "stet/cuda/queue.h"
#include "stet/tensor/kernels.h"

namespace stet::cuda_kernels {

/// The shape of the part of a result that a block computes. Products of float64 have one tile, which stands for all of
/// these.
enum class ProductTile { m128n128, m64n64, m32n32, m16n128 };

/// How a product is computed. Nothing of it shows in the result.
struct ProductPlan {
  ProductTile tile = ProductTile::m128n128;
  /// Each chunk of K is a block's task of its own, and their sums are added after; else a block takes all of K.
  bool by_chunks = false;
  /// The transposed product is computed, and stored transposed.
  bool swapped = false;
  // The limits of a launch: blocks, and terms, a multiple of a chunk's.
  int64_t most_blocks = 8192;
  int64_t most_terms = int64_t{1} << 30;
};

/// The plan that is estimated to take least time for products [m, k] x [k, n], `batch` of them, on a GPU of so many
/// multiprocessors.
ProductPlan choose_plan(int64_t batch, int64_t m, int64_t n, int64_t k, int multiprocessors);

/// The kernels matmul and linear by a plan, where one is given; otherwise it is chosen.
void matmul_by(const std::optional<ProductPlan>& plan, cuda::Queue& queue, const Tensor& a, const Tensor& b,
               const Tensor& y);
void linear_by(const std::optional<ProductPlan>& plan, cuda::Queue& queue, const Tensor& x, const Tensor& weight,
               const Tensor& bias, Activation activation, const Tensor& y);

}  // namespace stet::cuda_kernels
