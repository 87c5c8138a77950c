// oneDNN's convolutions, to compare with, where the library is installed.
#pragma once

#include <functional>

#include "stet/tensor/window.h"

enum class Pass { forward, input_gradient, weight_gradient };

/// A convolution (or a gradient of it) by oneDNN, prepared to be called again and again on `threads` threads. Its
/// tensors lie in the layouts that oneDNN chose for it, so that no reordering is timed. Empty in a build without
/// oneDNN.
std::function<void()> onednn_conv(const stet::Window& shape, Pass pass, int threads);
