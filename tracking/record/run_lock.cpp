#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "stet/tensor/error.h"
#include "stet/tensor/threads.h"
#include "stet/tracking/record/host.h"
#include "stet/tracking/record/run_folder.h"

namespace stet::tracking {
namespace {

using namespace std::chrono_literals;

constexpr auto kHeartbeatInterval = 5s;
constexpr int64_t kHeartbeatPatience = 60;   // seconds; clocks of two hosts may differ by some
constexpr int64_t kBeginningPatience = 600;  // seconds in which a run's folder is surely made

constexpr std::string_view kLockName = ".lock";
constexpr int64_t kLockLimit = 4096;  // bytes

LockHolder this_process(bool heartbeat) {
  LockHolder holder;
  holder.host = host_name();
  holder.pid = ::getpid();
  holder.heartbeat = heartbeat;
  try {
    holder.boot_id = read_file("/proc/sys/kernel/random/boot_id");
    if (holder.boot_id.ends_with('\n')) holder.boot_id.pop_back();
  } catch (const IoError&) {  // without it, a pid alone decides
  }
  return holder;
}

bool heart_beats(const Folder& folder, const LockHolder& holder) {
  LockHolder self = this_process(true);
  if (holder.host == self.host && !holder.boot_id.empty()) {
    bool exists = ::kill(static_cast<pid_t>(holder.pid), 0) == 0 || errno == EPERM;
    if (holder.boot_id != self.boot_id || !exists) return false;
  }
  const EntryStatus lock = look_at(folder / kLockName);
  return lock.kind == EntryStatus::Kind::file && std::time(nullptr) - lock.modified < kHeartbeatPatience;
}

void write_holder(File& file, const LockHolder& holder) {
  nlohmann::ordered_json json = {
      {"host", holder.host}, {"pid", holder.pid}, {"boot_id", holder.boot_id}, {"heartbeat", holder.heartbeat}};
  file.clear();
  file.write(as_bytes(json.dump() + "\n"));
}

// A reader that looks whether the run is held takes the lock for an instant: ask again before believing that it is.
LockResult try_patiently(FileSystem& fs, File& file) {
  LockResult result = fs.try_lock(file);
  for (int i = 0; i < 10 && result == LockResult::held_by_other; ++i) {
    std::this_thread::sleep_for(10ms);
    result = fs.try_lock(file);
  }
  return result;
}

// A holder is written by who has the lock, so one whose lock is free is gone; but not every file system tells another
// host of a lock.
bool is_dead_beginning(const Entry& entry) {
  const EntryStatus status = look_at(entry);
  if (status.kind != EntryStatus::Kind::folder) return false;
  const Folder folder(entry);
  const auto holder = read_holder(folder);  // before: one that begins now may take the lock in between
  if (is_held(folder)) return false;
  const bool is_known = holder && holder->host == this_process(false).host;
  return is_known || std::time(nullptr) - status.modified > kBeginningPatience;
}

[[noreturn]] void raise_held(const Folder& folder) {
  auto holder = read_holder(folder);
  const std::string run = folder.path().filename().string();
  if (!holder) raise("run {}: held by another process; wait until it has ended", run);
  raise("run {}: still running (process {} on {}); wait until it has ended", run, holder->pid, holder->host);
}

}  // namespace

struct RunLock::State {
  State() {
    [[maybe_unused]] static const int once =
        ::pthread_atfork([] { held().mutex.lock(); }, [] { held().mutex.unlock(); },
                         [] {
                           for (State* state : held().all) state->leave_to_parent();
                           held().mutex.unlock();
                         });
    const std::lock_guard lock(held().mutex);
    held().all.insert(this);
  }

  // A process that the seam ends has no destructors run; a heartbeat then stops with it.
  ~State() {
    {
      const std::lock_guard lock(held().mutex);
      held().all.erase(this);
    }
    if (!beat.joinable()) return;
    {
      std::lock_guard lock(mutex);
      done = true;
    }
    wake.notify_all();
    beat.join();
    ::futimens(file->descriptor(), long_ago);
  }

  void start_heartbeat() {
    beat = start_thread("the run's lock", [this] {
      std::unique_lock lock(mutex);
      while (!wake.wait_for(lock, kHeartbeatInterval, [this] { return done; })) ::futimens(file->descriptor(), nullptr);
    });
  }

  // In a child that was forked: a lock lasts as long as any copy of its descriptor is open. The number stays taken, as
  // `file` closes it.
  void leave_to_parent() {
    parents = true;
    if (!file) return;
    const Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (nothing.get() < 0 || ::dup3(nothing.get(), file->descriptor(), O_CLOEXEC) < 0) ::close(file->descriptor());
  }

  // Of this process. Never destroyed: a static object may hold a run.
  struct All {
    std::mutex mutex;
    std::set<State*> all;
  };
  static All& held() {
    static All& instance = *new All;
    return instance;
  }

  static constexpr timespec long_ago[2] = {{0, 0}, {0, 0}};
  std::unique_ptr<File> file;
  std::string warning;
  std::mutex mutex;
  std::condition_variable wake;
  bool done = false;
  bool parents = false;  // the process that this one was forked from holds the run
  std::thread beat;
};

// What is the parent's can't be destroyed in a child, which has no such thread to wait for.
void RunLock::Release::operator()(State* state) const {
  if (!state->parents) delete state;
}

RunLock::RunLock(FileSystem& fs, const Folder& folder) : state_(new State) {
  state_->file = fs.open(folder / kLockName, OpenMode::append);
  LockResult result = try_patiently(fs, *state_->file);
  bool heartbeat = result == LockResult::unsupported;
  if (result == LockResult::held_by_other) raise_held(folder);
  if (auto holder = read_holder(folder); holder && holder->heartbeat && heart_beats(folder, *holder))
    raise_held(folder);
  write_holder(*state_->file, this_process(heartbeat));
  if (!heartbeat) return;
  state_->warning = fmt::format(
      "{}: its file system refuses locks; two processes that start at the same instant could both take the run",
      folder.path().string());
  state_->start_heartbeat();
}

RunLock::RunLock(RunLock&&) noexcept = default;
RunLock& RunLock::operator=(RunLock&&) noexcept = default;
RunLock::~RunLock() = default;

const std::string& RunLock::warning() const { return state_->warning; }

std::optional<LockHolder> read_holder(const Folder& folder) {
  try {
    auto json = nlohmann::json::parse(read_file(folder / kLockName, kLockLimit));
    return LockHolder{json.at("host"), json.at("pid"), json.at("boot_id"), json.at("heartbeat")};
  } catch (const Error&) {
    return {};
  } catch (const nlohmann::json::exception&) {  // between two writes, or left so by a crash
    return {};
  }
}

void remove_dead_beginnings(FileSystem& fs, const Folder& runs) noexcept {
  try {
    for (const std::string& name : runs.names()) {
      if (name.starts_with(".new-") && is_dead_beginning(runs / name)) remove_all(fs, runs / name);
    }
  } catch (const Error&) {  // another process removes them too, or they are another user's
  }
}

bool is_held(const Folder& folder) {
  try {
    const InputFile lock(folder / kLockName);
    const auto holder = read_holder(folder);
    if (holder && holder->heartbeat) return heart_beats(folder, *holder);
    return ::flock(lock.descriptor(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  } catch (const IoError&) { return false; }  // there is none, or none that this process may read
}

}  // namespace stet::tracking
