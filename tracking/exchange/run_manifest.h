// What of a run is copied.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "stet/tracking/exchange/store.h"

namespace stet::tracking::record {
class RunRecord;
}

namespace stet::tracking {

struct ManifestFile {
  std::string path;  ///< below the run
  int64_t size = 0;
  std::string sha256;  ///< as it was sealed; empty: it was not
};

/// A run as it is in a store. Only what a run consists of is part of it: no link, no device, no file of other names.
struct RunManifest {
  std::string name;         ///< of its folder
  std::string record_text;  ///< run.json
  std::shared_ptr<const record::RunRecord> record;
  std::vector<ManifestFile> files;   ///< all but run.json, notes and lock, the log's segments last
  std::vector<std::string> folders;  ///< that they lie in, each after the one that it is in
  std::vector<ManifestFile> notes;
  std::set<std::string> programs;     ///< kept files, by SHA-256
  std::vector<std::string> left_out;  ///< what lies there and is no part of a run: a line each
  std::string version;                ///< 16 hexadecimal digits: those of equal runs are equal

  int64_t log_bytes() const;
  /// Is a file of these bytes, as they were sealed, in it under that name?
  bool holds(const ManifestFile& file) const;
};

/// Reads a run's record and looks at its files. Throws DataError and IoError.
RunManifest read_manifest(Store& store, const std::string& run);

/// How one state of a run is to another of it.
enum class Relation : uint8_t {
  same,
  later,    ///< it went on from there
  earlier,  ///< the other went on from it
  parted,   ///< neither is what the other went on from
};
Relation relation(const RunManifest& run, const RunManifest& other);

}  // namespace stet::tracking
