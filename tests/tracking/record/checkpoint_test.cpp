#include "stet/tracking/record/checkpoint.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>

#include "error_of.h"
#include "stet/tensor/error.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::HasSubstr;

template <class T>
TensorEntry tensor(const std::string& path, std::vector<int64_t> shape, const std::vector<T>& values,
                   TensorKind kind = TensorKind::parameter) {
  auto owner = std::make_shared<std::vector<T>>(values);
  return {path, kind, dtype_of<T>, std::move(shape), std::as_bytes(std::span(*owner)), owner};
}

TensorEntry bool_tensor(const std::string& path, const std::string& zeros_and_ones) {
  auto owner = std::make_shared<std::string>(zeros_and_ones);
  for (char& c : *owner) c = static_cast<char>(c - '0');
  return {path, TensorKind::buffer, DType::boolean, {static_cast<int64_t>(owner->size())}, as_bytes(*owner), owner};
}

Checkpoint sample() {
  Checkpoint c;
  c.step = 1200;
  c.tick = 1203;
  c.log = {2, 4711};
  c.tensors.push_back(
      tensor<float>("net/in/weight", {2, 3}, {1, -0.0f, 3.5f, 1e-45f, std::numeric_limits<float>::infinity(), 6}));
  c.tensors.push_back(tensor<double>("opt/v", {1}, {0.1}, TensorKind::state));
  c.tensors.push_back(tensor<int64_t>("net/count", {}, {int64_t{1} << 60}, TensorKind::buffer));
  c.tensors.push_back(tensor<int32_t>("net/i32", {2, 1}, {-1, 7}, TensorKind::buffer));
  c.tensors.push_back(tensor<uint8_t>("net/u8", {3}, {0, 128, 255}, TensorKind::buffer));
  c.tensors.push_back(bool_tensor("net/mask", "101"));
  c.tensors.push_back(tensor<float>("net/none", {4, 0, 2}, {}, TensorKind::buffer));
  c.scalars = {{"opt/t", int64_t{-3}},          {"loader/epoch", uint64_t{1} << 63}, {"opt/lr", 1e-3},
               {"early/stopped", true},         {"note", std::string("zwölf")},      {"stet/empty", std::string()},
               {"long", std::string(9000, 'x')}};
  c.aliases = {{"net/out/weight", "net/in/weight"}};
  return c;
}

Bytes bytes_of(const std::string& text) { return as_bytes(text); }

const TensorEntry& find(const Checkpoint& c, const std::string& path) {
  for (const auto& entry : c.tensors) {
    if (entry.path == path) return entry;
  }
  throw std::out_of_range(path);
}

TEST(Checkpoint, GivesBackEveryTensorScalarAndAlias) {
  Checkpoint in = sample();
  Checkpoint out = decode(bytes_of(encode(in)), "x.h5");
  EXPECT_EQ(out.step, 1200);
  EXPECT_EQ(out.tick, 1203u);
  EXPECT_EQ(out.log, (LogPosition{2, 4711}));
  ASSERT_EQ(out.tensors.size(), in.tensors.size());
  for (const auto& entry : in.tensors) {
    const TensorEntry& got = find(out, entry.path);
    EXPECT_EQ(got.dtype, entry.dtype) << entry.path;
    EXPECT_EQ(got.kind, entry.kind) << entry.path;
    EXPECT_EQ(got.shape, entry.shape) << entry.path;
    EXPECT_TRUE(std::ranges::equal(got.data, entry.data)) << entry.path;
  }
  ASSERT_EQ(out.scalars.size(), in.scalars.size());
  for (const auto& entry : in.scalars) {
    auto got = std::ranges::find(out.scalars, entry.path, &ScalarEntry::path);
    ASSERT_NE(got, out.scalars.end()) << entry.path;
    EXPECT_EQ(got->value, entry.value) << entry.path;
  }
  ASSERT_EQ(out.aliases.size(), 1u);
  EXPECT_EQ(out.aliases[0].path, "net/out/weight");
  EXPECT_EQ(out.aliases[0].target, "net/in/weight");
}

TEST(Checkpoint, EqualStatesAreEqualBytesInAnyOrder) {
  Checkpoint a = sample(), b = sample();
  std::reverse(b.tensors.begin(), b.tensors.end());
  std::reverse(b.scalars.begin(), b.scalars.end());
  std::string first = encode(a);
  std::vector<std::string> dirt(100, std::string(5000, '\xAA'));  // what the allocator hands out next is not all zeros
  dirt.clear();
  std::string second = encode(b);
  EXPECT_EQ(first, second);
  b.log = {3, 1};
  EXPECT_EQ(first.substr(512), encode(b).substr(512));
  EXPECT_NE(first, encode(b));
}

