#include "stet/tensor/ops/nonzero.h"

#include <algorithm>

#include "stet/tensor/ops/common.h"
#include "stet/tensor/ops/elementwise.h"

namespace stet {

Tensor nonzero(const Tensor& x) {
  const Tensor on_host = contiguous((x.dtype() == DType::boolean ? x.detach() : x.detach() != 0).to(cpu));
  const std::span<const bool> flags = on_host.span<bool>();
  const int rank = x.rank();
  const Tensor y = new_tensor("nonzero", {std::count(flags.begin(), flags.end(), true), rank}, DType::int64, cpu);
  int64_t* to = y.mutable_data_as<int64_t>();
  for (size_t i = 0; i < flags.size(); ++i) {
    if (!flags[i]) continue;
    auto rest = static_cast<int64_t>(i);
    for (int axis = rank; axis-- > 0; rest /= x.size(axis)) to[axis] = rest % x.size(axis);
    to += rank;
  }
  return y.to(x.device());
}

}  // namespace stet
