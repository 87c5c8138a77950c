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

void announce(const DatasetRecord& record) {
  if (Recorder* r = recorder()) r->dataset(record);
}

}  // namespace stet::data
