#include "stet/tracking/capture/source.h"

#include <git2.h>

#include <algorithm>
#include <memory>
#include <set>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tracking/record/record.pb.h"

namespace stet::tracking {
namespace {

constexpr uintmax_t kFileLimit = 1 << 20;
constexpr size_t kPatchLimit = size_t{16} << 20;
constexpr int kVisitLimit = 5000;  // files looked at in untracked folders

/// Owns one of libgit2's objects.
template <class T, void (*Free)(T*)> struct GitFree {
  void operator()(T* object) const { Free(object); }
};
template <class T, void (*Free)(T*)> using Git = std::unique_ptr<T, GitFree<T, Free>>;

using Repository = Git<git_repository, git_repository_free>;
using Reference = Git<git_reference, git_reference_free>;
using Object = Git<git_object, git_object_free>;
using Diff = Git<git_diff, git_diff_free>;
using Patch = Git<git_patch, git_patch_free>;

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

// Throws when libgit2 has failed.
void check(int result, const char* what) {
  if (result >= 0) return;
  const git_error* error = git_error_last();
  raise<DataError>("can't {}: {}", what, error && error->message ? error->message : "no reason given");
}

std::string text_of(git_buf& buffer) {
  std::string text(buffer.ptr ? buffer.ptr : "", buffer.size);
  git_buf_dispose(&buffer);
  return text;
}

Repository open_repository(const Path& inside) {
  git_buf found = GIT_BUF_INIT;
  if (git_repository_discover(&found, inside.c_str(), 0, nullptr) < 0) return {};
  git_repository* repository = nullptr;
  check(git_repository_open(&repository, text_of(found).c_str()), "open the git repository");
  return Repository(repository);
}

Repository find_repository() {
  std::error_code gone;
  Path here = std::filesystem::current_path(gone);
  if (!gone) {
    if (Repository repository = open_repository(here)) return repository;
  }
  return open_repository(std::filesystem::read_symlink("/proc/self/exe").parent_path());
}

git_diff_options diff_options(uint32_t flags) {
  git_diff_options options;
  check(git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION), "set up a comparison");
  options.flags = flags;
  return options;
}

bool is_source(const Path& path) {
  static const std::set<std::string> endings = {".c",    ".cc",  ".cpp",   ".cxx", ".h",   ".hh",    ".hpp",  ".hxx",
                                                ".inl",  ".cu",  ".cuh",   ".py",  ".sh",  ".cmake", ".json", ".toml",
                                                ".yaml", ".yml", ".proto", ".ini", ".cfg", ".md"};
  std::string name = path.filename().string();
  return endings.contains(path.extension().string()) || name == "CMakeLists.txt" || name == "Makefile";
}

bool lies_in(const Path& path, const Path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

// Builds the patch of one repository's working tree.
class PatchMaker {
 public:
  PatchMaker(git_repository* repository, const Path& runs, record::Source& source)
      : repository_(repository), root_(git_repository_workdir(repository)), source_(source) {
    std::error_code none;
    runs_ = std::filesystem::weakly_canonical(runs, none);
  }

  std::string make(git_object* head) {
    git_diff_options options = diff_options(GIT_DIFF_INCLUDE_UNTRACKED | GIT_DIFF_SHOW_BINARY);
    git_tree* tree = nullptr;
    if (head)
      check(git_object_peel(reinterpret_cast<git_object**>(&tree), head, GIT_OBJECT_TREE), "read the commit's tree");
    Git<git_tree, git_tree_free> owner(tree);
    git_diff* raw = nullptr;
    check(git_diff_tree_to_workdir_with_index(&raw, repository_, tree, &options), "compare the working tree");
    Diff diff(raw);
    for (size_t i = 0; i < git_diff_num_deltas(diff.get()); ++i) {
      const git_diff_delta* delta = git_diff_get_delta(diff.get(), i);
      if (delta->status == GIT_DELTA_UNTRACKED) {
        add_untracked(delta->new_file.path);
      } else {
        add_changed(diff.get(), i);
      }
    }
    return std::move(patch_);
  }

 private:
  void add_changed(git_diff* diff, size_t index) {
    git_patch* raw = nullptr;
    check(git_patch_from_diff(&raw, diff, index), "compare a file");
    add(Patch(raw));
  }

  void add(const Patch& patch) {
    if (!patch) return;  // a changed submodule's commit, say, has none
    git_buf text = GIT_BUF_INIT;
    check(git_patch_to_buf(&text, patch.get()), "write a patch");
    patch_ += text_of(text);
  }

  // An untracked file, or a folder (its name ends in a slash) in which nothing is tracked.
  void add_untracked(const std::string& name) {
    if (name.ends_with('/')) {
      add_folder(name);
    } else {
      add_file(name);
    }
  }

  void add_folder(const std::string& name) {
    Path folder = (root_ / name).parent_path();
    std::error_code none;
    if (lies_in(std::filesystem::weakly_canonical(folder, none), runs_) ||
        std::filesystem::exists(folder / ".git", none))
      return;
    std::vector<std::string> inside;
    for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
      if (++visited_ > kVisitLimit) break;
      bool is_folder = entry.is_directory(none) && !entry.is_symlink(none);
      inside.push_back(name + entry.path().filename().string() + (is_folder ? "/" : ""));
    }
    std::sort(inside.begin(), inside.end());
    for (const std::string& entry : inside) {
      int ignored = 0;
      if (git_ignore_path_is_ignored(&ignored, repository_, entry.c_str()) == 0 && !ignored) add_untracked(entry);
    }
  }

  void add_file(const std::string& name) {
    Path path = root_ / name;
    std::error_code none;
    if (!is_source(path) || !std::filesystem::is_regular_file(std::filesystem::symlink_status(path, none))) return;
    if (std::filesystem::file_size(path, none) > kFileLimit) {
      source_.add_left_out(name + ": above 1 MiB");
      return;
    }
    std::string text = read_file(path);
    git_diff_options options = diff_options(GIT_DIFF_SHOW_BINARY);
    git_patch* raw = nullptr;
    check(git_patch_from_buffers(&raw, nullptr, 0, nullptr, text.data(), text.size(), name.c_str(), &options),
          "write a patch");
    add(Patch(raw));
  }

  git_repository* repository_;
  Path root_;
  Path runs_;
  record::Source& source_;
  std::string patch_;
  int visited_ = 0;
};

void describe_head(git_repository* repository, git_object* head, record::Source& source) {
  source.set_root(Path(git_repository_workdir(repository)).parent_path().string());
  if (head) source.set_commit(git_oid_tostr_s(git_object_id(head)));
  git_reference* raw = nullptr;
  if (git_repository_head(&raw, repository) == 0) {
    Reference reference(raw);
    if (git_reference_is_branch(raw)) source.set_branch(git_reference_shorthand(raw));
  }
  // Not git_remote_lookup, which loses memory in libgit2 1.5.
  git_config* config = nullptr;
  check(git_repository_config_snapshot(&config, repository), "read the git configuration");
  Git<git_config, git_config_free> owner(config);
  const char* url = nullptr;
  if (git_config_get_string(&url, config, "remote.origin.url") == 0) source.set_remote(strip_credentials(url));
}

// The patch against the commit; empty when the tree is clean or there is no repository.
std::string describe(const Path& runs, record::Source& source) {
  Repository repository = find_repository();
  if (!repository || git_repository_is_bare(repository.get())) return {};
  git_object* raw = nullptr;
  git_oid id;
  int found = git_reference_name_to_id(&id, repository.get(), "HEAD");
  if (found == 0) found = git_object_lookup(&raw, repository.get(), &id, GIT_OBJECT_COMMIT);
  if (found != GIT_ENOTFOUND || !git_repository_head_unborn(repository.get())) check(found, "read HEAD");
  Object head(raw);
  describe_head(repository.get(), raw, source);
  std::string patch = PatchMaker(repository.get(), runs, source).make(raw);
  source.set_dirty(!patch.empty() || source.left_out_size() > 0);
  return patch;
}

}  // namespace

std::string strip_credentials(std::string url) {
  url.resize(std::min(url.find_first_of("?#"), url.size()));
  size_t scheme = url.find("://");
  size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  size_t end = std::min(url.find('/', begin), url.size());
  size_t sign = url.rfind('@', end);
  if (sign != std::string::npos && sign >= begin && sign < end) url.erase(begin, sign + 1 - begin);
  return url;
}

void capture_source(FileSystem& fs, const Folder& run, int number, const Path& runs, record::Launch& launch) {
  std::string patch;
  record::Source& source = *launch.mutable_source();
  try {
    GitSession session;
    patch = describe(runs, source);
  } catch (const std::exception& error) {  // a broken repository, or a file that vanishes: training goes on without
    launch.add_notes(std::string("source: ") + error.what());
  }
  if (patch.size() > kPatchLimit) {
    source.add_left_out(fmt::format("all changes: a patch of {} MiB, above 16", patch.size() >> 20));
    patch.clear();
  }
  if (patch.empty()) return;
  const std::string name = fmt::format("launch-{}.patch", number);
  source.set_patch("source/" + name);
  replace_file(fs, make_folder(fs, run / "source") / name, as_bytes(patch));
}

}  // namespace stet::tracking
