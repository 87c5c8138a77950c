// safetensors: types, hostile files, bytes that are written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

#include "stet/nn/weights/safetensors.h"
#include "stet/tensor/error.h"
#include "stet/tensor/half.h"
#include "stet/tensor/ops.h"
#include "tracking/temp_folder.h"

namespace stet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

namespace fs = std::filesystem;

class SafetensorsTest : public testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }
  // A file of that header, and so many bytes of tensors, each 1.
  fs::path file(const std::string& header, size_t bytes = 0) const {
    const uint64_t length = header.size();
    return write("given.safetensors",
                 std::string(reinterpret_cast<const char*>(&length), 8) + header + std::string(bytes, '\1'));
  }
  std::string read(const fs::path& path) const {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string refusal_of(const fs::path& path) const {
    try {
      nn::read_safetensors(path);
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
      return error.what();
    }
    return "no error";
  }
  std::string refusal(const std::string& header, size_t bytes = 0) const { return refusal_of(file(header, bytes)); }

  const tracking::TempFolder folder_;
};

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

TEST_F(SafetensorsTest, ReadsEveryTypeExactly) {
  const auto one = [&](const std::string& dtype, const std::string& shape, size_t bytes) {
    const auto tensors =
        nn::read_safetensors(file("{\"t\":" + entry(dtype, shape, "[0," + std::to_string(bytes) + "]") + "}", bytes));
    return tensors.at("t");
  };
  EXPECT_THAT(one("U8", "[2]", 2).to_vector<uint8_t>(), ElementsAre(1, 1));
  EXPECT_THAT(one("BOOL", "[1]", 1).to_vector<bool>(), ElementsAre(true));
  EXPECT_THAT(one("I8", "[1]", 1).to_vector<int32_t>(), ElementsAre(1));
  EXPECT_THAT(one("I16", "[1]", 2).to_vector<int32_t>(), ElementsAre(0x101));
  EXPECT_THAT(one("U16", "[1]", 2).to_vector<int32_t>(), ElementsAre(0x101));
  EXPECT_THAT(one("I32", "[1]", 4).to_vector<int32_t>(), ElementsAre(0x1010101));
  EXPECT_THAT(one("U32", "[1]", 4).to_vector<int64_t>(), ElementsAre(0x1010101));
  EXPECT_THAT(one("I64", "[]", 8).to_vector<int64_t>(), ElementsAre(0x101010101010101));
  EXPECT_EQ(one("F16", "[1,2]", 4).to_vector<float>()[1], from_float16(0x101));
  EXPECT_EQ(one("BF16", "[1]", 2).to_vector<float>()[0], from_bfloat16(0x101));
  EXPECT_EQ(one("F32", "[0,4]", 0).shape(), Shape({0, 4}));
  EXPECT_EQ(one("F64", "[1]", 8).dtype(), DType::float64);
  EXPECT_THAT(refusal("{\"t\":" + entry("F8_E4M3", "[3]", "[0,3]") + "}", 3),
              HasSubstr("given.safetensors: tensor 't' is of F8_E4M3, which has no dtype here"));
  EXPECT_EQ(nn::Safetensors(file("{\"t\":" + entry("F8_E4M3", "[3]", "[0,3]") + "}", 3)).tensors().size(), 1u);
}

TEST(Half, EveryBitPatternIsItsValue) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const int exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
    const float got = from_float16(half);
    EXPECT_EQ(std::signbit(got), bits >= 0x8000);
    if (exponent == 31) {
      EXPECT_EQ(std::isnan(got), fraction != 0);
      EXPECT_EQ(std::isinf(got), fraction == 0);
    } else {
      const double size = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
      EXPECT_EQ(static_cast<double>(got), bits < 0x8000 ? size : -size);
    }
    EXPECT_EQ(std::bit_cast<uint32_t>(from_bfloat16(half)), bits << 16);
  }
}

