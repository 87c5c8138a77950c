// SLEEF's functions, to compare with, where the library is installed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// A function over n floats, n a multiple of 16, with an error below one unit in the last place.
struct SleefFunction {
  std::string name;
  void (*apply)(const float* x, float* y, int64_t n);
};

/// Those for AVX-512, and those for AVX2. None in a build without SLEEF, or for another processor.
std::vector<SleefFunction> sleef_avx512();
std::vector<SleefFunction> sleef_avx2();
