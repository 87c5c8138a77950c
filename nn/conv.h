// Convolution layers, and their transposes.
#pragma once

#include <optional>

#include "stet/nn/module.h"
#include "stet/tensor/ops/convolution.h"
#include "stet/tensor/ops/padding.h"
#include "stet/tensor/rng.h"

namespace stet::nn {

struct ConvOptions {
  Size2d stride = 1, padding = 0, dilation = 1;
  int64_t groups = 1;
  bool bias = true;
  stet::Activation activation = stet::Activation::none;
  DType dtype = DType::float32;
  /// The output has the input's extents; `padding` is left at 0, the stride at 1. Of an odd number of zeros the last
  /// one comes after the image.
  bool same_padding = false;
  std::optional<Padding> padding_mode = std::nullopt;  ///< what the padding holds; none: zeros
};

/// Cross-correlation with zero padding, then the activation: x [N, in, H, W] to [N, out, OH, OW]. Weight and bias start
/// uniform in +-1 / sqrt(fan-in), fan-in = in / groups * KH * KW, drawn from rng/weight and rng/bias.
class Conv2d : public Module {
 public:
  /// Throws UsageError unless extents are positive, padding is not negative, and groups divides in and out.
  Conv2d(int64_t in, int64_t out, Size2d kernel, const Rng& rng, const ConvOptions& options = {});

  Tensor operator()(const Tensor& x) const { return apply(x, weight); }
  /// The same by a weight in the layer's place: for WeightNorm and the like.
  Tensor apply(const Tensor& x, const Tensor& by) const;
  void members(Visitor& v) override;
  std::string describe() const override;

  Parameter weight;  ///< [out, in / groups, KH, KW]
  Parameter bias;    ///< [out]; undefined where there is none

 private:
  ConvOptions options_;
};

struct ConvOptions1d {
  int64_t stride = 1, padding = 0, dilation = 1;
  int64_t groups = 1;
  bool bias = true;
  stet::Activation activation = stet::Activation::none;
  DType dtype = DType::float32;
  bool same_padding = false;                           ///< as in ConvOptions
  std::optional<Padding> padding_mode = std::nullopt;  ///< likewise
};

/// Conv2d of height 1: x [N, in, L] to [N, out, OL].
class Conv1d : public Module {
 public:
  /// Throws as Conv2d does.
  Conv1d(int64_t in, int64_t out, int64_t kernel, const Rng& rng, const ConvOptions1d& options = {});

  Tensor operator()(const Tensor& x) const { return apply(x, weight); }
  Tensor apply(const Tensor& x, const Tensor& by) const;
  void members(Visitor& v) override;
  std::string describe() const override;

  Parameter weight;  ///< [out, in / groups, K]
  Parameter bias;    ///< [out]; undefined where there is none

 private:
  ConvOptions1d options_;
};

struct ConvTransposeOptions {
  Size2d stride = 1, padding = 0;
  Size2d output_padding = 0;  ///< further rows and columns at the end, fewer than stride or dilation
  Size2d dilation = 1;
  int64_t groups = 1;
  bool bias = true;
  DType dtype = DType::float32;
};

/// The adjoint of a convolution (stet::conv_transpose2d): x [N, in, H, W] to [N, out, OH, OW], OH = (H - 1) stride - 2
/// padding + dilation (KH - 1) + output_padding + 1. Weight and bias start uniform in +-1 / sqrt(out / groups * KH *
/// KW), drawn from rng/weight and rng/bias, as PyTorch has it.
class ConvTranspose2d : public Module {
 public:
  /// Throws UsageError unless extents are positive, paddings are not negative, and groups divides in and out.
  ConvTranspose2d(int64_t in, int64_t out, Size2d kernel, const Rng& rng, const ConvTransposeOptions& options = {});

  Tensor operator()(const Tensor& x) const { return apply(x, weight); }
  Tensor apply(const Tensor& x, const Tensor& by) const;
  void members(Visitor& v) override;
  std::string describe() const override;

  static constexpr int kOutAxis = 1;  ///< of the weight
  Parameter weight;                   ///< [in, out / groups, KH, KW]
  Parameter bias;                     ///< [out]; undefined where there is none

 private:
  ConvTransposeOptions options_;
};

struct ConvTransposeOptions1d {
  int64_t stride = 1, padding = 0, output_padding = 0, dilation = 1, groups = 1;
  bool bias = true;
  DType dtype = DType::float32;
};

/// The same of height 1: x [N, in, L] to [N, out, OL].
class ConvTranspose1d : public Module {
 public:
  ConvTranspose1d(int64_t in, int64_t out, int64_t kernel, const Rng& rng, const ConvTransposeOptions1d& options = {});

  Tensor operator()(const Tensor& x) const { return apply(x, weight); }
  Tensor apply(const Tensor& x, const Tensor& by) const;
  void members(Visitor& v) override;
  std::string describe() const override;

  static constexpr int kOutAxis = 1;  ///< of the weight
  Parameter weight;                   ///< [in, out / groups, K]
  Parameter bias;                     ///< [out]; undefined where there is none

 private:
  ConvTransposeOptions1d options_;
};

}  // namespace stet::nn
