// What the kernels of pooling share.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include "stet/cuda/dialect.h"
#include "stet/cuda/queue.h"
#include "stet/tensor/tensor.h"
#include "stet/tensor/window.h"

namespace stet::cuda_kernels {

/// Whether b comes after a in the order of maximum: a NaN above all, -0 below +0. Of two equal numbers only zeros
/// differ in bits.
template <class T> __device__ bool above(T b, T a) {
  using Bits = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
  if (a != a) return false;
  return b > a || b != b || (b == a && std::bit_cast<Bits>(b) < std::bit_cast<Bits>(a));
}

// Of windows whose extents, or what their means are divided by, differ: pool_axes.cu.
void max_pool_by_axes(cuda::Queue& queue, const Window& s, const Tensor& x, const Tensor& y, const Tensor& index);
void max_pool_gradient_by_axes(cuda::Queue& queue, const Window& s, const Tensor& dy, const Tensor& index,
                               const Tensor& dx);
void avg_pool_by_axes(cuda::Queue& queue, const Window& s, const Tensor& x, const Tensor& y);
void avg_pool_gradient_by_axes(cuda::Queue& queue, const Window& s, const Tensor& dy, const Tensor& dx);

}  // namespace stet::cuda_kernels
