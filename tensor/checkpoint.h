// Gradient checkpointing: memory for time.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "stet/tensor/tensor.h"

namespace stet {

/// True while backward runs a checkpoint's function again: layers that track statistics have done so already.
bool recomputing();

/// f of inputs, as checkpoint takes it.
using Checkpointed = std::function<Tensor(std::span<const Tensor>)>;
/// checkpoint of inputs whose number isn't known beforehand.
Tensor checkpoint_of(Checkpointed f, std::vector<Tensor> inputs);

/// f(x…), a tensor, without what backward needs of its insides: backward runs f again for that (Chen et al., 2016,
/// arXiv 1604.06174). All results and gradients have the bits that f(x…) itself gives: streams draw what they drew, the
/// ops have their places on the tape, and layers that track statistics do so once (`recomputing()`). f depends on
/// nothing else that changes before backward; an f that is passed as an lvalue, as a module is, must live until then.
/// Throws UsageError where backward asks for gradients of gradients, or f does not run as it did.
template <class F, std::convertible_to<Tensor>... X> Tensor checkpoint(F&& f, const X&... x) {
  const auto call = []<size_t... i>(auto& f, std::span<const Tensor> x, std::index_sequence<i...>)->Tensor {
    return f(x[i]...);
  };
  if constexpr (std::is_lvalue_reference_v<F>) {
    return checkpoint_of([call, &f](std::span<const Tensor> x) { return call(f, x, std::index_sequence_for<X...>()); },
                         {Tensor(x)...});
  } else {
    return checkpoint_of([call, f = std::forward<F>(f)](
                             std::span<const Tensor> x) mutable { return call(f, x, std::index_sequence_for<X...>()); },
                         {Tensor(x)...});
  }
}

}  // namespace stet
