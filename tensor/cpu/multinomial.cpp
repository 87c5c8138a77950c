#include <algorithm>
#include <vector>

#include "stet/tensor/cpu/strided.h"
#include "stet/tensor/error.h"
#include "stet/tensor/kernels.h"
#include "stet/tensor/weighted_choice.h"

namespace stet::cpu_kernels {
namespace {

bool draw_with(std::vector<double>& weights, const int64_t* words, int64_t count, int64_t* y) {
  const auto n = static_cast<int64_t>(weights.size());
  double sum = 0;
  for (double& w : weights) w = sum += w;
  if (!weighted_choice::is_total(sum)) return false;
  for (int64_t k = 0; k < count; ++k)
    y[k] = weighted_choice::chosen(weights.data(), n, weighted_choice::unit(words[2 * k], words[2 * k + 1]));
  return true;
}

}  // namespace

void multinomial(const Tensor& weights, const Tensor& words, bool replacement, const Tensor& y) {
  const int64_t n = weights.size(1), count = y.size(1);
  const int64_t work = (n + 1) * (replacement ? 1 : count);
  visit_floating(weights.dtype(), [&]<class T>(T) {
    parallel_for(y.size(0), std::max<int64_t>(1, kElementGrain / work), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const T* from = weights.data_as<T>() + row * n;
        std::vector<double> w(from, from + n);
        const int64_t* bits = words.data_as<int64_t>() + 2 * row * count;
        int64_t* to = y.mutable_data_as<int64_t>() + row * count;
        const bool are_weights = std::all_of(w.begin(), w.end(), weighted_choice::is_weight);
        const bool is_drawn =
            are_weights &&
            (replacement ? draw_with(w, bits, count, to) : weighted_choice::draw_without(w.data(), n, bits, count, to));
        if (is_drawn) continue;
        raise<DataError>("multinomial: row {} has a weight that is negative or not finite, or too few that are above 0",
                         row);
      }
    });
  });
}

}  // namespace stet::cpu_kernels
