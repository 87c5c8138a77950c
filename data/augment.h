// Random transforms of a data set's samples.
#pragma once

#include <array>
#include <cstdint>
#include <tuple>
#include <utility>

#include "stet/data/dataset.h"
#include "stet/data/transforms.h"
#include "stet/tensor/rng.h"

namespace stet::data {

/// A data set whose samples' first field passes through transforms, one after another; the k-th draws from the path
/// `rng / k`, so adding one at the end changes what none of the others draws.
template <Dataset D, Transform... Ts> class Augmented {
 public:
  Augmented(D dataset, const Rng& rng, Ts... transforms)
      : dataset_(std::move(dataset)), transforms_(std::move(transforms)...) {
    for (size_t k = 0; k < keys_.size(); ++k) keys_[k] = (rng / static_cast<int64_t>(k)).key();
  }

  int64_t size() const { return dataset_.size(); }
  /// The sample as it is in epoch 0.
  std::array<Tensor, field_count<SampleOf<D>>> get(int64_t i) const { return get(i, 0); }
  /// The sample as it is in an epoch; the loader passes its own.
  std::array<Tensor, field_count<SampleOf<D>>> get(int64_t i, int64_t epoch) const {
    auto values = fields(sample(dataset_, i, epoch));
    size_t k = 0;
    const auto apply_one = [&](const auto& transform) {
      SampleDraws draws(keys_[k++], static_cast<uint32_t>(epoch), static_cast<uint64_t>(i));
      values[0] = transform(values[0], draws);
    };
    std::apply([&](const Ts&... transform) { (apply_one(transform), ...); }, transforms_);
    return values;
  }
  DatasetRecord record() const requires RecordedDataset<D> { return dataset_.record(); }

 private:
  D dataset_;
  std::tuple<Ts...> transforms_;
  std::array<PhiloxKey, sizeof...(Ts)> keys_;
};

/// `augment(train, run.rng() / "augment", RandomCrop{.height = 28, .width = 28, .padding = 2}, Noise{.deviation =
/// 0.1f})`.
template <Dataset D, class... Ts> auto augment(D dataset, const Rng& rng, Ts... transforms) {
  constexpr bool fit = (Transform<Ts> && ...);
  static_assert(fit, "a transform is called with (const Tensor&, SampleDraws&) and gives a Tensor; it is const");
  if constexpr (fit) return Augmented<D, Ts...>(std::move(dataset), rng, std::move(transforms)...);
  else return dataset;
}

}  // namespace stet::data
