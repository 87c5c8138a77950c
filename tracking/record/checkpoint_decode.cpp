#include <algorithm>
#include <exception>

#include "stet/tensor/error.h"
#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/checkpoint_format.h"
#include "stet/tracking/record/hdf5_handle.h"

namespace stet::tracking {
namespace {

class Decoder {
 public:
  Decoder(std::span<const std::byte> bytes, const std::string& name, Checkpoint& out)
      : name_(name),
        out_(out),
        access_(image_access(bytes, name)),
        file_(H5Fopen("checkpoint", H5F_ACC_RDONLY, access_), name, "open it") {}

  void read_all() {
    // By name, each object once under its own path: aliases are soft links, which a visit does not follow.
    herr_t result = H5Lvisit(file_, H5_INDEX_NAME, H5_ITER_INC, &Decoder::visit, this);
    if (error_) std::rethrow_exception(error_);
    check_hdf5(result, name_, "list its tensors");
  }

 private:
  static Hdf5List image_access(std::span<const std::byte> bytes, const std::string& name) {
    Hdf5List access(H5Pcreate(H5P_FILE_ACCESS), name, "make a list");
    check_hdf5(H5Pset_fapl_core(access, size_t{1} << 24, false), name, "work in memory");
    // HDF5 copies the image and does not write to ours.
    check_hdf5(H5Pset_file_image(access, const_cast<std::byte*>(bytes.data()), bytes.size()), name, "take the file");
    return access;
  }

  // Called from C, which no exception may cross.
  static herr_t visit(hid_t, const char* path, const H5L_info_t* link, void* self) {
    auto& decoder = *static_cast<Decoder*>(self);
    try {
      decoder.read_link(path, *link);
      return 0;
    } catch (...) {
      decoder.error_ = std::current_exception();
      return -1;
    }
  }

  void read_link(const std::string& path, const H5L_info_t& link) {
    if (link.type == H5L_TYPE_SOFT) {
      std::string target(link.u.val_size, '\0');
      check_hdf5(H5Lget_val(file_, path.c_str(), target.data(), target.size(), H5P_DEFAULT), where(path),
                 "read the alias");
      target.resize(target.find('\0'));
      out_.aliases.push_back({path, target.substr(1)});
      return;
    }
    // Asking for information by name takes other arguments from one version of HDF5 to the next; this doesn't.
    const Hdf5Object object(H5Oopen(file_, path.c_str(), H5P_DEFAULT), where(path), "look at it");
    if (H5Iget_type(object) == H5I_DATASET && path != "stet/step" && path != "stet/tick") read_dataset(path);
  }

  void read_dataset(const std::string& path) {
    Hdf5Dataset dataset(H5Dopen2(file_, path.c_str(), H5P_DEFAULT), where(path), "open it");
    Hdf5Type type(H5Dget_type(dataset), where(path), "read its type");
    std::string kind = read_kind(dataset, path);
    if (kind == "scalar") {
      out_.scalars.push_back({path, read_scalar(dataset, type, path)});
    } else {
      out_.tensors.push_back(read_tensor(dataset, type, path, format::kind_named(kind, where(path))));
    }
  }

  std::string read_kind(hid_t dataset, const std::string& path) {
    Hdf5Attribute attribute(H5Aopen(dataset, format::kKindAttribute, H5P_DEFAULT), where(path), "find its kind");
    Hdf5Type type(H5Aget_type(attribute), where(path), "read its kind");
    std::string kind(H5Tget_size(type), '\0');
    check_hdf5(H5Aread(attribute, type, kind.data()), where(path), "read its kind");
    return kind;
  }

  ScalarValue read_scalar(hid_t dataset, hid_t type, const std::string& path) {
    if (H5Tget_class(type) == H5T_STRING) {
      std::string value(H5Tget_size(type), '\0');
      read(dataset, type, value.data(), path);
      return value == std::string(1, '\0') ? std::string() : value;
    }
    if (H5Tequal(type, H5T_STD_U64LE) > 0) return read_value<uint64_t>(dataset, type, path);
    switch (dtype_of_file(type, path)) {
      case DType::float64: return read_value<double>(dataset, type, path);
      case DType::int64: return read_value<int64_t>(dataset, type, path);
      case DType::boolean: return read_value<int8_t>(dataset, type, path) != 0;
      default: raise<DataError>("{}: a scalar of a type that this program does not know", where(path));
    }
  }

  TensorEntry read_tensor(hid_t dataset, hid_t type, const std::string& path, TensorKind kind) {
    Hdf5Space space(H5Dget_space(dataset), where(path), "read its shape");
    std::vector<hsize_t> shape(
        static_cast<size_t>(check_hdf5(H5Sget_simple_extent_ndims(space), where(path), "read its shape")));
    check_hdf5(H5Sget_simple_extent_dims(space, shape.data(), nullptr), where(path), "read its shape");
    TensorEntry entry{path, kind, dtype_of_file(type, path), {shape.begin(), shape.end()}, {}, {}};
    size_t size = size_of(entry.dtype);
    for (hsize_t n : shape) size *= n;
    std::shared_ptr<std::byte[]> data(new std::byte[size]);
    if (size > 0) read(dataset, type, data.get(), path);
    entry.data = {data.get(), size};
    entry.owner = std::move(data);
    return entry;
  }

  DType dtype_of_file(hid_t type, const std::string& path) const {
    for (DType dtype : {DType::float32, DType::float64, DType::int32, DType::int64, DType::uint8, DType::boolean}) {
      if (H5Tequal(type, file_type(dtype)) > 0) return dtype;
    }
    raise<DataError>("{}: its element type is none that this program knows", where(path));
  }

  template <class T> T read_value(hid_t dataset, hid_t type, const std::string& path) {
    T value{};
    read(dataset, type, &value, path);
    return value;
  }

  void read(hid_t dataset, hid_t type, void* data, const std::string& path) const {
    check_hdf5(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), where(path), "read it");
  }

  std::string where(const std::string& path) const { return name_ + ": " + path; }

  const std::string& name_;
  Checkpoint& out_;
  Hdf5List access_;
  Hdf5File file_;
  std::exception_ptr error_;
};

}  // namespace

void check_whole(std::span<const std::byte> bytes, const std::string& name) { format::read_block(bytes, name); }

Checkpoint decode(std::span<const std::byte> bytes, const std::string& name) {
  format::Position position = format::read_block(bytes, name);
  Checkpoint checkpoint;
  checkpoint.step = position.step;
  checkpoint.tick = position.tick;
  checkpoint.log = position.log;
  Hdf5Session session;
  Decoder(bytes, name, checkpoint).read_all();
  auto by_path = [](const auto& a, const auto& b) { return a.path < b.path; };
  std::sort(checkpoint.tensors.begin(), checkpoint.tensors.end(), by_path);
  std::sort(checkpoint.scalars.begin(), checkpoint.scalars.end(), by_path);
  std::sort(checkpoint.aliases.begin(), checkpoint.aliases.end(), by_path);
  return checkpoint;
}

}  // namespace stet::tracking
