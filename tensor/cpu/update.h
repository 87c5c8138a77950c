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

void sgd(const SgdStep& step, const Tensor& gradient, const SgdValues& from, const SgdValues& to);
void adam(const AdamStep& step, const Tensor& gradient, const AdamValues& from, const AdamValues& to);

}  // namespace stet::cpu_kernels
