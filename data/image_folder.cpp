#include "stet/data/image_folder.h"

#include <algorithm>
#include <mutex>

#include "stet/data/fingerprint.h"
#include "stet/data/png.h"
#include "stet/tensor/error.h"
#include "stet/tensor/float_env.h"
#include "stet/tensor/sha256.h"

namespace stet::data {
namespace fs = std::filesystem;

struct ImageFolder::State {
  fs::path folder;
  int channels;
  std::vector<std::string> classes;
  std::vector<fs::path> paths;
  std::vector<int64_t> labels;
  DatasetRecord record;
  std::once_flag fingerprinted;

  Tensor pixels(size_t i) const { return read_png(paths[i], {.channels = channels}); }
};

namespace {

bool is_png(const fs::path& path) {
  std::string suffix = path.extension().string();
  std::transform(suffix.begin(), suffix.end(), suffix.begin(), [](unsigned char c) { return c | 0x20; });
  return suffix == ".png";
}

// Folders or, at any depth, images below a folder, in byte order.
std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory() && !entry.path().filename().string().starts_with('.')) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<fs::path> images_in(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && is_png(entry.path())) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end(), [](const fs::path& a, const fs::path& b) { return a.string() < b.string(); });
  return found;
}

// What tells these versions of files from others, where none was changed just now; else empty. The cache's own key has
// a line a file, which is too long for many.
std::string versions_key(const std::vector<FileVersion>& versions) {
  Sha256 hash;
  for (const auto& [path, at] : versions) {
    if (!is_settled(std::max(at.mtime_ns, at.ctime_ns))) return "";
    hash.update(path).update("\n").update(at.device).update(at.inode).update(static_cast<uint64_t>(at.size));
    hash.update(static_cast<uint64_t>(at.mtime_ns)).update(static_cast<uint64_t>(at.ctime_ns));
  }
  return hash.hex();
}

}  // namespace

ImageFolder::ImageFolder(const fs::path& folder, const ImageFolderOptions& options)
    : state_(std::make_shared<State>()) {
  State& s = *state_;
  s.folder = folder;
  s.channels = options.channels;
  try {
    for (const fs::path& of_class : folders_in(folder)) {
      const std::vector<fs::path> images = images_in(of_class);
      if (images.empty()) raise<DataError>("data: {}: no PNG file is in it, or below it", of_class.string());
      s.labels.resize(s.labels.size() + images.size(), static_cast<int64_t>(s.classes.size()));
      s.classes.push_back(of_class.filename().string());
      s.paths.insert(s.paths.end(), images.begin(), images.end());
    }
  } catch (const fs::filesystem_error& error) {
    raise<DataError>("data: {}: {}", error.path1().string(), error.code().message());
  }
  if (s.paths.empty()) raise<DataError>("data: {}: has no subfolder; images lie in one a class", folder.string());
  s.record.name = options.name.empty() ? fs::absolute(folder).lexically_normal().filename().string() : options.name;
  s.record.samples = size();
  if (recorder()) announce(record());
}

int64_t ImageFolder::size() const { return static_cast<int64_t>(state_->paths.size()); }

const std::vector<std::string>& ImageFolder::classes() const { return state_->classes; }

Tensor ImageFolder::labels() const { return Tensor::from(state_->labels); }

const fs::path& ImageFolder::path(int64_t i) const {
  if (i < 0 || i >= size()) raise("data: {}: sample {} is outside 0 … {}", state_->record.name, i, size() - 1);
  return state_->paths[static_cast<size_t>(i)];
}

std::array<Tensor, 2> ImageFolder::get(int64_t i) const {
  const ContractFloatEnv env;
  path(i);
  const Tensor pixels = state_->pixels(static_cast<size_t>(i));
  Tensor x = Tensor::uninitialized(pixels.shape(), DType::float32);
  const auto* from = pixels.data_as<uint8_t>();
  auto* to = x.mutable_data_as<float>();
  for (int64_t k = 0; k < x.elements(); ++k) to[k] = static_cast<float>(from[k]) / 255.0f;
  return {std::move(x), Tensor(state_->labels[static_cast<size_t>(i)])};
}

DatasetRecord ImageFolder::record() const {
  State& s = *state_;
  std::call_once(s.fingerprinted, [&] {
    std::vector<FileVersion> versions;
    std::vector<FileFingerprint> files;
    for (const fs::path& path : s.paths) {
      const FileBytes file = read_file(path);
      versions.push_back(file.version);
      files.push_back({file.version.path, static_cast<int64_t>(file.bytes.size()), sha256_hex(file.bytes)});
    }
    const auto compute = [&] {
      Sha256 hash;
      for (size_t i = 0; i < s.paths.size(); ++i) {
        const Tensor sample[] = {s.pixels(i), Tensor(s.labels[i])};
        hash.update(samples_sha256(sample));
      }
      return hash.hex();
    };
    const std::string key = versions_key(versions);
    s.record.samples_sha256 =
        key.empty() ? compute() : remembered(fmt::format("image folder 1, {}, {}", s.channels, key), {}, compute);
    s.record.files = std::move(files);  // whole, where an image that can't be read lets it be asked again
  });
  return s.record;
}

}  // namespace stet::data
