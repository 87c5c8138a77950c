// Data sets: `size()` and `get(i)`; the rest composes.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "stet/data/fingerprint.h"
#include "stet/data/sample.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/mode.h"
#include "stet/tensor/rng.h"

namespace stet::data {

/// Anything with `size()` and `get(i)`, both const. `get` returns a Tensor, a number, or a tuple, pair, array or plain
/// struct of them; called with 0 … size()-1, from several threads at once where a loader has workers. A data set is a
/// value that is cheap to copy: it holds what it holds by shared pointer.
template <class D>
concept Dataset = requires(const D& d, int64_t i) {
  { d.size() } -> std::convertible_to<int64_t>;
  d.get(i);
};

namespace internal {

/// Stands for what is no data set, and says in one line why it isn't.
template <class D> struct Refused {
  static constexpr bool kSized = requires(const D& d) {
    { d.size() } -> std::convertible_to<int64_t>;
  };
  static constexpr bool kGets = requires(const D& d) { d.get(int64_t{}); };
  static constexpr bool kChanges = requires(D & d) { d.get(int64_t{}); };
  static_assert(kSized, "a data set has `int64_t size() const`");
  static_assert(kGets || !kChanges, "a data set's get(i) must be const: a loader's workers call it at once");
  static_assert(kGets || kChanges, "a data set has `get(int64_t i) const`, which returns sample i");

  Refused(const D&) {}  // NOLINT: takes the place of one
  int64_t size() const { return 0; }
  Tensor get(int64_t) const { return {}; }
};

/// A function that can be called with N tensors.
template <class F, class... T> consteval bool takes(std::type_identity<std::tuple<T...>>) {
  return std::invocable<F&, T...>;
}

}  // namespace internal

/// A data set whose samples change from epoch to epoch, as random transforms do.
template <class D>
concept EpochDataset = Dataset<D> && requires(const D& d, int64_t i, int64_t epoch) {
  d.get(i, epoch);
};

/// A data set that makes whole batches itself, faster; the bytes must be those of its stacked samples.
template <class D>
concept BatchDataset = Dataset<D> && requires(const D& d, std::span<const int64_t> indices) {
  { d.batch(indices) } -> std::same_as<std::vector<Tensor>>;
};

/// A data set that knows where it came from.
template <class D>
concept RecordedDataset = Dataset<D> && requires(const D& d) {
  { d.record() } -> std::convertible_to<DatasetRecord>;
};

/// What get(i) returns.
template <Dataset D> using SampleOf = std::remove_cvref_t<decltype(std::declval<const D&>().get(int64_t{}))>;
/// A tuple of Tensors, one a field of the sample, each [N, ...] of the fields' shape.
template <Dataset D> using BatchOf = TensorTuple<field_count<SampleOf<D>>>;

/// The i-th sample as it is in an epoch.
template <Dataset D> SampleOf<D> sample(const D& dataset, int64_t i, int64_t epoch) {
  if constexpr (EpochDataset<D>) return dataset.get(i, epoch);
  else return dataset.get(i);
}

/// Why no stream draws while samples are made: a loader's workers make them in any order, and before their step.
inline constexpr const char* kDrawsOfSamples =
    "draws while a batch is made, in whose order numbers would differ; take those of SampleDraws, as in data::augment";

/// The batch of the samples named, as they are in an epoch. Throws UsageError where a stream draws meanwhile.
template <Dataset D> std::vector<Tensor> collate(const D& dataset, std::span<const int64_t> indices, int64_t epoch) {
  const ContractFloatEnv env;
  const NoGrad no_grad;
  const NoDraws no_draws(kDrawsOfSamples);
  if constexpr (BatchDataset<D> && !EpochDataset<D>) {
    return dataset.batch(indices);
  } else {
    Collator collator(field_count<SampleOf<D>>, static_cast<int64_t>(indices.size()));
    for (size_t k = 0; k < indices.size(); ++k) {
      const auto values = fields(sample(dataset, indices[k], epoch));
      for (size_t f = 0; f < values.size(); ++f) collator.add(static_cast<int64_t>(k), f, values[f]);
    }
    return collator.take();
  }
}

/// The same of samples whose lengths may differ; the lengths follow the first field.
template <Dataset D>
std::vector<Tensor> collate_padded(const D& dataset, std::span<const int64_t> indices, int64_t epoch, const Pad& pad) {
  const ContractFloatEnv env;
  const NoGrad no_grad;
  const NoDraws no_draws(kDrawsOfSamples);
  std::vector<std::vector<Tensor>> samples;
  for (const int64_t i : indices) {
    const auto values = fields(sample(dataset, i, epoch));
    samples.emplace_back(values.begin(), values.end());
  }
  return stack_padded(samples, pad);
}

/// A data set that knows the lengths of its samples without making them.
template <class D>
concept MeasuredDataset = Dataset<D> && requires(const D& d, int64_t i) {
  { d.length(i) } -> std::convertible_to<int64_t>;
};

/// The first extent of a sample's first field.
template <Dataset D> int64_t length_of(const D& dataset, int64_t i) {
  if constexpr (MeasuredDataset<D>) return dataset.length(i);
  else return fields(dataset.get(i))[0].size(0);
}

/// Some samples of a data set, in the order named.
template <Dataset D> class Subset {
 public:
  /// Throws UsageError on an index out of range.
  Subset(D dataset, std::vector<int64_t> indices)
      : Subset(std::make_shared<const D>(std::move(dataset)), std::move(indices)) {}
  Subset(std::shared_ptr<const D> dataset, std::vector<int64_t> indices)
      : dataset_(std::move(dataset)), indices_(std::make_shared<const std::vector<int64_t>>(std::move(indices))) {
    for (int64_t i : *indices_) {
      if (i < 0 || i >= dataset_->size()) raise("subset: index {} is outside 0 … {}", i, dataset_->size() - 1);
    }
  }

  int64_t size() const { return static_cast<int64_t>(indices_->size()); }
  SampleOf<D> get(int64_t i) const { return dataset_->get(at(i)); }
  SampleOf<D> get(int64_t i, int64_t epoch) const requires EpochDataset<D> { return dataset_->get(at(i), epoch); }
  std::vector<Tensor> batch(std::span<const int64_t> indices) const requires BatchDataset<D> {
    std::vector<int64_t> inner(indices.size());
    for (size_t k = 0; k < inner.size(); ++k) inner[k] = at(indices[k]);
    return dataset_->batch(inner);
  }
  int64_t length(int64_t i) const requires MeasuredDataset<D> { return dataset_->length(at(i)); }
  DatasetRecord record() const requires RecordedDataset<D> { return dataset_->record(); }
  /// Positions in the whole data set.
  const std::vector<int64_t>& indices() const { return *indices_; }

 private:
  int64_t at(int64_t i) const {
    if (i < 0 || i >= size()) raise("subset: index {} is outside 0 … {}", i, size() - 1);
    return (*indices_)[static_cast<size_t>(i)];
  }

  std::shared_ptr<const D> dataset_;
  std::shared_ptr<const std::vector<int64_t>> indices_;
};

template <Dataset D> Subset<D> subset(D dataset, std::vector<int64_t> indices) {
  return {std::move(dataset), std::move(indices)};
}

/// One data set after another; their samples have one type.
template <Dataset A, Dataset B>
requires std::same_as<SampleOf<A>, SampleOf<B>>
class Concat {
 public:
  Concat(A first, B second) : first_(std::move(first)), second_(std::move(second)) {}

