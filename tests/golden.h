// Reads the HDF5 files of golden values, which the scripts beside them write.
#pragma once

#include <hdf5.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "stet/tensor/tensor.h"

namespace stet {

class Golden {
 public:
  explicit Golden(const std::string& name)
      : file_(H5Fopen((std::string(STET_SOURCE_DIR "/tests/golden/") + name).c_str(), H5F_ACC_RDONLY, H5P_DEFAULT)) {
    if (file_ < 0) throw std::runtime_error("no golden file " + name);
  }
  ~Golden() { H5Fclose(file_); }
  Golden(const Golden&) = delete;
  Golden& operator=(const Golden&) = delete;

  /// Of a group that is there.
  bool contains(const std::string& path) const { return H5Lexists(file_, path.c_str(), H5P_DEFAULT) > 0; }

  /// A data set as float64.
  Tensor operator()(const std::string& path) const {
    const hid_t set = H5Dopen(file_, path.c_str(), H5P_DEFAULT);
    if (set < 0) throw std::runtime_error("no golden values " + path);
    const hid_t space = H5Dget_space(set);
    std::vector<hsize_t> extents(static_cast<size_t>(H5Sget_simple_extent_ndims(space)));
    H5Sget_simple_extent_dims(space, extents.data(), nullptr);
    const Shape shape(std::vector<int64_t>(extents.begin(), extents.end()));
    std::vector<double> values(static_cast<size_t>(shape.elements()));
    const herr_t status = H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    H5Sclose(space);
    H5Dclose(set);
    if (status < 0) throw std::runtime_error("unreadable golden values " + path);
    return Tensor::from(values, shape);
  }

 private:
  hid_t file_;
};

}  // namespace stet
