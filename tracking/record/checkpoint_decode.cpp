#include <algorithm>
#include <cstring>

#include "stet/tensor/error.h"
#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/checkpoint_format.h"
#include "stet/tracking/record/hdf5_reader.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

class Decoder {
 public:
  Decoder(const std::string& name, Checkpoint& out) : name_(name), out_(out) {}

  void read_all(hdf5::Tree tree) {
    for (const hdf5::Dataset& dataset : tree.datasets) {
      if (dataset.kind == "scalar") add_scalar(dataset);
      else out_.tensors.push_back(tensor_of(dataset, format::kind_named(dataset.kind, where(dataset.path))));
    }
    for (hdf5::Link& link : tree.links) out_.aliases.push_back({std::move(link.path), std::move(link.target)});
    sort_by_path(out_.tensors);
    sort_by_path(out_.scalars);
    sort_by_path(out_.aliases);
  }

 private:
  void add_scalar(const hdf5::Dataset& dataset) {
    if (!dataset.shape.empty())
      raise<DataError>("{}: has {} axes, and a scalar has none", where(dataset.path), dataset.shape.size());
    const ScalarValue value = scalar_of(dataset);
    const bool step = dataset.path == "stet/step", tick = dataset.path == "stet/tick";
    if (!step && !tick) return out_.scalars.push_back({dataset.path, value});
    if (step ? value != ScalarValue(out_.step) : value != ScalarValue(out_.tick))
      raise<DataError>("{}: is not what the file begins with", where(dataset.path));
  }

  ScalarValue scalar_of(const hdf5::Dataset& dataset) const {
    switch (dataset.type) {
      case hdf5::Type::float64: return value_of<double>(dataset);
      case hdf5::Type::int64: return value_of<int64_t>(dataset);
      case hdf5::Type::uint64: return value_of<uint64_t>(dataset);
      case hdf5::Type::boolean: return truth_of(dataset, dataset.data[0]);
      case hdf5::Type::string: {
        std::string text(reinterpret_cast<const char*>(dataset.data.data()), dataset.data.size());
        return text == std::string(1, '\0') ? std::string() : text;
      }
      default: raise<DataError>("{}: a scalar of a type that this program does not know", where(dataset.path));
    }
  }

  TensorEntry tensor_of(const hdf5::Dataset& dataset, TensorKind kind) const {
    TensorEntry entry{dataset.path, kind, dtype_of_file(dataset), dataset.shape, {}, {}};
    if (entry.dtype == DType::boolean) {
      for (const std::byte b : dataset.data) truth_of(dataset, b);
    }
    std::shared_ptr<std::byte[]> data(new std::byte[dataset.data.size()]);
    if (!dataset.data.empty()) std::memcpy(data.get(), dataset.data.data(), dataset.data.size());
    entry.data = {data.get(), dataset.data.size()};
    entry.owner = std::move(data);
    return entry;
  }

  DType dtype_of_file(const hdf5::Dataset& dataset) const {
    switch (dataset.type) {
      case hdf5::Type::float32: return DType::float32;
      case hdf5::Type::float64: return DType::float64;
      case hdf5::Type::int32: return DType::int32;
      case hdf5::Type::int64: return DType::int64;
      case hdf5::Type::uint8: return DType::uint8;
      case hdf5::Type::boolean: return DType::boolean;
      default: raise<DataError>("{}: its element type is no tensor's", where(dataset.path));
    }
  }

  template <class T> static T value_of(const hdf5::Dataset& dataset) {
    T value;
    std::memcpy(&value, dataset.data.data(), sizeof value);
    return value;
  }

  bool truth_of(const hdf5::Dataset& dataset, std::byte value) const {
    if (value > std::byte{1}) raise<DataError>("{}: holds {} where 0 or 1 is meant", where(dataset.path), int(value));
    return value == std::byte{1};
  }

  template <class Entry> void sort_by_path(std::vector<Entry>& entries) const {
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    const auto twice = std::adjacent_find(entries.begin(), entries.end(),
                                          [](const auto& a, const auto& b) { return a.path == b.path; });
    if (twice != entries.end()) raise<DataError>("{}: is there twice", where(twice->path));
  }

  std::string where(const std::string& path) const { return name_ + ": " + printable(path); }

  const std::string& name_;
  Checkpoint& out_;
};

}  // namespace

void check_whole(std::span<const std::byte> bytes, const std::string& name) { format::read_block(bytes, name); }

Checkpoint decode(std::span<const std::byte> bytes, const std::string& name) {
  format::Position position = format::read_block(bytes, name);
  Checkpoint checkpoint;
  checkpoint.step = position.step;
  checkpoint.tick = position.tick;
  checkpoint.log = position.log;
  Decoder(name, checkpoint).read_all(hdf5::read_tree(bytes, format::kBlockSize, name));
  return checkpoint;
}

}  // namespace stet::tracking
