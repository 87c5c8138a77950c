#include "stet/tracking/reading/trust.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "stet/tensor/error.h"
#include "stet/tracking/capture/own_runs.h"
#include "stet/tracking/capture/program.h"

namespace stet::tracking {
namespace {

constexpr char kRemedy[] =
    "running it runs a program as you; look at it, and give --trust, or STET_TRUST=1 in the environment, to do so";

// Who else may have written the record, in words; empty: nobody.
std::string other_writer(const Folder& run) {
  const uid_t user = ::geteuid();
  struct stat folder {
  }, record{};
  if (::fstat(run.descriptor(), &folder) != 0 || folder.st_uid != user) return "another user wrote the folder";
  if (::fstatat(run.descriptor(), "run.json", &record, AT_SYMLINK_NOFOLLOW) != 0 || record.st_uid != user)
    return "another user wrote its record";
  return ((folder.st_mode | record.st_mode) & S_IWOTH) != 0 ? "anybody may write its record" : "";
}

}  // namespace

std::string why_distrusted(const Folder& run, const Folder& runs, const record::RunRecord& record,
                           const std::vector<record::Program>& programs) {
  const std::string writer = other_writer(run);
  if (!writer.empty()) return fmt::format("{}: {}", writer, kRemedy);
  const uid_t user = ::geteuid();
  struct stat status {};
  const auto kept = find_folder(runs / "programs");
  for (const record::Program& program : programs) {
    const std::string& sha256 = program.sha256();
    const bool there = kept && sha256.find('/') == sha256.npos &&
                       ::fstatat(kept->descriptor(), sha256.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (there && status.st_uid != user) return fmt::format("another user wrote its kept program: {}", kRemedy);
  }
  const auto is_own = [&](const auto& program) { return is_own_run(record.id(), identity_of(program)); };
  if (!std::all_of(programs.begin(), programs.end(), is_own))
    return fmt::format("it is not in your own list of runs with that program, so it came from elsewhere: {}", kRemedy);
  if (is_own_record(record)) return "";
  return fmt::format("its places, texts or launches are not those of your own list of runs: {}", kRemedy);
}

}  // namespace stet::tracking
