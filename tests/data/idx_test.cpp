#include "stet/data/idx.h"

#include <gmock/gmock.h>

#include "data/support.h"
#include "error_of.h"
#include "stet/tensor/error.h"

namespace stet::data {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

// Two images of 2 by 3.
const std::string kImages = "\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x03"s + "abcdefghijkl";

FileBytes file_of(std::string bytes) {
  FileBytes file;
  file.name = "some-file";
  file.bytes = std::move(bytes);
  return file;
}

std::string refusal(std::string bytes) {
  const std::string message = error_of<DataError>([&] { read_idx(file_of(std::move(bytes))); });
  EXPECT_THAT(message, testing::StartsWith("data: some-file: "));
  return message;
}

TEST(Idx, ReadsBytesPlainAndCompressed) {
  for (const std::string& bytes : {kImages, gzipped(kImages)}) {
    const Tensor t = read_idx(file_of(bytes));
    EXPECT_EQ(t.dtype(), DType::uint8);
    EXPECT_EQ(t.shape(), (Shape{2, 2, 3}));
    EXPECT_EQ(bytes_of(t), "abcdefghijkl");
  }
}

TEST(Idx, ReadsEveryElementType) {
  EXPECT_EQ(read_idx(file_of("\0\0\x09\x01\0\0\0\x02\xff\x7f"s)).to_vector<int32_t>(), (std::vector<int32_t>{-1, 127}));
  EXPECT_EQ(read_idx(file_of("\0\0\x0b\x01\0\0\0\x02\xff\xfe\x01\x02"s)).to_vector<int32_t>(),
            (std::vector<int32_t>{-2, 258}));
  EXPECT_EQ(read_idx(file_of("\0\0\x0c\x01\0\0\0\x01\xff\xff\xff\xfd"s)).to_vector<int32_t>(),
            (std::vector<int32_t>{-3}));
  EXPECT_EQ(read_idx(file_of("\0\0\x0d\x01\0\0\0\x01\x3f\xc0\0\0"s)).to_vector<float>(), (std::vector<float>{1.5f}));
  EXPECT_EQ(read_idx(file_of("\0\0\x0e\x01\0\0\0\x01\xbf\xf8\0\0\0\0\0\0"s)).to_vector<double>(),
            (std::vector<double>{-1.5}));
}

TEST(Idx, ReadsWhatItWrote) {
  const Scratch scratch;
  const Tensor tensors[] = {
      Tensor::from(std::vector<uint8_t>{0, 1, 254, 255}, {2, 2}),
      Tensor::from(std::vector<int32_t>{-5, 1 << 30}, {1, 2, 1}), Tensor::from(std::vector<float>{0.1f, -3e38f}),
      Tensor::from(std::vector<double>{0.1, -3e300}), Tensor::from(std::vector<uint8_t>{}, {0, 28, 28})};
  for (const Tensor& t : tensors) {
    write_idx(scratch / "x", t);
    const Tensor back = read_idx(scratch / "x");
    EXPECT_EQ(back.dtype(), t.dtype());
    EXPECT_EQ(back.shape(), t.shape());
    EXPECT_EQ(bytes_of(back), bytes_of(t));
  }
  EXPECT_THAT(error_of([&] { write_idx(scratch / "x", Tensor(int64_t{1})); }), HasSubstr("int64"));
}

TEST(Idx, RefusesAFileCutAnywhere) {
  for (size_t n = 0; n < kImages.size(); ++n) EXPECT_THAT(refusal(kImages.substr(0, n)), HasSubstr("truncated")) << n;
  const std::string packed = gzipped(kImages);
  for (size_t n = 2; n < packed.size(); ++n) EXPECT_THAT(refusal(packed.substr(0, n)), HasSubstr("truncated")) << n;
}

TEST(Idx, RefusesWhatFollows) {
  EXPECT_THAT(refusal(kImages + "x"), HasSubstr("bytes follow"));
  EXPECT_THAT(refusal(gzipped(kImages + "x")), HasSubstr("bytes follow"));
  EXPECT_THAT(refusal(gzipped(kImages) + "x"), HasSubstr("follow its compressed data"));
}

TEST(Idx, ReadsAFileOfSeveralCompressedMembers) {
  EXPECT_EQ(bytes_of(read_idx(file_of(gzipped(kImages.substr(0, 18)) + gzipped("") + gzipped(kImages.substr(18))))),
            "abcdefghijkl");
}

TEST(Idx, RefusesAnotherMagicNumber) {
  EXPECT_THAT(refusal("PK\x03\x04 and more"), HasSubstr("0x504b0304"));
  EXPECT_THAT(refusal("\0\0\x0a\x01\0\0\0\x01z"s), HasSubstr("not an IDX file"));
  EXPECT_THAT(refusal(gzipped("some text")), HasSubstr("not an IDX file"));
}

TEST(Idx, TakesNoMemoryOnAHeadersWord) {
  const int64_t before = memory_stats().peak_bytes;
  const std::string large = "\0\0\x08\x03\x7f\xff\xff\xff\x7f\xff\xff\xff\x7f\xff\xff\xff"s;
  const std::string product_of_zero_bits = "\0\0\x08\x02\x80\0\0\0\x80\0\0\0"s;   // 2^62
  const std::string overflowing = "\0\0\x0e\x03\x80\0\0\0\x80\0\0\0\0\0\0\x04"s;  // 2^64 elements, 0 modulo 2^64
  const std::string beside_zero = "\0\0\x08\x04\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0"s;
  for (const std::string& header : {large, product_of_zero_bits, overflowing, beside_zero}) {
    EXPECT_THAT(refusal(header + "abc"), HasSubstr("can't hold")) << header;
    EXPECT_THAT(refusal(gzipped(header + "abc")), HasSubstr("can't hold")) << header;
  }
  EXPECT_LT(memory_stats().peak_bytes - before, 1 << 20);
}

TEST(Idx, SurvivesEveryFlippedBit) {
  for (const std::string& whole : {kImages, gzipped(kImages)}) {
    for (size_t bit = 0; bit < 8 * whole.size(); ++bit) {
      std::string damaged = whole;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      try {
        read_idx(file_of(damaged));
      } catch (const DataError& e) { EXPECT_THAT(e.what(), HasSubstr("some-file")); }
    }
  }
}

TEST(Idx, NamesAFileThatIsMissing) {
  EXPECT_EQ(error_of<DataError>([] { read_idx("no/such-file"); }), "data: no/such-file: No such file or directory");
  const Scratch scratch;
  EXPECT_THAT(error_of<DataError>([&] { read_idx(scratch.path()); }), HasSubstr("Is a directory"));
}

}  // namespace
}  // namespace stet::data
