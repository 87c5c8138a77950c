// How far, or how much alike, vectors are.
#pragma once

#include "stet/tensor/tensor.h"

namespace stet::nn {

/// sum(a b) / (|a| |b|) along an axis, which goes away; a norm below epsilon counts as epsilon. Shapes broadcast.
/// Throws UsageError unless epsilon's square is a normal number of the dtype.
Tensor cosine_similarity(const Tensor& a, const Tensor& b, int axis = -1, double epsilon = 1e-8);

struct DistanceOptions {
  double p = 2;           ///< of the norm; at least 1, or infinite
  double epsilon = 1e-6;  ///< added to each difference
};

/// The p-norm of a - b + epsilon along the last axis, which goes away; where it is 0, so is its gradient. Shapes
/// broadcast. Throws UsageError unless p >= 1.
Tensor pairwise_distance(const Tensor& a, const Tensor& b, const DistanceOptions& options = {});

}  // namespace stet::nn
