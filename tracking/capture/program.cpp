#include "stet/tracking/capture/program.h"

#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tracking/record/record.pb.h"

namespace stet::tracking {
namespace {

constexpr std::string_view kFolderName = "programs";
constexpr char kOwnExecutable[] = "/proc/self/exe";  // stays right when the file was replaced or removed meanwhile

bool belongs_to_machine(const std::string& soname) {
  static constexpr std::string_view families[] = {
      "ld-linux",     "libc.so",    "libm.so",   "libmvec.so", "libpthread.so",   "libdl.so",   "librt.so",
      "libresolv.so", "libutil.so", "libanl.so", "libnss_",    "libthread_db.so", "libcuda.so", "libnvidia-",
  };
  for (std::string_view family : families) {
    if (soname.starts_with(family)) return true;
  }
  return false;
}

std::vector<Path> loaded_objects() {
  std::vector<Path> paths;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) {
        if (std::strchr(info->dlpi_name, '/'))
          static_cast<std::vector<Path>*>(out)->push_back(info->dlpi_name);  // not the vdso
        return 0;
      },
      &paths);
  return paths;
}

// A suffix that no other process uses now.
std::string unique_suffix() { return fmt::format("{}-{:08x}", ::getpid(), std::random_device()()); }

// Hashes of files by what a change of the file changes too.
class KnownHashes {
 public:
  explicit KnownHashes(Entry entry) : entry_(std::move(entry)) {
    try {
      known_ = nlohmann::json::parse(read_file(entry_));
    } catch (const IoError&) {                    // none yet
    } catch (const nlohmann::json::exception&) {  // left by something else: it is only a cache
    }
    if (!known_.is_object()) known_ = nlohmann::json::object();
  }

  std::string hash_of(const InputFile& file) {
    const FileIdentity now = file.identity();
    const Path& path = file.path();
    std::string name = path == kOwnExecutable ? std::filesystem::read_symlink(path).string() : path.string();
    const std::string identity =
        fmt::format("{}:{}:{}:{}:{}", now.device, now.inode, now.size, now.mtime_ns, now.ctime_ns);
    auto entry = known_.find(name);
    if (entry != known_.end() && entry->is_object() && entry->value("identity", "") == identity)
      return entry->value("sha256", "");
    std::string hash = file.sha256();
    if (is_settled(std::max(now.mtime_ns, now.ctime_ns))) {
      known_[name] = {{"identity", identity}, {"sha256", hash}};
      changed_ = true;
    }
    return hash;
  }

  void save(FileSystem& fs) const {
    if (!changed_) return;
    const Entry aside = entry_.folder() / (".new-known-" + unique_suffix());
    write_file(fs, aside, as_bytes(known_.dump(1) + "\n"));
    fs.rename(aside, entry_);
  }

 private:
  Entry entry_;
  nlohmann::json known_;
  bool changed_ = false;
};

void remove_old_leftovers(FileSystem& fs, const Folder& programs) {
  for (const std::string& name : programs.names()) {
    if (!name.starts_with(".new-")) continue;
    const EntryStatus status = look_at(programs / name);
    const bool old = std::time(nullptr) - status.modified > 3600;
    if (status.kind == EntryStatus::Kind::file && old) fs.remove(programs / name);
  }
}

// Copies `file` to its content's name, unless it is there; did it? The name is true: it is the hash of the copy.
bool keep(FileSystem& fs, const Folder& programs, const InputFile& file, const std::string& hash) {
  const Entry kept = programs / hash;
  if (is_file(kept)) return false;
  remove_old_leftovers(fs, programs);
  const Entry aside = programs / (".new-" + unique_suffix());
  try {
    fs.copy(file, aside, 0555);
    if (sha256_file(aside) != hash)
      raise<DataError>("{}: changed while it was copied to {}; start again", file.path().string(),
                       programs.path().string());
    fs.rename(aside, kept);
  } catch (const Error&) {
    discard(aside);
    throw;
  }
  return true;
}

void copy_kept(FileSystem& fs, const Entry& entry, const std::string& what, const Entry& to) {
  const InputFile kept(entry);
  if (kept.sha256() != entry.name())
    raise<DataError>("{}: damaged: its SHA-256 is not its name; it was kept for {}", kept.path().string(), what);
  fs.copy(kept, to, 0755);
}

}  // namespace

void keep_program(FileSystem& fs, const Path& runs, record::Program& program) {
  const Folder programs = make_folder(fs, make_directories(fs, runs) / kFolderName);
  KnownHashes hashes(programs / "known.json");
  program.set_path(std::filesystem::read_symlink(kOwnExecutable).string());
  const InputFile executable{Path(kOwnExecutable)};
  program.set_sha256(hashes.hash_of(executable));
  bool copied = keep(fs, programs, executable, program.sha256());
  for (const Path& path : loaded_objects()) {
    auto& object = *program.add_shared_objects();
    object.set_soname(path.filename().string());
    object.set_path(path.string());
    const InputFile file(path);
    object.set_sha256(hashes.hash_of(file));
    object.set_kept(!belongs_to_machine(object.soname()));
    if (object.kept()) copied |= keep(fs, programs, file, object.sha256());
  }
  if (copied) fs.sync_directory(programs);
  hashes.save(fs);
}

RunnableProgram lay_out_program(FileSystem& fs, const Folder& runs, const record::Program& program,
                                const Path& scratch) {
  std::string name = Path(program.path()).filename().string();
  constexpr std::string_view deleted = " (deleted)";  // the kernel's note on an executable that was replaced
  if (name.ends_with(deleted)) name.resize(name.size() - deleted.size());
  if (name.empty() || name == "lib") name = "program";
  const Folder folder = make_directories(fs, scratch);
  const Folder libraries = make_folder(fs, folder / "lib");
  const auto programs = find_folder(runs / kFolderName);
  const auto lay_out = [&](const std::string& hash, const std::string& what, const Entry& to) {
    if (hash.empty() || !programs || !is_file(*programs / hash))
      raise<DataError>("{}: is gone; it was kept for {}", (runs.path() / kFolderName / hash).string(), what);
    copy_kept(fs, *programs / hash, what, to);
  };
  lay_out(program.sha256(), program.path(), folder / name);
  for (const auto& object : program.shared_objects()) {
    if (object.kept()) lay_out(object.sha256(), object.soname(), libraries / object.soname());
  }
  return {scratch / name, scratch / "lib"};
}

}  // namespace stet::tracking
