// HDF5's C identifiers as values that close themselves, and its errors as exceptions. Private to tracking/.
#pragma once

#include <hdf5.h>

#include <cfenv>
#include <mutex>
#include <string>
#include <utility>

#include "stet/tensor/error.h"

namespace stet::tracking {

/// Throws DataError "<where>: hdf5 can't <what>" for a negative result; returns it otherwise.
template <class Result> Result check_hdf5(Result result, const std::string& where, const char* what) {
  if (result < 0) raise<DataError>("{}: hdf5 can't {}", where, what);
  return result;
}

/// Owns an identifier. `Close` is H5Fclose, H5Dclose, …
template <herr_t (*Close)(hid_t)> class Hdf5Handle {
 public:
  Hdf5Handle(hid_t id, const std::string& where, const char* what) : id_(check_hdf5(id, where, what)) {}
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
  Hdf5Handle& operator=(Hdf5Handle&&) = delete;
  ~Hdf5Handle() {
    if (id_ >= 0) Close(id_);
  }
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
};

using Hdf5File = Hdf5Handle<H5Fclose>;
using Hdf5Dataset = Hdf5Handle<H5Dclose>;
using Hdf5Space = Hdf5Handle<H5Sclose>;
using Hdf5Type = Hdf5Handle<H5Tclose>;
using Hdf5List = Hdf5Handle<H5Pclose>;
using Hdf5Attribute = Hdf5Handle<H5Aclose>;

/// One thread at a time in HDF5, its own printing of errors off, and the system's default floating-point environment,
/// that of x87 too: HDF5 1.14 finds out by computing what numbers look like, long double among them, and reads past an
/// array where they are rounded otherwise. All until the end of the scope; every call of HDF5 stands in one.
class Hdf5Session {
 public:
  Hdf5Session() : lock_(mutex()) {
    std::fegetenv(&callers_env_);
    std::fesetenv(FE_DFL_ENV);
    H5open();
    H5Eget_auto2(H5E_DEFAULT, &print_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  Hdf5Session(const Hdf5Session&) = delete;
  Hdf5Session& operator=(const Hdf5Session&) = delete;
  ~Hdf5Session() {
    H5Eset_auto2(H5E_DEFAULT, print_, data_);
    std::fesetenv(&callers_env_);
  }

 private:
  static std::mutex& mutex() {
    static std::mutex one;
    return one;
  }
  std::lock_guard<std::mutex> lock_;
  std::fenv_t callers_env_;
  H5E_auto2_t print_ = nullptr;
  void* data_ = nullptr;
};

}  // namespace stet::tracking
