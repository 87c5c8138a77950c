// The optimizers' passes on the CPU.
#pragma once

#include <cstdint>

#include "stet/tensor/backend.h"

namespace stet::cpu_kernels {

/// Contiguous memory of one update; outputs may be the inputs. b and b_out are null without momentum.
template <class T> struct SgdArrays {
  const T *g, *p, *b;
  T *p_out, *b_out;
};
template <class T> struct AdamArrays {
  const T *g, *p, *m, *v;
  T *p_out, *m_out, *v_out;
};

void sgd(std::span<const SgdTask> tasks);
void adam(std::span<const AdamTask> tasks);

}  // namespace stet::cpu_kernels
