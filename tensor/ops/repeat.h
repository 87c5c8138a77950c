// Tensors repeated along axes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stet/tensor/tensor.h"

namespace stet {

/// broadcast_to of dims, in which -1 keeps x's own extent: a view with stride 0 along stretched axes.
Tensor expand(const Tensor& x, std::vector<int64_t> dims);
/// broadcast_to of other's shape.
Tensor expand_as(const Tensor& x, const Tensor& other);
/// x, times[i] times over along axis i; more times than axes stand for new axes in front, as PyTorch's repeat has it.
/// Throws UsageError where there are fewer.
Tensor repeat(const Tensor& x, const std::vector<int64_t>& times);
/// The same, where fewer times than axes stand for the last axes.
Tensor tile(const Tensor& x, const std::vector<int64_t>& times);
/// Each element `times` times over, side by side along the axis; of x flattened where no axis is told.
Tensor repeat_interleave(const Tensor& x, int64_t times, std::optional<int> axis = {});
/// Element i along the axis times[i] times over: times int64 [n], or [1]. Waits for times' device.
Tensor repeat_interleave(const Tensor& x, const Tensor& times, std::optional<int> axis = {});

/// Of which axis the first of meshgrid's tensors is: the first, as matrices are indexed, or the second, as x and y.
enum class Indexing { ij, xy };
/// Views of vectors [n0], [n1], … as coordinates of a grid [n0, n1, …]; with Indexing::xy of [n1, n0, …].
std::vector<Tensor> meshgrid(std::span<const Tensor> axes, Indexing indexing = Indexing::ij);
/// `auto [rows, columns] = meshgrid({arange(3), arange(4)});`
template <size_t N> std::array<Tensor, N> meshgrid(const Tensor (&axes)[N], Indexing indexing = Indexing::ij) {
  const std::vector<Tensor> grids = meshgrid(std::span<const Tensor>(axes, N), indexing);
  std::array<Tensor, N> all;
  for (size_t i = 0; i < N; ++i) all[i] = grids[i];
  return all;
}

}  // namespace stet
