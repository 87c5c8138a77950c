// Parts of a tensor along an axis, all of them views.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "stet/tensor/tensor.h"

namespace stet {

/// Parts of `size` along an axis, the last of what is left. Throws UsageError unless size is at least 1, or 0 where the
/// axis has no elements.
std::vector<Tensor> split(const Tensor& x, int64_t size, int axis = 0);
/// Parts of these sizes. Throws UsageError unless they add up to the axis's extent.
std::vector<Tensor> split(const Tensor& x, const std::vector<int64_t>& sizes, int axis = 0);
/// At most `parts` parts along an axis, all of one size but the last, which may be smaller: of 7 elements in 4 parts
/// 2, 2, 2 and 1; in 5 parts no more than these 4 either.
std::vector<Tensor> chunk(const Tensor& x, int64_t parts, int axis = 0);
/// What lies at each position of an axis, which goes away.
std::vector<Tensor> unbind(const Tensor& x, int axis = 0);

/// Throws UsageError naming op: an axis of `shape` gave so many parts.
[[noreturn]] void refuse_parts(const char* op, size_t parts, size_t wanted, const Shape& shape, int axis);

/// N parts by name.
template <size_t N>
std::array<Tensor, N> named_parts(const char* op, std::vector<Tensor> parts, const Shape& shape, int axis) {
  if (parts.size() != N) refuse_parts(op, parts.size(), N, shape, axis);
  std::array<Tensor, N> all;
  for (size_t i = 0; i < N; ++i) all[i] = std::move(parts[i]);
  return all;
}

/// `auto [mean, log_variance] = split(h, {8, 8}, -1);`
template <size_t N> std::array<Tensor, N> split(const Tensor& x, const int64_t (&sizes)[N], int axis = 0) {
  return named_parts<N>("split", split(x, std::vector<int64_t>(sizes, sizes + N), axis), x.shape(), axis);
}
/// `auto [q, k, v] = chunk<3>(x, -1);` Throws UsageError where there aren't just N parts.
template <size_t N> std::array<Tensor, N> chunk(const Tensor& x, int axis = 0) {
  return named_parts<N>("chunk", chunk(x, static_cast<int64_t>(N), axis), x.shape(), axis);
}
/// The same: `auto [x, y] = unbind<2>(points, -1);`
template <size_t N> std::array<Tensor, N> unbind(const Tensor& x, int axis = 0) {
  return named_parts<N>("unbind", unbind(x, axis), x.shape(), axis);
}

template <size_t N> std::array<Tensor, N> Tensor::split(const int64_t (&sizes)[N], int axis) const {
  return stet::split(*this, sizes, axis);
}
template <size_t N> std::array<Tensor, N> Tensor::chunk(int axis) const { return stet::chunk<N>(*this, axis); }
template <size_t N> std::array<Tensor, N> Tensor::unbind(int axis) const { return stet::unbind<N>(*this, axis); }

}  // namespace stet
