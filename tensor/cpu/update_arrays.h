// The arrays that the passes of the optimizers are given.
#pragma once

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

}  // namespace stet::cpu_kernels
