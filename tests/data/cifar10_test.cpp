#include "stet/data/cifar10.h"

#include <gmock/gmock.h>

#include "data/support.h"
#include "error_of.h"
#include "stet/data/patterns.h"
#include "stet/tensor/error.h"
#include "stet/tensor/sha256.h"

namespace stet::data {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

// n records from the first-th of a set on: label i mod 10, pixels that count up.
std::string records(int first, int n) {
  std::string bytes;
  for (int i = first; i < first + n; ++i) {
    bytes.push_back(static_cast<char>(i % 10));
    for (int k = 0; k < 3072; ++k) bytes.push_back(static_cast<char>(i * 31 + k));
  }
  return bytes;
}

// A set with 3, 4, 5, 6 and 7 training images and 2 test images.
void write_set(const Scratch& scratch) {
  int first = 0;
  for (int b = 1; b <= 5; ++b) {
    scratch.write("data_batch_" + std::to_string(b) + ".bin", records(first, b + 2));
    first += b + 2;
  }
  scratch.write("test_batch.bin", records(100, 2));
}

TEST(Cifar10, ReadsTheTrainingFilesInOrder) {
  const Scratch scratch;
  write_set(scratch);
  Announcements run;
  const Images set = cifar10(scratch.path());
  ASSERT_EQ(set.size(), 25);
  EXPECT_EQ(set.pixels().shape(), (Shape{25, 3, 32, 32}));
  const float means[] = {0.4914f, 0.4822f, 0.4465f}, deviations[] = {0.2470f, 0.2435f, 0.2616f};
  for (int64_t i : {0, 2, 3, 24}) {
    const auto [x, y] = set.get(i);
    EXPECT_EQ(y.item<int64_t>(), i % 10);
    ASSERT_EQ(x.shape(), (Shape{3, 32, 32}));
    const std::vector<float> values = x.to_vector<float>();
    for (int64_t k : {0, 1023, 1024, 2047, 2048, 3071}) {
      volatile float v = static_cast<float>(static_cast<uint8_t>(i * 31 + k)) / 255.0f;
      v = v - means[k / 1024];
      v = v / deviations[k / 1024];
      EXPECT_EQ(values[static_cast<size_t>(k)], v) << i << " " << k;
    }
  }
  ASSERT_EQ(run.records.size(), 1u);
  EXPECT_EQ(run.records[0].name, "cifar10/train");
  EXPECT_EQ(run.records[0].samples, 25);
  ASSERT_EQ(run.records[0].files.size(), 5u);
  EXPECT_EQ(run.records[0].files[1].size, 4 * 3073);
  EXPECT_EQ(run.records[0].files[1].sha256, sha256_hex(records(3, 4)));
}

TEST(Cifar10, ReadsTheTestFile) {
  const Scratch scratch;
  write_set(scratch);
  const Images set = cifar10(scratch.path(), {.part = Cifar10Part::test, .name = "mine"});
  EXPECT_EQ(set.size(), 2);
  EXPECT_EQ(set.record().name, "mine");
  EXPECT_EQ(bytes_of(set.pixels()[1]), records(101, 1).substr(1));
  const std::string before = set.record().samples_sha256;
  scratch.write("test_batch.bin", records(100, 1) + records(102, 1));
  EXPECT_NE(cifar10(scratch.path(), {.part = Cifar10Part::test}).record().samples_sha256, before);
}

TEST(Cifar10, NamesTheFileAtFault) {
  const Scratch scratch;
  const auto refusal = [&] { return error_of<DataError>([&] { cifar10(scratch.path()); }); };
  EXPECT_THAT(refusal(), HasSubstr("data_batch_1.bin"));
  write_set(scratch);
  fs::remove(scratch / "data_batch_4.bin");
  EXPECT_THAT(refusal(), HasSubstr("data_batch_4.bin"));
  scratch.write("data_batch_4.bin", records(0, 2).substr(1));
  EXPECT_EQ(refusal(),
            "data: " + (scratch / "data_batch_4.bin").string() +
                ": 6145 bytes are no whole number of records of 3073; is it cut, or not CIFAR-10's binary version?");
  scratch.write("data_batch_4.bin", "");
  EXPECT_THAT(refusal(), HasSubstr("data_batch_4.bin: 0 bytes"));
  std::string wrong = records(0, 3);
  wrong[2 * 3073] = 10;
  scratch.write("data_batch_4.bin", wrong);
  EXPECT_THAT(refusal(), HasSubstr("data_batch_4.bin: record 2 has label 10, labels are 0 to 9"));
}

TEST(Cifar100, TakesTheFineOrTheCoarseLabels) {
  const Scratch scratch;
  std::string bytes;
  for (int i = 0; i < 3; ++i) {
    bytes += {static_cast<char>(i), static_cast<char>(90 + i)};
    for (int k = 0; k < 3072; ++k) bytes.push_back(static_cast<char>(i * 31 + k));
  }
  scratch.write("train.bin", bytes);
  scratch.write("test.bin", bytes.substr(3074));
  Announcements run;
  const Images fine = cifar100(scratch.path());
  EXPECT_EQ(fine.labels().to_vector<int64_t>(), (std::vector<int64_t>{90, 91, 92}));
  const Images coarse = cifar100(scratch.path(), {.part = Cifar10Part::test, .labels = Cifar100Labels::coarse});
  EXPECT_EQ(coarse.labels().to_vector<int64_t>(), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(coarse.pixels()[0][0][0][5].item<uint8_t>(), 36);
  volatile float v = 5.0f / 255.0f;
  v = v - 0.5071f;
  v = v / 0.2675f;
  EXPECT_EQ(fine.get(0)[0][0][0][5].item<float>(), v);
  EXPECT_EQ(run.records[0].name, "cifar100/train");
  const std::string sha256_of_fine = run.records[0].samples_sha256;  // a further announcement moves the records
  EXPECT_NE(sha256_of_fine, cifar100(scratch.path(), {.labels = Cifar100Labels::coarse}).record().samples_sha256);
  bytes[1] = 100;
  scratch.write("train.bin", bytes);
  EXPECT_THAT(error_of<DataError>([&] { cifar100(scratch.path()); }),
              HasSubstr("record 0 has label 100, labels are 0 to 99"));
  scratch.write("train.bin", bytes + "x");
  EXPECT_THAT(error_of<DataError>([&] { cifar100(scratch.path()); }),
              HasSubstr("records of 3074; is it cut, or not CIFAR-100's"));
}

TEST(Patterns, AreTheSameBytesOnEveryMachine) {
  EXPECT_EQ(sha256_hex(bytes_of(draw_patterns({.count = 200, .seed = 1}).pixels())),
            "74dced6fd1eda7bc0b38517bcc0874a0fecbc93c9ca7eb137a882e4994d754fe")
      << "a change of what is drawn is a new version of the generator";
}

TEST(Patterns, AnImageDependsOnSeedAndIndexAlone) {
  Announcements run;
  const Images few = draw_patterns({.count = 5, .seed = 3}), more = draw_patterns({.count = 50, .seed = 3});
  EXPECT_EQ(bytes_of(few.pixels()), bytes_of(more.pixels()).substr(0, 5 * 3072));
  EXPECT_NE(bytes_of(few.pixels()), bytes_of(draw_patterns({.count = 5, .seed = 4}).pixels()));
  EXPECT_EQ(run.records.at(1).name, "patterns-1-50-3");
  EXPECT_EQ(run.records.at(1).samples, 50);
  EXPECT_EQ(error_of([] { draw_patterns({.count = 0}); }), "patterns: count 0 is not between 1 and 10000000");
}

TEST(Patterns, EveryKindIsThere) {
  const Images set = draw_patterns({.count = 1000, .seed = 1});
  std::array<int, 10> count{};
  for (int64_t y : set.labels().to_vector<int64_t>()) ++count[static_cast<size_t>(y)];
  for (int c : count) EXPECT_NEAR(c, 100, 40);
  EXPECT_EQ(set.get(7)[0].shape(), (Shape{3, 32, 32}));
}

TEST(Images, HaveAScaleForEachChannel) {
  const Tensor pixels = zeros({2, 3, 4, 4}, DType::uint8), labels = zeros({2}, DType::int64);
  DatasetRecord record;
  record.name = "mine";
  EXPECT_EQ(error_of([&] { Images(pixels, labels, record); }),
            "data: mine has 3 channels and 1 scales; give one for each");
  EXPECT_THAT(error_of([&] {
                Images(zeros({2, 3}, DType::uint8), labels, {});
              }),
              HasSubstr("uint8 [N, H, W] or [N, C, H, W]"));
}

}  // namespace
}  // namespace stet::data
