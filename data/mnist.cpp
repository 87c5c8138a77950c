#include "stet/data/mnist.h"

#include <optional>

#include "stet/data/fingerprint.h"
#include "stet/data/gzip.h"
#include "stet/data/idx.h"
#include "stet/tensor/error.h"

namespace stet::data {
namespace fs = std::filesystem;
namespace {

// The file of that name, or its .gz.
std::optional<fs::path> find(const fs::path& folder, const std::string& name) {
  for (const char* suffix : {"", ".gz"}) {
    fs::path path = folder / (name + suffix);
    std::error_code error;
    if (fs::exists(path, error)) return path;
  }
  return std::nullopt;
}

fs::path require(const fs::path& folder, const std::string& name) {
  if (auto path = find(folder, name)) return *path;
  raise<DataError>("data: {}: no such file, nor {}.gz", (folder / name).string(), name);
}

std::string choose(const fs::path& folder, MnistPart part) {
  if (part == MnistPart::train) return "train";
  if (part == MnistPart::test) return "t10k";
  std::error_code error;
  if (!fs::is_directory(folder, error)) raise<DataError>("data: {}: no such folder", folder.string());
  for (const char* name : {"train", "t10k"}) {
    for (const char* file : {"-images-idx3-ubyte", "-labels-idx1-ubyte"}) {
      if (find(folder, std::string(name) + file)) return name;
    }
  }
  raise<DataError>("data: {}: holds neither train-images-idx3-ubyte nor t10k-images-idx3-ubyte, plain or .gz",
                   folder.string());
}

Tensor read(const FileBytes& file, int rank, std::string_view what) {
  Tensor t = read_idx(file);
  if (t.dtype() != DType::uint8 || t.rank() != rank) {
    raise<DataError>("data: {}: holds {} {}, {} are uint8 of {} axes", file.name, name_of(t.dtype()),
                     t.shape().to_string(), what, rank);
  }
  return t;
}

Images read_set(const fs::path& folder, const MnistOptions& options, const char* set, const PixelScale& scale) {
  const std::string part = choose(folder, options.part);
  const FileBytes image_file = read_file(require(folder, part + "-images-idx3-ubyte"));
  const FileBytes label_file = read_file(require(folder, part + "-labels-idx1-ubyte"));
  const Tensor images = read(image_file, 3, "images");
  const Tensor labels = read(label_file, 1, "labels");
  if (images.size(0) != labels.size(0)) {
    raise<DataError>("data: {} has {} images, {} has {} labels", image_file.name, images.size(0), label_file.name,
                     labels.size(0));
  }
  const Tensor decoded[] = {images, labels};
  DatasetRecord record;
  record.name = options.name.empty() ? fmt::format("{}/{}", set, part) : options.name;
  record.files = {fingerprint(image_file), fingerprint(label_file)};
  record.samples = images.size(0);
  record.samples_sha256 =
      remembered("mnist samples 1", {image_file.version, label_file.version}, [&] { return samples_sha256(decoded); });
  announce(record);
  return Images(images, labels.to(DType::int64), std::move(record), {scale});
}

}  // namespace

Images mnist(const fs::path& folder, const MnistOptions& options) {
  return read_set(folder, options, "mnist", PixelScale());
}

Images fashion_mnist(const fs::path& folder, const MnistOptions& options) {
  return read_set(folder, options, "fashion-mnist", {.mean = 0.2860f, .deviation = 0.3530f});
}

}  // namespace stet::data