TEST_F(SafetensorsTest, RefusesWhatIsDamagedInOneLine) {
  const std::string f4 = entry("F32", "[1]", "[0,4]");
  EXPECT_THAT(refusal_of(write("short.safetensors", "1234567")), HasSubstr("short.safetensors: truncated"));
  EXPECT_THAT(refusal_of(write("huge.safetensors", std::string(8, '\xff') + "{}")),
              HasSubstr("claim a header of 1844"));
  EXPECT_THAT(refusal_of(write("cut.safetensors", std::string("\x09\0\0\0\0\0\0\0{}", 10))), HasSubstr("it has 10"));
  EXPECT_THAT(refusal("{"), HasSubstr("what should be JSON is not"));
  EXPECT_THAT(refusal("{} x"), HasSubstr("what should be JSON is not"));
  EXPECT_THAT(refusal("{\"\xff\":1}"), HasSubstr("what should be JSON is not"));
  EXPECT_THAT(refusal("[]"), HasSubstr("its header holds a list"));
  EXPECT_THAT(refusal("7"), HasSubstr("its header holds 7"));
  EXPECT_THAT(refusal(R"({"a":1})"), HasSubstr("'a' holds 1"));
  EXPECT_THAT(refusal(R"({"a":[[[[)"), HasSubstr("'a' holds a list"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":{}}})"), HasSubstr("'a' holds an object"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","shape":[[1]]}})"), HasSubstr("'a' holds a list"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","shape":[-1]}})"), HasSubstr("'a' holds -1"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","shape":[1.5]}})"), HasSubstr("'a' holds 1.5"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","shape":[9223372036854775808]}})"),
              HasSubstr("holds 9223372036854775808"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","shape":null}})"), HasSubstr("'a' holds null"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","more":1}})"), HasSubstr("'a' holds \"more\""));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","shape":[]}})"), HasSubstr("'a' lacks dtype, shape or data_offsets"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","dtype":"F32"}})"), HasSubstr("'a' has dtype twice"));
  EXPECT_THAT(refusal("{\"a\":" + entry("F32", "[1]", "[0]") + "}"), HasSubstr("1 data_offsets"));
  EXPECT_THAT(refusal("{\"a\":" + f4 + ",\"a\":" + f4 + "}", 4), HasSubstr("two entries 'a'"));
  EXPECT_THAT(refusal(R"({"__metadata__":{"k":"1","k":"2"}})"), HasSubstr("two metadata 'k'"));
  EXPECT_THAT(refusal(R"({"__metadata__":{},"__metadata__":{}})"), HasSubstr("two entries '__metadata__'"));
  EXPECT_THAT(refusal(R"({"__metadata__":{"k":1}})"), HasSubstr("'__metadata__' holds 1"));
  EXPECT_THAT(refusal(R"({"__metadata__":"k"})"), HasSubstr("'__metadata__' holds"));
  EXPECT_THAT(refusal("{\"\":" + f4 + "}", 4), HasSubstr("a tensor has no name"));
  EXPECT_THAT(refusal("{\"" + std::string(2000, 'n') + "\":" + f4 + "}", 4), HasSubstr("has 2000 bytes"));
  std::string axes = "[1";
  for (int i = 0; i < 64; ++i) axes += ",1";
  EXPECT_THAT(refusal("{\"a\":" + entry("F32", axes + "]", "[0,4]") + "}", 4), HasSubstr("more than 64 axes"));
}

