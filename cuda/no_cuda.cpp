// What stands in for the CUDA backend in a build without it, chosen at link time.
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"

namespace stet {

Backend& cuda_backend(int index) { raise("device cuda:{}: {}", index, STET_CUDA_MISSING); }

}  // namespace stet
