// Metrics over a data set.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <deque>
#include <memory>
#include <numeric>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "stet/data/dataset.h"
#include "stet/tensor/pending_read.h"

namespace stet::data {

struct EvaluateOptions {
  int64_t batch = 256;  ///< samples computed at once; the result does not depend on it
  Device device = cpu;  ///< where batches are computed
};

/// The same of samples whose lengths differ: batches have the lengths behind their first field, as a loader's.
struct PaddedEvaluateOptions {
  int64_t batch = 256;
  Pad collate;  ///< `data::pad(0)`; the result does not depend on the batch if the network heeds the lengths
  Device device = cpu;
};

/// A running sum in float64, in the order in which values come.
class SampleMean {
 public:
  /// Adds the values of a batch of n samples. Throws UsageError unless their shape is [n].
  void add(const Tensor& values, int64_t n);
  double value();

 private:
  /// Of batches that are on their way from a device; it is not waited for until some are.
  struct Values {
    std::shared_ptr<PendingRead> read;
    Shape shape;
    DType dtype;
  };
  void take_first();

  std::deque<Values> coming_;
  double sum_ = 0;
  int64_t count_ = 0;
};

/// What counts over batches: nn::Accuracy, nn::F1 and their kin, or a user's own.
template <class M>
concept Metric = requires(M metric, const Tensor& prediction, const Tensor& target) {
  metric.add(prediction, target);
  metric.value();
};

/// Calls `take(fields, n)` under Evaluation with the fields of one batch after another, in the data set's order.
template <Dataset D, class Options, class F> void for_each_batch(const D& dataset, const Options& options, F&& take) {
  const int64_t size = dataset.size();
  if (options.batch < 1) raise("evaluate: batch {} is not positive", options.batch);
  if (size < 1) raise("evaluate: the data set is empty");
  const Evaluation evaluation;
  for (int64_t begin = 0; begin < size; begin += options.batch) {
    std::vector<int64_t> indices(static_cast<size_t>(std::min(options.batch, size - begin)));
    std::iota(indices.begin(), indices.end(), begin);
    std::vector<Tensor> batch;
    if constexpr (std::same_as<Options, PaddedEvaluateOptions>) {
      batch = collate_padded(dataset, indices, 0, options.collate);
    } else {
      batch = collate(dataset, indices, 0);
    }
    for (Tensor& t : batch) t = t.to(options.device);
    take(std::move(batch), static_cast<int64_t>(indices.size()));
  }
}

namespace internal {

/// Fields of a batch.
template <Dataset D, class Options>
inline constexpr size_t evaluated_fields = field_count<SampleOf<D>> +
                                           (std::same_as<Options, PaddedEvaluateOptions> ? 1 : 0);

template <class F, Dataset D, class Options> double mean_of(F&& f, const D& dataset, const Options& options) {
  SampleMean mean;
  for_each_batch(dataset, options, [&](std::vector<Tensor> batch, int64_t n) {
    mean.add(std::apply(f, to_tuple<evaluated_fields<D, Options>>(std::move(batch))), n);
  });
  return mean.value();
}

template <Dataset D, class Net, class Options, class... M>
auto measure(const D& dataset, Net& net, const Options& options, M&... metrics) {
  constexpr size_t fields = evaluated_fields<D, Options>, inputs = fields == 1 ? 1 : fields - 1;
  constexpr bool fits = takes<Net>(std::type_identity<TensorTuple<inputs>>());
  static_assert(fits, "the network is called with all of a sample's fields but the last, which is the target");
  for_each_batch(dataset, options, [&](std::vector<Tensor> batch, int64_t) {
    const Tensor target = batch.back();
    batch.resize(inputs);
    if constexpr (fits) {
      const Tensor prediction = std::apply(net, to_tuple<inputs>(std::move(batch)));
      (metrics.add(prediction, target), ...);
    }
  });
  if constexpr (sizeof...(M) == 1) return (metrics.value(), ...);
  else return std::tuple(metrics.value()...);
}

}  // namespace internal

/// Mean over a data set's samples of a function that gives a value a sample: `f(x, y)` takes a batch's fields and
/// returns [N] of any dtype, as nn::accuracy(net) does. Runs under Evaluation, in the data set's order, and sums in
/// float64 in that order, so the result does not depend on the batch size.
template <class F, Dataset D> double evaluate(F&& f, const D& dataset, const EvaluateOptions& options = {}) {
  return internal::mean_of(f, dataset, options);
}
template <class F, Dataset D> double evaluate(F&& f, const D& dataset, const PaddedEvaluateOptions& options) {
  return internal::mean_of(f, dataset, options);
}

/// Several metrics in one pass: `auto [accuracy, f1] = data::evaluate(test, net, nn::Accuracy(), nn::F1(10));`. The
/// network, or a function, is called with a batch's fields but the last, which is the target; of a data set of one
/// field that is both. Returns the metrics' values as a tuple; of one metric, its value.
template <Dataset D, class Net, Metric... M>
requires(sizeof...(M) > 0) auto evaluate(const D& dataset, Net&& net, const EvaluateOptions& options, M... metrics) {
  return internal::measure(dataset, net, options, metrics...);
}
/// Of samples whose lengths differ, the network takes these too: `data::evaluate(test, net, {.collate = data::pad(0)},
/// nn::Accuracy())` calls `net(x, lengths)`.
template <Dataset D, class Net, Metric... M>
requires(sizeof...(M) > 0) auto evaluate(const D& dataset, Net&& net, const PaddedEvaluateOptions& options,
                                         M... metrics) {
  return internal::measure(dataset, net, options, metrics...);
}
template <Dataset D, class Net, Metric... M>
requires(sizeof...(M) > 0) auto evaluate(const D& dataset, Net&& net, M... metrics) {
  return internal::measure(dataset, net, EvaluateOptions{}, metrics...);
}

}  // namespace stet::data
