#include "stet/tracking/capture/program.h"

#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "stet/tensor/error.h"
#include "stet/tensor/hash_cache.h"
#include "stet/tensor/sha256.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

constexpr char kOwnExecutable[] = "/proc/self/exe";    // stays right when the file was replaced or removed meanwhile
constexpr char kPathVariable[] = "STET_PROGRAM_PATH";  // where a program that runs as a copy lay

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

std::string hash_of(const InputFile& file) {
  const Path& path = file.path();
  const Path name = path == kOwnExecutable ? std::filesystem::read_symlink(path) : path;
  return remembered("file", {{name.string(), file.identity()}}, [&] { return file.sha256(); });
}

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

// Copies, and hashes the copy: between the two, nobody else can change it where it lies.
void lay_out(FileSystem& fs, const InputFile& from, const Entry& to, const std::string& hash, const Path& path) {
  fs.copy(from, to, 0700);
  if (sha256_file(to) != hash)
    raise<DataError>("{}: damaged: its SHA-256 is not {}, which was recorded for {}", from.path().string(), hash,
                     path.string());
}

}  // namespace

bool is_kept_name(std::string_view name) {
  return name.size() == 64 && name.find_first_not_of("0123456789abcdef") == name.npos;
}

std::set<std::string> kept_files(const record::RunRecord& record) {
  std::set<std::string> names;
  const auto add = [&](const std::string& sha256) {
    if (is_kept_name(sha256)) names.insert(sha256);
  };
  for (const auto& launch : record.launches()) {
    add(launch.program().sha256());
    for (const auto& object : launch.program().shared_objects()) {
      if (object.kept()) add(object.sha256());
    }
  }
  return names;
}

Path own_executable() {
  const char* name = std::getenv(kPathVariable);
  return name && *name ? Path(name) : std::filesystem::read_symlink(kOwnExecutable);
}

void keep_program(FileSystem& fs, const Path& runs, record::Program& program) {
  const Folder programs = make_folder(fs, make_directories(fs, runs) / kProgramsFolder);
  program.set_path(to_utf8(own_executable().string()));
  const InputFile executable{Path(kOwnExecutable)};
  program.set_sha256(hash_of(executable));
  bool copied = keep(fs, programs, executable, program.sha256());
  for (const Path& path : loaded_objects()) {
    auto& object = *program.add_shared_objects();
    object.set_soname(to_utf8(path.filename().string()));
    object.set_path(to_utf8(path.string()));
    const InputFile file(path);
    object.set_sha256(hash_of(file));
    object.set_kept(!belongs_to_machine(object.soname()));
    if (object.kept()) copied |= keep(fs, programs, file, object.sha256());
  }
  if (copied) fs.sync_directory(programs);
}

std::string identity_of(const record::Program& program) {
  std::vector<std::string> parts;
  for (const auto& object : program.shared_objects()) {
    if (object.kept()) parts.push_back(object.soname() + " " + object.sha256());
  }
  std::sort(parts.begin(), parts.end());
  Sha256 hash;
  hash.update(program.sha256());
  for (const std::string& part : parts) hash.update("\n").update(part);
  return hash.hex();
}

RunnableProgram lay_out_program(FileSystem& fs, const Folder& runs, const record::Program& program,
                                const Path& scratch) {
  std::string name = Path(program.path()).filename().string();
  constexpr std::string_view deleted = " (deleted)";  // the kernel's note on an executable that was replaced
  if (name.ends_with(deleted)) name.resize(name.size() - deleted.size());
  if (name.empty() || name == "lib") name = "program";
  const Folder folder = make_directories(fs, scratch);
  if (::fchmod(folder.descriptor(), 0700) < 0) raise_io(scratch, "set the permissions of", errno);
  const Folder libraries = make_folder(fs, folder / "lib");
  const auto programs = find_folder(runs / kProgramsFolder);
  const auto put = [&](const std::string& hash, const Path& path, const Entry& to) {
    if (!is_kept_name(hash)) raise<DataError>("{}: its recorded SHA-256, '{}', is none", path.string(), hash);
    if (!programs || !is_file(*programs / hash))
      raise<DataError>("{}: is gone; it was kept for {}", (runs.path() / kProgramsFolder / hash).string(),
                       path.string());
    lay_out(fs, InputFile(*programs / hash), to, hash, path);
  };
  put(program.sha256(), program.path(), folder / name);
  for (const auto& object : program.shared_objects()) {
    if (object.kept()) put(object.sha256(), object.path(), libraries / object.soname());
  }
  return {.executable = scratch / name,
          .environment = {{"LD_LIBRARY_PATH", (scratch / "lib").string()},
                          {"LD_PRELOAD", ""},
                          {"LD_AUDIT", ""},
                          {kPathVariable, program.path()}}};
}

}  // namespace stet::tracking
