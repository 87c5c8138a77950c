// Checkpoints with a right hash around wrong content: whatever HDF5 could be asked to do, only what encode writes is
// read.
#include "stet/tracking/record/hdf5_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <functional>

#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/checkpoint_format.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::HasSubstr;

// `bytes` with a user block that fits them.
std::string sealed(std::string bytes, const format::Position& position = {0, 0, {}}) {
  format::write_block(bytes, position);
  return bytes;
}

std::string refusal_of(const std::string& file) {
  try {
    decode(as_bytes(file), "x.h5");
  } catch (const DataError& error) { return error.what(); }
  return "no error";
}

// A file of the HDF5 library's with one dataset "w" of that shape, made as `lists` says.
std::string file_with(hid_t space, hid_t type, const std::function<void(hid_t creation)>& lists,
                      const char* kind = "parameter") {
  TempFolder folder;
  const std::string path = (folder / "x.h5").string();
  const hid_t file_list = H5Pcreate(H5P_FILE_CREATE), list = H5Pcreate(H5P_DATASET_CREATE);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // nothing can be written to a virtual dataset
  H5Pset_userblock(file_list, format::kBlockSize);
  H5Pset_obj_track_times(list, false);
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, file_list, H5P_DEFAULT);
  lists(list);
  const hid_t dataset = H5Dcreate2(file, "w", type, space, H5P_DEFAULT, list, H5P_DEFAULT);
  EXPECT_GE(dataset, 0);
  const hid_t scalar = H5Screate(H5S_SCALAR), text = H5Tcopy(H5T_C_S1);
  H5Tset_size(text, std::strlen(kind));
  H5Tset_strpad(text, H5T_STR_NULLPAD);
  const hid_t attribute = H5Acreate2(dataset, "kind", text, scalar, H5P_DEFAULT, H5P_DEFAULT);
  H5Awrite(attribute, text, kind);
  const std::vector<double> zeros(1000);
  H5Dwrite(dataset, H5Tget_class(type) == H5T_FLOAT ? H5T_NATIVE_DOUBLE : type, H5S_ALL, H5S_ALL, H5P_DEFAULT,
           zeros.data());
  for (const hid_t id : {attribute, dataset, scalar, text, file_list, list}) H5Idec_ref(id);
  H5Fclose(file);
  return sealed(read_file(Path(path)));
}

hid_t space_of(std::vector<hsize_t> shape) {
  return shape.empty() ? H5Screate(H5S_SCALAR)
                       : H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
}

constexpr auto kPlain = [](hid_t) {};

TEST(Hdf5Reader, ReadsWhatTheLibraryWrites) {
  EXPECT_EQ(refusal_of(file_with(space_of({3, 2}), H5T_IEEE_F64LE, kPlain)), "no error");
  EXPECT_EQ(refusal_of(file_with(space_of({}), H5T_STD_I64LE, kPlain, "scalar")), "no error");
}

TEST(Hdf5Reader, RefusesOtherWaysOfStoring) {
  const std::string stored = "x.h5: w: damaged, or not written by Stet: it is stored otherwise";
  const auto chunks = [](hid_t list) {
    const hsize_t chunk[] = {2};
    H5Pset_chunk(list, 1, chunk);
  };
  EXPECT_THAT(refusal_of(file_with(space_of({8}), H5T_IEEE_F32LE, chunks)), HasSubstr(stored));
  const auto filters = [&](hid_t list) {
    chunks(list);
    H5Pset_deflate(list, 9);
  };
  EXPECT_THAT(refusal_of(file_with(space_of({8}), H5T_IEEE_F32LE, filters)), HasSubstr(stored));
  TempFolder elsewhere;
  const auto external = [&](hid_t list) { H5Pset_external(list, (elsewhere / "decoy").c_str(), 0, 32); };
  EXPECT_THAT(refusal_of(file_with(space_of({8}), H5T_IEEE_F32LE, external)), HasSubstr(stored));
  const auto virtually = [&](hid_t list) {
    const hid_t space = space_of({8});
    H5Pset_virtual(list, space, (elsewhere / "decoy").c_str(), "w", space);
  };
  EXPECT_THAT(refusal_of(file_with(space_of({8}), H5T_IEEE_F32LE, virtually)), HasSubstr("stored otherwise"));
}

