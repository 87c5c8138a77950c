// In which order samples come: by weights, by classes, by lengths.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "stet/data/split.h"
#include "stet/tensor/rng.h"

namespace stet::data {

/// Weights that draw every class equally often: 1 / (samples of the class), for labels int64 [N]. A loader takes them:
/// `{.shuffle = rng, .weights = data::balanced_weights(labels)}`. Throws UsageError unless labels are int64 [N].
std::vector<double> balanced_weights(const Tensor& labels);

/// As many draws as there are weights, with replacement: draw i takes 53 bits u of philox((i, 0, 0, epoch), key), words
/// 0 and 1, and gives the first sample whose weights, summed up to it in ascending order in float64, exceed u times
/// their sum. A weight of zero is never drawn.
std::vector<int64_t> weighted_draws(std::span<const double> weights, const Rng& rng, uint32_t epoch);

/// Throws UsageError unless there is one weight a sample, none is negative, and their sum is finite and above zero.
void check_weights(std::span<const double> weights, int64_t samples);

/// An order whose batches hold samples of nearly one length: each run of batch * bucket samples is sorted by length,
/// equal ones as they come. With a shuffle, full batches then change places, by the permutation of shuffle/batches.
std::vector<int64_t> in_buckets(std::span<const int64_t> order, std::span<const int64_t> lengths, int64_t batch,
                                int64_t bucket, const std::optional<Rng>& shuffle, uint32_t epoch);

/// split_indices within each class, by the path rng/CLASS, so that all parts have the classes in the same proportions;
/// the samples of part p then change places by the permutation of rng/part/p. Throws UsageError as split_indices does,
/// but for a class of which a part gets none, where no part stays empty.
std::vector<std::vector<int64_t>> stratified_indices(const Tensor& labels, std::span<const double> fractions,
                                                     const Rng& rng);

/// split() that keeps the proportions of classes: `auto [train, test] = data::stratified_split(d, d.labels(), {0.9,
/// 0.1}, rng)`, labels int64 [N]. The run is told.
template <Dataset D, size_t N>
std::array<Subset<D>, N> stratified_split(D dataset, const Tensor& labels, const double (&fractions)[N],
                                          const Rng& rng) {
  const auto whole = std::make_shared<const D>(std::move(dataset));
  if (labels.elements() != whole->size()) raise("split: {} labels for {} samples", labels.elements(), whole->size());
  std::vector<std::vector<int64_t>> parts = stratified_indices(labels, fractions, rng);
  announce_split(*whole, fractions, rng, parts, "stratified ");
  return subsets_of<N>(whole, std::move(parts));
}

}  // namespace stet::data
