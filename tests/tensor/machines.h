// The machines that bits are compared on.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "stet/tensor/parallel.h"
#include "stet/tensor/simd/isa.h"

namespace stet::testing {

/// Runs `check` on every second of the machines of on_all_machines; on the others at the next turn. Every instruction
/// set and every number of threads has its part in each half.
inline void on_half_of_machines(size_t turn, const std::function<void()>& check) {
  const std::string best = isa();
  const std::vector<std::string> names = available_isas();
  for (int n : {1, 2, 3, 7}) {
    set_threads(n);
    for (size_t i = turn++ % 2; i < names.size(); i += 2) {
      SCOPED_TRACE(names[i] + ", " + std::to_string(n) + " threads");
      set_isa(names[i]);
      check();
    }
  }
  set_isa(best);
  set_threads(0);
}

/// Runs `check` on 1, 2, 3 and 7 threads of every instruction set.
inline void on_all_machines(const std::function<void()>& check) {
  for (size_t turn : {0, 1}) on_half_of_machines(turn, check);
}

}  // namespace stet::testing
