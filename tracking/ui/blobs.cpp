#include "stet/tracking/ui/blobs.h"

#include "stet/tracking/reading/logged_value.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/event_log.h"

namespace stet::tracking::ui {
namespace {

constexpr size_t kMostBlobs = 3;

// Calls use(name, step, kind, bytes) for each image and text of a log.
template <class F> void for_each_blob(const Path& run, const F& use) {
  EventReader reader(run);
  for (record::Event event; reader.next(event);) {
    for (const auto& value : event.summary().value()) {
      if (!value.has_tensor()) continue;
      const LoggedMedium::Kind kind = kind_of(value);
      const int part = kind == LoggedMedium::Kind::image ? 2 : 0;
      const bool fits = kind == LoggedMedium::Kind::image || kind == LoggedMedium::Kind::text;
      if (fits && value.tensor().string_val_size() > part)
        use(tag_of(value), event.step(), kind, value.tensor().string_val(part));
    }
  }
}

}  // namespace

Blobs read_blobs(const Path& run, size_t most_bytes) {
  Blobs all;
  size_t held = 0;
  for_each_blob(run, [&](std::string name, int64_t step, LoggedMedium::Kind kind, const std::string& bytes) {
    const bool holds = held + bytes.size() <= most_bytes;
    if (holds) held += bytes.size();
    all[{std::move(name), step}] = {kind, holds ? bytes : std::string()};
  });
  return all;
}

std::string read_blob(const Path& run, const std::string& name, int64_t step) {
  std::string found;
  for_each_blob(run, [&](const std::string& n, int64_t s, LoggedMedium::Kind, const std::string& bytes) {
    if (n == name && s == step) found = bytes;
  });
  return found;
}

std::shared_ptr<const Blobs> BlobCache::of(const std::string& run, uint64_t generation,
                                           const std::function<Blobs()>& read) {
  const std::lock_guard guard(mutex_);  // who asks for the same waits, and finds it
  for (auto at = kept_.begin(); at != kept_.end(); ++at) {
    if (at->run != run || at->generation != generation) continue;
    kept_.splice(kept_.begin(), kept_, at);
    return kept_.front().blobs;
  }
  auto blobs = std::make_shared<const Blobs>(read());
  std::erase_if(kept_, [&](const Kept& kept) { return kept.run == run; });
  kept_.push_front({run, generation, blobs});
  if (kept_.size() > kMostBlobs) kept_.pop_back();
  return blobs;
}

}  // namespace stet::tracking::ui
