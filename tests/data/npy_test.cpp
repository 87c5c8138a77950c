// NumPy's files: what NumPy wrote (tests/golden/make_npy.py), what we write, and what is damaged.
#include "stet/data/npy.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "data/support.h"
#include "error_of.h"
#include "stet/data/zip.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

fs::path golden(const std::string& name) { return fs::path(STET_SOURCE_DIR) / "tests/golden/npy" / name; }

FileBytes file_of(std::string bytes) { return {.name = "given.npy", .version = {}, .bytes = std::move(bytes)}; }

std::string npy(const std::string& header, const std::string& elements) {
  std::string bytes("\x93NUMPY\1\0", 8);
  bytes += static_cast<char>(header.size());
  bytes += '\0';
  return bytes + header + elements;
}

std::string refusal(std::string bytes) {
  return error_of<DataError>([&] { read_npy(file_of(std::move(bytes))); });
}

TEST(Npy, ReadsWhatNumpyWrites) {
  const std::vector<std::pair<std::string, DType>> signed_ones = {
      {"little_f4", DType::float32}, {"big_f4", DType::float32},    {"little_f8", DType::float64},
      {"big_f8", DType::float64},    {"little_f2", DType::float32}, {"big_f2", DType::float32},
      {"i1", DType::int32},          {"little_i2", DType::int32},   {"big_i2", DType::int32},
      {"little_i4", DType::int32},   {"big_i4", DType::int32},      {"little_i8", DType::int64},
      {"big_i8", DType::int64},      {"version2", DType::float32}};
  for (const auto& [name, dtype] : signed_ones) {
    const Tensor x = read_npy(golden(name + ".npy"));
    EXPECT_EQ(x.dtype(), dtype) << name;
    EXPECT_EQ(x.shape(), Shape({2, 3})) << name;
    EXPECT_THAT(x.to(DType::float64).to_vector<double>(), ElementsAre(-3, -2, -1, 0, 1, 2)) << name;
  }
  for (const auto& [name, dtype] : {std::pair("u1", DType::uint8), std::pair("little_u2", DType::int32),
                                    std::pair("little_u4", DType::int64), std::pair("big_u4", DType::int64)}) {
    const Tensor x = read_npy(golden(std::string(name) + ".npy"));
    EXPECT_EQ(x.dtype(), dtype) << name;
    EXPECT_THAT(x.to(DType::float64).to_vector<double>(), ElementsAre(3, 2, 1, 0, 1, 2)) << name;
  }
  EXPECT_THAT(read_npy(golden("b1.npy")).to_vector<bool>(), ElementsAre(true, true, true, false, true, true));
  EXPECT_EQ(read_npy(golden("scalar.npy")).item<double>(), 0.1);
  EXPECT_EQ(read_npy(golden("empty.npy")).shape(), Shape({0, 3}));
  const Tensor fortran = read_npy(golden("fortran.npy"));
  std::vector<int32_t> want(24);
  std::iota(want.begin(), want.end(), -3);
  EXPECT_EQ(fortran.shape(), Shape({2, 3, 4}));
  EXPECT_EQ(fortran.to_vector<int32_t>(), want);
  for (const char* name : {"objects", "fields", "complex"}) {
    EXPECT_THAT(error_of<DataError>([&] { read_npy(golden(std::string(name) + ".npy")); }),
                HasSubstr("no plain numbers that have a dtype here"));
  }
}

TEST(Npy, WritesNumpysBytes) {
  const Scratch scratch;
  for (const char* name : {"little_f4", "little_f8", "little_i4", "little_i8", "u1", "b1", "scalar", "empty"}) {
    const fs::path path = golden(std::string(name) + ".npy");
    write_npy(scratch / "x.npy", read_npy(path));
    EXPECT_EQ(bytes_of_file(scratch / "x.npy"), bytes_of_file(path)) << name;
  }
  scratch.write("x.npy.gz", gzipped(bytes_of_file(golden("little_f4.npy"))));
  EXPECT_EQ(bytes_of(read_npy(scratch / "x.npy.gz")), bytes_of(read_npy(golden("little_f4.npy"))));
}

