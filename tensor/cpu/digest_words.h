// The digest's arithmetic on vectors, for float32.
#pragma once

#include <cstddef>
#include <cstdint>

#include "stet/tensor/digest.h"

namespace stet::cpu_kernels {

/// The sums of y and z, as digest.h defines them, of words begin … end - 1 of pairs of float32 at `data`.
Digest digest_float_words(const DigestSalt& salt, const std::byte* data, int64_t begin, int64_t end);

}  // namespace stet::cpu_kernels