TEST(Checkpoint, CutAtAnyByteIsFound) {
  Checkpoint small;
  small.tensors.push_back(tensor<float>("w", {2}, {1, 2}));
  std::string whole = encode(small);
  for (size_t size = 0; size < whole.size(); ++size) {
    ASSERT_THROW(decode(bytes_of(whole).first(size), "x.h5"), DataError) << size;
  }
  EXPECT_THROW(check_whole(bytes_of(whole + "x"), "x.h5"), DataError);
  EXPECT_NO_THROW(check_whole(bytes_of(whole), "x.h5"));
  EXPECT_THAT(error_of<Error>([&] { check_whole(bytes_of(whole).first(700), "a/x.h5"); }),
              HasSubstr("a/x.h5: cut at byte 700 of"));
}

TEST(Checkpoint, AnyChangedByteIsFound) {
  Checkpoint small;
  small.tensors.push_back(tensor<float>("w", {2}, {1, 2}));
  const std::string whole = encode(small);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    ASSERT_THROW(check_whole(bytes_of(changed), "x.h5"), DataError) << at;
  }
}

TEST(Checkpoint, PathsThatATreeCannotHoldAreNamed) {
  Checkpoint c;
  c.tensors.push_back(tensor<float>("net", {1}, {1}));
  c.scalars.push_back({"net/t", int64_t{1}});
  EXPECT_THAT(error_of<Error>([&] { encode(c); }), HasSubstr("'net' names both"));
  c.scalars[0].path = "net";
  EXPECT_THAT(error_of<Error>([&] { encode(c); }), HasSubstr("two entries have the path 'net'"));
  c.scalars[0].path = "a//b";
  EXPECT_THAT(error_of<Error>([&] { encode(c); }), HasSubstr("'a//b' is no path"));
  for (const char* const path : {".", "./a", "a/./b", "a/.", "/a", "a/", ""}) {
    c.scalars[0].path = path;
    EXPECT_THAT(error_of<Error>([&] { encode(c); }), HasSubstr(fmt::format("'{}' is no path", path)));
  }
  std::string deep = "a";
  for (int i = 0; i < 100; ++i) deep += "/a";
  c.scalars[0].path = deep;
  const std::string bytes = encode(c);
  EXPECT_EQ(decode(bytes_of(bytes), "x.h5").scalars[0].path, deep);
  c.scalars[0].path = deep + "/a";
  EXPECT_THAT(error_of<Error>([&] { encode(c); }), HasSubstr("lies in more than 100 others"));
  c.scalars = {{"s", std::string("a\0b", 3)}};
  EXPECT_THAT(error_of<Error>([&] { encode(c); }), HasSubstr("zero byte"));
  c.scalars.clear();
  c.tensors[0].shape = {2};
  EXPECT_THAT(error_of<Error>([&] { encode(c); }), HasSubstr("net has 4 bytes, its shape and dtype take 8"));
}

TEST(Checkpoint, ALaterBoundaryOfTheSameStepReplacesTheFile) {
  TempFolder run;
  Checkpoint c = sample();
  write_checkpoint(real_file_system(), run.path(), 13, bytes_of(encode(c)));
  c.tick = 1204;
  write_checkpoint(real_file_system(), run.path(), 13, bytes_of(encode(c)));
  EXPECT_EQ(list_checkpoints(run.path()).size(), 1u);
  EXPECT_EQ(read_checkpoint(list_checkpoints(run.path())[0].entry).tick, 1204u);
}

TEST(Checkpoint, H5pyReadsTensorsUnderTheirModulePaths) {
  if (std::system("/usr/bin/python3 -c 'import h5py' 2>/dev/null") != 0)
    GTEST_SKIP() << "python3-h5py is not installed";
  TempFolder run;
  const Path path = write_checkpoint(real_file_system(), run.path(), 1200, bytes_of(encode(sample()))).path();
  std::ofstream(run / "read.py") << R"(
import sys, h5py, numpy
f = h5py.File(sys.argv[1], 'r')
w = f['net/in/weight']
assert w.shape == (2, 3) and w.dtype == numpy.float32 and w.attrs['kind'] in (b'parameter', 'parameter')
assert w[0, 0] == 1 and w[0, 2] == 3.5 and numpy.signbit(w[0, 1]) and w[1, 0] == numpy.float32(1e-45)
assert f['net/out/weight'] == w
assert f['net/mask'].dtype == bool and list(f['net/mask'][()]) == [True, False, True]
assert f['net/none'].shape == (4, 0, 2)
assert f['opt/lr'][()] == 1e-3 and f['loader/epoch'][()] == 2**63 and bool(f['early/stopped'][()])
assert f['note'][()].decode() == 'zwölf'
assert f['stet/step'][()] == 1200 and f['stet/tick'][()] == 1203
)";
  EXPECT_EQ(std::system(("/usr/bin/python3 " + (run / "read.py").string() + " " + path.string()).c_str()), 0);
}

}  // namespace
}  // namespace stet::tracking
