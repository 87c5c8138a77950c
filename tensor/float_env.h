// The floating-point environment that the numerics contract demands.
#pragma once

#include <cstdint>

namespace stet {

/// Rounding to nearest even with subnormals kept (FTZ and DAZ off), while it lives; the caller's settings are restored
/// after. Every op enters one, and so does every worker thread: a library built with -ffast-math may have changed them.
class ContractFloatEnv {
 public:
  ContractFloatEnv();
  ~ContractFloatEnv();
  ContractFloatEnv(const ContractFloatEnv&) = delete;
  ContractFloatEnv& operator=(const ContractFloatEnv&) = delete;

 private:
  uint64_t saved_;
};

/// The value, and what is computed from it, here and not earlier: a compiler that takes arithmetic on values at hand
/// for free to go past calls (Clang does) may move it out of a ContractFloatEnv. What is computed from memory stays.
inline double kept_here(double value) {
  volatile double here = value;
  return here;
}

}  // namespace stet
