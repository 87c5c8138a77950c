#include "stet/data/digits.h"

#include <gmock/gmock.h>

#include <array>

#include "data/support.h"
#include "error_of.h"
#include "stet/tensor/error.h"
#include "stet/tensor/sha256.h"

namespace stet::data {
namespace {

namespace fs = std::filesystem;

TEST(Digits, AreTheSameBytesOnEveryMachine) {
  EXPECT_EQ(sha256_hex(bytes_of(draw_digits({.count = 500, .seed = 1}).pixels())),
            "8615d6e55cbdf92125cef65b4284feae6af6d6be9efc48ced1e8cf77ba1c8c9c")
      << "a change of what is drawn is a new version of the generator";
}

TEST(Digits, AnImageDependsOnSeedAndIndexAlone) {
  const Images few = draw_digits({.count = 5, .seed = 3}), more = draw_digits({.count = 50, .seed = 3});
  EXPECT_EQ(bytes_of(few.pixels()), bytes_of(more.pixels()).substr(0, 5 * 784));
  EXPECT_NE(bytes_of(few.pixels()), bytes_of(draw_digits({.count = 5, .seed = 4}).pixels()));
}

TEST(Digits, EveryDigitIsThereAndCanBeSeen) {
  const Images set = draw_digits({.count = 2000, .seed = 1});
  std::array<int, 10> count{};
  for (int64_t y : set.labels().to_vector<int64_t>()) ++count[static_cast<size_t>(y)];
  for (int c : count) EXPECT_NEAR(c, 200, 60);
  for (int64_t i = 0; i < set.size(); ++i) {
    int ink = 0;
    for (uint8_t p : set.pixels()[i].to_vector<uint8_t>()) ink += p > 100;
    EXPECT_GT(ink, 12) << i;
    EXPECT_LT(ink, 350) << i;
  }
}

TEST(Digits, AreWrittenAsTheReaderReadsThem) {
  const Scratch scratch;
  write_digits(scratch / "made/here", 40, 9);
  const Images read = mnist(scratch / "made/here"), drawn = draw_digits({.count = 40, .seed = 9});
  EXPECT_EQ(bytes_of(read.pixels()), bytes_of(drawn.pixels()));
  EXPECT_EQ(bytes_of(read.labels()), bytes_of(drawn.labels()));
  EXPECT_EQ(read.record().samples_sha256, drawn.record().samples_sha256);
}

TEST(Digits, AreDrawnOnceIntoTheCache) {
  const Scratch scratch;
  const Images first = digits({.count = 30, .seed = 2});
  EXPECT_EQ(first.size(), 30);
  EXPECT_EQ(first.record().name, "digits-1-30-2");
  ASSERT_EQ(first.record().files.size(), 2u);
  const fs::path file = first.record().files[0].path;
  EXPECT_TRUE(file.string().starts_with(fs::canonical(scratch / "cache").string())) << file;
  const auto written = fs::last_write_time(file);
  EXPECT_EQ(bytes_of(digits({.count = 30, .seed = 2}).pixels()), bytes_of(first.pixels()));
  EXPECT_EQ(fs::last_write_time(file), written);
  EXPECT_NE(digits({.count = 31, .seed = 2}).record().files[0].path, file.string());
  EXPECT_NE(digits({.count = 30, .seed = 3}).record().files[0].path, file.string());
  int sets = 0;
  for (const auto& e : fs::directory_iterator(file.parent_path().parent_path())) {
    EXPECT_EQ(e.path().string().find(".new"), std::string::npos) << e.path();
    ++sets;
  }
  EXPECT_EQ(sets, 3);
}

TEST(Digits, AreDrawnInMemoryWhereNothingCanBeWritten) {
  const Scratch scratch;
  scratch.write("file", "");
  Scratch::set_cache((scratch / "file").string());
  Announcements run;
  EXPECT_EQ(bytes_of(digits({.count = 4, .seed = 2}).pixels()),
            bytes_of(draw_digits({.count = 4, .seed = 2}).pixels()));
  EXPECT_EQ(run.records.at(0).name, "digits-1-4-2");
}

TEST(Digits, RefusesACountThatIsNone) {
  EXPECT_EQ(error_of([] { draw_digits({.count = 0}); }), "digits: count 0 is not between 1 and 10000000");
}

}  // namespace
}  // namespace stet::data
