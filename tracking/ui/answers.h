// What the page is told, as values: each function takes parameters to JSON. No HTTP here, so
// that an export and tests ask the same.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "stet/tracking/json/values.h"
#include "stet/tracking/reading/indexed_names.h"
#include "stet/tracking/ui/blobs.h"
#include "stet/tracking/ui/http.h"
#include "stet/tracking/ui/live_index.h"
#include "stet/tracking/ui/parameters.h"

namespace stet::tracking::ui {

struct TellingColumns;  // columns.h

/// Runs that were asked for, in the order in which they were.
struct Selection {
  std::shared_ptr<const std::vector<IndexedRun>> runs;
  std::vector<std::string> remarks;               ///< on names in the query that no run has
  std::shared_ptr<const TellingColumns> telling;  ///< likewise
  std::shared_ptr<const IndexedNames> names;      ///< once they were asked for
};

inline constexpr size_t kMostQueryBytes = size_t{16} << 10;

/// What answers are made of.
class Desk {
 public:
  Desk(std::filesystem::path runs, bool read_only) : index(std::move(runs)), read_only(read_only) {}

  /// The runs of query, sort and archived; those of this generation are remembered.
  Selection select(LiveIndex::Lease& lease, const Parameters& p);
  std::shared_ptr<const IndexedNames> names(LiveIndex::Lease& lease, const Parameters& p);
  /// The columns in which these runs differ.
  std::shared_ptr<const TellingColumns> telling(LiveIndex::Lease& lease, const Parameters& p);

  LiveIndex index;
  const bool read_only;
  BlobCache blobs;

 private:
  struct Kept {
    std::string question;
    Selection selection;
  };
  // Remembers more of a selection that is remembered.
  template <class F> void add(uint64_t generation, const Parameters& p, const F& to);
  static std::string question_of(uint64_t generation, const Parameters& p);
  std::mutex mutex_;
  std::list<Kept> kept_;  // the last asked for first
};

/// The run of an id. Throws Refusal.
IndexedRun run_of(RunIndex& index, const std::string& id);

/// What is wrong with a query, and where.
Json error_json(const query::QueryError& error, std::string_view query);

// In the files of their families.
Json hello(Desk& desk, const Parameters& p);
Json changes(Desk& desk, const Parameters& p);
Json table(Desk& desk, const Parameters& p);
Json ids(Desk& desk, const Parameters& p);
Json columns(Desk& desk, const Parameters& p);
Json groups(Desk& desk, const Parameters& p);
Json fields(Desk& desk, const Parameters& p);
Json hint(Desk& desk, const Parameters& p);
Json series(Desk& desk, const Parameters& p);
Json run(Desk& desk, const Parameters& p);
Json marks(Desk& desk, const Parameters& p);
Json log(Desk& desk, const Parameters& p);
Json tensors(Desk& desk, const Parameters& p);
Json patch(Desk& desk, const Parameters& p);
Json compare(Desk& desk, const Parameters& p);
Json digests(Desk& desk, const Parameters& p);
Json media(Desk& desk, const Parameters& p);
Json text(Desk& desk, const Parameters& p);
Json histogram(Desk& desk, const Parameters& p);
Json vector(Desk& desk, const Parameters& p);
Json views(Desk& desk, const Parameters& p);
Response image(Desk& desk, const Parameters& p);
Response artifact(Desk& desk, const Parameters& p);
/// The bytes of a logged image or text.
std::string logged_bytes(Desk& desk, const Parameters& p, LoggedMedium::Kind kind);

// What changes something, by the JSON that was posted.
Json post_tag(Desk& desk, const Json& body);
Json post_note(Desk& desk, const Json& body);
Json post_rename(Desk& desk, const Json& body);
Json post_archive(Desk& desk, const Json& body);
Json post_view(Desk& desk, const Json& body);
Json post_delete_view(Desk& desk, const Json& body);

}  // namespace stet::tracking::ui
