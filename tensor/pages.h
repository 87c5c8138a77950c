// Memory for tensors and scratch, placed for speed.
#pragma once

#include <cstddef>

namespace stet {

/// At least `bytes`, aligned to a cache line. Large blocks are asked to lie on huge pages, and blocks that follow each
/// other start at different places in a page: stores delay loads from addresses that agree in their last 12 bits.
/// Throws std::bad_alloc. Give `bytes` to free_pages again.
void* allocate_pages(size_t bytes);
void free_pages(void* block, size_t bytes);

}  // namespace stet
