#include "stet/tracking/capture/source.h"

#include <sys/stat.h>

#include <algorithm>

#include "stet/tracking/capture/git_handle.h"
#include "stet/tracking/capture/program.h"
#include "stet/tracking/capture/source_patch.h"
#include "stet/tracking/record/no_signals.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

/// libgit2 for the duration of a scope. A repository of another user may be read: libgit2 runs no hook and no filter
/// program.
class GitSession {
 public:
  GitSession() {
    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_GET_OWNER_VALIDATION, &validation_);
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
  }
  GitSession(const GitSession&) = delete;
  GitSession& operator=(const GitSession&) = delete;
  ~GitSession() {
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, validation_);
    git_libgit2_shutdown();
  }

 private:
  int validation_ = 1;
};

// Is there a repository that libgit2 doesn't find, because it is broken? It too looks no further than the file system.
bool has_git_entry(Path folder) {
  struct stat here {
  }, entry{};
  if (::stat(folder.c_str(), &here) != 0) return false;
  for (struct stat above = here; above.st_dev == here.st_dev; folder = folder.parent_path()) {
    if (::lstat((folder / ".git").c_str(), &entry) == 0) return true;
    if (folder == folder.parent_path() || ::stat(folder.parent_path().c_str(), &above) != 0) return false;
  }
  return false;
}

Repository open_repository(const Path& inside) {
  git_buf found = GIT_BUF_INIT;
  const int result = git_repository_discover(&found, inside.c_str(), 0, nullptr);
  if (result == GIT_ENOTFOUND && !has_git_entry(inside)) return {};
  check_git(result, "find the git repository");
  git_repository* repository = nullptr;
  check_git(git_repository_open(&repository, text_of(found).c_str()), "open the git repository");
  return Repository(repository);
}

Repository find_repository(const Path& folder) {
  if (!folder.empty()) {
    if (Repository repository = open_repository(folder)) return repository;
  }
  return open_repository(own_executable().parent_path());
}

void describe_head(git_repository* repository, git_object* head, record::Source& source) {
  source.set_root(to_utf8(Path(git_repository_workdir(repository)).parent_path().string()));
  if (head) source.set_commit(hex_of(*git_object_id(head)));
  git_reference* raw = nullptr;
  if (git_repository_head(&raw, repository) == 0) {
    const Reference reference(raw);
    if (git_reference_is_branch(raw)) source.set_branch(to_utf8(git_reference_shorthand(raw)));
  }
  // Not git_remote_lookup, which loses memory in libgit2 1.5.
  git_config* config = nullptr;
  check_git(git_repository_config_snapshot(&config, repository), "read the git configuration");
  const Git<git_config, git_config_free> owner(config);
  const char* url = nullptr;
  if (git_config_get_string(&url, config, "remote.origin.url") == 0) source.set_remote(to_utf8(strip_credentials(url)));
}

// The patch against the commit; empty when the tree is clean or there is no repository.
std::string describe(const SourcePlaces& places, record::Source& source) {
  const Repository repository = find_repository(places.folder);
  if (!repository || git_repository_is_bare(repository.get())) return {};
  const Object head = head_of(repository.get());
  describe_head(repository.get(), head.get(), source);
  std::string patch = make_patch(repository.get(), head.get(), places.runs, source);
  source.set_dirty(!patch.empty() || source.left_out_size() > 0);
  return patch;
}

}  // namespace

Object head_of(git_repository* repository) {
  git_object* head = nullptr;
  git_oid id;
  int found = git_reference_name_to_id(&id, repository, "HEAD");
  if (found == 0) found = git_object_lookup(&head, repository, &id, GIT_OBJECT_COMMIT);
  if (found != GIT_ENOTFOUND || !git_repository_head_unborn(repository)) check_git(found, "read HEAD");
  return Object(head);
}

std::string strip_credentials(std::string url) {
  url.resize(std::min(url.find_first_of("?#"), url.size()));
  size_t scheme = url.find("://");
  size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  size_t end = std::min(url.find('/', begin), url.size());
  size_t sign = url.rfind('@', end);
  if (sign != std::string::npos && sign >= begin && sign < end) url.erase(begin, sign + 1 - begin);
  return url;
}

struct SourceCapture::Captured {
  record::Source source;
  std::string patch;
};

SourceCapture::SourceCapture(SourcePlaces places) {
  const NoSignals none;
  // Deferred where the system gives no thread: whoever takes it then reads it.
  auto read = std::async(std::launch::async | std::launch::deferred, [places = std::move(places)] {
    auto captured = std::make_shared<Captured>();
    try {
      const GitSession session;
      captured->patch = describe(places, captured->source);
    } catch (const std::exception& error) {  // a broken repository, or one of a kind that libgit2 doesn't read
      captured->source.set_unknown(in_one_line(error.what()));
      captured->source.set_dirty(true);  // for readers that ask for no more
    }
    return captured;
  });
  captured_ = std::make_unique<std::future<std::shared_ptr<Captured>>>(std::move(read));
}

SourceCapture::SourceCapture(SourceCapture&&) noexcept = default;
SourceCapture& SourceCapture::operator=(SourceCapture&&) noexcept = default;
SourceCapture::~SourceCapture() = default;

// Destroying it would wait.
void SourceCapture::forget() { static_cast<void>(captured_.release()); }

void SourceCapture::write(FileSystem& fs, const Folder& run, int number, record::Launch& launch) {
  const std::shared_ptr<Captured> captured = captured_->get();
  record::Source& source = *launch.mutable_source() = std::move(captured->source);
  if (!source.unknown().empty()) launch.add_notes("source: " + source.unknown());
  if (captured->patch.empty()) return;
  const std::string name = fmt::format("launch-{}.patch", number);
  source.set_patch("source/" + name);
  replace_file(fs, make_folder(fs, run / "source") / name, as_bytes(captured->patch));
}

}  // namespace stet::tracking
