// What a data set's get(i) may return, and how samples become a batch.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "stet/tensor/tensor.h"

namespace stet::data {

/// Stacks samples along a new first axis, field by field. Not part of a user's program.
class Collator {
 public:
  Collator(size_t fields, int64_t samples) : samples_(samples), fields_(fields) {}
  /// Copies a field of the batch's k-th sample. Throws UsageError if its shape or dtype differs from the first
  /// sample's.
  void add(int64_t k, size_t field, const Tensor& value);
  std::vector<Tensor> take() { return std::move(fields_); }

 private:
  int64_t samples_;
  std::vector<Tensor> fields_;  // [samples, ...], made when a field's first value comes
};

/// How samples of unequal lengths become a batch: `.collate = data::pad(0)`.
struct Pad {
  // Not an aggregate: options that hold one can't be had without it, which tells them from those that hold none.
  Pad(double first, double rest) : value(first), others(rest) {}

  double value;   ///< behind a sample's first field
  double others;  ///< behind its other fields, where their first extents differ too
};
/// Fields are filled up along their first axis to the longest of the batch, the first with `value`, others with the
/// same or with `others`, as in `pad(0, -100)` for targets that a loss ignores.
inline Pad pad(double value) { return Pad(value, value); }
inline Pad pad(double value, double others) { return Pad(value, others); }

/// Stacks samples whose lengths may differ; `samples[k]` has the k-th sample's fields. Gives the first field, the
/// lengths of it before it was filled up, int64 [N], and the other fields. Throws UsageError where the first field has
/// no axis, or other extents or dtypes differ.
std::vector<Tensor> stack_padded(std::span<const std::vector<Tensor>> samples, const Pad& pad);

/// Rows of x, which is contiguous and on the CPU, along its first axis. Throws UsageError on an index out of range.
Tensor take_rows(const Tensor& x, std::span<const int64_t> indices);

namespace internal {

template <class S>
concept TupleLike = requires {
  std::tuple_size<S>::value;
};

template <class T>
concept Field = std::is_arithmetic_v<T> || std::convertible_to<const T&, Tensor>;

struct AnyField {
  template <class T>
  operator T() const;  // NOLINT: stands for a member of any type, to count the members of an aggregate
};

template <class S, class... Fields> consteval size_t count_members() {
  if constexpr (sizeof...(Fields) < 8 && requires { S{Fields{}..., AnyField{}}; }) {
    return count_members<S, Fields..., AnyField>();
  } else {
    return sizeof...(Fields);
  }
}

template <class S> consteval size_t count_fields() {
  if constexpr (Field<S>) return 1;
  else if constexpr (TupleLike<S>) return std::tuple_size<S>::value;
  else {
    static_assert(std::is_aggregate_v<S>,
                  "get(i) returns a Tensor, a number, a tuple of them, or a struct with such members");
    return count_members<S>();
  }
}

template <class T> Tensor field_tensor(const T& value) {
  static_assert(
      Field<T>,
      "a field of what get(i) returns is a Tensor or a number: a text or a vector becomes one by Tensor::from");
  if constexpr (!Field<T>) return {};
  else if constexpr (std::convertible_to<const T&, Tensor>) return value;
  else if constexpr (requires { DTypeOf<T>::value; }) return Tensor(value);
  else return Tensor(static_cast<std::conditional_t<std::is_integral_v<T>, int64_t, double>>(value));
}

template <class... T> auto tensors_of(const T&... values) {
  return std::array<Tensor, sizeof...(T)>{field_tensor(values)...};
}

}  // namespace internal

/// The number of fields of a sample of type S.
template <class S> inline constexpr size_t field_count = internal::count_fields<S>();

/// A sample's fields as tensors: of a Tensor or number, itself; of a tuple, pair, array or plain struct of up to 8, its
/// members.
template <class S> std::array<Tensor, field_count<S>> fields(const S& s) {
  using internal::tensors_of;
  constexpr size_t n = field_count<S>;
  if constexpr (internal::Field<S>) return tensors_of(s);
  else if constexpr (internal::TupleLike<S>) {
    return std::apply([](const auto&... f) { return tensors_of(f...); }, s);
  } else if constexpr (n == 1) {
    const auto& [a] = s;
    return tensors_of(a);
  } else if constexpr (n == 2) {
    const auto& [a, b] = s;
    return tensors_of(a, b);
  } else if constexpr (n == 3) {
    const auto& [a, b, c] = s;
    return tensors_of(a, b, c);
  } else if constexpr (n == 4) {
    const auto& [a, b, c, d] = s;
    return tensors_of(a, b, c, d);
  } else if constexpr (n == 5) {
    const auto& [a, b, c, d, e] = s;
    return tensors_of(a, b, c, d, e);
  } else if constexpr (n == 6) {
    const auto& [a, b, c, d, e, f] = s;
    return tensors_of(a, b, c, d, e, f);
  } else if constexpr (n == 7) {
    const auto& [a, b, c, d, e, f, g] = s;
    return tensors_of(a, b, c, d, e, f, g);
  } else {
    const auto& [a, b, c, d, e, f, g, h] = s;
    return tensors_of(a, b, c, d, e, f, g, h);
  }
}

/// std::tuple of N Tensors.
template <size_t N> using TensorTuple = decltype(std::tuple_cat(std::declval<std::array<Tensor, N>>()));

template <size_t N> TensorTuple<N> to_tuple(std::vector<Tensor> tensors) {
  return [&]<size_t... I>(std::index_sequence<I...>) { return TensorTuple<N>(std::move(tensors[I])...); }
  (std::make_index_sequence<N>());
}

}  // namespace stet::data
