// Where memory for tensors and scratch lies.
#include "stet/tensor/pages.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

namespace stet {
namespace {

TEST(Pages, BlocksAreAlignedAndWhole) {
  for (size_t bytes :
       {size_t{1}, size_t{64}, size_t{16383}, size_t{16384}, size_t{100000}, (size_t{2} << 20) + 1, size_t{5} << 20}) {
    void* block = allocate_pages(bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 64, 0u);
    std::memset(block, 1, bytes);
    free_pages(block, bytes);
  }
}

TEST(Pages, LargeBlocksThatFollowEachOtherStartApartWithinAPage) {
  constexpr size_t kBytes = 1 << 20;
  void* blocks[3];
  uintptr_t start[3];
  for (int i = 0; i < 3; ++i) {
    blocks[i] = allocate_pages(kBytes);
    start[i] = reinterpret_cast<uintptr_t>(blocks[i]) % 4096;
  }
  for (int i = 0; i < 3; ++i) {
    const uintptr_t apart = (start[(i + 1) % 3] - start[i] + 4096) % 4096;
    EXPECT_GE(apart, 1024u);
    EXPECT_LE(apart, 3072u);
    free_pages(blocks[i], kBytes);
  }
}

}  // namespace
}  // namespace stet
