#include "stet/tensor/dtype.h"

#include "stet/tensor/error.h"

namespace stet {

void refuse_dtype(DType dtype, const char* taken) {
  raise("dtype {} ({}): {} is taken; convert with to(dtype)", static_cast<int>(dtype), name_of(dtype), taken);
}

}  // namespace stet
