// Metrics over a data set.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <numeric>
#include <tuple>
#include <utility>
#include <vector>

#include "stet/data/dataset.h"
#include "stet/tensor/pending_read.h"

namespace stet::data {

struct EvaluateOptions {
  int64_t batch = 256;  ///< samples computed at once; the result does not depend on it
  Device device = cpu;  ///< where batches are computed
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
template <Dataset D, class F> void for_each_batch(const D& dataset, const EvaluateOptions& options, F&& take) {
  const int64_t size = dataset.size();
  if (options.batch < 1) raise("evaluate: batch {} is not positive", options.batch);
  if (size < 1) raise("evaluate: the data set is empty");
  const Evaluation evaluation;
  for (int64_t begin = 0; begin < size; begin += options.batch) {
    std::vector<int64_t> indices(static_cast<size_t>(std::min(options.batch, size - begin)));
    std::iota(indices.begin(), indices.end(), begin);
    std::vector<Tensor> batch = collate(dataset, indices, 0);
    for (Tensor& t : batch) t = t.to(options.device);
    take(std::move(batch), static_cast<int64_t>(indices.size()));
  }
}

/// Mean over a data set's samples of a function that gives a value a sample: `f(x, y)` takes a batch's fields and
/// returns [N] of any dtype, as nn::accuracy(net) does. Runs under Evaluation, in the data set's order, and sums in
/// float64 in that order, so the result does not depend on the batch size.
template <class F, Dataset D> double evaluate(F&& f, const D& dataset, const EvaluateOptions& options = {}) {
  SampleMean mean;
  for_each_batch(dataset, options, [&](std::vector<Tensor> batch, int64_t n) {
    mean.add(std::apply(f, to_tuple<std::tuple_size_v<BatchOf<D>>>(std::move(batch))), n);
  });
  return mean.value();
}

/// Several metrics in one pass: `auto [accuracy, f1] = data::evaluate(test, net, nn::Accuracy(), nn::F1(10));`. The
/// network, or a function, is called with a batch's fields but the last, which is the target; of a data set of one
/// field that is both. Returns the metrics' values as a tuple; of one metric, its value.
template <Dataset D, class Net, Metric... M>
requires(sizeof...(M) > 0) auto evaluate(const D& dataset, Net&& net, const EvaluateOptions& options, M... metrics) {
  constexpr size_t fields = std::tuple_size_v<BatchOf<D>>, inputs = fields == 1 ? 1 : fields - 1;
  for_each_batch(dataset, options, [&](std::vector<Tensor> batch, int64_t) {
    const Tensor target = batch.back();
    batch.resize(inputs);
    const Tensor prediction = std::apply(net, to_tuple<inputs>(std::move(batch)));
    (metrics.add(prediction, target), ...);
  });
  if constexpr (sizeof...(M) == 1) return (metrics.value(), ...);
  else return std::tuple(metrics.value()...);
}
template <Dataset D, class Net, Metric... M>
requires(sizeof...(M) > 0) auto evaluate(const D& dataset, Net&& net, M... metrics) {
  return evaluate(dataset, net, EvaluateOptions{}, std::move(metrics)...);
}

}  // namespace stet::data
