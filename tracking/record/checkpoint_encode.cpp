#include <algorithm>
#include <cstring>
#include <limits>
#include <set>

#include "stet/tensor/error.h"
#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/checkpoint_format.h"
#include "stet/tracking/record/hdf5_handle.h"
#include "stet/tracking/record/hdf5_reader.h"

namespace stet::tracking {
namespace {

// Every path once, none a folder of another: what HDF5's tree can hold.
void check_paths(const Checkpoint& checkpoint) {
  std::set<std::string> values = {"stet/step", "stet/tick"}, folders;
  auto add = [&](const std::string& path) {
    // HDF5 takes "." for the folder that it stands in.
    const std::string within = "/" + path + "/";
    const bool odd = within.find("//") != std::string::npos || within.find("/./") != std::string::npos ||
                     path.find('\0') != std::string::npos;
    if (odd) raise("checkpoint: '{}' is no path such as net/in/weight", path);
    if (std::count(path.begin(), path.end(), '/') > hdf5::kDepthLimit)
      raise("checkpoint: '{}' lies in more than {} others; nest less deeply", path, hdf5::kDepthLimit);
    if (!values.insert(path).second)
      raise("checkpoint: two entries have the path '{}'; give them different names", path);
    for (size_t at = path.find('/'); at != std::string::npos; at = path.find('/', at + 1))
      folders.insert(path.substr(0, at));
  };
  for (const auto& entry : checkpoint.tensors) add(entry.path);
  for (const auto& entry : checkpoint.scalars) add(entry.path);
  for (const auto& entry : checkpoint.aliases) add(entry.path);
  for (const std::string& path : values) {
    if (folders.contains(path))
      raise("checkpoint: '{}' names both a value and what holds others; rename one of them", path);
  }
}

void check_tensor(const TensorEntry& entry) {
  size_t count = 1;
  for (int64_t n : entry.shape) {
    if (n < 0) raise("checkpoint: {} has an axis of {} elements", entry.path, n);
    count *= static_cast<size_t>(n);
  }
  if (entry.shape.size() > H5S_MAX_RANK)
    raise("checkpoint: {} has {} axes; at most {}", entry.path, entry.shape.size(), H5S_MAX_RANK);
  if (count * size_of(entry.dtype) != entry.data.size()) {
    raise("checkpoint: {} has {} bytes, its shape and dtype take {}", entry.path, entry.data.size(),
          count * size_of(entry.dtype));
  }
}

template <class Entry> std::vector<const Entry*> by_path(const std::vector<Entry>& entries) {
  std::vector<const Entry*> sorted;
  for (const Entry& entry : entries) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(), [](auto* a, auto* b) { return a->path < b->path; });
  return sorted;
}

class Encoder {
 public:
  Encoder() {
    check_hdf5(H5Pset_create_intermediate_group(links_, 1), name_, "make groups");
    for (hid_t list : {static_cast<hid_t>(plain_), static_cast<hid_t>(compact_)}) {
      check_hdf5(H5Pset_obj_track_times(list, false), name_, "leave times out");
      check_hdf5(H5Pset_fill_time(list, H5D_FILL_TIME_NEVER), name_, "leave fill values out");
    }
    check_hdf5(H5Pset_layout(compact_, H5D_COMPACT), name_, "set a layout");
  }

  void add(const TensorEntry& entry) {
    std::vector<hsize_t> shape(entry.shape.begin(), entry.shape.end());
    Hdf5Space space(
        shape.empty() ? H5Screate(H5S_SCALAR) : H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr),
        entry.path, "make its shape");
    Hdf5Type type = file_type(entry.dtype);
    Hdf5Dataset dataset = make(entry.path, type, space, plain_);
    if (!entry.data.empty()) write(dataset, type, entry.data.data(), entry.path);
    mark(dataset, format::name_of(entry.kind), entry.path);
  }

  void add(const std::string& path, const ScalarValue& value) {
    Hdf5Space space(H5Screate(H5S_SCALAR), path, "make a scalar");
    std::visit([&](const auto& v) { add_scalar(path, space, v); }, value);
  }

  void link(const AliasEntry& alias) {
    check_hdf5(H5Lcreate_soft(("/" + alias.target).c_str(), file_, alias.path.c_str(), links_, H5P_DEFAULT), alias.path,
               "make the alias");
  }

  // The file with its user block, still empty.
  std::string image() {
    check_hdf5(H5Fflush(file_, H5F_SCOPE_GLOBAL), name_, "finish the file");
    ssize_t size = check_hdf5(H5Fget_file_image(file_, nullptr, 0), name_, "measure the file");
    std::string bytes(format::kBlockSize + static_cast<size_t>(size), '\0');  // the image leaves the user block out
    check_hdf5(H5Fget_file_image(file_, bytes.data() + format::kBlockSize, static_cast<size_t>(size)), name_,
               "give the file");
    return bytes;
  }

