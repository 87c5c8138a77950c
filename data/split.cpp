#include "stet/data/split.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "stet/tensor/float_env.h"
#include "stet/tensor/sha256.h"

namespace stet::data {
namespace {

std::string listed(std::span<const double> fractions) {
  std::string text;
  for (double f : fractions) text += fmt::format("{}{}", text.empty() ? "" : ", ", f);
  return text;
}

}  // namespace

std::vector<int64_t> part_sizes(int64_t n, std::span<const double> fractions) {
  const ContractFloatEnv env;
  std::vector<int64_t> sizes(fractions.size());
  std::vector<double> remainders(fractions.size());
  for (size_t p = 0; p < sizes.size(); ++p) {
    const double exact = fractions[p] * static_cast<double>(n);
    sizes[p] = static_cast<int64_t>(std::floor(exact));
    remainders[p] = exact - static_cast<double>(sizes[p]);
  }
  std::vector<size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return remainders[a] > remainders[b]; });
  int64_t left = n - std::accumulate(sizes.begin(), sizes.end(), int64_t{0});
  for (size_t k = 0; left > 0; ++k, --left) ++sizes[order[k % order.size()]];
  // Fractions that sum to a little more than 1 can round up to one sample too many.
  for (; left < 0; ++left) --sizes[order.back()];
  return sizes;
}

void check_fractions(std::span<const double> fractions) {
  double total = 0;
  for (double f : fractions) {
    if (!(f > 0 && f <= 1)) raise("split: fraction {} is not above 0 and at most 1", f);
    total += f;
  }
  if (std::abs(total - 1) > 1e-9)
    raise("split: the fractions {} sum to {}; they must sum to 1", listed(fractions), total);
}

std::vector<std::vector<int64_t>> split_indices(int64_t n, std::span<const double> fractions, const Rng& rng) {
  check_fractions(fractions);
  const std::vector<int64_t> sizes = part_sizes(n, fractions);
  const std::vector<int64_t> order = permutation(rng, n);
  std::vector<std::vector<int64_t>> parts;
  auto from = order.begin();
  for (size_t p = 0; p < sizes.size(); ++p) {
    if (sizes[p] <= 0) raise("split: part {} of {} gets none of {} samples", p, listed(fractions), n);
    parts.emplace_back(from, from + sizes[p]);
    from += sizes[p];
  }
  return parts;
}

DatasetRecord split_record(DatasetRecord whole, std::span<const double> fractions, const Rng& rng,
                           std::span<const std::vector<int64_t>> parts) {
  Sha256 hash;
  hash.update(static_cast<uint64_t>(parts.size()));
  for (const auto& part : parts) {
    hash.update(static_cast<uint64_t>(part.size()));
    for (int64_t i : part) hash.update(static_cast<uint64_t>(i));
  }
  whole.split = fmt::format("{} by seed {}, path {}", listed(fractions), rng.seed(), rng.path());
  whole.digest = hash.hex();
  return whole;
}

}  // namespace stet::data
