// Activations that a product can apply to its result while it stores it.
#pragma once

namespace stet {

/// What linear and conv2d apply after the bias; the result, and every gradient, is what the op of that name would give.
enum class Activation { none, relu };

inline const char* name_of(Activation activation) { return activation == Activation::relu ? "relu" : "none"; }

}  // namespace stet
