// Data sets of tensors in memory.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stet/data/fingerprint.h"
#include "stet/tensor/tensor.h"

namespace stet::data {

/// Tensors of one length along their first axis, fingerprinted from their bytes when a run asks.
class TensorTable {
 public:
  /// Throws UsageError if the lengths differ, or a tensor has no axis.
  TensorTable(std::string name, std::vector<Tensor> columns);

  int64_t size() const { return size_; }
  const std::vector<Tensor>& columns() const { return columns_; }
  /// A view of the i-th row of a column. Throws UsageError out of range.
  Tensor row(size_t column, int64_t i) const;
  std::vector<Tensor> rows(std::span<const int64_t> indices) const;
  DatasetRecord record() const;

 private:
  struct Fingerprint;
  std::string name_;
  std::vector<Tensor> columns_;
  int64_t size_ = 0;
  std::shared_ptr<Fingerprint> fingerprint_;  // computed once, shared by copies
};

/// A data set of N tensors; its samples are std::array<Tensor, N>.
template <size_t N> class InMemory {
 public:
  explicit InMemory(TensorTable table) : table_(std::move(table)) {}

  int64_t size() const { return table_.size(); }
  std::array<Tensor, N> get(int64_t i) const {
    return [&]<size_t... I>(std::index_sequence<I...>) { return std::array<Tensor, N>{table_.row(I, i)...}; }
    (std::make_index_sequence<N>());
  }
  std::vector<Tensor> batch(std::span<const int64_t> indices) const { return table_.rows(indices); }
  DatasetRecord record() const { return table_.record(); }

 private:
  TensorTable table_;
};

/// Tensors in memory as a data set: `in_memory("spirals", x, y)` with x [N, ...] and y [N, ...]. Announced to the run
/// by name.
template <class... T>
requires(sizeof...(T) > 0 && (std::convertible_to<const T&, Tensor> &&
                              ...)) InMemory<sizeof...(T)> in_memory(std::string_view name, const T&... columns) {
  TensorTable table(std::string(name), {Tensor(columns)...});
  if (recorder()) announce(table.record());
  return InMemory<sizeof...(T)>(std::move(table));
}

}  // namespace stet::data
