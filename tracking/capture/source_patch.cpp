#include "stet/tracking/capture/source_patch.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <vector>

#include "stet/tracking/capture/secrets.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

constexpr uint64_t kFileLimit = 1 << 20;              // of an untracked file, and of a changed binary one
constexpr uint64_t kPatchLimit = uint64_t{16} << 20;  // of the patch, of one text, and of all binary files together
constexpr int kVisitLimit = 5000;                     // untracked files and folders that are looked at
constexpr int kNamedLimit = 1000;                     // entries of left_out
constexpr size_t kFewOfFolder = 3;                    // files that are no sources, named one by one

git_diff_options diff_options(uint32_t flags) {
  git_diff_options options;
  check_git(git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION), "set up a comparison");
  options.flags = flags;
  return options;
}

Diff compare_tree(git_repository* repository, git_object* head) {
  git_diff_options options = diff_options(GIT_DIFF_INCLUDE_UNTRACKED | GIT_DIFF_INCLUDE_UNREADABLE |
                                          GIT_DIFF_INCLUDE_UNREADABLE_AS_UNTRACKED | GIT_DIFF_SHOW_BINARY);
  git_tree* tree = nullptr;
  if (head)
    check_git(git_object_peel(reinterpret_cast<git_object**>(&tree), head, GIT_OBJECT_TREE), "read the commit's tree");
  const Git<git_tree, git_tree_free> owner(tree);
  git_diff* diff = nullptr;
  check_git(git_diff_tree_to_workdir_with_index(&diff, repository, tree, &options), "compare the working tree");
  return Diff(diff);
}

Index index_of(git_repository* repository) {
  git_index* index = nullptr;
  check_git(git_repository_index(&index, repository), "read the git index");
  return Index(index);
}

bool is_source(const Path& path) {
  // No object with a destructor: exit() may come while another thread reads.
  static constexpr std::string_view endings[] = {".c",    ".cc",  ".cpp",   ".cxx", ".h",   ".hh",    ".hpp",  ".hxx",
                                                 ".inl",  ".cu",  ".cuh",   ".py",  ".sh",  ".cmake", ".json", ".toml",
                                                 ".yaml", ".yml", ".proto", ".ini", ".cfg", ".md"};
  std::string name = path.filename().string();
  return std::find(std::begin(endings), std::end(endings), path.extension().string()) != std::end(endings) ||
         name == "CMakeLists.txt" || name == "Makefile";
}

