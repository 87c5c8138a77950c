// What the tests of data/ share.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "stet/tensor/recorder.h"
#include "stet/tensor/tensor.h"

namespace stet::data {

/// A folder of the test's own, removed after it; the user's cache folder is in it for as long.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "stet-data-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
    set_cache((path_ / "cache").string());
    ::unsetenv("STET_FRESH_FINGERPRINTS");
  }
  ~Scratch() {
    ::unsetenv("XDG_CACHE_HOME");
    std::filesystem::remove_all(path_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  static void set_cache(const std::string& folder) { ::setenv("XDG_CACHE_HOME", folder.c_str(), 1); }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

  std::filesystem::path write(const std::string& name, std::string_view bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

inline std::string bytes_of_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

inline std::string bytes_of(const Tensor& t) {
  const Tensor packed = contiguous(t);
  return {packed.data_as<char>(), static_cast<size_t>(packed.elements()) * size_of(packed.dtype())};
}

/// Keeps what data sets announce while it lives.
class Announcements : public Recorder {
 public:
  Announcements() : before_(install_recorder(this)) {}
  ~Announcements() override { install_recorder(before_); }
  void dataset(const DatasetRecord& record) override { records.push_back(record); }
  void loss(const Tensor&) override {}
  void training(const Stateful&, const std::vector<std::shared_ptr<CellState>>&) override {}

  std::vector<DatasetRecord> records;

 private:
  Recorder* before_;
};

/// A gzip member that holds the bytes.
std::string gzipped(std::string_view bytes);

}  // namespace stet::data
