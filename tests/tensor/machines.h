// The machines that bits are compared on.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "stet/tensor/parallel.h"
#include "stet/tensor/simd/isa.h"

namespace stet::testing {

/// Runs `check` on 1, 2, 3 and 7 threads of the best instruction set, and on one thread of each other.
inline void on_all_machines(const std::function<void()>& check) {
  const std::string best = isa();
  for (int n : {1, 2, 3, 7}) {
    SCOPED_TRACE(std::to_string(n) + " threads");
    set_threads(n);
    check();
  }
  set_threads(1);
  for (const std::string& other : available_isas()) {
    if (other == best) continue;
    SCOPED_TRACE(other);
    set_isa(other);
    check();
  }
  set_isa(best);
  set_threads(0);
}

}  // namespace stet::testing
