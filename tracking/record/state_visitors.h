// The walk over tracked state, with parameters, buffers and vectors all seen as tensors.
#pragma once

#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "stet/tensor/stateful.h"
#include "stet/tracking/record/checkpoint.h"

namespace stet::tracking {

template <class T>
concept StateVector = std::is_same_v<T, std::vector<double>> || std::is_same_v<T, std::vector<int64_t>>;

// The type in which a checkpoint holds a scalar.
template <class T> struct Stored {
  using type = std::conditional_t<std::is_floating_point_v<T>, double,
                                  std::conditional_t<std::is_unsigned_v<T>, uint64_t, int64_t>>;
};
template <> struct Stored<bool> { using type = bool; };
template <> struct Stored<std::string> { using type = std::string; };
template <class T> using StoredAs = typename Stored<T>::type;

/// Hands every tensor and scalar of the state to two functions.
class StateVisitor : public Visitor {
 public:
  /// A Tensor that a Kept holds: it may be undefined, and its shape may change.
  virtual void kept_tensor(const std::string& path, Tensor& value) {
    if (value.defined()) tensor(path, TensorKind::buffer, value.detach(), {});
  }

 protected:
  using Setter = std::function<void(Tensor)>;
  virtual void tensor(const std::string& path, TensorKind kind, const Tensor& value, const Setter& set) = 0;
  /// A scalar that is no vector.
  virtual void scalar(const std::string& path, ScalarRef value) = 0;
  /// A vector, whose length may change.
  virtual void vector(const std::string& path, ScalarRef value) = 0;

  void on_parameter(const std::string& path, Parameter& p) final {
    tensor(path, TensorKind::parameter, p.value().detach(), [&p](Tensor v) { p.set(std::move(v)); });
  }
  void on_buffer(const std::string& path, Buffer& b) final {
    tensor(path, TensorKind::buffer, b.value(), [&b](Tensor v) { b.set(std::move(v)); });
  }
  void on_state(const std::string& path, ScalarRef ref) final {
    const bool is_vector = std::visit([](auto* p) { return StateVector<std::remove_pointer_t<decltype(p)>>; }, ref);
    if (is_vector) vector(path, ref);
    else scalar(path, ref);
  }
};

/// The bytes of a contiguous tensor on the CPU.
inline std::span<const std::byte> bytes_of(const Tensor& t) {
  return {static_cast<const std::byte*>(t.data()), static_cast<size_t>(t.elements()) * size_of(t.dtype())};
}

}  // namespace stet::tracking
