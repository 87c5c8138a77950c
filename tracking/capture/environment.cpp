#include "stet/tracking/capture/environment.h"

#include <git2.h>
#include <gnu/libc-version.h>
#include <google/protobuf/stubs/common.h>
#include <openssl/crypto.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdlib>
#include <fstream>

#include "stet/tensor/error.h"
#include "stet/tracking/capture/secrets.h"
#include "stet/tracking/record/clock.h"
#include "stet/tracking/record/folder.h"
#include "stet/tracking/record/hdf5_handle.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/text.h"

extern char** environ;

namespace stet::tracking {
namespace {

#if defined(__clang__)
constexpr char kCompiler[] = "clang++ " __clang_version__;
#else
constexpr char kCompiler[] = "g++ " __VERSION__;
#endif

// Variables that can change what a program does or where it runs; others are nobody's business.
constexpr std::string_view kAllowed[] = {
    "CUDA_VISIBLE_DEVICES",
    "GLIBC_TUNABLES",
    "LANG",
    "LC_ALL",
    "LC_NUMERIC",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "MALLOC_ARENA_MAX",
    "OMP_NUM_THREADS",
    "SLURM_JOB_ID",
    "SLURM_JOB_NAME",
    "SLURM_PROCID",
    "SLURM_NTASKS",
    "TZ",
};

bool is_allowed(std::string_view name) {
  if (name.starts_with("STET_") || name.starts_with("MALLOC_") || name.starts_with("NVIDIA_TF32")) return true;
  for (std::string_view one : kAllowed) {
    if (name == one) return true;
  }
  return false;
}

std::string hdf5_version() {
  const Hdf5Session session;
  unsigned major = 0, minor = 0, patch = 0;
  H5get_libversion(&major, &minor, &patch);
  return fmt::format("{}.{}.{}", major, minor, patch);
}

// The value in the first line of `path` that begins with `key`, behind the separator and without quotes.
std::string field_of(const char* path, std::string_view key, char separator) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    size_t begin = line.find_first_not_of(" \t\"", line.find(separator) + 1);
    if (begin == std::string::npos) return {};
    return line.substr(begin, line.find_last_not_of(" \t\"") + 1 - begin);
  }
  return {};
}

std::string cpu_model(const std::string& architecture) {
  std::string model = field_of("/proc/cpuinfo", "model name", ':');
  if (!model.empty()) return model;
  std::string part = field_of("/proc/cpuinfo", "CPU part", ':');  // AArch64 gives numbers only
  return part.empty() ? architecture
                      : fmt::format("implementer {} part {}", field_of("/proc/cpuinfo", "CPU implementer", ':'), part);
}

void describe_build(record::Build& build) {
  build.set_compiler(kCompiler);
  build.set_flags(STET_FLAGS);
  build.set_build_type(STET_BUILD_TYPE);
  auto& libraries = *build.mutable_libraries();
  libraries["hdf5"] = hdf5_version();
  libraries["protobuf"] = google::protobuf::internal::VersionString(GOOGLE_PROTOBUF_VERSION);
  libraries["openssl"] = OpenSSL_version(OPENSSL_VERSION_STRING);
  libraries["zlib"] = zlibVersion();
  int git_major = 0, git_minor = 0, git_patch = 0;
  git_libgit2_version(&git_major, &git_minor, &git_patch);
  libraries["libgit2"] = fmt::format("{}.{}.{}", git_major, git_minor, git_patch);
  libraries["glibc"] = gnu_get_libc_version();
  libraries["libstdc++"] = std::to_string(__GLIBCXX__);
}

void describe_machine(record::Machine& machine) {
  utsname name{};
  ::uname(&name);
  machine.set_host(to_utf8(name.nodename));
  machine.set_kernel(fmt::format("{} {}", name.sysname, name.release));
  machine.set_architecture(name.machine);
  machine.set_os(to_utf8(field_of("/etc/os-release", "PRETTY_NAME=", '=')));
  machine.set_cpu(to_utf8(cpu_model(name.machine)));
  machine.set_cpus(static_cast<int32_t>(::sysconf(_SC_NPROCESSORS_ONLN)));
  machine.set_memory_bytes(static_cast<int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE));
}

}  // namespace

void describe_environment(record::Launch& launch, const std::vector<std::string>& argv, const Path& folder) {
  for (const std::string& argument : mask_arguments(argv)) launch.add_argv(to_utf8(argument));
  launch.set_cwd(to_utf8(folder.string()));
  launch.set_pid(::getpid());
  launch.set_started(unix_time());
  describe_build(*launch.mutable_build());
  describe_machine(*launch.mutable_machine());
  for (char** entry = environ; entry && *entry; ++entry) {
    std::string_view text = *entry;
    size_t sign = text.find('=');
    if (sign == std::string_view::npos) continue;
    std::string name(text.substr(0, sign));
    if (is_allowed(name))
      (*launch.mutable_environment())[to_utf8(name)] = to_utf8(mask_secret(name, text.substr(sign + 1)));
  }
}

}  // namespace stet::tracking
