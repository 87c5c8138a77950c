// Splitting a data set by seeded fractions.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "stet/data/dataset.h"
#include "stet/tensor/rng.h"

namespace stet::data {

/// Indices of a split's parts: a seeded permutation of 0 … n-1, cut into parts. Part p gets fraction_p · n samples;
/// what rounding down leaves goes to the largest remainders, the first of equals. Throws UsageError if the fractions
/// aren't in (0, 1] or don't sum to 1, or if a part would be empty.
std::vector<std::vector<int64_t>> split_indices(int64_t n, std::span<const double> fractions, const Rng& rng);

/// Throws UsageError unless the fractions are in (0, 1] and sum to 1.
void check_fractions(std::span<const double> fractions);
/// Samples of each part, as split_indices has them; one may be 0.
std::vector<int64_t> part_sizes(int64_t n, std::span<const double> fractions);

/// A split in words, and the SHA-256 of its indices.
DatasetRecord split_record(DatasetRecord whole, std::span<const double> fractions, const Rng& rng,
                           std::span<const std::vector<int64_t>> parts);

/// Tells the run, if there is one, of a split; `how` stands before its words.
template <Dataset D>
void announce_split(const D& whole, std::span<const double> fractions, const Rng& rng,
                    std::span<const std::vector<int64_t>> parts, const char* how = "") {
  if (!recorder()) return;
  DatasetRecord record;
  if constexpr (RecordedDataset<D>) record = whole.record();
  else record.name = "dataset";
  record.samples = whole.size();
  record = split_record(std::move(record), fractions, rng, parts);
  record.split = how + record.split;
  announce(record);
}

template <size_t N, Dataset D>
std::array<Subset<D>, N> subsets_of(const std::shared_ptr<const D>& whole, std::vector<std::vector<int64_t>> parts) {
  return [&]<size_t... I>(std::index_sequence<I...>) {
    return std::array<Subset<D>, N>{Subset<D>(whole, std::move(parts[I]))...};
  }
  (std::make_index_sequence<N>());
}

/// Divides a data set at random: `auto [train, test] = split(mnist(folder), {0.9, 0.1}, run.rng() / "split")`. Which
/// sample goes where depends on the seed, the path and the size alone; the run is told.
template <Dataset D, size_t N> std::array<Subset<D>, N> split(D dataset, const double (&fractions)[N], const Rng& rng) {
  const auto whole = std::make_shared<const D>(std::move(dataset));
  std::vector<std::vector<int64_t>> parts = split_indices(whole->size(), fractions, rng);
  announce_split(*whole, fractions, rng, parts);
  return subsets_of<N>(whole, std::move(parts));
}
template <class D, size_t N>
requires(!Dataset<D>) std::array<Subset<internal::Refused<D>>, N> split(D dataset, const double (&fractions)[N],
                                                                        const Rng& rng) {
  return split(internal::Refused<D>(dataset), fractions, rng);
}

}  // namespace stet::data