// Which sign it has differs between instruction sets.
TEST(Npy, WritesANanWithoutItsSign) {
  const Scratch scratch;
  for (const float sign : {1.0f, -1.0f}) {
    const float nan = std::copysign(std::numeric_limits<float>::quiet_NaN(), sign);
    write_npy(scratch / (sign > 0 ? "plain" : "signed"), Tensor::from<float>({nan, 1}));
  }
  EXPECT_EQ(bytes_of_file(scratch / "signed"), bytes_of_file(scratch / "plain"));
}

TEST(Npy, RefusesWhatIsDamagedInOneLine) {
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n";
  EXPECT_EQ(read_npy(file_of(npy(header, "1234"))).shape(), Shape({1}));
  EXPECT_EQ(read_npy(file_of(npy("{\"shape\":(),\"descr\":\"<f4\",'fortran_order':True}", "1234"))).shape(), Shape());
  EXPECT_THAT(refusal("PK"), HasSubstr("given.npy: not a NumPy file"));
  EXPECT_THAT(refusal("\x93NUMPY"), HasSubstr("it ends within its header"));
  EXPECT_THAT(refusal(std::string("\x93NUMPY\4\0\1\0", 10)), HasSubstr("is of version 4"));
  EXPECT_THAT(refusal(npy(header, "1234").substr(0, 30)), HasSubstr("it ends within its header"));
  EXPECT_THAT(refusal(npy(header, "123")), HasSubstr("[1] elements of 4 bytes are not the 3 bytes"));
  EXPECT_THAT(refusal(npy(header, "12345")), HasSubstr("are not the 5 bytes"));
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = header;
    changed.replace(changed.find(from), from.size(), to);
    return refusal(npy(changed, "1234"));
  };
  EXPECT_THAT(with("(1,)", "(9223372036854775807, 9)"), HasSubstr("are not the 4 bytes"));
  EXPECT_THAT(with("(1,)", "(99999999999999999999,)"), HasSubstr("an extent in its header is no number"));
  EXPECT_THAT(with("(1,)", "(-1,)"), HasSubstr("an extent in its header is no number"));
  EXPECT_THAT(with("(1,)", "1"), HasSubstr("is not that of a NumPy array"));
  EXPECT_THAT(with("False", "Maybe"), HasSubstr("neither True nor False"));
  EXPECT_THAT(with("'fortran_order': False", "'descr': '<f4'"), HasSubstr("has a key twice"));
  EXPECT_THAT(with("'fortran_order': False, ", ""), HasSubstr("lacks descr, fortran_order or shape"));
  EXPECT_THAT(with("shape", "more"), HasSubstr("a key that the format has not"));
  EXPECT_THAT(with("}", "} x"), HasSubstr("something follows"));
  EXPECT_THAT(with("'shape'", "'shape"), HasSubstr("damaged"));
  EXPECT_THAT(with("<f4", "<f3"), HasSubstr("no plain numbers"));
  EXPECT_THAT(refusal(npy("{'descr': '|b1', 'fortran_order': False, 'shape': (1,), }", "\2")),
              HasSubstr("neither 0 nor 1"));
  EXPECT_THAT(error_of<DataError>([] { read_npy("/nonexistent.npy"); }), HasSubstr("/nonexistent.npy"));
}

TEST(Npz, ReadsWhatNumpyWrites) {
  for (const char* name : {"stored.npz", "deflated.npz"}) {
    const auto arrays = read_npz(golden(name));
    ASSERT_EQ(arrays.size(), 2u);
    EXPECT_EQ(bytes_of(arrays.at("a")), bytes_of(read_npy(golden("little_f4.npy"))));
  }
  EXPECT_EQ(read_npz(golden("deflated.npz")).at("b").shape(), Shape({100, 100}));
  EXPECT_THAT(read_npz(golden("stored.npz")).at("b").to_vector<int64_t>(), ElementsAre(-3, -2, -1, 0));
}

