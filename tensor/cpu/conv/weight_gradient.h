// The gradient of a convolution's weight, with lanes of either side (weight_lanes.h).
#pragma once

#include "stet/tensor/window.h"

namespace stet::cpu_kernels {

/// dw [co, c / groups, kh, kw] from dy [n, co, oh, ow] and x [n, c, h, w], neither channels of which are 0. Lanes is
/// InputChannelLanes or OutputChannelLanes, of float or double.
template <class Lanes>
void weight_gradient_by(const Window& s, const typename Lanes::Element* dy, const typename Lanes::Element* x,
                        typename Lanes::Element* dw);

}  // namespace stet::cpu_kernels
