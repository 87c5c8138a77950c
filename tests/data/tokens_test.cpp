// Files of tokens, and windows of them.
#include "stet/data/tokens.h"

#include <gmock/gmock.h>

#include "data/support.h"
#include "error_of.h"
#include "stet/data/text.h"
#include "stet/tensor/error.h"
#include "stet/tensor/sha256.h"

namespace stet::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

template <class T> std::string raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

std::vector<int64_t> read(const Tokens& tokens, int64_t begin, int64_t n) {
  std::vector<int64_t> out(static_cast<size_t>(n));
  tokens.read(begin, n, out.data());
  return out;
}

TEST(Tokens, AreReadInThreeTypes) {
  const Scratch scratch;
  const fs::path narrow = scratch.write("train.bin", raw<uint16_t>({1, 65535, 3, 4, 5}));
  EXPECT_THAT(read(Tokens(narrow), 0, 5), ElementsAre(1, 65535, 3, 4, 5));
  const fs::path wide = scratch.write("wide.bin", raw<uint32_t>({7, 4294967295}));
  EXPECT_THAT(read(Tokens(wide, TokenType::uint32), 1, 1), ElementsAre(4294967295));
  const fs::path widest = scratch.write("widest.bin", raw<int64_t>({-1, int64_t{1} << 40}));
  EXPECT_THAT(read(Tokens(widest, TokenType::int64), 0, 2), ElementsAre(-1, int64_t{1} << 40));
}

TEST(Tokens, GiveWindowsAndParts) {
  const Scratch scratch;
  Announcements announced;
  const Tokens tokens(scratch.write("train.bin", raw<uint16_t>({10, 11, 12, 13, 14, 15})));
  const Windows windows(tokens.part(1, 6, "rest"), 3);
  EXPECT_EQ(windows.size(), 2);
  const auto [x, y] = windows.get(1);
  EXPECT_THAT(x.to_vector<int64_t>(), ElementsAre(12, 13, 14));
  EXPECT_THAT(y.to_vector<int64_t>(), ElementsAre(13, 14, 15));
  ASSERT_EQ(announced.records.size(), 2u);
  EXPECT_EQ(announced.records[0].name, "train.bin");
  EXPECT_EQ(announced.records[0].samples_sha256, sha256_hex(raw<uint16_t>({10, 11, 12, 13, 14, 15})));
  EXPECT_EQ(announced.records[1].name, "train.bin/rest");
  EXPECT_EQ(announced.records[1].split, "tokens 1 to 6");
  EXPECT_THROW(windows.get(2), UsageError);
  EXPECT_THROW(tokens.part(0, 7, "more"), UsageError);
  EXPECT_THROW(Windows(tokens, 6), UsageError);
}

TEST(Tokens, RefuseBadFilesInOneLine) {
  const Scratch scratch;
  EXPECT_THAT(error_of<DataError>([&] { Tokens(scratch / "none.bin"); }), HasSubstr("none.bin: can't open"));
  EXPECT_THAT(error_of<DataError>([&] { Tokens(scratch.write("odd.bin", "abc")); }), HasSubstr("3 bytes are no whole"));
  EXPECT_THAT(error_of<DataError>([&] { Tokens(scratch.write("empty.bin", "")); }), HasSubstr("0 bytes"));
  EXPECT_THAT(error_of<DataError>([&] { Tokens("/dev/zero"); }), HasSubstr("/dev/zero"));
  const fs::path path = scratch.write("cut.bin", raw<uint16_t>({1, 2, 3, 4}));
  const Tokens tokens(path);
  fs::resize_file(path, 4);
  EXPECT_THAT(read(tokens, 0, 2), ElementsAre(1, 2));
  EXPECT_THAT(error_of<IoError>([&] { read(tokens, 1, 2); }), HasSubstr("cut.bin: it ended while it was read"));
  EXPECT_THROW(read(tokens, 3, 2), UsageError);
}

}  // namespace
}  // namespace stet::data
