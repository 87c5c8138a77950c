#include "stet/data/sampling.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"

namespace stet::data {
namespace {

constexpr double kStep53 = 0x1p-53;

std::map<int64_t, std::vector<int64_t>> members_of(const Tensor& labels) {
  if (labels.rank() != 1 || labels.dtype() != DType::int64)
    raise("data: labels are int64 [N], not {} {}", name_of(labels.dtype()), labels.shape().to_string());
  std::map<int64_t, std::vector<int64_t>> members;
  const std::vector<int64_t> values = labels.to_vector<int64_t>();
  for (size_t i = 0; i < values.size(); ++i) members[values[i]].push_back(static_cast<int64_t>(i));
  return members;
}

}  // namespace

std::vector<double> balanced_weights(const Tensor& labels) {
  const ContractFloatEnv env;
  std::vector<double> weights(static_cast<size_t>(labels.elements()));
  for (const auto& [label, members] : members_of(labels)) {
    for (int64_t i : members) weights[static_cast<size_t>(i)] = 1.0 / static_cast<double>(members.size());
  }
  return weights;
}

void check_weights(std::span<const double> weights, int64_t samples) {
  if (static_cast<int64_t>(weights.size()) != samples)
    raise("loader: {} weights for {} samples", weights.size(), samples);
  double sum = 0;
  for (double w : weights) {
    if (!(w >= 0)) raise("loader: weight {} is negative or no number", w);
    sum += w;
  }
  if (!(sum > 0) || !std::isfinite(sum)) raise("loader: the weights sum to {}; there is nothing to draw by", sum);
}

std::vector<int64_t> weighted_draws(std::span<const double> weights, const Rng& rng, uint32_t epoch) {
  const ContractFloatEnv env;
  std::vector<double> sums;
  double sum = 0;
  for (double w : weights) sums.push_back(sum += w);
  const auto last = std::lower_bound(sums.begin(), sums.end(), sum);  // the last sample that has a weight
  const PhiloxKey key = rng.key();
  std::vector<int64_t> draws(weights.size());
  for (size_t i = 0; i < draws.size(); ++i) {
    const auto words = philox({static_cast<uint32_t>(i), static_cast<uint32_t>(uint64_t{i} >> 32), 0, epoch}, key);
    const uint64_t bits = (uint64_t{words[0]} << 32 | words[1]) >> 11;
    const auto at = std::upper_bound(sums.begin(), sums.end(), static_cast<double>(bits) * kStep53 * sum);
    draws[i] = std::min(at, last) - sums.begin();
  }
  return draws;
}

std::vector<int64_t> in_buckets(std::span<const int64_t> order, std::span<const int64_t> lengths, int64_t batch,
                                int64_t bucket, const std::optional<Rng>& shuffle, uint32_t epoch) {
  std::vector<int64_t> sorted(order.begin(), order.end());
  const auto n = static_cast<int64_t>(sorted.size());
  const int64_t pool = bucket > n / batch ? n : batch * bucket;
  for (int64_t begin = 0; begin < n; begin += pool) {
    std::stable_sort(sorted.begin() + begin, sorted.begin() + std::min(n, begin + pool), [&](int64_t a, int64_t b) {
      return lengths[static_cast<size_t>(a)] < lengths[static_cast<size_t>(b)];
    });
  }
  if (!shuffle) return sorted;
  // An epoch's last batch, where it isn't full, stays the last.
  std::vector<int64_t> result;
  for (const int64_t k : permutation(*shuffle / "batches", n / batch, epoch))
    result.insert(result.end(), sorted.begin() + k * batch, sorted.begin() + (k + 1) * batch);
  result.insert(result.end(), sorted.begin() + n / batch * batch, sorted.end());
  return result;
}

std::vector<std::vector<int64_t>> stratified_indices(const Tensor& labels, std::span<const double> fractions,
                                                     const Rng& rng) {
  check_fractions(fractions);
  std::vector<std::vector<int64_t>> parts(fractions.size());
  for (const auto& [label, members] : members_of(labels)) {
    const auto n = static_cast<int64_t>(members.size());
    const std::vector<int64_t> order = permutation(rng / label, n), sizes = part_sizes(n, fractions);
    auto from = order.begin();
    for (size_t p = 0; p < parts.size(); ++p) {
      for (int64_t k = 0; k < sizes[p]; ++k) parts[p].push_back(members[static_cast<size_t>(*from++)]);
    }
  }
  for (size_t p = 0; p < parts.size(); ++p) {
    if (parts[p].empty()) raise("split: part {} gets none of {} samples", p, labels.elements());
    const std::vector<int64_t> in_order = parts[p];
    const std::vector<int64_t> places =
        permutation(rng / "part" / static_cast<int64_t>(p), static_cast<int64_t>(in_order.size()));
    for (size_t k = 0; k < places.size(); ++k) parts[p][k] = in_order[static_cast<size_t>(places[k])];
  }
  return parts;
}

}  // namespace stet::data