TEST(Hdf5Reader, RefusesOtherTypesAndShapes) {
  for (const hid_t type : {H5T_IEEE_F32BE, H5T_STD_I16LE, H5T_STD_U64BE, H5T_STD_REF_OBJ})
    EXPECT_THAT(refusal_of(file_with(space_of({8}), type, kPlain)), HasSubstr("x.h5: w: ")) << type;
  const hsize_t two[] = {2};
  EXPECT_THAT(refusal_of(file_with(space_of({4}), H5Tarray_create2(H5T_IEEE_F32LE, 1, two), kPlain)),
              HasSubstr("its element type is none"));
  EXPECT_THAT(refusal_of(file_with(space_of({4}), H5T_STD_U64LE, kPlain)), HasSubstr("no tensor's"));
  EXPECT_THAT(refusal_of(file_with(space_of({1}), H5T_STD_I64LE, kPlain, "scalar")), HasSubstr("a scalar has none"));
  EXPECT_THAT(refusal_of(file_with(space_of({1}), H5T_STD_I64LE, kPlain, "secret")), HasSubstr("of the kind 'secret'"));
  EXPECT_THAT(refusal_of(file_with(H5Screate(H5S_NULL), H5T_STD_I64LE, kPlain)), HasSubstr("its shape is no shape"));
}

Checkpoint small() {
  static const float values[] = {1, 2, 3, 4};
  static const std::byte truth[] = {std::byte{1}, std::byte{0}};
  Checkpoint c;
  c.tensors = {{"net/w", TensorKind::parameter, DType::float32, {4, 1}, std::as_bytes(std::span(values)), {}},
               {"net/mask", TensorKind::buffer, DType::boolean, {2}, truth, {}}};
  c.scalars = {{"opt/t", int64_t{7}}, {"note", std::string("text")}};
  c.aliases = {{"net/tied", "net/w"}};
  return c;
}

// Each field is somewhere among the bytes, so that this reaches every one of them with values that are the ends of its
// range, or lead a little further.
TEST(Hdf5Reader, AnyChangedByteWithARightHashIsReadOrNamed) {
  const std::string whole = encode(small());
  size_t refused = 0;
  for (size_t at = format::kBlockSize; at < whole.size(); ++at) {
    for (const int change : {0x01, 0x80, 0xff, 0x08, 0x28}) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ change);
      const std::string error = refusal_of(sealed(std::move(changed)));
      refused += error != "no error";
      if (error != "no error") { ASSERT_THAT(error, testing::StartsWith("x.h5: ")) << at; }
    }
  }
  EXPECT_GT(refused, 500u);
  for (size_t size = format::kBlockSize; size < whole.size(); size += 3) refusal_of(sealed(whole.substr(0, size)));
}

void put(std::string& bytes, size_t at, uint64_t value) { std::memcpy(bytes.data() + at, &value, sizeof value); }

TEST(Hdf5Reader, TakesNoMemoryOnASizesWord) {
  const std::string whole = encode(small());
  const char shape[] = "\4\0\0\0\0\0\0\0\1\0\0\0\0\0\0";
  const size_t at = whole.find(std::string(shape, 16));
  ASSERT_NE(at, whole.npos);
  for (const uint64_t extent : {uint64_t{1} << 40, uint64_t{1} << 62, ~uint64_t{0}}) {
    std::string changed = whole;
    put(changed, at, extent);
    EXPECT_THAT(refusal_of(sealed(changed)), HasSubstr("net/w: damaged, or not written by Stet")) << extent;
  }
}

