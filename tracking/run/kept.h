// Kept: a value that lives across an epoch's steps.
#pragma once

#include <concepts>
#include <string>
#include <utility>
#include <variant>

#include "stet/tensor/stateful.h"
#include "stet/tensor/tensor.h"

namespace stet {

class Run;

namespace tracking {

class State;

/// A value that a Kept holds.
using KeptRef = std::variant<ScalarRef, Tensor*>;

/// A Kept's place in the run's state, while it exists. Throws UsageError on a name that is taken.
class KeptPlace {
 public:
  KeptPlace(Run& run, std::string name, KeptRef value);
  ~KeptPlace();
  KeptPlace(const KeptPlace&) = delete;
  KeptPlace& operator=(const KeptPlace&) = delete;

 private:
  State& state_;
  std::string name_;
};

}  // namespace tracking

/// A value that lives across an epoch's steps and is part of the state while it exists: `Kept<double> sum(run, "sum",
/// 0.0)`. When a run is resumed within the loop that it was declared before, it gets its value back. T: a scalar, a
/// text, a vector of double or int64, or a Tensor.
template <class T>
requires std::same_as<T, Tensor> || std::constructible_from<ScalarRef, T*>
class Kept {
 public:
  Kept(Run& run, std::string name, T initial) : value_(std::move(initial)), place_(run, std::move(name), reference()) {}
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;

  Kept& operator=(T value) {
    value_ = std::move(value);
    return *this;
  }
  operator T&() { return value_; }              // NOLINT: stands for its value
  operator const T&() const { return value_; }  // NOLINT
  T& value() { return value_; }
  const T& value() const { return value_; }
  template <class U> Kept& operator+=(const U& v) {
    value_ = value_ + v;
    return *this;
  }
  template <class U> Kept& operator-=(const U& v) {
    value_ = value_ - v;
    return *this;
  }
  template <class U> Kept& operator*=(const U& v) {
    value_ = value_ * v;
    return *this;
  }
  Kept& operator++() {
    ++value_;
    return *this;
  }

 private:
  tracking::KeptRef reference() {
    if constexpr (std::same_as<T, Tensor>) return &value_;
    else return ScalarRef(&value_);
  }
  T value_;
  tracking::KeptPlace place_;
};

}  // namespace stet
