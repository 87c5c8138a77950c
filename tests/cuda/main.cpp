// Runs the tests of the CUDA backend; without a GPU none runs, and each is said to be skipped.
#include <gtest/gtest.h>

#include <cstdio>

#include "cuda/device.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (!testing::GTEST_FLAG(list_tests)) {
    try {
      stet::backend(stet::testing::device());
    } catch (const stet::UsageError& e) {
      std::printf("[  SKIPPED ] %s\n", e.what());  // ctest knows a skipped test by this mark
      return 0;
    }
  }
  return RUN_ALL_TESTS();
}
