// A count of arithmetic, for choices that must not depend on time.
#pragma once

#include <cstdint>

namespace stet {

/// Multiply-adds of this thread's products and convolutions so far, and 8 for every element that its other ops gave:
/// the same on every machine, device and number of threads.
int64_t work_done();

/// Ops report what they do.
void add_work(int64_t amount);

}  // namespace stet
