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

// A version of a file that was left alone for long.
FileVersion settled(int64_t size = 3, uint64_t inode = 7, int64_t mtime = 1'000'000'005,
                    int64_t ctime = 2'000'000'005) {
  return {"/data/x", {1, inode, size, mtime, ctime}};
}

// Asks the cache and counts how often that took a computation.
struct Counted {
  int computed = 0;
  std::string operator()(const FileVersion& version, const std::string& content = "one") {
    return remembered("test", {version}, [&] {
      ++computed;
      return sha256_hex(content);
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
  Counted hash;
  EXPECT_EQ(hash(settled()), sha256_hex("one"));
  EXPECT_EQ(hash(settled(), "two"), sha256_hex("one"));
  EXPECT_EQ(hash.computed, 1);
  // Whatever of it differs by the least is another version: size, inode, modification and change times.
  FileVersion other_device = settled();
  other_device.identity.device = 2;
  const std::vector<FileVersion> others{settled(4), settled(3, 8), settled(3, 7, 1'000'000'006),
                                        settled(3, 7, 1'000'000'005, 2'000'000'006), other_device};
  for (const FileVersion& other : others) {
    EXPECT_EQ(hash(settled()), sha256_hex("one"));
    const int before = hash.computed;
    EXPECT_EQ(hash(other, "two"), sha256_hex("two"));
    EXPECT_EQ(hash.computed, before + 1);
  }
  EXPECT_EQ(entries(scratch).size(), 1u) << "a newer version replaces the older one's entry";
}

TEST(Fingerprint, OfAFileWrittenOverWithItsOldTimeIsAnother) {
  const Scratch scratch;
  const fs::path path = scratch.write("x", "one");
  set_mtime(path, 1'000'000, 5);
  EXPECT_EQ(fingerprint(path).sha256, sha256_hex("one"));
  scratch.write("x", "two");
  set_mtime(path, 1'000'000, 5);
  EXPECT_EQ(fingerprint(path).sha256, sha256_hex("two"));
}

TEST(Fingerprint, IsComputedAfreshWhenAsked) {
  const Scratch scratch;
  Counted hash;
  hash(settled());
  EXPECT_EQ(hash(settled(), "two"), sha256_hex("one"));
  ::setenv("STET_FRESH_FINGERPRINTS", "1", 1);
  EXPECT_EQ(hash(settled(), "two"), sha256_hex("two"));
  ::unsetenv("STET_FRESH_FINGERPRINTS");
  EXPECT_EQ(hash(settled()), sha256_hex("two")) << "what was computed afresh corrects the cache";
}

TEST(Fingerprint, OfAFileStillWarmIsNotKept) {
  const Scratch scratch;
  const fs::path path = scratch.write("x", "one");
  set_mtime(path, 1'000'000, 0);
  fingerprint(path);
  EXPECT_TRUE(entries(scratch).empty()) << "it was changed a moment ago, whatever its time says";
  Counted hash;
  const int64_t now = int64_t{time(nullptr)} * 1'000'000'000;
  hash(settled(3, 7, now));
  hash(settled(3, 7, 1, now + 1'000'000'000'000));
  EXPECT_TRUE(entries(scratch).empty());
}

TEST(Fingerprint, ADamagedCacheCostsTheComputation) {
  const Scratch scratch;
  Counted hash;
  hash(settled());
  ASSERT_EQ(entries(scratch).size(), 1u);
  const fs::path entry = entries(scratch)[0];
  const std::string whole = bytes_of_file(entry);
  std::vector<std::string> damaged{"", "x" + whole, whole + whole};
  for (size_t n = 1; n < whole.size(); n += 9) damaged.push_back(whole.substr(0, n));
  // Every digit of the value and of what guards it, and every character of the key.
  for (size_t n = 0; n < whole.size(); ++n) {
    damaged.push_back(whole);
    damaged.back()[n] ^= 1;
  }
  for (const std::string& bytes : damaged) {
    std::ofstream(entry, std::ios::binary) << bytes;
    const int before = hash.computed;
    EXPECT_EQ(hash(settled()), sha256_hex("one"));
    EXPECT_EQ(hash.computed, before + 1) << "believed: " << bytes;
    EXPECT_EQ(bytes_of_file(entry), whole) << "must be repaired";
  }
}

TEST(Fingerprint, ACacheThatLeadsElsewhereIsNotUsed) {
  const Scratch scratch;
  Counted hash;
  fs::create_directories(scratch / "decoy/fingerprints");
  fs::create_directories(scratch / "cache");
  fs::create_directory_symlink(scratch / "decoy", scratch / "cache/stet");
  hash(settled());
  hash(settled());
  EXPECT_EQ(hash.computed, 2);
  EXPECT_TRUE(fs::is_empty(scratch / "decoy/fingerprints"));
  fs::remove(scratch / "cache/stet");
  hash(settled());
  const fs::path entry = entries(scratch).at(0);
  fs::rename(entry, scratch / "decoy/entry");
  fs::create_symlink(scratch / "decoy/entry", entry);
  hash(settled());
  EXPECT_EQ(hash.computed, 4);
  EXPECT_FALSE(fs::is_symlink(entry)) << "it is replaced";
  fs::permissions(scratch / "cache/stet", fs::perms::all);
  hash(settled());
  EXPECT_EQ(fs::status(scratch / "cache/stet").permissions(), fs::perms::owner_all) << "others wrote to it";
}

TEST(Fingerprint, ACacheThatCannotBeWrittenIsNoError) {
  const Scratch scratch;
  scratch.write("file", "");
  Counted hash;
  for (const std::string& folder :
       {(scratch / "file").string(), std::string("/proc/nowhere"), std::string("relative")}) {
    Scratch::set_cache(folder);
    const char* home = std::getenv("HOME");
    const std::string home_before = home ? home : "";
    ::setenv("HOME", folder.c_str(), 1);
    EXPECT_EQ(hash(settled()), sha256_hex("one"));
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
