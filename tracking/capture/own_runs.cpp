#include "stet/tracking/capture/own_runs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stet/tensor/error.h"
#include "stet/tensor/hash_cache.h"
#include "stet/tensor/sha256.h"
#include "stet/tracking/capture/program.h"
#include "stet/tracking/record/parse.h"
#include "stet/tracking/record/record.pb.h"

namespace stet::tracking {
namespace {

constexpr char kFileName[] = "runs";
constexpr char kRecordMark[] = " record ";  // between a run's id and where its record leads programs

std::filesystem::path state_folder() { return user_folder("XDG_STATE_HOME", ".local/state"); }

Descriptor open_list(int flags) {
  const auto folder = state_folder();
  const Descriptor opened = folder.empty() ? Descriptor() : open_own_folder(folder);
  if (opened.get() < 0) return Descriptor();
  Descriptor fd(retry_interrupted(
      [&] { return ::openat(opened.get(), kFileName, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600); }));
  struct stat status {};
  const bool ours = fd.get() >= 0 && ::fstat(fd.get(), &status) == 0 && S_ISREG(status.st_mode) &&
                    status.st_uid == ::geteuid() && (status.st_mode & 022) == 0;
  return ours ? std::move(fd) : Descriptor();
}

// A number or a truth can name no file: who changes one is told by a verification at which step the runs part.
bool is_text(const std::string& value) { return !parse_double(value) && !parse_int64(value) && !parse_bool(value); }

// What can lead a program that is run again or goes on elsewhere, as 64 hexadecimal digits: whoever could change it
// could have the user's own program write anywhere.
std::string steering_of(const record::RunRecord& record) {
  Sha256 hash;
  const auto add = [&](const std::string& text) { hash.update(static_cast<uint64_t>(text.size())).update(text); };
  const auto add_texts = [&](const auto& named) {
    for (const auto& each : named) {
      if (!is_text(each.value())) continue;
      add(each.name());
      add(each.value());
    }
  };
  add_texts(record.params());
  hash.update(static_cast<uint64_t>(record.params_size()));
  add_texts(record.places());
  for (const auto& launch : record.launches()) {
    hash.update(static_cast<uint64_t>(launch.argv_size()));
    for (const std::string& word : launch.argv()) add(word);
    add(launch.cwd());
    add(launch.device());
    add(identity_of(launch.program()));
  }
  return hash.hex();
}

// Text of the list; empty where there is none.
std::string read_list() {
  const Descriptor list = open_list(O_RDONLY);
  try {
    return list.get() < 0 ? "" : read_all(list, kFileName);
  } catch (const IoError&) { return ""; }
}

bool is_line(const std::string& text) { return !text.empty() && text.find('\n') == text.npos; }

}  // namespace

void note_own_run(const record::RunRecord& record) {
  const auto path = state_folder() / kFileName;
  const Descriptor list = open_list(O_WRONLY | O_CREAT | O_APPEND);
  if (list.get() < 0) throw IoError(fmt::format("{}: can't be written, or is another user's", path.string()), EACCES);
  const std::string program = identity_of(record.launches(record.launches_size() - 1).program());
  const std::string lines = "\n" + record.id() + " " + program + "\n" +  // behind what a full disk cut
                            record.id() + kRecordMark + steering_of(record) + "\n";
  write_all(list, std::as_bytes(std::span(lines)), path);
}

bool is_own_run(const std::string& id, const std::string& program) {
  return is_line(id) && is_line(program) && read_list().find("\n" + id + " " + program + "\n") != std::string::npos;
}

bool is_own_record(const record::RunRecord& record) {
  if (!is_line(record.id())) return false;
  const std::string list = read_list(), begin = "\n" + record.id() + kRecordMark;
  return list.find(begin) == list.npos || list.find(begin + steering_of(record) + "\n") != list.npos;
}

}  // namespace stet::tracking
