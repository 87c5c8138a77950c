#include "stet/data/mnist.h"

#include <algorithm>

#include <gmock/gmock.h>

#include "data/support.h"
#include "error_of.h"
#include "stet/data/dataset.h"
#include "stet/data/idx.h"
#include "stet/tensor/error.h"

namespace stet::data {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

// n images of 2 by 3 whose first pixels count up; labels are i mod 10.
void write_part(const fs::path& folder, const std::string& part, int64_t n, int64_t labels) {
  fs::create_directories(folder);
  std::vector<uint8_t> pixels(static_cast<size_t>(n * 6)), names(static_cast<size_t>(labels));
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(37 * i + 5);
  for (size_t i = 0; i < names.size(); ++i) names[i] = static_cast<uint8_t>(i % 10);
  write_idx(folder / (part + "-images-idx3-ubyte"), Tensor::from(pixels, {n, 2, 3}));
  write_idx(folder / (part + "-labels-idx1-ubyte"), Tensor::from(names));
}

void compress(const fs::path& plain) {
  std::ofstream(plain.string() + ".gz", std::ios::binary) << gzipped(bytes_of_file(plain));
  fs::remove(plain);
}

TEST(Mnist, SamplesAreNormalisedInFloat32) {
  const Scratch scratch;
  write_part(scratch / "set", "train", 50, 50);
  const Images set = mnist(scratch / "set");
  ASSERT_EQ(set.size(), 50);
  for (int64_t i = 0; i < set.size(); ++i) {
    const auto [x, y] = set.get(i);
    EXPECT_EQ(x.shape(), (Shape{1, 2, 3}));
    EXPECT_EQ(y.shape(), Shape{});
    EXPECT_EQ(y.dtype(), DType::int64);
    EXPECT_EQ(y.item<int64_t>(), i % 10);
    for (int64_t k = 0; k < 6; ++k) {
      const auto pixel = static_cast<float>(static_cast<uint8_t>(37 * (6 * i + k) + 5));
      volatile float v = pixel / 255.0f;
      v = v - 0.1307f;
      v = v / 0.3081f;
      EXPECT_EQ(x.to_vector<float>()[static_cast<size_t>(k)], v);
    }
  }
}

TEST(FashionMnist, HasAScaleAndANameOfItsOwn) {
  const Scratch scratch;
  write_part(scratch / "set", "t10k", 5, 5);
  Announcements run;
  const Images set = fashion_mnist(scratch / "set");
  volatile float v = 5.0f / 255.0f;
  v = v - 0.2860f;
  v = v / 0.3530f;
  EXPECT_EQ(set.get(0)[0][0][0][0].item<float>(), v);
  ASSERT_EQ(run.records.size(), 1u);
  EXPECT_EQ(run.records[0].name, "fashion-mnist/t10k");
}

TEST(Mnist, ABatchIsItsStackedSamples) {
  const Scratch scratch;
  write_part(scratch / "set", "train", 20, 20);
  const Images set = mnist(scratch / "set");
  const std::vector<int64_t> indices{3, 19, 0, 3};
  const std::vector<Tensor> batch = set.batch(indices);
  EXPECT_EQ(batch[0].shape(), (Shape{4, 1, 2, 3}));
  EXPECT_EQ(batch[1].shape(), Shape{4});
  for (size_t k = 0; k < indices.size(); ++k) {
    const auto [x, y] = set.get(indices[k]);
    EXPECT_EQ(bytes_of(batch[0][static_cast<int64_t>(k)]), bytes_of(x));
    EXPECT_EQ(bytes_of(batch[1][static_cast<int64_t>(k)]), bytes_of(y));
  }
  EXPECT_THAT(error_of([&] { set.get(20); }), HasSubstr("sample 20"));
}

TEST(Mnist, TakesTheTrainingPartWhereThereIsOne) {
  const Scratch scratch;
  write_part(scratch / "set", "t10k", 7, 7);
  Announcements run;
  EXPECT_EQ(mnist(scratch / "set").size(), 7);
  write_part(scratch / "set", "train", 9, 9);
  EXPECT_EQ(mnist(scratch / "set").size(), 9);
  EXPECT_EQ(mnist(scratch / "set", {.part = MnistPart::test}).size(), 7);
  EXPECT_EQ(mnist(scratch / "set", {.part = MnistPart::train}).size(), 9);
  ASSERT_EQ(run.records.size(), 4u);
  EXPECT_EQ(run.records[0].name, "mnist/t10k");
  EXPECT_EQ(run.records[1].name, "mnist/train");
  EXPECT_EQ(run.records[1].samples, 9);
  ASSERT_EQ(run.records[1].files.size(), 2u);
  EXPECT_EQ(run.records[1].files[0].path, fs::canonical(scratch / "set" / "train-images-idx3-ubyte").string());
  EXPECT_EQ(run.records[1].files[0].size, 16 + 9 * 6);
}

TEST(Mnist, CompressedFilesHoldTheSameSamples) {
  const Scratch scratch;
  write_part(scratch / "set", "train", 9, 9);
  const Images plain = mnist(scratch / "set");
  compress(scratch / "set" / "train-images-idx3-ubyte");
  compress(scratch / "set" / "train-labels-idx1-ubyte");
  const Images packed = mnist(scratch / "set");
  EXPECT_EQ(packed.record().samples_sha256, plain.record().samples_sha256);
  EXPECT_NE(packed.record().files[0].sha256, plain.record().files[0].sha256);
  EXPECT_EQ(bytes_of(packed.pixels()), bytes_of(plain.pixels()));
  write_part(scratch / "set", "train", 8, 8);
  EXPECT_NE(mnist(scratch / "set").record().samples_sha256, plain.record().samples_sha256);
}

TEST(Mnist, NamesTheFileAtFault) {
  const Scratch scratch;
  const auto refusal = [&](const std::string& folder, MnistOptions options = {}) {
    return error_of<DataError>([&] { mnist(scratch / folder, options); });
  };
  EXPECT_THAT(refusal("nowhere"), HasSubstr("nowhere: no such folder"));
  fs::create_directories(scratch / "empty");
  EXPECT_THAT(refusal("empty"), HasSubstr("holds neither train-images-idx3-ubyte nor t10k-images-idx3-ubyte"));

  write_part(scratch / "uneven", "t10k", 10, 9);
  EXPECT_EQ(refusal("uneven"), "data: " + (scratch / "uneven/t10k-images-idx3-ubyte").string() + " has 10 images, " +
                                   (scratch / "uneven/t10k-labels-idx1-ubyte").string() + " has 9 labels");
  EXPECT_THAT(refusal("uneven", {.part = MnistPart::train}), HasSubstr("train-images-idx3-ubyte: no such file"));

  write_part(scratch / "half", "train", 3, 3);
  fs::remove(scratch / "half/train-labels-idx1-ubyte");
  EXPECT_THAT(refusal("half"), HasSubstr("train-labels-idx1-ubyte: no such file"));

  write_part(scratch / "swapped", "train", 3, 3);
  fs::copy_file(scratch / "swapped/train-labels-idx1-ubyte", scratch / "swapped/train-images-idx3-ubyte",
                fs::copy_options::overwrite_existing);
  EXPECT_THAT(refusal("swapped"), HasSubstr("train-images-idx3-ubyte: holds uint8 [3]"));

  write_part(scratch / "cut", "train", 3, 3);
  fs::resize_file(scratch / "cut/train-images-idx3-ubyte", 20);
  EXPECT_THAT(refusal("cut"), HasSubstr("train-images-idx3-ubyte: truncated"));
}

TEST(Mnist, ReadsTheRealDigits) {
  fs::path folder;
  const char* named = std::getenv("STET_DATA");
  for (const fs::path& root : {fs::path(named ? named : ""), fs::path(STET_SOURCE_DIR) / "../shared/data"}) {
    if (folder.empty() && fs::exists(root / "mnist")) folder = root / "mnist";
  }
  if (folder.empty()) GTEST_SKIP() << "real MNIST was not checked: neither $STET_DATA nor ../shared/data holds mnist/";
  const Scratch scratch;
  const Images set = mnist(folder, {.part = MnistPart::test});
  ASSERT_EQ(set.size(), 10000);
  EXPECT_EQ(set.pixels().shape(), (Shape{10000, 28, 28}));
  EXPECT_EQ(set.record().files[0].sha256, "ba05d2d6e06f59dd97d2d5378250478bb5c9b64296a5c2681700569121e3a2d7");
  // The test set begins 7, 2, 1, 0, 4, 1, 4, 9.
  const std::vector<int64_t> labels = set.labels().to_vector<int64_t>();
  EXPECT_EQ(std::vector<int64_t>(labels.begin(), labels.begin() + 8), (std::vector<int64_t>{7, 2, 1, 0, 4, 1, 4, 9}));
  EXPECT_EQ(std::count(labels.begin(), labels.end(), 0), 980);
}

}  // namespace
}  // namespace stet::data
