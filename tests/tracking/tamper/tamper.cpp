#include "tracking/tamper/tamper.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <regex>

#include "stet/tensor/error.h"
#include "stet/tracking/reading/differences.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/restart_point.h"
#include "stet/tracking/run/resume.h"
#include "tracking/sealing.h"

namespace stet::tracking::tamper {
namespace {

constexpr size_t kStride = 10;  // of which one is chosen

// Words that none of Stet's messages has.
const std::regex kForeign(
    "nlohmann|json\\.exception|protobuf:|google|HDF5|H5[A-Z]|std::|basic_string|vector::|bad_alloc|what\\(\\)");

// Calls f, and gives the message of what Stet throws; anything else fails the test.
template <class F> std::string message_of(const Path& run, const F& f) {
  std::string message;
  try {
    f();
  } catch (const Error& e) { message = e.what(); } catch (const std::exception& e) {
    ADD_FAILURE() << "not Stet's: " << e.what();
    return e.what();
  }
  if (message.empty()) return message;
  EXPECT_EQ(message.find('\n'), message.npos) << message;
  EXPECT_FALSE(std::regex_search(message, kForeign)) << message;
  EXPECT_NE(message.find(run.filename().string()), message.npos) << message;
  return message;
}

void add_below(std::vector<Path>& files, const Path& folder) {
  if (!std::filesystem::exists(folder)) return;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
}

}  // namespace

Ended run_tampered(const Path& cwd, const Arguments& arguments) {
  const Path program = cwd / "tampered";
  if (!std::filesystem::exists(program)) std::filesystem::copy_file(STET_TAMPERED, program);
  Arguments all{"--quiet", "--threads", "1"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run_program(program.string(), cwd, all);
}

// Spread over all, as edits of one kind come at equal distances.
bool is_chosen(size_t edit) {
  return (edit * 2654435761u >> 16) % kStride == 0 || std::getenv("STET_EVERY_CASE") != nullptr;
}

Readings read_all(const Path& run, const RunView& original) {
  Readings found;
  const auto say = [&](std::string message) {
    const bool said = !message.empty();
    if (said) found.messages.push_back(std::move(message));
    return said;
  };
  message_of(run, [&] { Runs(run.parent_path()).list(); });
  bool altered = false;
  found.show_sees = say(message_of(run,
                                   [&] {
                                     const RunView view = read_run(run);
                                     altered = view.seal.state == SealState::altered;
                                     diff(original, view);
                                   })) ||
                    altered;
  altered = false;
  found.check_sees =
      say(message_of(run,
                     [&] { altered = check_seal(Folder(run), SealDepth::everything).state == SealState::altered; })) ||
      altered;
  bool passed_over = false;
  found.resume_sees = say(message_of(run,
                                     [&] {
                                       const RecordedRun held = open_recorded(real_file_system(), run.parent_path(),
                                                                              run.filename().string(), "tampered");
                                       if (held.held)
                                         passed_over = !find_restart_point(held.held->folder).passed_over.empty();
                                     })) ||
                      passed_over;
  return found;
}

bool looks_sealed(const Path& run) {
  bool sealed = false;
  message_of(run, [&] { sealed = check_seal(Folder(run), SealDepth::record_and_log).state == SealState::sealed; });
  return sealed;
}

bool is_refused(const Path& run) {
  bool verified = false;
  message_of(run, [&] {
    const Verdict verdict = verify(run, {.threads = 1, .trust = true});
    EXPECT_FALSE(std::regex_search(verdict.line, kForeign)) << verdict.line;
    verified = verdict.verified();
  });
  return !verified;
}

std::vector<Path> covered_files(const Path& run) {
  std::vector<Path> files{run / "run.json"};
  for (const Segment& segment : list_segments(Folder(run))) files.push_back(segment.entry.path());
  for (const char* folder : {"artifacts", "checkpoints", "source"}) add_below(files, run / folder);
  return files;
}

Restored::Restored(Path file) : file_(std::move(file)), bytes_(read_file(file_)) {}
Restored::~Restored() { overwrite(file_, bytes_); }

Tally::~Tally() {
  std::printf("%-40s %6zu tried %6zu detected %6zu harmless\n", what_.c_str(), tried, detected, harmless);
}

}  // namespace stet::tracking::tamper
