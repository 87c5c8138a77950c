// A training whose surroundings go wrong, as STET_TEST_DO says: the program's folder changes, it forks, names are no
// UTF-8. Tests look at what is left.
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cfenv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "stet/data/fingerprint.h"
#include "stet/data/in_memory.h"
#include "stet/data/loader.h"
#include "stet/optim/average.h"
#include "stet/optim/plateau.h"
#include "stet/optim/sgd.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/ops.h"
#include "stet/tracking/run/run.h"

using namespace stet;

namespace {

constexpr const char* kLatin1 = "caf\xe9";

struct Training {
  Run& run;
  double state = 0;
};
using Step = std::function<void(Training&, int64_t)>;

std::string value_of(const char* variable) {
  const char* value = std::getenv(variable);
  return value ? value : "";
}

void write(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << text;
}

float op_on_many_threads() { return sum(matmul(ones({300, 300}), ones({300, 300}))).item<float>(); }

int wait_for(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void in_child(Training& t, const std::function<void()>& body) {
  const auto record = [&] {
    std::ifstream in(t.run.folder() + "/run.json");
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const std::string before = record();
  const pid_t child = ::fork();
  if (child == 0) return body();
  const int status = wait_for(child);
  t.run.log_text("child", "ended with " + std::to_string(status) + ";");
  if (record() != before) t.run.log_text("record", "changed by the child");
}

// What happens in a step.
const std::map<std::string, Step>& things_to_do() {
  static const std::map<std::string, Step> things{
      {"nothing", [](Training&, int64_t) {}},
      {"metric", [](Training& t, int64_t) { t.run.log(kLatin1, 1); }},
      {"tensor metric", [](Training& t, int64_t) { t.run.log(kLatin1, ones({1})); }},
      {"context",
       [](Training& t, int64_t) {
         t.run.log("acc", 1, {{"subset", kLatin1}});
       }},
      {"context name",
       [](Training& t, int64_t) {
         t.run.log("acc", 1, {{kLatin1, "x"}});
       }},
      {"text", [](Training& t, int64_t) { t.run.log_text(kLatin1, "x"); }},
      {"image",
       [](Training& t, int64_t) {
         t.run.log_image(kLatin1, zeros({2, 2}));
       }},
      {"artifact", [](Training& t, int64_t) { t.run.artifact(kLatin1); }},
      {"message", [](Training&, int64_t) { throw std::runtime_error("can't open caf\xe9.png\n\x1b[2J"); }},
      {"text of any bytes", [](Training& t, int64_t) { t.run.log_text("sample", kLatin1); }},
      {"empty name", [](Training& t, int64_t) { t.run.log("", 1); }},
      {"metric of two", [](Training& t, int64_t) { t.run.log("acc", ones({2})); }},
      {"context twice",
       [](Training& t, int64_t) {
         t.run.log("acc", 1, {{"a", "1"}, {"a", "2"}});
       }},
      {"two kinds",
       [](Training& t, int64_t) {
         t.run.log("acc", 1);
         t.run.log_text("acc", "good");
       }},
      {"contexts",
       [](Training& t, int64_t) {
         t.run.log("acc", 0.25, {{"subset", "1"}});
         t.run.log("acc", 0.75, {{"fold", "1"}});
         t.run.log("acc/1", 0.5);
         t.run.log("acc[subset=1]", 0.125);
         t.run.log("acc", 0.0625, {{"subset=1]", "a,b"}});
         t.run.log("m", 1, {{"a", "x"}, {"b", "y"}});
         t.run.log("m", 1, {{"b", "y"}, {"a", "x"}});
       }},
      {"artifacts",
       [](Training& t, int64_t i) {
         const std::string folder = value_of("STET_TEST_FOLDER") + (i == 1 ? "/test" : "/train");
         write(folder + "/data.csv", i == 1 ? "test" : "train");
         t.run.artifact(folder + "/data.csv");
       }},
      {"chdir",
       [](Training&, int64_t i) {
         if (i == 1) std::filesystem::current_path(value_of("STET_TEST_FOLDER"));
       }},
      {"signal",
       [](Training&, int64_t i) {
         if (i == 3) ::raise(std::atoi(value_of("STET_TEST_SIGNAL").c_str()));
       }},
      {"waits",
       [](Training&, int64_t i) {
         if (i == 3) write(value_of("STET_TEST_FOLDER") + "/ready", "");
         ::usleep(1000);
       }},
      {"child exits",
       [](Training& t, int64_t i) {
         if (i == 1) in_child(t, [] { std::exit(op_on_many_threads() == 2.7e7f ? 7 : 1); });
       }},
      {"child throws",
       [](Training& t, int64_t i) {
         if (i == 1) in_child(t, [] { throw std::runtime_error("of the child"); });
       }},
      {"child goes on",
       [](Training& t, int64_t i) {
         if (i == 1) in_child(t, [&] { t.run.log("of the child", 1); });
         t.run.log("of all", 1);
       }},
      {"child gets SIGTERM",
       [](Training& t, int64_t i) {
         if (i == 1) in_child(t, [] { ::raise(SIGTERM); });
       }},
      {"dies and leaves a child",
       [](Training&, int64_t i) {
         if (i != 2 || value_of("STET_TEST_DIE").empty()) return;
         std::array<int, 2> ends{};
         if (::pipe(ends.data()) != 0) ::_exit(9);
         char lives = 0;
         if (::fork() != 0) {
           ::close(ends[1]);
           ::raise(::read(ends[0], &lives, 1) == 1 ? SIGKILL : SIGABRT);
         }
         if (::write(ends[1], "x", 1) != 1) ::_exit(9);
         // Until the test has looked: it removes the file.
         while (std::filesystem::exists(value_of("STET_TEST_FOLDER") + "/wait")) ::usleep(10'000);
         ::_exit(0);
       }},
  };
  return things;
}

struct Module : Stateful {
  std::string name;
  double member = 0;
  explicit Module(std::string n) : name(std::move(n)) {}
  void members(Visitor& v) override { v(name, member); }
};

struct Net : Stateful {
  Parameter weight{ones({2})};
  void members(Visitor& v) override { v("weight", weight); }
};

// What a resumed run would not have.
void train_with_something_untracked(Run& run, const std::string& what) {
  Net net;
  Net average = copy(net);
  optim::SGD opt(net, {.lr = 0.1});
  optim::EarlyStopping stop({.patience = 100});
  Gradients sum_of_two;
  run.track("net", net);
  run.track("opt", opt);
  for (const int64_t i : run.steps(6)) {
    const Gradients g = backward(sum(square(net.weight)));
    sum_of_two += g;
    if (what == "untracked: gradients of two steps" && i % 2 == 1) opt.step(std::exchange(sum_of_two, {}));
    if (what == "untracked: early stopping") stop.step(static_cast<double>(i));
    if (what == "untracked: an average") optim::move_average(average, net, 0.5);
    if (what == "untracked: an optimizer's other net") {
      opt.step(g);
      if (i == 3) opt = optim::SGD(average, {.lr = 0.1});
      if (i >= 3) opt.step(backward(sum(square(average.weight))));
    }
  }
}

// Each inner loop is left by break, at a boundary where nothing is saved. `hidden` is not tracked.
void leave_inner_loops(Run& run, bool hides) {
  double state = 0, hidden = 1;
  run.track("state", state);
  for ([[maybe_unused]] auto& epoch : run.epochs(7)) {
    for (const int64_t i : run.steps(10)) {
      if (hides) hidden *= 1.5;
      state += hidden;
      if (i == 2) break;
    }
  }
}

// The loops of one launch are not those of the next.
void take_other_loops(Run& run) {
  double state = 0;
  run.track("state", state);
  if (value_of("STET_TEST_OTHER").empty()) {
    for ([[maybe_unused]] const int64_t i : run.steps(20)) ++state;
  }
  for ([[maybe_unused]] auto& epoch : run.epochs(3)) {
    for ([[maybe_unused]] const int64_t i : run.steps(2)) ++state;
  }
}

void train(Run& run, const std::string& what) {
  if (what.starts_with("untracked")) return train_with_something_untracked(run, what);
  if (what.starts_with("leaves inner loops")) return leave_inner_loops(run, what.ends_with("and hides"));
  if (what == "takes other loops") return take_other_loops(run);
  Training training{run};
  if (what == "track") run.track(kLatin1, training.state);
  Module module(kLatin1);
  if (what == "member") run.track("module", module);
  auto short_lived = std::make_unique<Module>("member");
  if (what.starts_with("destroys")) run.track("net", *short_lived);
  if (what == "destroys before the loop") short_lived.reset();
  const auto set = data::in_memory("set", ones({4, 1}));
  data::Loader loader(set, {.shuffle = run.rng() / kLatin1});
  if (what == "stream") run.track("loader", loader);
  if (what == "policy") run.checkpoint({.best_metric = kLatin1});
  if (what == "kept") Kept<double> kept(run, kLatin1, 0.0);
  if (what == "data set") data::in_memory(kLatin1, ones({2, 1}));
  run.track("state", training.state);
  if (what == "forks before the loop") wait_for(::fork());
  const auto it = things_to_do().find(what);
  for (const int64_t i : run.steps(what == "waits" ? 1'000'000 : 6)) {
    training.state += static_cast<double>(i);
    if (it != things_to_do().end()) it->second(training, i);
    if (what == "destroys in the loop" && i == 3) short_lived.reset();
    if (what == "exits in the loop" && i == 3) std::exit(5);
  }
}

}  // namespace

// In a child that was forked nothing may be allocated until fork() returns: an allocator that another thread held then
// would never be free. One that does ends the child.
namespace {

bool in_fork = false;  // the child's, and its handlers run

[[gnu::constructor(101)]] void watch_forks() {
  ::pthread_atfork(nullptr, nullptr, [] { in_fork = true; });
}

}  // namespace

extern "C" pid_t fork() noexcept {
  static const auto next = reinterpret_cast<pid_t (*)()>(::dlsym(RTLD_NEXT, "fork"));
  const pid_t child = next();
  in_fork = false;
  return child;
}

[[gnu::noinline]] void* operator new(size_t bytes) {
  constexpr std::string_view kSaid = "allocates within fork()\n";
  if (in_fork) {
    [[maybe_unused]] const ssize_t said = ::write(STDERR_FILENO, kSaid.data(), kSaid.size());
    ::_exit(99);
  }
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

// STET_TEST_CLOCK=past: a clock that stands before 1970 and runs backwards.
extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  static long seconds = -86'400;
  const bool past = clock == CLOCK_REALTIME && std::getenv("STET_TEST_CLOCK");
  if (past) *time = {seconds -= 10, 500'000'000};
  return past ? 0 : static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
}

int main(int argc, char** argv) {
  const std::string what = value_of("STET_TEST_DO");
  if (what == "handled signal") std::signal(SIGUSR1, [](int) { std::puts("handled"); });
  if (what == "ignored signal") std::signal(SIGHUP, SIG_IGN);
  if (what == "rounds upward") std::fesetround(FE_UPWARD);
  Run run(argc, argv, what == "program" ? kLatin1 : "surroundings");
  std::printf("rate %a\n", run.param("rate", 0.5));
  if (what == "help") run.param("other", 1, {.help = kLatin1});
  if (what == "choice") run.param("other", "a", {.one_of = {"a", kLatin1}});
  if (what == "before the loop") std::filesystem::current_path(value_of("STET_TEST_FOLDER"));
  if (what == "exits before the loop") std::exit(0);
  train(run, what == "handled signal" || what == "ignored signal" ? "signal" : what);
  std::printf("in %s\n", run.folder().c_str());
  if (what == "exits after the loop") {
    run.log("final", 1);
    std::exit(0);
  }
  return what == "returns 3" ? 3 : 0;
}
