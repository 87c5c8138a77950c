// A library that somebody built with -ffast-math: loading it sets the processor to flush subnormal numbers.
extern "C" int stet_fast_math_library() { return 1; }
