// The machines that bits are compared on.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "stet/tensor/parallel.h"
#include "stet/tensor/simd/isa.h"

namespace stet::testing {

/// Runs `check` on 1, 2, 3 and 7 threads of every instruction set.
inline void on_all_machines(const std::function<void()>& check) {
  const std::string best = isa();
  for (int n : {1, 2, 3, 7}) {
    set_threads(n);
    for (const std::string& name : available_isas()) {
      SCOPED_TRACE(name + ", " + std::to_string(n) + " threads");
      set_isa(name);
      check();
    }
  }
  set_isa(best);
  set_threads(0);
}

}  // namespace stet::testing