 private:
  static Hdf5List core_access() {
    Hdf5List access(H5Pcreate(H5P_FILE_ACCESS), "checkpoint", "make a list");
    check_hdf5(H5Pset_fapl_core(access, size_t{1} << 24, false), "checkpoint", "work in memory");
    // The layout that hdf5_reader.h reads, whatever a newer library would choose.
    check_hdf5(H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST), "checkpoint", "choose a layout");
    return access;
  }

  static Hdf5List creation() {
    Hdf5List list(H5Pcreate(H5P_FILE_CREATE), "checkpoint", "make a list");
    check_hdf5(H5Pset_userblock(list, format::kBlockSize), "checkpoint", "reserve the user block");
    return list;
  }

  template <class T> void add_scalar(const std::string& path, hid_t space, const T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      if (value.find('\0') != std::string::npos) raise("checkpoint: {} is a string with a zero byte in it", path);
      Hdf5Type type(H5Tcopy(H5T_C_S1), path, "make a string type");
      check_hdf5(H5Tset_size(type, std::max<size_t>(value.size(), 1)), path, "make a string type");
      check_hdf5(H5Tset_strpad(type, H5T_STR_NULLPAD), path, "make a string type");
      check_hdf5(H5Tset_cset(type, H5T_CSET_UTF8), path, "make a string type");
      // A compact dataset has to fit an object header of 64 KiB.
      Hdf5Dataset dataset = make(path, type, space, value.size() < 4096 ? compact_ : plain_);
      write(dataset, type, value.c_str(), path);
      mark(dataset, "scalar", path);
    } else {
      Hdf5Type type = scalar_type<T>();
      Hdf5Dataset dataset = make(path, type, space, compact_);
      write(dataset, type, &value, path);
      mark(dataset, "scalar", path);
    }
  }

  template <class T> static Hdf5Type scalar_type() {
    if constexpr (std::is_same_v<T, bool>) return file_type(DType::boolean);
    if constexpr (std::is_same_v<T, double>) return file_type(DType::float64);
    if constexpr (std::is_same_v<T, int64_t>) return file_type(DType::int64);
    return Hdf5Type(H5Tcopy(H5T_STD_U64LE), "checkpoint", "make a type");
  }

  Hdf5Dataset make(const std::string& path, hid_t type, hid_t space, hid_t layout) {
    return Hdf5Dataset(H5Dcreate2(file_, path.c_str(), type, space, links_, layout, H5P_DEFAULT), path,
                       "make the dataset");
  }

  static void write(hid_t dataset, hid_t type, const void* data, const std::string& path) {
    check_hdf5(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), path, "write the dataset");
  }

  static void mark(hid_t dataset, const char* kind, const std::string& path) {
    Hdf5Space space(H5Screate(H5S_SCALAR), path, "make an attribute");
    Hdf5Type type(H5Tcopy(H5T_C_S1), path, "make an attribute");
    check_hdf5(H5Tset_size(type, std::strlen(kind)), path, "make an attribute");
    check_hdf5(H5Tset_strpad(type, H5T_STR_NULLPAD), path, "make an attribute");
    Hdf5Attribute attribute(H5Acreate2(dataset, format::kKindAttribute, type, space, H5P_DEFAULT, H5P_DEFAULT), path,
                            "make an attribute");
    check_hdf5(H5Awrite(attribute, type, kind), path, "write an attribute");
  }

  const std::string name_ = "checkpoint";
  Hdf5List links_{H5Pcreate(H5P_LINK_CREATE), name_, "make a list"};
  Hdf5List plain_{H5Pcreate(H5P_DATASET_CREATE), name_, "make a list"};
  Hdf5List compact_{H5Pcreate(H5P_DATASET_CREATE), name_, "make a list"};
  Hdf5List access_ = core_access();
  Hdf5List creation_ = creation();
  Hdf5File file_{H5Fcreate("checkpoint", H5F_ACC_TRUNC, creation_, access_), name_, "begin a file in memory"};
};

}  // namespace

std::string encode(const Checkpoint& checkpoint) {
  check_paths(checkpoint);
  Hdf5Session session;
  Encoder encoder;
  for (const TensorEntry* entry : by_path(checkpoint.tensors)) {
    check_tensor(*entry);
    encoder.add(*entry);
  }
  for (const ScalarEntry* entry : by_path(checkpoint.scalars)) encoder.add(entry->path, entry->value);
  encoder.add("stet/step", checkpoint.step);
  encoder.add("stet/tick", checkpoint.tick);
  for (const AliasEntry* alias : by_path(checkpoint.aliases)) encoder.link(*alias);
  std::string bytes = encoder.image();
  format::write_block(bytes, {checkpoint.step, checkpoint.tick, checkpoint.log});
  return bytes;
}

}  // namespace stet::tracking
