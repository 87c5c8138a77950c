#include "stet/data/fingerprint.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <set>

#include "data/support.h"
#include "stet/tensor/error.h"
#include "stet/tensor/sha256.h"

namespace stet::data {
namespace {

namespace fs = std::filesystem;

// Nanoseconds are the point: filesystem's own clock need not have them.
void set_mtime(const fs::path& path, int64_t seconds, int64_t nanoseconds) {
  const timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
}

// Hashes a file through the cache and counts how often that took a computation.
struct Counted {
  int computed = 0;
  std::string operator()(const fs::path& path) {
    const FileBytes file = read_file(path);
    return remembered("test", {file.version}, [&] {
      ++computed;
      return sha256_hex(file.bytes);
    });
  }
};

std::vector<fs::path> entries(const Scratch& scratch) {
  std::vector<fs::path> found;
  if (!fs::exists(scratch / "cache/stet/fingerprints")) return found;
  for (const auto& e : fs::directory_iterator(scratch / "cache/stet/fingerprints")) found.push_back(e.path());
  return found;
}

TEST(Fingerprint, NamesPathSizeAndHash) {
  const Scratch scratch;
  const FileFingerprint f = fingerprint(scratch.write("abc", "abc"));
  EXPECT_EQ(f.path, fs::canonical(scratch / "abc").string());
  EXPECT_EQ(f.size, 3);
  EXPECT_EQ(f.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_THROW(fingerprint(scratch / "none"), DataError);
}

TEST(Fingerprint, IsComputedOnceAFileVersion) {
  const Scratch scratch;
  const fs::path path = scratch.write("x", "one");
  set_mtime(path, 1'000'000, 5);
  Counted hash;
  EXPECT_EQ(hash(path), sha256_hex("one"));
  EXPECT_EQ(hash(path), sha256_hex("one"));
  EXPECT_EQ(hash.computed, 1);
  scratch.write("x", "two");
  set_mtime(path, 1'000'000, 6);
  EXPECT_EQ(hash(path), sha256_hex("two")) << "a nanosecond later is another version";
  scratch.write("x", "three");
  set_mtime(path, 1'000'000, 6);
  EXPECT_EQ(hash(path), sha256_hex("three")) << "another size is another version";
  EXPECT_EQ(hash.computed, 3);
  EXPECT_EQ(entries(scratch).size(), 1u) << "a newer version replaces the older one's entry";
}

TEST(Fingerprint, IsComputedAfreshWhenAsked) {
  const Scratch scratch;
  const fs::path path = scratch.write("x", "one");
  set_mtime(path, 1'000'000, 0);
  Counted hash;
  hash(path);
  scratch.write("x", "two");
  set_mtime(path, 1'000'000, 0);
  EXPECT_EQ(hash(path), sha256_hex("one")) << "the cache goes by path, size and time";
  ::setenv("STET_FRESH_FINGERPRINTS", "1", 1);
  EXPECT_EQ(hash(path), sha256_hex("two"));
  ::unsetenv("STET_FRESH_FINGERPRINTS");
  EXPECT_EQ(hash(path), sha256_hex("two")) << "what was computed afresh corrects the cache";
}

TEST(Fingerprint, OfAFileStillWarmIsNotKept) {
  const Scratch scratch;
  Counted hash;
  const fs::path path = scratch.write("x", "one");
  set_mtime(path, time(nullptr), 0);
  hash(path);
  EXPECT_TRUE(entries(scratch).empty());
}

TEST(Fingerprint, ADamagedCacheCostsTheComputation) {
  const Scratch scratch;
  const fs::path path = scratch.write("x", "one");
  set_mtime(path, 1'000'000, 0);
  Counted hash;
  hash(path);
  ASSERT_EQ(entries(scratch).size(), 1u);
  const fs::path entry = entries(scratch)[0];
  const std::string whole = bytes_of_file(entry);
  std::vector<std::string> damaged{"", "x" + whole, whole + whole};
  for (size_t n = 1; n < whole.size(); n += 9) damaged.push_back(whole.substr(0, n));
  std::string not_hex = whole;
  not_hex[whole.size() - 5] = 'g';
  damaged.push_back(not_hex);
  for (const std::string& bytes : damaged) {
    std::ofstream(entry, std::ios::binary) << bytes;
    const int before = hash.computed;
    EXPECT_EQ(hash(path), sha256_hex("one"));
    EXPECT_EQ(hash.computed, before + 1) << "believed: " << bytes;
    EXPECT_EQ(bytes_of_file(entry), whole) << "must be repaired";
  }
}

TEST(Fingerprint, ACacheThatCannotBeWrittenIsNoError) {
  const Scratch scratch;
  const fs::path path = scratch.write("x", "one");
  set_mtime(path, 1'000'000, 0);
  scratch.write("file", "");
  Counted hash;
  for (const std::string& folder :
       {(scratch / "file").string(), std::string("/proc/nowhere"), std::string("relative")}) {
    Scratch::set_cache(folder);
    const char* home = std::getenv("HOME");
    const std::string home_before = home ? home : "";
    ::setenv("HOME", folder.c_str(), 1);
    EXPECT_EQ(hash(path), sha256_hex("one"));
    ::setenv("HOME", home_before.c_str(), 1);
  }
  EXPECT_EQ(hash.computed, 3);
}

TEST(Fingerprint, OfSamplesKnowsDtypeShapeAndOrder) {
  const Tensor a = Tensor::from(std::vector<float>{1, 2}), b = Tensor::from(std::vector<float>{3});
  const auto hash = [](std::vector<Tensor> t) { return samples_sha256(t); };
  const std::set<std::string> all{hash({a, b}), hash({b, a}), hash({a}), hash({a.reshape({2, 1}), b}),
                                  hash({a.to(DType::float64), b})};
  EXPECT_EQ(all.size(), 5u);
  EXPECT_EQ(hash({a, b}), hash({Tensor::from(std::vector<float>{0, 1, 2}).slice(0, 1, 3), b}));
}

}  // namespace
}  // namespace stet::data