  int64_t size() const { return first_.size() + second_.size(); }
  SampleOf<A> get(int64_t i) const { return get(i, 0); }
  SampleOf<A> get(int64_t i, int64_t epoch) const {
    const int64_t n = first_.size();
    return i < n ? sample(first_, i, epoch) : sample(second_, i - n, epoch);
  }

 private:
  A first_;
  B second_;
};

template <Dataset D> D concat(D only) { return only; }
template <Dataset A, Dataset B, Dataset... More> auto concat(A first, B second, More... more) {
  return concat(Concat<A, B>(std::move(first), std::move(second)), std::move(more)...);
}

/// A data set whose samples pass through a function of their fields, which must be safe to call from several threads.
template <Dataset D, class F> class Mapped {
 public:
  Mapped(D dataset, F f) : dataset_(std::move(dataset)), f_(std::move(f)) {}

  int64_t size() const { return dataset_.size(); }
  auto get(int64_t i) const { return std::apply(f_, fields(dataset_.get(i))); }
  auto get(int64_t i, int64_t epoch) const requires EpochDataset<D> {
    return std::apply(f_, fields(dataset_.get(i, epoch)));
  }
  DatasetRecord record() const requires RecordedDataset<D> { return dataset_.record(); }

 private:
  D dataset_;
  F f_;
};

/// `map(digits, [](const Tensor& x, const Tensor& y) { return std::tuple(x * 2, y); })`.
template <Dataset D, class F> auto map(D dataset, F f) {
  constexpr bool fits = internal::takes<const F>(std::type_identity<BatchOf<D>>());
  static_assert(fits, "map's function takes all fields of a sample, each as a const Tensor&");
  if constexpr (fits) return Mapped<D, F>(std::move(dataset), std::move(f));
  else return dataset;
}

}  // namespace stet::data
