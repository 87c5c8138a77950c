#include "stet/tracking/record/crc32c.h"

#include <gtest/gtest.h>

#include <string>

#include "stet/tracking/record/file_system.h"

namespace stet::tracking {
namespace {

TEST(Crc32c, GivesThePublishedValue) {
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283u);
  EXPECT_EQ(crc32c_portable(as_bytes("123456789")), 0xE3069283u);
  EXPECT_EQ(mask_crc(0xE3069283u), 0xC78AB0E5u);
  EXPECT_EQ(crc32c({}), 0u);
}

TEST(Crc32c, TableAndInstructionsAgreeAtEveryLengthAndAlignment) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += static_cast<char>(i * 37 + (i >> 3));
  for (size_t begin = 0; begin < 9; ++begin) {
    for (size_t size = 0; begin + size <= text.size(); ++size) {
      Bytes bytes = as_bytes(std::string_view(text).substr(begin, size));
      ASSERT_EQ(crc32c(bytes), crc32c_portable(bytes)) << begin << " " << size;
      ASSERT_EQ(crc32c(bytes.subspan(size / 3), crc32c(bytes.first(size / 3))), crc32c(bytes));
    }
  }
}

}  // namespace
}  // namespace stet::tracking