TEST_F(SafetensorsTest, RefusesPlacesThatDoNotFit) {
  const auto two = [&](const std::string& a, const std::string& b, size_t bytes) {
    return refusal("{\"a\":" + entry("F32", "[1]", a) + ",\"b\":" + entry("F32", "[1]", b) + "}", bytes);
  };
  EXPECT_EQ(two("[0,4]", "[4,8]", 8), "no error");
  EXPECT_EQ(two("[4,8]", "[0,4]", 8), "no error");
  EXPECT_THAT(two("[0,4]", "[2,6]", 6), HasSubstr("tensor 'b' begins at byte 2, before where the one before it ends"));
  EXPECT_THAT(two("[0,4]", "[0,4]", 4), HasSubstr("begins at byte 0, before"));
  EXPECT_THAT(two("[0,4]", "[8,12]", 12), HasSubstr("tensor 'b' begins at byte 8, behind"));
  EXPECT_THAT(two("[0,4]", "[4,8]", 9), HasSubstr("1 bytes follow its last tensor"));
  EXPECT_THAT(two("[0,4]", "[4,8]", 7), HasSubstr("tensor 'b' lies at [4, 8) of 7 bytes"));
  EXPECT_THAT(two("[4,0]", "[4,8]", 8), HasSubstr("tensor 'a' lies at [4, 0)"));
  EXPECT_THAT(refusal("{\"a\":" + entry("F32", "[2]", "[0,4]") + "}", 4), HasSubstr("has 4 bytes, F32 [2] has 8"));
  EXPECT_THAT(refusal("{\"a\":" + entry("F33", "[2]", "[0,4]") + "}", 4), HasSubstr("the dtype 'F33'"));
  EXPECT_THAT(refusal("{\"a\":" + entry("F32", "[4294967296,4294967296]", "[0,4]") + "}", 4),
              HasSubstr("has more than any file"));
  EXPECT_THAT(refusal("{\"a\":" + entry("BOOL", "[1]", "[0,1]") + "}\1", 0), HasSubstr("JSON"));
  EXPECT_THAT(refusal_of(write("bool.safetensors", read(file("{\"a\":" + entry("BOOL", "[1]", "[0,1]") + "}")) + "\2")),
              HasSubstr("neither 0 nor 1"));
  EXPECT_THAT(refusal("{\"a\\nb\":" + entry("F33", "[2]", "[0,4]") + "}", 4), HasSubstr("tensor 'a b'"));
}

TEST_F(SafetensorsTest, TakesNoMemoryForASparseFile) {
  const std::string bytes = std::to_string(uint64_t{1} << 42);
  const fs::path path = file("{\"a\":" + entry("U8", "[" + bytes + "]", "[0," + bytes + "]") + "}");
  fs::resize_file(path, fs::file_size(path) + (uint64_t{1} << 42));
  EXPECT_EQ(nn::Safetensors(path).tensors().at("a").shape[0], int64_t{1} << 42);
  EXPECT_THAT(refusal_of(path), HasSubstr("more than this machine's memory"));
}

TEST_F(SafetensorsTest, ReadsShardsThatAnIndexNames) {
  const Tensor a = Tensor::from<float>({1, 2}), b = Tensor::from<int64_t>({3});
  nn::write_safetensors(folder_ / "one.safetensors", {{"a", a}});
  nn::write_safetensors(folder_ / "two.safetensors", {{"b", b}});
  const auto index = [&](const std::string& map) {
    return write("model.safetensors.index.json", "{\"metadata\":{\"x\":[1,{\"y\":null}]},\"weight_map\":" + map + "}");
  };
  index(R"({"a":"one.safetensors","b":"two.safetensors"})");
  const auto tensors = nn::read_safetensors(folder_.path());
  EXPECT_THAT(tensors.at("a").to_vector<float>(), ElementsAre(1, 2));
  EXPECT_THAT(tensors.at("b").to_vector<int64_t>(), ElementsAre(3));
  EXPECT_THAT(refusal_of(index(R"({"a":"one.safetensors","b":"one.safetensors"})")),
              HasSubstr("tensor 'b' is not in one.safetensors"));
  EXPECT_THAT(refusal_of(index(R"({"a":"two.safetensors","b":"one.safetensors"})")), HasSubstr("'a' is not in two"));
  EXPECT_THAT(refusal_of(index(R"({"a":"one.safetensors"})")), Not(HasSubstr("damaged")));
  nn::write_safetensors(folder_ / "two.safetensors", {{"a", a}, {"b", b}});
  EXPECT_THAT(refusal_of(index(R"({"a":"one.safetensors","b":"two.safetensors"})")), HasSubstr("'a' is in "));
  EXPECT_THAT(refusal_of(index(R"({"b":"two.safetensors"})")), HasSubstr("it doesn't name tensor 'a'"));
  EXPECT_THAT(refusal_of(index(R"({"a":"../one.safetensors"})")), HasSubstr("which is no file's name"));
  EXPECT_THAT(refusal_of(index(R"({"a":"one.safetensors","a":"one.safetensors"})")), HasSubstr("two entries 'a'"));
  EXPECT_THAT(refusal_of(index(R"({"a":1})")), HasSubstr("'weight_map' holds 1"));
  EXPECT_THAT(refusal_of(index("[]")), HasSubstr("'weight_map' holds a list"));
  EXPECT_THAT(refusal_of(write("bare.index.json", "{}")), HasSubstr("it has no weight_map"));
  EXPECT_THAT(refusal_of(write("bare.index.json", "[]")), HasSubstr("it holds a list"));
  EXPECT_THAT(refusal_of(index(R"({"a":"three.safetensors"})")), HasSubstr("three.safetensors: can't open"));
}

