#include "stet/tensor/float_env.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace stet {
namespace {

#if defined(__x86_64__)
// MXCSR: rounding control is bits 13-14, FTZ bit 15, DAZ bit 6; all exceptions stay masked (bits 7-12).
constexpr uint32_t kControlMask = 0xffc0, kContract = 0x1f80;
uint64_t read_control() { return _mm_getcsr(); }
void write_control(uint64_t v) { _mm_setcsr(static_cast<uint32_t>(v)); }
#elif defined(__aarch64__)
// FPCR: AHP bit 26, DN bit 25, FZ bit 24, rounding bits 22-23, FZ16 bit 19, traps bits 8-15, FIZ, AH and NEP bits 0-2.
constexpr uint64_t kControlMask = 0x07c8ff07, kContract = 0;
uint64_t read_control() {
  uint64_t v;
  asm volatile("mrs %0, fpcr" : "=r"(v));
  return v;
}
void write_control(uint64_t v) { asm volatile("msr fpcr, %0" : : "r"(v)); }
#else
#error "the floating-point control register of this processor is not known"
#endif

}  // namespace

ContractFloatEnv::ContractFloatEnv() : saved_(read_control()) {
  if ((saved_ & kControlMask) != kContract) write_control((saved_ & ~uint64_t{kControlMask}) | kContract);
}

ContractFloatEnv::~ContractFloatEnv() {
  const uint64_t now = read_control();
  if (((now ^ saved_) & kControlMask) != 0) write_control(saved_);
}

}  // namespace stet