// Little endian, as all of HDF5.
std::string number(uint64_t value, size_t bytes = 8) {
  std::string out;
  for (size_t i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

// A file's beginning: the superblock, and the root's header with that many messages in so many bytes.
std::string beginning(uint64_t messages, uint64_t bytes) {
  std::string super = "\x89HDF\r\n\x1a\n" + std::string(88, '\0');
  super[13] = super[14] = 8;
  super.replace(64, 8, number(96));
  return super + number(1, 2) + number(messages, 2) + number(1, 4) + number(bytes, 4) + number(0, 4);
}

std::string refusal_of_hdf5(const std::string& hdf5) {
  return refusal_of(sealed(std::string(format::kBlockSize, '\0') + hdf5));
}

// Each takes little of the file, and together they would take its square.
TEST(Hdf5Reader, PartsThatLieOnOneAnotherAreRefused) {
  constexpr uint64_t kBlocks = 2000, kBytes = 100'000, kAt = 96 + 16 + 24 * kBlocks;
  std::string file = beginning(kBlocks, 24 * kBlocks);
  for (uint64_t i = 0; i < kBlocks; ++i)
    file += number(0x10, 2) + number(16, 2) + number(0, 4) + number(kAt + 8 * i) + number(kBytes - 8 * i);
  EXPECT_THAT(refusal_of_hdf5(file + std::string(kBytes, '\0')), HasSubstr("its parts lie on one another"));
}

TEST(Hdf5Reader, TargetsOfLinksAreBounded) {
  constexpr uint64_t kLinks = 2000, kTree = 96 + 16 + 24, kHeap = kTree + 24 + 16, kNames = kHeap + 32;
  std::string names(8, '\0'), symbols = "SNOD" + number(1, 2) + number(kLinks, 2);
  std::vector<uint64_t> places;
  for (uint64_t i = 0; i < kLinks; ++i) {
    places.push_back(names.size());
    names += "n" + std::to_string(i) + '\0';
  }
  for (const uint64_t place : places)
    symbols +=
        number(place) + number(0) + number(2, 4) + number(0, 4) + number(names.size(), 4) + number(0, 4) + number(0);
  names += "/" + std::string(4000, 'x') + '\0';
  std::string file = beginning(1, 24) + number(0x11, 2) + number(16, 2) + number(0, 4) + number(kTree) + number(kHeap);
  file += std::string("TREE\0\0", 6) + number(1, 2) + number(~uint64_t{0}) + number(~uint64_t{0}) + number(0) +
          number(kNames + names.size());
  file += "HEAP" + number(0, 4) + number(names.size()) + number(0) + number(kNames) + names + symbols;
  EXPECT_THAT(refusal_of_hdf5(file), HasSubstr("its names are too long"));
}

TEST(Hdf5Reader, GroupsThatHoldThemselvesEnd) {
  std::string bytes = encode(small());
  // The root's header lies at 96 behind the user block, and the entry of the group `net` has its address after its
  // name's.
  const size_t begin = format::kBlockSize;
  for (size_t at = begin; at + 48 < bytes.size(); ++at) {
    if (bytes.compare(at, 4, "SNOD") != 0) continue;
    std::string changed = bytes;
    put(changed, at + 16, 96);
    EXPECT_THAT(refusal_of(sealed(changed)), HasSubstr("two names lead to one place"));
  }
}

TEST(Hdf5Reader, TruthIsZeroOrOne) {
  Checkpoint c = small();
  static const std::byte odd[] = {std::byte{1}, std::byte{2}};
  c.tensors[1].data = odd;
  EXPECT_THAT(refusal_of(encode(c)), HasSubstr("net/mask: holds 2 where 0 or 1 is meant"));
}

TEST(Hdf5Reader, TheStepIsSaidTwiceAndTheSame) {
  Checkpoint c = small();
  c.step = 3;
  EXPECT_THAT(refusal_of(sealed(encode(c), {4, 0, {}})), HasSubstr("stet/step: is not what the file begins with"));
}

TEST(Hdf5Reader, AFileThatIsLargerThanItSaysIsNotRead) {
  TempFolder folder;
  const Path path = folder / "x.h5";
  std::ofstream(path, std::ios::binary) << encode(small());
  std::filesystem::resize_file(path, uintmax_t{1} << 40);
  try {
    read_checkpoint(Folder(folder.path()) / "x.h5");
    FAIL();
  } catch (const DataError& error) { EXPECT_THAT(error.what(), HasSubstr("bytes follow its end")); }
}

}  // namespace
}  // namespace stet::tracking
