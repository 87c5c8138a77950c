#include "stet/data/fingerprint.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <optional>

#include "stet/tensor/error.h"
#include "stet/tensor/sha256.h"

namespace stet::data {
namespace fs = std::filesystem;
namespace {

static_assert(std::endian::native == std::endian::little, "elements are hashed as they lie in memory");

constexpr std::string_view kFormat = "stet-fingerprint 1";

bool wants_fresh() {
  const char* value = std::getenv("STET_FRESH_FINGERPRINTS");
  return value != nullptr && std::string_view(value) == "1";
}

bool may_be_remembered(const FileVersion& file) { return is_settled(file.identity.mtime_ns); }

// Everything that the value depends on; the cached file begins with it.
std::string cache_key(std::string_view what, const std::vector<FileVersion>& files) {
  std::string key = fmt::format("{}\n{}\n", kFormat, what);
  for (const FileVersion& f : files) key += fmt::format("{} {} {}\n", f.identity.size, f.identity.mtime_ns, f.path);
  return key;
}

// A newer version of the files replaces the older one's entry.
fs::path cache_file(std::string_view what, const std::vector<FileVersion>& files) {
  const fs::path folder = cache_folder();
  if (folder.empty()) return {};
  Sha256 name;
  name.update(what);
  for (const FileVersion& f : files) name.update("\n").update(f.path);
  return folder / "fingerprints" / name.hex();
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::optional<std::string> look_up(const fs::path& path, const std::string& key) {
  try {
    const std::string entry = read_file(path).bytes;
    if (!entry.starts_with(key) || !entry.ends_with('\n')) return std::nullopt;
    const std::string value = entry.substr(key.size(), entry.size() - key.size() - 1);
    if (is_sha256(value)) return value;
  } catch (const DataError&) {}
  return std::nullopt;
}

void keep(const fs::path& path, const std::string& key, const std::string& value) {
  try {
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    if (!error) write_file_atomically(path, key + value + "\n");
  } catch (const IoError&) {}
}

}  // namespace

std::string samples_sha256(std::span<const Tensor> tensors) {
  Sha256 hash;
  for (const Tensor& t : tensors) {
    hash.update(name_of(t.dtype())).update("\n").update(static_cast<uint64_t>(t.rank()));
    for (int64_t extent : t.shape()) hash.update(static_cast<uint64_t>(extent));
    const Tensor host = contiguous(t.to(cpu));
    hash.update(host.data(), static_cast<size_t>(host.elements()) * size_of(host.dtype()));
  }
  return hash.hex();
}

FileFingerprint fingerprint(const FileBytes& file) {
  return {file.version.path, static_cast<int64_t>(file.bytes.size()),
          remembered("file", {file.version}, [&] { return sha256_hex(file.bytes); })};
}

FileFingerprint fingerprint(const fs::path& path) { return fingerprint(read_file(path)); }

std::string remembered(std::string_view what, const std::vector<FileVersion>& files,
                       const std::function<std::string()>& compute) {
  const fs::path path = cache_file(what, files);
  const std::string key = cache_key(what, files);
  if (!path.empty() && !wants_fresh()) {
    if (const auto value = look_up(path, key)) return *value;
  }
  std::string value = compute();
  if (!path.empty() && std::all_of(files.begin(), files.end(), may_be_remembered)) keep(path, key, value);
  return value;
}

void announce(const DatasetRecord& record) {
  if (Recorder* r = recorder()) r->dataset(record);
}

}  // namespace stet::data
