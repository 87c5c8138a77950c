// A metric's mean over a data set.
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

/// Mean over a data set's samples of a metric that gives a value a sample: `metric(x, y)` takes a batch's fields and
/// returns [N] of any dtype, as nn::accuracy(net) does. Runs under Evaluation, in the data set's order, and sums in
/// float64 in that order, so the result does not depend on the batch size.
template <class Metric, Dataset D>
double evaluate(Metric&& metric, const D& dataset, const EvaluateOptions& options = {}) {
  const int64_t size = dataset.size();
  if (options.batch < 1) raise("evaluate: batch {} is not positive", options.batch);
  if (size < 1) raise("evaluate: the data set is empty");
  const Evaluation evaluation;
  SampleMean mean;
  for (int64_t begin = 0; begin < size; begin += options.batch) {
    std::vector<int64_t> indices(static_cast<size_t>(std::min(options.batch, size - begin)));
    std::iota(indices.begin(), indices.end(), begin);
    std::vector<Tensor> batch = collate(dataset, indices, 0);
    for (Tensor& t : batch) t = t.to(options.device);
    mean.add(std::apply(metric, to_tuple<std::tuple_size_v<BatchOf<D>>>(std::move(batch))),
             static_cast<int64_t>(indices.size()));
  }
  return mean.value();
}

}  // namespace stet::data
