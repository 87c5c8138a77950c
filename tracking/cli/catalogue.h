// Data sets that `stet data` knows: where their files come from, and what they must be.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace stet::tracking::cli {

struct RemoteFile {
  std::string name;
  std::string algorithm, digest;     ///< "sha256" or "md5", in hexadecimal
  int64_t bytes = 0;                 ///< exactly so many
  std::vector<std::string> from;     ///< addresses, tried one after another
  std::vector<std::string> members;  ///< of a .tar.gz: what is unpacked beside it, by its last name
};

struct RemoteDataset {
  std::string name, title, licence, home;
  std::vector<RemoteFile> files;
};

/// The data sets of a catalogue in JSON, docs/data.md says how, or Stet's own where `path` is empty. Throws DataError
/// naming the file and what is wrong with it.
std::vector<RemoteDataset> read_catalogue(const std::string& path);

}  // namespace stet::tracking::cli
