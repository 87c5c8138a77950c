// libFuzzer's entry for one target, STET_FUZZ_TARGET.
#include "fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  stet::fuzz::STET_FUZZ_TARGET({data, size});
  return 0;
}