bool lies_in(const Path& path, const Path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

// As git decides it: there is a zero in the first bytes.
bool looks_binary(std::string_view beginning) { return beginning.find('\0') != beginning.npos; }

bool is_binary_file(const Path& path) {
  const InputFile file(path);
  std::array<char, 8000> beginning;
  return looks_binary({beginning.data(), file.read_at(0, beginning)});
}

bool is_submodule(const git_diff_delta& delta) {
  return delta.old_file.mode == GIT_FILEMODE_COMMIT || delta.new_file.mode == GIT_FILEMODE_COMMIT;
}

// Why a submodule's working tree is not the commit that the index names; empty where it is, or is not checked out.
std::string state_of_submodule(const Path& folder, const git_oid& wanted);

bool has_changes(git_repository* repository, git_object* head) {
  if (git_diff_num_deltas(compare_tree(repository, head).get()) > 0) return true;
  const Index index = index_of(repository);
  for (size_t i = 0; i < git_index_entrycount(index.get()); ++i) {
    const git_index_entry* entry = git_index_get_byindex(index.get(), i);
    if (entry->mode != GIT_FILEMODE_COMMIT) continue;
    if (!state_of_submodule(Path(git_repository_workdir(repository)) / entry->path, entry->id).empty()) return true;
  }
  return false;
}

std::string state_of_submodule(const Path& folder, const git_oid& wanted) {
  std::error_code none;
  if (!std::filesystem::exists(folder / ".git", none)) return "";
  try {
    git_repository* raw = nullptr;
    check_git(git_repository_open(&raw, folder.c_str()), "open it");
    const Repository repository(raw);
    const Object head = head_of(raw);
    if (!head) return "a submodule without a commit";
    if (!git_oid_equal(git_object_id(head.get()), &wanted))
      return fmt::format("a submodule at commit {}, not {}", hex_of(*git_object_id(head.get())), hex_of(wanted));
    return has_changes(raw, head.get()) ? "a submodule with changes of its own" : "";
  } catch (const Error& e) { return fmt::format("a submodule in an unknown state: {}", e.what()); }
}

class PatchMaker {
 public:
  PatchMaker(git_repository* repository, const Path& runs, record::Source& source)
      : repository_(repository),
        root_(git_repository_workdir(repository)),
        index_(index_of(repository)),
        source_(source) {
    std::error_code none;
    runs_ = std::filesystem::weakly_canonical(runs, none);
  }

  std::string make(git_object* head) {
    look_at_index();
    const Diff diff = compare_tree(repository_, head);
    for (size_t i = 0; i < git_diff_num_deltas(diff.get()); ++i) add_delta(diff.get(), i);
    name_no_sources();
    if (unnamed_ > 0) source_.add_left_out(fmt::format("and {} more", unnamed_));
    return std::move(patch_);
  }

 private:
  void leave_out(const std::string& name, std::string_view why) {
    if (!named_.insert(name).second) return;
    if (source_.left_out_size() < kNamedLimit) source_.add_left_out(to_utf8(fmt::format("{}: {}", name, why)));
    else ++unnamed_;
  }

  // What a comparison doesn't see: submodules that are set to be ignored, and files that git is told to take for
  // unchanged.
  void look_at_index() {
    for (size_t i = 0; i < git_index_entrycount(index_.get()); ++i) {
      const git_index_entry* entry = git_index_get_byindex(index_.get(), i);
      const bool skipped = (entry->flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE) != 0;
      if (entry->mode == GIT_FILEMODE_COMMIT) {
        const std::string state = state_of_submodule(root_ / entry->path, entry->id);
        if (!state.empty()) leave_out(entry->path, state);
      } else if (skipped || (entry->flags & GIT_INDEX_ENTRY_VALID) != 0) {
        if (skipped) skipped_.insert(entry->path);
        if (!is_as_in_index(*entry)) leave_out(entry->path, "changed, though git is told to take it for unchanged");
      }
    }
  }

  bool is_as_in_index(const git_index_entry& entry) {
    std::error_code none;
    if (!std::filesystem::exists(std::filesystem::symlink_status(root_ / entry.path, none)))
      return skipped_.contains(entry.path);  // a sparse checkout
    git_oid id;
    check_git(git_repository_hashfile(&id, repository_, entry.path, GIT_OBJECT_BLOB, nullptr), "hash a file");
    return git_oid_equal(&id, &entry.id) != 0;
  }

  void add_delta(git_diff* diff, size_t index) {
    const git_diff_delta& delta = *git_diff_get_delta(diff, index);
    const std::string name = delta.new_file.path;
    switch (delta.status) {
      case GIT_DELTA_UNTRACKED: return add_untracked(name);
      case GIT_DELTA_UNREADABLE: return leave_out(name, "can't be read");
      case GIT_DELTA_CONFLICTED: return leave_out(name, "in conflict");
      default: break;
    }
    if (delta.status == GIT_DELTA_DELETED && skipped_.contains(name)) return;
    if (is_submodule(delta)) return add_submodule(delta);
    if (const std::string why = reason_against(delta); !why.empty()) return leave_out(name, why);
    git_patch* raw = nullptr;
    check_git(git_patch_from_diff(&raw, diff, index), "compare a file");
    add(name, Patch(raw));
  }

  void add_submodule(const git_diff_delta& delta) {
    if (!git_oid_equal(&delta.old_file.id, &delta.new_file.id))
      leave_out(delta.new_file.path,
                fmt::format("a submodule at commit {}, not {}", hex_of(delta.new_file.id), hex_of(delta.old_file.id)));
    else leave_out(delta.new_file.path, "a submodule with changes of its own");
  }

  // Binary files are compressed, and compared for likeness, at a megabyte a second.
  std::string reason_against(const git_diff_delta& delta) {
    for (const char* name : {delta.old_file.path, delta.new_file.path}) {
      if (names_credentials(name)) return kCredentials;
    }
    const uint64_t before = size_in_commit(delta), now = size_on_disk(delta), size = std::max(before, now);
    if (size > kPatchLimit) return "above 16 MiB";
    if (!is_binary(delta)) return "";
    if (size > kFileLimit) return "binary, and above 1 MiB";
    binary_bytes_ += before + now;
    return binary_bytes_ > kPatchLimit ? "with other binary files above 16 MiB" : "";
  }

  uint64_t size_in_commit(const git_diff_delta& delta) {
    if (delta.status == GIT_DELTA_ADDED) return 0;
    git_odb* raw = nullptr;
    check_git(git_repository_odb(&raw, repository_), "read the git objects");
    const Git<git_odb, git_odb_free> objects(raw);
    size_t size = 0;
    git_object_t type;
    check_git(git_odb_read_header(&size, &type, raw, &delta.old_file.id), "read a file of the commit");
    return size;
  }

  uint64_t size_on_disk(const git_diff_delta& delta) const {
    std::error_code none;
    const Path path = root_ / delta.new_file.path;
    const bool is_file = delta.status != GIT_DELTA_DELETED &&
                         std::filesystem::is_regular_file(std::filesystem::symlink_status(path, none));
    return is_file ? std::filesystem::file_size(path, none) : 0;
  }

  bool is_binary(const git_diff_delta& delta) {
    if (size_on_disk(delta) > 0 && is_binary_file(root_ / delta.new_file.path)) return true;
    if (delta.status == GIT_DELTA_ADDED) return false;
    git_blob* raw = nullptr;
    check_git(git_blob_lookup(&raw, repository_, &delta.old_file.id), "read a file of the commit");
    const Git<git_blob, git_blob_free> blob(raw);
    return git_blob_is_binary(raw) == 1;
  }

  void add(const std::string& name, const Patch& patch) {
    if (!patch) return leave_out(name, "git makes no patch of it");
    git_buf buffer = GIT_BUF_INIT;
    check_git(git_patch_to_buf(&buffer, patch.get()), "write a patch");
    add(name, text_of(buffer));
  }

  void add(const std::string& name, const std::string& text) {
    if (is_settings(name) && holds_secret(text)) return leave_out(name, "seems to hold a secret");
    if (patch_.size() + text.size() > kPatchLimit) return leave_out(name, "with the rest of the patch above 16 MiB");
    patch_ += text;
  }

  // An untracked file, or a folder (its name ends in a slash) in which nothing is tracked.
  void add_untracked(const std::string& name) {
    if (name.ends_with('/')) return add_folder(name);
    if (++visited_ > kVisitLimit) return leave_out(name, kNotVisited);
    add_file(name);
  }

  void add_folder(const std::string& name) {
    const Path folder = (root_ / name).parent_path();
    std::error_code error;
    if (is_of_runs(std::filesystem::weakly_canonical(folder, error))) return;
    if (visited_ > kVisitLimit) return leave_out(name, kNotVisited);
    if (std::filesystem::exists(std::filesystem::symlink_status(folder / ".git", error)))
      return leave_out(name, "a git repository of its own");
    std::vector<std::string> inside;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
      const bool is_folder = std::filesystem::is_directory(entry.symlink_status(error));
      inside.push_back(name + entry.path().filename().string() + (is_folder ? "/" : ""));
    }
    if (error) leave_out(name, "can't be read");
    std::sort(inside.begin(), inside.end());
    for (size_t i = 0; i < inside.size(); ++i) {
      if (visited_ >= kVisitLimit)
        return leave_out(
            name, fmt::format("{} of its {} entries come after the first {} untracked files, which alone are looked at",
                              inside.size() - i, inside.size(), kVisitLimit));
      const std::string& entry = inside[i];
      int ignored = 0;
      if (git_ignore_path_is_ignored(&ignored, repository_, entry.c_str()) != 0 || !ignored) add_untracked(entry);
    }
  }

  // The folder of runs, or what lies in it. Where the tree itself lies in it, as under --runs ., only what Stet made.
  bool is_of_runs(const Path& folder) const {
    if (!lies_in(root_, runs_)) return lies_in(folder, runs_);
    std::error_code error;
    const std::string name = folder.filename().string();
    const bool made = name == ".trash" || name.starts_with(".new-") || name.starts_with(".gone-") ||
                      name == "programs" || name == "views";
    return folder.parent_path() == runs_ && (made || std::filesystem::exists(folder / "run.json", error));
  }

  void add_file(const std::string& name) {
    const Path path = root_ / name;
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return;  // gone meanwhile
    if (S_ISLNK(status.st_mode)) return leave_out(name, "a link");
    if (!S_ISREG(status.st_mode)) return leave_out(name, "no regular file");
    if (names_credentials(name)) return leave_out(name, kCredentials);
    if (!is_source(path)) return no_sources_[path.parent_path().string() + "/"].push_back(name);
    if (static_cast<uint64_t>(status.st_size) > kFileLimit) return leave_out(name, "above 1 MiB");
    std::string text;
    try {
      text = read_file(path);
    } catch (const IoError&) { return leave_out(name, "can't be read"); }
    add(name, patch_of_new(name, text, (status.st_mode & S_IXUSR) != 0));
  }

  static std::string patch_of_new(const std::string& name, const std::string& text, bool executable) {
    git_diff_options options = diff_options(GIT_DIFF_SHOW_BINARY);
    git_patch* raw = nullptr;
    check_git(git_patch_from_buffers(&raw, nullptr, 0, nullptr, text.data(), text.size(), name.c_str(), &options),
              "write a patch");
    const Patch owner(raw);
    git_buf buffer = GIT_BUF_INIT;
    check_git(git_patch_to_buf(&buffer, raw), "write a patch");
    std::string patch = text_of(buffer);
    constexpr std::string_view mode = "new file mode 100644";
    const size_t at = patch.find(mode);
    if (executable && at != patch.npos) patch.replace(at, mode.size(), "new file mode 100755");
    return patch;
  }

  void name_no_sources() {
    for (const auto& [folder, names] : no_sources_) {
      const std::string relative = folder.substr(std::min(folder.size(), root_.string().size()));
      if (names.size() <= kFewOfFolder) {
        for (const std::string& name : names) leave_out(name, "no source");
      } else leave_out(relative.empty() ? "./" : relative, fmt::format("{} files that are no sources", names.size()));
    }
  }

  static constexpr char kCredentials[] = "its name is one of credentials";
  static constexpr std::string_view kNotVisited =
      "comes after the first 5000 untracked files, which alone are looked at";
  git_repository* repository_;
  const Path root_;
  const Index index_;
  Path runs_;
  record::Source& source_;
  std::string patch_;
  std::set<std::string> named_;                                 // in left_out, or among the unnamed
  std::set<std::string> skipped_;                               // files that a sparse checkout leaves away
  std::map<std::string, std::vector<std::string>> no_sources_;  // untracked ones, by folder
  int visited_ = 0, unnamed_ = 0;
  uint64_t binary_bytes_ = 0;
};

}  // namespace

std::string make_patch(git_repository* repository, git_object* head, const Path& runs, record::Source& source) {
  return PatchMaker(repository, runs, source).make(head);
}

}  // namespace stet::tracking
