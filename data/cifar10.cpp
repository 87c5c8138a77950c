#include "stet/data/cifar10.h"

#include <cstring>
#include <utility>
#include <vector>

#include "stet/data/fingerprint.h"
#include "stet/tensor/error.h"

namespace stet::data {
namespace fs = std::filesystem;
namespace {

constexpr size_t kPixels = 3 * 32 * 32;

// What a set's files hold: labels of so many kinds each, one of which is taken, then the pixels.
struct Format {
  const char* set;
  std::vector<int> kinds;
  size_t label;
  std::vector<PixelScale> scales;

  size_t record() const { return kinds.size() + kPixels; }
};

std::vector<std::string> file_names(Cifar10Part part) {
  if (part == Cifar10Part::test) return {"test_batch.bin"};
  std::vector<std::string> names;
  for (int i = 1; i <= 5; ++i) names.push_back(fmt::format("data_batch_{}.bin", i));
  return names;
}

void check(const FileBytes& file, const Format& format) {
  const size_t size = file.bytes.size();
  if (size == 0 || size % format.record() != 0) {
    raise<DataError>("data: {}: {} bytes are no whole number of records of {}; is it cut, or not {}'s binary version?",
                     file.name, size, format.record(), format.set);
  }
  for (size_t at = 0; at < size; at += format.record()) {
    for (size_t k = 0; k < format.kinds.size(); ++k) {
      const auto label = static_cast<uint8_t>(file.bytes[at + k]);
      if (label >= format.kinds[k])
        raise<DataError>("data: {}: record {} has label {}, labels are 0 to {}", file.name, at / format.record(), label,
                         format.kinds[k] - 1);
    }
  }
}

Images read(const fs::path& folder, const std::vector<std::string>& names, const Format& format, std::string name,
            const char* remembered_as) {
  DatasetRecord record;
  record.name = std::move(name);
  std::vector<FileBytes> files;
  std::vector<FileVersion> versions;
  for (const std::string& file : names) {
    files.push_back(read_file(folder / file));
    check(files.back(), format);
    versions.push_back(files.back().version);
    record.files.push_back(fingerprint(files.back()));
    record.samples += static_cast<int64_t>(files.back().bytes.size() / format.record());
  }
  const Tensor images = Tensor::uninitialized({record.samples, 3, 32, 32}, DType::uint8);
  const Tensor labels = Tensor::uninitialized({record.samples}, DType::uint8);
  auto *pixels = images.mutable_data_as<uint8_t>(), *label = labels.mutable_data_as<uint8_t>();
  for (const FileBytes& file : files) {
    for (size_t at = 0; at < file.bytes.size(); at += format.record(), pixels += kPixels) {
      *label++ = static_cast<uint8_t>(file.bytes[at + format.label]);
      std::memcpy(pixels, file.bytes.data() + at + format.kinds.size(), kPixels);
    }
  }
  const Tensor decoded[] = {images, labels};
  record.samples_sha256 = remembered(remembered_as, versions, [&] { return samples_sha256(decoded); });
  announce(record);
  return Images(images, labels.to(DType::int64), std::move(record), format.scales);
}

std::string name_of_part(const std::string& name, const char* set, Cifar10Part part) {
  if (!name.empty()) return name;
  return fmt::format("{}/{}", set, part == Cifar10Part::test ? "test" : "train");
}

}  // namespace

Images cifar10(const fs::path& folder, const Cifar10Options& options) {
  const Format format{"CIFAR-10", {10}, 0, {{0.4914f, 0.2470f}, {0.4822f, 0.2435f}, {0.4465f, 0.2616f}}};
  return read(folder, file_names(options.part), format, name_of_part(options.name, "cifar10", options.part),
              "cifar10 samples 1");
}

Images cifar100(const fs::path& folder, const Cifar100Options& options) {
  const bool fine = options.labels == Cifar100Labels::fine;
  const Format format{
      "CIFAR-100", {20, 100}, fine ? 1u : 0u, {{0.5071f, 0.2675f}, {0.4867f, 0.2565f}, {0.4408f, 0.2761f}}};
  return read(folder, {options.part == Cifar10Part::test ? "test.bin" : "train.bin"}, format,
              name_of_part(options.name, "cifar100", options.part),
              fine ? "cifar100 samples 1" : "cifar100 coarse samples 1");
}

}  // namespace stet::data