TEST(Npz, ReadsWhatItWritesAndTheSameBytes) {
  const Scratch scratch;
  const std::map<std::string, Tensor> arrays = {{"x", arange(5)}, {"a/b", zeros({2, 2})}};
  write_npz(scratch / "x.npz", arrays);
  const auto back = read_npz(scratch / "x.npz");
  ASSERT_EQ(back.size(), 2u);
  for (const auto& [name, value] : arrays) EXPECT_EQ(bytes_of(back.at(name)), bytes_of(value));
  const std::string bytes = bytes_of_file(scratch / "x.npz");
  write_npz(scratch / "x.npz", arrays);
  EXPECT_EQ(bytes_of_file(scratch / "x.npz"), bytes);
  EXPECT_THROW(write_npz(scratch / "y.npz", {{"a\nb", arange(1)}}), UsageError);
}

// An archive of one member, with one of its numbers changed.
std::string changed_npz(size_t from_central, std::string_view bytes) {
  std::string archive = make_zip({{"x.npy", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }", "a")}});
  archive.replace(archive.find("PK\1\2") + from_central, bytes.size(), bytes);
  return archive;
}

std::string npz_refusal(std::string bytes) {
  return error_of<DataError>([&] { read_npz(file_of(std::move(bytes))); });
}

TEST(Npz, RefusesEachKindOfDamage) {
  EXPECT_THAT(npz_refusal("short"), HasSubstr("given.npy: damaged: too short"));
  EXPECT_THAT(npz_refusal(std::string(100, 'x')), HasSubstr("it has no end record"));
  const std::string whole = changed_npz(0, "");
  EXPECT_EQ(read_npz(file_of(whole)).size(), 1u);
  EXPECT_THAT(npz_refusal(whole.substr(0, whole.size() - 1)), HasSubstr("it has no end record"));
  EXPECT_THAT(npz_refusal(whole.substr(1)), HasSubstr("damaged"));
  EXPECT_THAT(npz_refusal(changed_npz(8, "\1")), HasSubstr("x.npy: it is encrypted"));
  EXPECT_THAT(npz_refusal(changed_npz(10, "\x0c")), HasSubstr("x.npy: it is packed neither"));
  EXPECT_THAT(npz_refusal(changed_npz(10, "\x08")), HasSubstr("x.npy: damaged: its bytes are not those"));
  EXPECT_THAT(npz_refusal(changed_npz(16, "\1\1\1\1")), HasSubstr("x.npy: damaged: its bytes are not those"));
  EXPECT_THAT(npz_refusal(changed_npz(20, "\xfe\xff\xff\x7f")), HasSubstr("lies behind its end"));
  EXPECT_THAT(npz_refusal(changed_npz(20, "\xff\xff\xff\xff")), HasSubstr("damaged"));
  EXPECT_THAT(npz_refusal(changed_npz(24, "\1")), HasSubstr("its sizes don't fit each other"));
  EXPECT_THAT(npz_refusal(changed_npz(28, "\xff\xff")), HasSubstr("lies behind its end"));
  EXPECT_THAT(npz_refusal(changed_npz(42, "\1")), HasSubstr("a member has no header"));
  EXPECT_THAT(npz_refusal(changed_npz(42, "\xf0\xff\xff\x7f")), HasSubstr("lies behind its end"));
}

TEST(Npz, RefusesMembersThatShareBytesOrNames) {
  const std::string a = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }", "a");
  std::string archive = make_zip({{"x.npy", a}, {"y.npy", a}});
  const size_t first = archive.find("PK\1\2"), second = archive.find("PK\1\2", first + 1);
  std::string shared = archive;
  shared.replace(second + 42, 4, std::string(4, '\0'));
  EXPECT_THAT(npz_refusal(shared), HasSubstr("two members lie at one place"));
  archive[second + 46] = 'x';
  EXPECT_THAT(npz_refusal(archive), HasSubstr("x.npy: damaged: it holds the name twice"));
}

}  // namespace
}  // namespace stet::data
