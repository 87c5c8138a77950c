// The loader: a data set in batches, the same bytes in the same order for any number of workers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "stet/data/dataset.h"
#include "stet/data/pipeline.h"
#include "stet/tensor/rng.h"
#include "stet/tensor/stateful.h"

namespace stet::data {

struct LoaderOptions {
  int64_t batch = 1;                ///< samples a batch
  std::optional<Rng> shuffle = {};  ///< a new order every epoch from this seed and path; none: the data set's own order
  /// How often each sample is drawn, in proportion: an epoch is then as many draws, each of any sample, by `shuffle`.
  /// One weight a sample; none: every sample once (sampling.h).
  std::vector<double> weights = {};
  bool drop_last = false;  ///< leave out an epoch's last batch where it isn't full
  int64_t workers = 0;     ///< threads that make batches; 0: the caller's own
  int64_t prefetch = 2;    ///< batches that each worker may be ahead, at most 2^20
  Device device = cpu;     ///< where batches are delivered
};

/// The same for samples whose lengths differ.
struct PaddedLoaderOptions {
  int64_t batch = 1;
  std::optional<Rng> shuffle = {};
  std::vector<double> weights = {};
  Pad collate;  ///< `data::pad(0)`: batches are as long as their longest sample
  int64_t bucket =
      0;  ///< of so many batches on end, samples of nearly one length go together; 0: they stay as they come
  bool drop_last = false;
  int64_t workers = 0;
  int64_t prefetch = 2;
  Device device = cpu;

  LoaderOptions unpadded() const { return {batch, shuffle, weights, drop_last, workers, prefetch, device}; }
};

/// Samples of one shape are stacked.
struct Stack {};

/// Epochs, positions and order: what a loader does whatever its data set is.
class LoaderBase : public Stateful {
 public:
  int64_t batches_per_epoch() const;
  /// The epoch that next() goes through; -1 before the first.
  int64_t epoch() const { return epoch_; }
  /// Batches of it that were delivered. Those that workers have made ahead do not count.
  int64_t position() const { return position_; }
  /// Goes to the beginning of an epoch. Throws UsageError if it is negative or above 2^32 - 1.
  void start_epoch(int64_t epoch);

  /// State: epoch and position; after they were restored, next() goes on from there. The order is computed from them
  /// again.
  void members(Visitor& v) override;
  std::string describe() const override;

 protected:
  using MakeBatch = std::function<std::vector<Tensor>(std::span<const int64_t> indices, int64_t epoch)>;
  using Measure = std::function<int64_t(int64_t index)>;
  /// Throws UsageError on an empty data set and on options out of range.
  LoaderBase(int64_t samples, LoaderOptions options, MakeBatch make);
  /// From now on samples of nearly one length go together.
  void set_buckets(int64_t batches, Measure measure);
  /// The fields of the batch at the position, which then advances; nothing at the epoch's end.
  std::optional<std::vector<Tensor>> next_tensors();

 private:
  struct Plan;
  std::shared_ptr<const Plan> plan();
  std::vector<int64_t> order();
  std::vector<Tensor> fetch();

  int64_t samples_;
  LoaderOptions options_;
  std::shared_ptr<const MakeBatch> make_;
  int64_t bucket_ = 0;
  Measure measure_;
  std::vector<int64_t> lengths_;  // of all samples, once they have been measured
  int64_t epoch_ = -1, position_ = 0;
  std::shared_ptr<const Plan> plan_;                     // the epoch's order; a cache
  std::unique_ptr<Pipeline, PipelineDeleter> pipeline_;  // goes through plan_; a cache too
};

/// Batches of a data set:
///
///     data::Loader loader(train, {.batch = 64, .shuffle = run.rng() / "shuffle"});
///     for (auto [x, y] : run.steps(loader)) …   // in a run: an epoch a loop, resumed where it was left
///     for (auto [x, y] : loader) …              // without one: every loop is the next epoch from its beginning
///
/// A batch is a tuple of Tensors, one for each field of a sample, stacked along a new first axis. An exception of the
/// data set comes out of next() at the batch that it belongs to. Workers evaluate where the caller of next()
/// does. Use from one thread.
///
/// Where the lengths of samples differ, `.collate` fills them up, and the batch has the lengths behind its first field:
///
///     data::Loader loader(texts, {.batch = 32, .shuffle = rng, .collate = data::pad(0), .bucket = 16});
///     for (auto [x, lengths, y] : run.steps(loader)) …
template <Dataset D, class Collate = Stack> class Loader : public LoaderBase {
 public:
  using Batch = TensorTuple<field_count<SampleOf<D>> + (std::same_as<Collate, Pad> ? 1 : 0)>;

  explicit Loader(D dataset, LoaderOptions options = {}) requires std::same_as<Collate, Stack>
      : Loader(std::make_shared<const D>(std::move(dataset)), std::move(options)) {}
  Loader(D dataset, PaddedLoaderOptions options) requires std::same_as<Collate, Pad>
      : Loader(std::make_shared<const D>(std::move(dataset)), options) {}

  /// Delivers the batch at the position and advances; nullopt at the epoch's end.
  std::optional<Batch> next() {
    auto tensors = next_tensors();
    if (!tensors) return std::nullopt;
    return to_tuple<std::tuple_size_v<Batch>>(std::move(*tensors));
  }

  /// Goes through the batches of one epoch, once.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;
    explicit Iterator(Loader& loader) : loader_(&loader), batch_(loader.next()) {}
    Batch& operator*() { return *batch_; }
    Iterator& operator++() {
      batch_.reset();
      batch_ = loader_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return !batch_; }

   private:
    Loader* loader_;
    std::optional<Batch> batch_;
  };
  /// Starts the next epoch.
  Iterator begin() {
    start_epoch(epoch() + 1);
    return Iterator(*this);
  }
  std::default_sentinel_t end() const { return {}; }

 private:
  Loader(std::shared_ptr<const D> dataset, const PaddedLoaderOptions& options)
      : LoaderBase(dataset->size(), options.unpadded(),
                   [dataset, pad = options.collate](std::span<const int64_t> indices, int64_t epoch) {
                     return collate_padded(*dataset, indices, epoch, pad);
                   }) {
    set_buckets(options.bucket, [dataset](int64_t i) { return length_of(*dataset, i); });
  }
  Loader(std::shared_ptr<const D> dataset, LoaderOptions options)
      : LoaderBase(dataset->size(), std::move(options), [dataset](std::span<const int64_t> indices, int64_t epoch) {
          return collate(*dataset, indices, epoch);
        }) {}
};

template <Dataset D> Loader(D, PaddedLoaderOptions) -> Loader<D, Pad>;
template <class D>
requires(!Dataset<D>) Loader(D, LoaderOptions)
->Loader<internal::Refused<D>>;
template <class D>
requires(!Dataset<D>) Loader(D, PaddedLoaderOptions)
->Loader<internal::Refused<D>, Pad>;

}  // namespace stet::data
