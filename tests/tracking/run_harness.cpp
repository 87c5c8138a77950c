#include "tracking/run_harness.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bit>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <stdexcept>

#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/events.h"
#include "stet/tracking/record/run_folder.h"
#include "stet/tracking/record/text.h"
#include "tracking/temp_folder.h"

extern char** environ;

namespace stet::tracking {
namespace {

// Hundreds of runs that sync every checkpoint: in memory, where there is a folder for it. They share a cache and a list
// of runs, and the user's own are left alone.
class HomesOfTheirOwn {
 public:
  HomesOfTheirOwn() {
    if (::access("/dev/shm", W_OK) == 0) ::setenv("TMPDIR", "/dev/shm", 0);
    homes_ = std::make_unique<TempFolder>();
    ::setenv("XDG_CACHE_HOME", (*homes_ / "cache").c_str(), 1);
    ::setenv("XDG_STATE_HOME", (*homes_ / "state").c_str(), 1);
  }
  ~HomesOfTheirOwn() {
    if (::getpid() != owner_) homes_.release();
  }

 private:
  const pid_t owner_ = ::getpid();
  std::unique_ptr<TempFolder> homes_;
};
[[maybe_unused]] const HomesOfTheirOwn homes;

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> p;
  for (std::string& w : words) p.push_back(w.data());
  p.push_back(nullptr);
  return p;
}

std::vector<std::string> merged_environment(const Environment& added) {
  std::vector<std::string> all;
  for (char** e = environ; *e; ++e) {
    const std::string entry = *e;
    if (!added.contains(entry.substr(0, entry.find('=')))) all.push_back(entry);
  }
  for (const auto& [name, value] : added) all.push_back(name + "=" + value);
  return all;
}

[[noreturn]] void become(const std::string& program, const Path& cwd, char** argv, char** envp) {
  const int out = ::open((cwd / "out").c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0644);
  const int err = ::open((cwd / "err").c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0644);
  if (::chdir(cwd.c_str()) == 0 && ::dup2(out, 1) == 1 && ::dup2(err, 2) == 2) ::execve(program.c_str(), argv, envp);
  ::_exit(126);
}

// What the program wrote to a file; nothing if it was killed before it was made.
std::string written(const Path& path) { return std::filesystem::exists(path) ? read_file(path) : ""; }

std::string metric_line(const record::Event& event, const record::Summary::Value& value) {
  std::string line = fmt::format("step {} tick {} {}", event.step(), event.tick(), value.tag());
  for (const auto& c : value.context()) line += fmt::format(" {}={}", c.name(), c.value());
  return line + fmt::format(" {:016x} {}", std::bit_cast<uint64_t>(value.double_value()),
                            value.has_tensor() ? value.tensor().SerializeAsString() : "");
}

template <class Values> std::string common_difference(const char* what, const Values& a, const Values& b) {
  for (const auto& [tick, value] : a) {
    const auto it = b.find(tick);
    if (it != b.end() && it->second != value)
      return fmt::format("{} at tick {} is {}, not {}", what, tick, it->second, value);
  }
  return "";
}

}  // namespace

Ended run_program(const std::string& program, const Path& cwd, const Arguments& arguments,
                  const Environment& environment, int kill_after_us) {
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  auto variables = merged_environment(environment);
  auto argv = pointers(words), envp = pointers(variables);
  const pid_t pid = ::fork();
  if (pid < 0) throw std::runtime_error("fork failed");
  if (pid == 0) become(program, cwd, argv.data(), envp.data());
  if (kill_after_us > 0) {
    ::usleep(static_cast<useconds_t>(kill_after_us));
    ::kill(pid, SIGKILL);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), written(cwd / "out"), written(cwd / "err")};
}

Ended run_scenario(const Path& cwd, const Arguments& arguments, const Environment& environment, int kill_after_us) {
  Arguments all{"--quiet", "--threads", "1"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run_program(STET_SCENARIO, cwd, all, environment, kill_after_us);
}

Path only_run(const Path& cwd) {
  if (!std::filesystem::exists(cwd / "runs")) return {};
  const auto runs = list_runs(cwd / "runs");
  if (runs.size() > 1) throw std::runtime_error("more than one run in " + cwd.string());
  return runs.empty() ? Path() : runs[0];
}

Outcome outcome_of(const Path& run) {
  Outcome outcome;
  EventReader reader(run);
  for (record::Event event; reader.next(event);) {
    for (const auto& value : event.summary().value()) {
      if (!value.varies() && !is_system_metric(value.tag())) outcome.metrics.push_back(metric_line(event, value));
    }
    if (event.has_loss_digest()) {
      std::string bits;
      for (const uint64_t b : event.loss_digest().bits()) bits += fmt::format("{:x} ", b);
      outcome.losses[event.tick()] = bits;
    }
    if (event.has_state_digest()) outcome.digests[event.tick()] = hex_of(event.state_digest().root());
  }
  const auto checkpoints = list_checkpoints(run);
  if (!checkpoints.empty()) outcome.checkpoint = read_file(checkpoints.back().entry).substr(512);
  return outcome;
}

std::string difference(const Outcome& undisturbed, const Outcome& other) {
  for (size_t i = 0; i < std::max(undisturbed.metrics.size(), other.metrics.size()); ++i) {
    const std::string a = i < undisturbed.metrics.size() ? undisturbed.metrics[i] : "nothing";
    const std::string b = i < other.metrics.size() ? other.metrics[i] : "nothing";
    if (a != b) return fmt::format("metric {} is {}, not {}", i, b, a);
  }
  if (undisturbed.losses.size() != other.losses.size())
    return fmt::format("{} losses, not {}", other.losses.size(), undisturbed.losses.size());
  if (auto d = common_difference("loss", undisturbed.losses, other.losses); !d.empty()) return d;
  if (auto d = common_difference("digest", undisturbed.digests, other.digests); !d.empty()) return d;
  return undisturbed.checkpoint == other.checkpoint ? "" : "the last checkpoint differs";
}

std::string resumed_difference(const Path& cwd, const Arguments& arguments, const Outcome& undisturbed) {
  Arguments all = arguments;
  if (!only_run(cwd).empty()) all.insert(all.end(), {"--resume", "latest"});
  const Ended ended = run_scenario(cwd, all);
  if (ended.status != 0) return fmt::format("resuming ended with status {}: {}", ended.status, ended.err);
  return difference(undisturbed, outcome_of(only_run(cwd)));
}

void share_programs(const Path& cwd, const Path& with) {
  const Path from = with / "runs" / "programs", to = cwd / "runs" / "programs";
  std::filesystem::create_directories(to);
  for (const auto& file : std::filesystem::directory_iterator(from))
    std::filesystem::create_hard_link(file, to / file.path().filename());
}

}  // namespace stet::tracking
