// Layers whose weight is made of other parameters at each call: weight norm and spectral norm.
#pragma once

#include <concepts>
#include <utility>

#include "stet/nn/module.h"
#include "stet/tensor/rng.h"

namespace stet::nn {

/// A layer with one weight that can be called with another in its place: Linear, Conv2d, ConvTranspose2d, …
template <class L>
concept WeightedLayer = std::derived_from<L, Module> && requires(L& layer, const Tensor& x) {
  { layer.weight } -> std::same_as<Parameter&>;
  { layer.apply(x, x) } -> std::convertible_to<Tensor>;
};

/// direction * (magnitude / |direction|), the norm being over all axes but one of them.
Tensor weight_of(const Tensor& direction, const Tensor& magnitude, int axis);
/// The norm of all axes but one, which are kept with extent 1.
Tensor norm_beside(const Tensor& x, int axis);

/// Salimans and Kingma, 2016 (arXiv 1602.07868): the layer with the weight v g / |v|, v its own parameter
/// `layer/weight` and g `magnitude`, which starts at |v|: `nn::WeightNorm(nn::Linear(8, 4, rng / "out"))`.
template <WeightedLayer L> class WeightNorm : public Module {
 public:
  explicit WeightNorm(L of, int axis = 0)
      : layer(std::move(of)), magnitude(norm_beside(layer.weight.value().detach(), axis)), axis_(axis) {}

  Tensor operator()(const Tensor& x) const { return layer.apply(x, weight_of(layer.weight, magnitude, axis_)); }
  void members(Visitor& v) override { v("layer", layer)("magnitude", magnitude).hyper("axis", axis_); }
  std::string describe() const override { return "WeightNorm"; }

  L layer;
  Parameter magnitude;  ///< the weight's shape, but for the other axes, of extent 1

 private:
  int axis_;
};

struct SpectralNormOptions {
  int64_t iterations = 1;  ///< of the power method at each call in training
  double epsilon = 1e-12;  ///< the least norm that is divided by
};

/// The axis of a layer's weight that counts what comes out: 0, unless the layer says otherwise by `kOutAxis`.
template <WeightedLayer L> constexpr int out_axis() {
  if constexpr (requires { L::kOutAxis; }) return L::kOutAxis;
  else return 0;
}

/// The power method's state for a weight as a matrix [out, the rest].
class SpectralState : public Module {
 public:
  /// 15 iterations from normal vectors drawn from rng/u and rng/v. Throws UsageError unless options are positive.
  SpectralState(const Tensor& weight, int out_axis, const Rng& rng, const SpectralNormOptions& options);
  /// The weight over its largest singular value, u·Wv.
  Tensor normalised(const Tensor& weight);
  void members(Visitor& v) override;

  Buffer u, v;  ///< [out], [the rest]

 private:
  Tensor as_matrix(const Tensor& weight) const;
  void iterate(const Tensor& matrix, int64_t times);
  int out_axis_;
  SpectralNormOptions options_;
};

/// Miyato et al., 2018 (arXiv 1802.05957): the layer with its weight divided by an estimate of its largest singular
/// value, which each call in training improves.
template <WeightedLayer L> class SpectralNorm : public Module {
 public:
  SpectralNorm(L of, const Rng& rng, const SpectralNormOptions& options = {})
      : layer(std::move(of)), state(layer.weight.value().detach(), out_axis<L>(), rng, options) {}

  Tensor operator()(const Tensor& x) { return layer.apply(x, state.normalised(layer.weight)); }
  void members(Visitor& v) override { v("layer", layer)("state", state); }
  std::string describe() const override { return "SpectralNorm"; }

  L layer;
  SpectralState state;
};

}  // namespace stet::nn
