#include "stet/tensor/sha256.h"

#include <gtest/gtest.h>

#include <string>

namespace stet {
namespace {

// The examples of FIPS 180-2, appendix B, and its empty message.
TEST(Sha256, GivesThePublishedDigests) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_hex(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesGiveTheWhole) {
  Sha256 hash;
  EXPECT_EQ(hash.update("a").hex(), sha256_hex("a"));
  EXPECT_EQ(hash.update("").update("bc").hex(), sha256_hex("abc")) << "a digest must not end the hash";
}

TEST(Sha256, AnIntegerIsEightLittleEndianBytes) {
  EXPECT_EQ(Sha256().update(uint64_t{0x0102030405060708}).hex(), sha256_hex("\x08\x07\x06\x05\x04\x03\x02\x01"));
}

}  // namespace
}  // namespace stet
