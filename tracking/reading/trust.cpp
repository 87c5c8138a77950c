#include "stet/tracking/reading/trust.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stet/tensor/error.h"
#include "stet/tracking/capture/own_runs.h"

namespace stet::tracking {
namespace {

constexpr char kRemedy[] =
    "running it runs a program as you; look at it, and give --trust, or STET_TRUST=1 in the environment, to do so";

}  // namespace

std::string why_distrusted(const Folder& run, const Folder& runs, const std::string& id,
                           const std::vector<std::string>& programs) {
  const uid_t user = ::geteuid();
  struct stat status {};
  if (::fstat(run.descriptor(), &status) != 0 || status.st_uid != user)
    return fmt::format("another user wrote the folder: {}", kRemedy);
  const auto kept = find_folder(runs / "programs");
  for (const std::string& sha256 : programs) {
    const bool there = kept && sha256.find('/') == sha256.npos &&
                       ::fstatat(kept->descriptor(), sha256.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (there && status.st_uid != user) return fmt::format("another user wrote its kept program: {}", kRemedy);
  }
  if (is_own_run(id)) return "";
  return fmt::format("it is not in your own list of runs, so it came from elsewhere: {}", kRemedy);
}

}  // namespace stet::tracking
