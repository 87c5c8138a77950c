// Text as symbols, its parts and windows.
#include "stet/data/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stet/data/dataset.h"
#include "stet/tensor/error.h"
#include "support.h"

namespace stet::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Text abc() { return Text("cab bac", "abc"); }

TEST(Text, NumbersItsBytesInAscendingOrder) {
  const Text text = abc();
  EXPECT_EQ(text.size(), 7);
  EXPECT_EQ(text.vocabulary(), 4);
  EXPECT_THAT(std::vector<int>(text.symbols().begin(), text.symbols().end()), ElementsAre(3, 1, 2, 0, 2, 1, 3));
  EXPECT_THAT(text.encode("a b").to_vector<int64_t>(), ElementsAre(1, 0, 2));
  EXPECT_EQ(text.decode(Tensor::from<int64_t>({3, 0, 1})), "c a");
  EXPECT_THROW(text.encode("d"), DataError);
  EXPECT_THROW(text.decode(Tensor::from<int64_t>({4})), UsageError);
  EXPECT_THROW(Text("", "nothing"), DataError);
  EXPECT_EQ(Text(std::string("\xff\0\x7f", 3), "bytes").decode(Tensor::from<int64_t>({0, 1, 2})),
            std::string("\0\x7f\xff", 3));
}

TEST(Text, APartKeepsTheWholesVocabulary) {
  const Text part = abc().part(3, 7, "end");
  EXPECT_EQ(part.size(), 4);
  EXPECT_EQ(part.vocabulary(), 4);
  EXPECT_THAT(std::vector<int>(part.symbols().begin(), part.symbols().end()), ElementsAre(0, 2, 1, 3));
  EXPECT_EQ(part.record().name, "abc/end");
  EXPECT_EQ(part.record().split, "symbols 3 to 7");
  EXPECT_EQ(part.part(1, 3, "x").record().split, "symbols 4 to 6");
  EXPECT_THROW(abc().part(3, 8, "x"), UsageError);
  EXPECT_THROW(abc().part(3, 3, "x"), UsageError);
}

TEST(Text, IsReadFromAFileOrItsFolder) {
  const Scratch scratch;
  const auto file = scratch.write("input.txt", "to be");
  for (const auto& path : {file, scratch.path()}) {
    const Text text = read_text(path);
    EXPECT_EQ(text.size(), 5);
    ASSERT_EQ(text.record().files.size(), 1u);
    EXPECT_EQ(text.record().samples_sha256, Text("to be", "other").record().samples_sha256);
  }
  EXPECT_THAT([&] { read_text(scratch / "none.txt"); }, testing::ThrowsMessage<DataError>(HasSubstr("none.txt")));
}

TEST(Windows, HoldSymbolsAndThoseThatFollow) {
  const Windows windows(abc(), 3);
  EXPECT_EQ(windows.size(), 4);
  const auto [x, y] = windows.get(3);
  EXPECT_THAT(x.to_vector<int64_t>(), ElementsAre(0, 2, 1));
  EXPECT_THAT(y.to_vector<int64_t>(), ElementsAre(2, 1, 3));
  const int64_t indices[] = {0, 2};
  const auto batch = windows.batch(indices);
  EXPECT_EQ(batch[0].shape(), Shape({2, 3}));
  EXPECT_THAT(batch[0].to_vector<int64_t>(), ElementsAre(3, 1, 2, 2, 0, 2));
  EXPECT_THAT(batch[1].to_vector<int64_t>(), ElementsAre(1, 2, 0, 0, 2, 1));
  EXPECT_THAT(windows.in_a_row(), ElementsAre(0, 3));
  EXPECT_THROW(windows.get(4), UsageError);
  EXPECT_THROW(Windows(abc(), 7), UsageError);
  EXPECT_EQ(subset(windows, windows.in_a_row()).size(), 2);
}

}  // namespace
}  // namespace stet::data
