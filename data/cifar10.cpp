#include "stet/data/cifar10.h"

#include <algorithm>
#include <cstring>

#include "stet/data/fingerprint.h"
#include "stet/tensor/error.h"

namespace stet::data {
namespace fs = std::filesystem;
namespace {

constexpr size_t kPixels = 3 * 32 * 32, kRecord = 1 + kPixels;

std::vector<std::string> file_names(Cifar10Part part) {
  if (part == Cifar10Part::test) return {"test_batch.bin"};
  std::vector<std::string> names;
  for (int i = 1; i <= 5; ++i) names.push_back(fmt::format("data_batch_{}.bin", i));
  return names;
}

void check(const FileBytes& file) {
  const size_t size = file.bytes.size();
  if (size == 0 || size % kRecord != 0) {
    raise<DataError>(
        "data: {}: {} bytes are no whole number of records of {}; is it cut, or not CIFAR-10's binary version?",
        file.name, size, kRecord);
  }
  for (size_t at = 0; at < size; at += kRecord) {
    const auto label = static_cast<uint8_t>(file.bytes[at]);
    if (label > 9)
      raise<DataError>("data: {}: record {} has label {}, labels are 0 to 9", file.name, at / kRecord, label);
  }
}

}  // namespace

Images cifar10(const fs::path& folder, const Cifar10Options& options) {
  DatasetRecord record;
  record.name = !options.name.empty()               ? options.name
                : options.part == Cifar10Part::test ? "cifar10/test"
                                                    : "cifar10/train";
  std::vector<FileBytes> files;
  std::vector<FileVersion> versions;
  for (const std::string& name : file_names(options.part)) {
    files.push_back(read_file(folder / name));
    check(files.back());
    versions.push_back(files.back().version);
    record.files.push_back(fingerprint(files.back()));
    record.samples += static_cast<int64_t>(files.back().bytes.size() / kRecord);
  }
  const Tensor images = Tensor::uninitialized({record.samples, 3, 32, 32}, DType::uint8);
  const Tensor labels = Tensor::uninitialized({record.samples}, DType::uint8);
  auto *pixels = images.mutable_data_as<uint8_t>(), *label = labels.mutable_data_as<uint8_t>();
  for (const FileBytes& file : files) {
    for (size_t at = 0; at < file.bytes.size(); at += kRecord, pixels += kPixels) {
      *label++ = static_cast<uint8_t>(file.bytes[at]);
      std::memcpy(pixels, file.bytes.data() + at + 1, kPixels);
    }
  }
  const Tensor decoded[] = {images, labels};
  record.samples_sha256 = remembered("cifar10 samples 1", versions, [&] { return samples_sha256(decoded); });
  announce(record);
  return Images(images, labels.to(DType::int64), std::move(record),
                {{0.4914f, 0.2470f}, {0.4822f, 0.2435f}, {0.4465f, 0.2616f}});
}

}  // namespace stet::data
