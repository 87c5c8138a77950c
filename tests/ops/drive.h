// What the table's drivers share: inputs of a row, and the same values in other layouts.
#pragma once

#include "ops/case.h"
#include "tensor/bits.h"

namespace stet::testing {

inline Tensors awkward_inputs(const Shapes& shapes, bool specials = true) {
  Tensors x;
  for (const Shape& s : shapes) x.push_back(awkward(s, x.size() + 1, specials));
  return x;
}

inline Tensors transposed_layout(Tensors all) {
  for (Tensor& x : all) {
    if (x.rank() == 3) x = contiguous(x.permute({2, 0, 1})).permute({1, 2, 0});
  }
  return all;
}

inline Tensors gapped_layout(Tensors all) {
  for (Tensor& x : all) {
    if (x.rank() != 3) continue;
    x = pad(x, {{1, 0}, {2, 1}, {0, 3}}, 7.0)
            .slice(0, 1, 1 + x.size(0))
            .slice(1, 2, 2 + x.size(1))
            .slice(2, 0, x.size(2));
  }
  return all;
}

/// The inputs as they are, and with those of three axes behind other strides.
inline std::vector<Tensors> layouts(const Tensors& x) {
  for (const Tensor& t : x) {
    if (t.rank() == 3) return {x, transposed_layout(x), gapped_layout(x)};
  }
  return {x};
}

}  // namespace stet::testing
