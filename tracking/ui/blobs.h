// The bytes of logged images and texts. A log is read once for all of a run's, which a page asks for one after another.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "stet/tracking/reading/log_view.h"
#include "stet/tracking/record/folder.h"

namespace stet::tracking::ui {

struct Blob {
  LoggedMedium::Kind kind = LoggedMedium::Kind::text;
  std::string bytes;  ///< empty where too many were held already
};
/// By name and step; of several of one step the last.
using Blobs = std::map<std::pair<std::string, int64_t>, Blob>;

/// A run's images and texts, `most_bytes` of them.
Blobs read_blobs(const Path& run, size_t most_bytes);
/// One of them. Empty where there is none.
std::string read_blob(const Path& run, const std::string& name, int64_t step);

/// Those of the runs that were asked for last. Any thread may ask.
class BlobCache {
 public:
  std::shared_ptr<const Blobs> of(const std::string& run, uint64_t generation, const std::function<Blobs()>& read);

 private:
  struct Kept {
    std::string run;
    uint64_t generation;
    std::shared_ptr<const Blobs> blobs;
  };
  std::mutex mutex_;
  std::list<Kept> kept_;  // the last asked for first
};

}  // namespace stet::tracking::ui