TEST_F(SafetensorsTest, WritesWhatIsReadAndTheSameBytesForTheSameValues) {
  std::map<std::string, Tensor> tensors = {
      {"z/float", Tensor::from<float>({1.5f, -0.0f, std::numeric_limits<float>::quiet_NaN()}, {3, 1})},
      {"double", Tensor::from<double>({0.1}, {})},
      {"int", Tensor::from<int32_t>({-1})},
      {"long \"quoted\"", Tensor::from<int64_t>({1, 2, 3, 4}, {2, 2}).transpose()},
      {"byte", Tensor::from<uint8_t>({7})},
      {"bool", Tensor::from(std::vector<bool>{true, false}, {2})},
      {"empty", zeros({0, 3})}};
  const fs::path path = folder_ / "w.safetensors";
  nn::write_safetensors(path, tensors, {{"format", "pt"}});
  const nn::Safetensors file(path);
  EXPECT_EQ(file.metadata().at("format"), "pt");
  for (const auto& [name, value] : tensors) {
    const Tensor back = file.read(name);
    EXPECT_EQ(back.dtype(), value.dtype()) << name;
    EXPECT_EQ(back.shape(), value.shape()) << name;
    const Tensor packed = contiguous(value);
    EXPECT_EQ(std::memcmp(back.data(), packed.data(), size_of(back.dtype()) * static_cast<size_t>(back.elements())), 0);
  }
  const std::string bytes = read(path);
  EXPECT_THAT(bytes.substr(8),
              testing::StartsWith(R"({"__metadata__":{"format":"pt"},"long \"quoted\"":{"dtype":"I64","shape":[2,2],)"
                                  R"("data_offsets":[0,32]},"double":{"dtype":"F64","shape":[],)"
                                  R"("data_offsets":[32,40]},"empty":{"dtype":"F32","shape":[0,3],)"));
  EXPECT_EQ(static_cast<uint8_t>(bytes[0]) % 8, 0);
  nn::write_safetensors(path, tensors, {{"format", "pt"}});
  EXPECT_EQ(read(path), bytes);
  EXPECT_THROW(nn::write_safetensors(path, {{"\xff", zeros({1})}}), UsageError);
  EXPECT_THROW(nn::write_safetensors(path, {{"", zeros({1})}}), UsageError);
  EXPECT_THROW(nn::write_safetensors(path, {{"__metadata__", zeros({1})}}), UsageError);
  EXPECT_THROW(nn::write_safetensors(folder_ / "none" / "w", tensors), IoError);
  EXPECT_EQ(read(path), bytes);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 1);  // nothing is left aside
  EXPECT_THROW(file.read("none"), UsageError);
  EXPECT_THROW(nn::Safetensors(folder_ / "none"), IoError);
  EXPECT_THAT(refusal_of(fs::path("/dev/null")), HasSubstr("/dev/null: can't read"));
}

TEST_F(SafetensorsTest, ConvertsMoreThanIsReadAtOnce) {
  const size_t n = (size_t{1} << 20) + 3;
  const Tensor t =
      nn::read_safetensors(
          file("{\"t\":" + entry("BF16", "[" + std::to_string(n) + "]", "[0," + std::to_string(2 * n) + "]") + "}",
               2 * n))
          .at("t");
  EXPECT_EQ(min(t).item<float>(), from_bfloat16(0x101));
  EXPECT_EQ(max(t).item<float>(), from_bfloat16(0x101));
}

}  // namespace
}  // namespace stet
