#include "stet/data/loader.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "stet/data/sampling.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/mode.h"
#include "stet/tensor/sha256.h"

namespace stet::data {
namespace {

constexpr int64_t kMostPrefetch = 1 << 20;

std::string hash_of(const std::vector<double>& weights) {
  return sha256_hex({reinterpret_cast<const char*>(weights.data()), weights.size() * sizeof(double)});
}

}  // namespace

// What workers need of an epoch; shared with them, so that a loader may move while they work.
struct LoaderBase::Plan {
  int64_t epoch, batch;
  bool training;  // of the thread that takes the batches: transforms may ask for it
  std::vector<int64_t> order;
  std::shared_ptr<const MakeBatch> make;
  Device device;

  // In memory from which a GPU copies by itself, while the step before runs.
  std::vector<Tensor> operator()(int64_t position) const {
    std::optional<Evaluation> evaluation;
    if (!training) evaluation.emplace();
    const auto n = static_cast<int64_t>(order.size());
    const int64_t begin = position * batch, end = std::min(n, begin + batch);
    auto batch = (*make)(std::span(order).subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin)), epoch);
    for (Tensor& t : batch) t = backend(device).stage(t);
    return batch;
  }
};

LoaderBase::LoaderBase(int64_t samples, LoaderOptions options, MakeBatch make)
    : samples_(samples), options_(std::move(options)), make_(std::make_shared<const MakeBatch>(std::move(make))) {
  if (options_.batch < 1) raise("loader: batch {} is not positive", options_.batch);
  if (options_.workers < 0 || options_.workers > 1024)
    raise("loader: workers {} is not between 0 and 1024", options_.workers);
  if (options_.prefetch < 1 || options_.prefetch > kMostPrefetch)
    raise("loader: prefetch {} is not between 1 and 2^20", options_.prefetch);
  if (samples_ < 1) raise("loader: the data set is empty");
  if (!options_.weights.empty()) {
    if (!options_.shuffle) raise("loader: weights are drawn by; give .shuffle = rng / \"shuffle\" too");
    check_weights(options_.weights, samples_);
  }
  if (batches_per_epoch() == 0) {
    raise("loader: drop_last with batch {} leaves nothing of {} samples; take a smaller batch", options_.batch,
          samples_);
  }
}

void LoaderBase::set_buckets(int64_t batches, Measure measure) {
  if (batches < 0) raise("loader: bucket {} is negative", batches);
  bucket_ = batches;
  measure_ = std::move(measure);
}

int64_t LoaderBase::batches_per_epoch() const {
  return options_.drop_last ? samples_ / options_.batch : (samples_ - 1) / options_.batch + 1;
}

void LoaderBase::start_epoch(int64_t epoch) {
  if (epoch < 0 || epoch > int64_t{0xffffffff}) raise("loader: epoch {} is not between 0 and 2^32 - 1", epoch);
  epoch_ = epoch;
  position_ = 0;
}

void LoaderBase::members(Visitor& v) {
  v("epoch", epoch_)("position", position_);
  v.hyper("samples", samples_).hyper("batch", options_.batch).hyper("drop_last", options_.drop_last);
  v.hyper("shuffle", options_.shuffle ? options_.shuffle->path() : std::string());
  if (!options_.weights.empty()) v.hyper("weights", hash_of(options_.weights));
  if (bucket_ > 0) v.hyper("bucket", bucket_);
  v.execution("workers", options_.workers).execution("prefetch", options_.prefetch);
  v.execution("device", options_.device.to_string());
}

std::string LoaderBase::describe() const {
  return fmt::format("Loader({} samples, batch {}{})", samples_, options_.batch, options_.shuffle ? ", shuffled" : "");
}

std::optional<std::vector<Tensor>> LoaderBase::next_tensors() {
  if (epoch_ < 0) start_epoch(0);
  if (position_ >= batches_per_epoch()) {
    pipeline_.reset();
    return std::nullopt;
  }
  std::vector<Tensor> tensors = fetch();
  ++position_;
  for (Tensor& t : tensors) t = t.to(options_.device);
  return tensors;
}

std::shared_ptr<const LoaderBase::Plan> LoaderBase::plan() {
  if (!plan_ || plan_->epoch != epoch_ || plan_->training != training()) {
    pipeline_.reset();
    auto made = std::make_shared<Plan>();
    made->epoch = epoch_;
    made->batch = options_.batch;
    made->training = training();
    made->make = make_;
    made->device = options_.device;
    made->order = order();
    plan_ = std::move(made);
  }
  return plan_;
}

// The epoch's samples in the order in which they are delivered.
std::vector<int64_t> LoaderBase::order() {
  const auto epoch = static_cast<uint32_t>(epoch_);
  std::vector<int64_t> order;
  if (!options_.weights.empty()) {
    order = weighted_draws(options_.weights, *options_.shuffle, epoch);
  } else if (options_.shuffle) {
    order = permutation(*options_.shuffle, samples_, epoch);
  } else {
    order.resize(static_cast<size_t>(samples_));
    std::iota(order.begin(), order.end(), int64_t{0});
  }
  if (bucket_ == 0) return order;
  for (int64_t i = static_cast<int64_t>(lengths_.size()); i < samples_; ++i) lengths_.push_back(measure_(i));
  return in_buckets(order, lengths_, options_.batch, bucket_, options_.shuffle, epoch);
}

// Epoch and position may have been set by a restored checkpoint: whatever was made for another place is discarded.
std::vector<Tensor> LoaderBase::fetch() {
  const std::shared_ptr<const Plan> current = plan();
  if (options_.workers == 0) return (*current)(position_);
  if (!pipeline_ || pipeline_->position() != position_ || !pipeline_->is_of_this_process()) {
    pipeline_.reset();
    const int64_t left = batches_per_epoch() - position_;
    pipeline_.reset(new Pipeline([current](int64_t position) { return (*current)(position); }, position_,
                                 position_ + left, static_cast<int>(std::min(options_.workers, left)),
                                 options_.workers * options_.prefetch));
  }
  return pipeline_->next();
}

}  // namespace stet::data
