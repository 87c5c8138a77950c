#include "stet/tracking/capture/program.h"

#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
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

constexpr char own_executable[] = "/proc/self/exe";  // stays right when the file was replaced or removed meanwhile

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
  explicit KnownHashes(Path path) : path_(std::move(path)) {
    try {
      known_ = nlohmann::json::parse(read_file(path_));
    } catch (const IoError&) {                    // none yet
    } catch (const nlohmann::json::exception&) {  // left by something else: it is only a cache
    }
    if (!known_.is_object()) known_ = nlohmann::json::object();
  }

  std::string hash_of(const Path& file) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0) raise_io(file, "read", errno);
    std::string name = file == own_executable ? std::filesystem::read_symlink(file).string() : file.string();
    std::string identity =
        fmt::format("{}:{}:{}:{}.{:09}:{}.{:09}", info.st_dev, info.st_ino, info.st_size, info.st_mtim.tv_sec,
                    info.st_mtim.tv_nsec, info.st_ctim.tv_sec, info.st_ctim.tv_nsec);
    auto entry = known_.find(name);
    if (entry != known_.end() && entry->is_object() && entry->value("identity", "") == identity)
      return entry->value("sha256", "");
    std::string hash = sha256_file(file);
    // A file changed within its clock's tick keeps its times: one that is only seconds old is not trusted to stay as it
    // is.
    if (std::time(nullptr) - std::max(info.st_mtim.tv_sec, info.st_ctim.tv_sec) > 2) {
      known_[name] = {{"identity", identity}, {"sha256", hash}};
      changed_ = true;
    }
    return hash;
  }

  void save(FileSystem& fs) const {
    if (!changed_) return;
    Path aside = path_.parent_path() / (".new-known-" + unique_suffix());
    write_file(fs, aside, as_bytes(known_.dump(1) + "\n"));
    fs.rename(aside, path_);
  }

 private:
  Path path_;
  nlohmann::json known_;
  bool changed_ = false;
};

void remove_old_leftovers(FileSystem& fs, const Path& programs) {
  std::vector<Path> old;
  for (const auto& entry : std::filesystem::directory_iterator(programs)) {
    struct stat info {};
    bool leftover = entry.path().filename().string().starts_with(".new-") && ::stat(entry.path().c_str(), &info) == 0;
    if (leftover && std::time(nullptr) - info.st_mtime > 3600) old.push_back(entry.path());
  }
  for (const Path& path : old) fs.remove(path);
}

// Copies `file` to its content's name, unless it is there; did it? The name is true: it is the hash of the copy.
bool keep(FileSystem& fs, const Path& programs, const Path& file, const std::string& hash) {
  if (std::filesystem::exists(programs / hash)) return false;
  remove_old_leftovers(fs, programs);
  Path aside = programs / (".new-" + unique_suffix());
  try {
    fs.copy(file, aside, 0555);
    if (sha256_file(aside) != hash)
      raise<DataError>("{}: changed while it was copied to {}; start again", file.string(), programs.string());
    fs.rename(aside, programs / hash);
  } catch (const Error&) {
    std::error_code ignored;
    std::filesystem::remove(aside, ignored);
    throw;
  }
  return true;
}

void copy_kept(FileSystem& fs, const Path& runs, const std::string& hash, const std::string& what, const Path& to) {
  Path kept = runs / "programs" / hash;
  if (hash.empty() || !std::filesystem::exists(kept))
    raise<DataError>("{}: is gone; it was kept for {}", kept.string(), what);
  if (sha256_file(kept) != hash)
    raise<DataError>("{}: damaged: its SHA-256 is not its name; it was kept for {}", kept.string(), what);
  fs.copy(kept, to, 0755);
}

}  // namespace

void keep_program(FileSystem& fs, const Path& runs, record::Program& program) {
  Path programs = runs / "programs";
  make_directories(fs, programs);
  KnownHashes hashes(programs / "known.json");
  program.set_path(std::filesystem::read_symlink(own_executable).string());
  program.set_sha256(hashes.hash_of(own_executable));
  bool copied = keep(fs, programs, own_executable, program.sha256());
  for (const Path& path : loaded_objects()) {
    auto& object = *program.add_shared_objects();
    object.set_soname(path.filename().string());
    object.set_path(path.string());
    object.set_sha256(hashes.hash_of(path));
    object.set_kept(!belongs_to_machine(object.soname()));
    if (object.kept()) copied |= keep(fs, programs, path, object.sha256());
  }
  if (copied) fs.sync_directory(programs);
  hashes.save(fs);
}

RunnableProgram lay_out_program(FileSystem& fs, const Path& runs, const record::Program& program, const Path& scratch) {
  std::string name = Path(program.path()).filename().string();
  constexpr std::string_view deleted = " (deleted)";  // the kernel's note on an executable that was replaced
  if (name.ends_with(deleted)) name.resize(name.size() - deleted.size());
  if (name.empty() || name == "lib") name = "program";
  RunnableProgram laid_out{scratch / name, scratch / "lib"};
  make_directories(fs, laid_out.library_folder);
  copy_kept(fs, runs, program.sha256(), program.path(), laid_out.executable);
  for (const auto& object : program.shared_objects()) {
    if (object.kept()) copy_kept(fs, runs, object.sha256(), object.soname(), laid_out.library_folder / object.soname());
  }
  return laid_out;
}

}  // namespace stet::tracking
