// Evenly spaced numbers, in binary64 or int64 and then of the dtype.
#include "stet/tensor/ops/ranges.h"

#include <cmath>
#include <limits>

#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/ops/common.h"

namespace stet {
namespace {

template <class T> bool is_led(T begin, T end, T step) { return step > 0 ? begin <= end : step < 0 && begin >= end; }

// Unsigned, as distances and products may be past int64's range where the numbers are not.
Tensor integers(int64_t begin, int64_t end, int64_t step, DType dtype) {
  const auto from = static_cast<uint64_t>(begin), to = static_cast<uint64_t>(end), by = static_cast<uint64_t>(step);
  const uint64_t distance = step > 0 ? to - from : from - to, stride = step > 0 ? by : 0 - by;
  const uint64_t n = distance / stride + (distance % stride == 0 ? 0 : 1);
  if (n > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    raise("arange: {} to {} by {} is past 2^63 - 1 numbers", begin, end, step);
  }
  const auto number = [&](uint64_t i) { return static_cast<int64_t>(from + i * by); };
  if (n > 0 && !is_floating(dtype)) {
    const auto [low, high] = integer_range(dtype);
    for (const int64_t edge : {begin, number(n - 1)}) {
      if (edge < low || edge > high) raise("arange: {} is not a value of {}", edge, name_of(dtype));
    }
  }
  const Tensor values = new_tensor("arange", Shape{static_cast<int64_t>(n)}, DType::int64, cpu);
  for (uint64_t i = 0; i < n; ++i) values.mutable_data_as<int64_t>()[i] = number(i);
  return values.to(dtype);
}

Tensor numbers(double begin, double end, double step, DType dtype) {
  const ContractFloatEnv env;
  const double count = std::ceil((end - begin) / step);
  if (!(count < 0x1p62)) raise("arange: {} to {} by {} is no range of numbers", begin, end, step);
  const auto n = static_cast<int64_t>(count);
  const Tensor values = new_tensor("arange", Shape{n}, DType::float64, cpu);
  auto* to = values.mutable_data_as<double>();
  for (int64_t i = 0; i < n; ++i) to[i] = begin + static_cast<double>(i) * step;
  return values.to(dtype);
}

}  // namespace

Tensor arange(Number begin, Number end, Number step, std::optional<DType> dtype) {
  const bool integral = begin.integer() && end.integer() && step.integer();
  const bool leads = integral ? is_led(*begin.integer(), *end.integer(), *step.integer())
                              : is_led(begin.value(), end.value(), step.value());
  if (!leads)
    raise("arange: a step of {} does not lead from {} to {}", step.to_string(), begin.to_string(), end.to_string());
  if (integral) return integers(*begin.integer(), *end.integer(), *step.integer(), dtype.value_or(DType::int64));
  const DType wanted = dtype.value_or(DType::float32);
  if (!is_floating(wanted)) raise("arange: floating numbers make no {}; convert them with to()", name_of(wanted));
  return numbers(begin.value(), end.value(), step.value(), wanted);
}

Tensor linspace(double first, double last, int64_t n, DType dtype) {
  if (n < 0) raise("linspace: {} is not a number of elements", n);
  if (!is_floating(dtype)) raise("linspace: takes float32 or float64, not {}", name_of(dtype));
  const ContractFloatEnv env;
  if (!std::isfinite(last - first)) raise("linspace: {} to {} is no range of numbers", first, last);
  const Tensor values = new_tensor("linspace", Shape{n}, DType::float64, cpu);
  auto* to = values.mutable_data_as<double>();
  const double step = n > 1 ? (last - first) / static_cast<double>(n - 1) : 0;
  for (int64_t i = 0; i < n; ++i) {
    to[i] = i < (n + 1) / 2 ? first + static_cast<double>(i) * step : last - static_cast<double>(n - 1 - i) * step;
  }
  return values.to(dtype);
}

}  // namespace stet
