// Normalising layers as ops.
#pragma once

#include "stet/tensor/activation.h"
#include "stet/tensor/tensor.h"

namespace stet {

/// What batch_norm gives. The statistics are over batch and plane, [C], the variance divided by the count; no gradient
/// passes through them. The same of instance_norm, [N, C].
struct BatchNorm {
  Tensor y, mean, variance;
};
/// Ioffe and Szegedy, 2015 (arXiv 1502.03167), in training: activation((x - mean) / sqrt(variance + epsilon) * weight +
/// bias + residual) for x [N, C, ...], weight and bias [C], residual of x's shape; all three may be undefined. Throws
/// UsageError unless every channel has at least two values.
BatchNorm batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double epsilon = 1e-5,
                     Activation activation = Activation::none, const Tensor& residual = {});
/// The same by given statistics [C], as in evaluation: activation(x * a + (bias - mean * a) + residual), a = weight /
/// sqrt(variance + epsilon), so a sample's result does not depend on the others.
Tensor batch_norm_evaluation(const Tensor& x, const Tensor& mean, const Tensor& variance, const Tensor& weight,
                             const Tensor& bias, double epsilon = 1e-5, Activation activation = Activation::none,
                             const Tensor& residual = {});
/// Ba et al., 2016 (arXiv 1607.06450): (x - mean) / sqrt(variance + epsilon) * weight + bias with the statistics of
/// each row of x [.., D]; weight and bias [D], or undefined.
Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double epsilon = 1e-5);
/// Wu and He, 2018 (arXiv 1803.08494): the same by the statistics of each sample's `groups` groups of neighbouring
/// channels of x [N, C, ...]; weight and bias [C], or undefined. Throws UsageError unless groups divides C.
Tensor group_norm(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias, double epsilon = 1e-5);
/// Ulyanov et al., 2016 (arXiv 1607.08022): batch_norm of every sample by itself, x [N, C, ...], weight and bias [C] or
/// undefined. The statistics are [N, C]. Throws UsageError unless a plane has at least two values.
BatchNorm instance_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double epsilon = 1e-5);
/// Zhang and Sennrich, 2019 (arXiv 1910.07467): x / sqrt(mean(x^2) + epsilon) * weight, by the mean of each row of x
/// [.., D]; weight [D], or undefined.
Tensor rms_norm(const Tensor& x, const Tensor& weight, double epsilon = 1e-6);

}  // namespace stet
