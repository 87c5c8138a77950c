#include "stet/tracking/crc32c.h"

#include <gtest/gtest.h>

#include <string>

#include "stet/tracking/file_system.h"
#include "stet/tracking/sha256.h"

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

TEST(Sha256, GivesThePublishedValues) {
  EXPECT_EQ(hex(sha256(as_bytes("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  Sha256 in_parts;
  in_parts.update(as_bytes("a"));
  Sha256 copy = in_parts;
  EXPECT_EQ(in_parts.update(as_bytes("bc")).finish(), sha256(as_bytes("abc")));
  EXPECT_EQ(copy.update(as_bytes("x")).finish(), sha256(as_bytes("ax")));
}

}  // namespace
}  // namespace stet::tracking
