#include "stet/tracking/cli/signals.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <csignal>

namespace stet::tracking::cli {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

std::atomic<int> last_signal{0};
std::atomic<pid_t> receiver{0};
std::atomic<bool> waiting[NSIG]{};  // came, and could not be passed on yet

void pass_on(pid_t program, int signal) {
  if (::sigqueue(program, signal, {}) != 0) ::kill(program, signal);
}

extern "C" void note(int signal, siginfo_t* info, void*) {
  const bool again = waiting[signal];
  last_signal = signal;
  if (info->si_code == SI_KERNEL && receiver > 0) return;
  waiting[signal] = true;
  if (receiver > 0) {
    waiting[signal] = false;
    pass_on(receiver, signal);
  } else if (again) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

}  // namespace

NotedSignals::NotedSignals() {
  struct sigaction action {};
  action.sa_sigaction = note;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  for (const int signal : kSignals) {
    struct sigaction before {};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler == SIG_DFL) ::sigaction(signal, &action, nullptr);
  }
}

NotedSignals::~NotedSignals() {
  for (const int signal : kSignals) {
    struct sigaction now {};
    ::sigaction(signal, nullptr, &now);
    if (now.sa_sigaction == note) std::signal(signal, SIG_DFL);
  }
  receiver = 0;
}

int NotedSignals::last() const { return last_signal; }

void NotedSignals::pass_on_to(pid_t program) {
  receiver = program;
  for (const int signal : kSignals) {
    if (waiting[signal].exchange(false)) pass_on(program, signal);
  }
}

void end_by(int signal) {
  std::signal(signal, SIG_DFL);
  std::raise(signal);
  ::_exit(128 + signal);
}

}  // namespace stet::tracking::cli
