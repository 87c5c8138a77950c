// A library that somebody built with -ffast-math: loading it sets the processor to flush subnormal numbers. g++ 12 and
// clang 14 link code into it that does so; later ones leave that to programs, so here the library does it by itself.
#if defined(__x86_64__)
#include <immintrin.h>

[[gnu::constructor]] static void flush_subnormals() { _mm_setcsr(_mm_getcsr() | 0x8040); }  // FTZ and DAZ
#endif

extern "C" int stet_fast_math_library() { return 1; }
