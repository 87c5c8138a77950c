#include "stet/tracking/run/process_end.h"

#include <signal.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <new>

#include "stet/tensor/error.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

std::string program_name = "stet";
EndHandler end_handler = nullptr;

constexpr int kEndingSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
volatile std::sig_atomic_t signal_that_came = 0;
volatile std::sig_atomic_t came[NSIG] = {}, was_passed_on[NSIG] = {};

extern "C" void note_signal(int signal, siginfo_t* info, void*) {
  signal_that_came = signal;
  volatile std::sig_atomic_t& before = info->si_code == SI_QUEUE ? was_passed_on[signal] : came[signal];
  if (before != 0) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
  before = 1;
}

bool is_watched(int signal) {
  struct sigaction now {};
  return ::sigaction(signal, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == note_signal;
}

bool is_default(int signal) {
  struct sigaction now {};
  return ::sigaction(signal, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_DFL;
}

[[noreturn]] void end_with(const std::string& message, bool in_training) noexcept {
  end_handler(message, in_training);
  flush_all();
  std::fprintf(stderr, "%s: %s\n", program_name.c_str(), in_one_line(message).c_str());
  std::_Exit(in_training ? 1 : 2);
}

[[noreturn]] void on_terminate() {
  try {
    if (const auto error = std::current_exception()) std::rethrow_exception(error);
    end_with("ended by std::terminate", true);
  } catch (const TrainingError& e) { end_with(e.what(), true); } catch (const std::bad_alloc&) {
    end_with("out of memory", false);
  } catch (const std::exception& e) { end_with(e.what(), false); } catch (...) {
    end_with("an exception of an unknown type", false);
  }
}

}  // namespace

void install_terminate_handler(const std::string& program, EndHandler handler) {
  program_name = to_utf8(program);
  end_handler = handler;
  std::set_terminate(on_terminate);
}

void watch_signals() {
  signal_that_came = 0;
  struct sigaction note {};
  note.sa_sigaction = note_signal;
  note.sa_flags = SA_SIGINFO | SA_RESTART;
  for (const int signal : kEndingSignals) {
    came[signal] = 0;
    was_passed_on[signal] = 0;
    if (is_default(signal)) ::sigaction(signal, &note, nullptr);
  }
}

void ignore_file_size_signal() {
  if (is_default(SIGXFSZ)) std::signal(SIGXFSZ, SIG_IGN);
}

void forget_signals() {
  for (const int signal : kEndingSignals) {
    if (is_watched(signal)) std::signal(signal, SIG_DFL);
  }
}

int noted_signal() { return signal_that_came; }

std::string name_of_signal(int signal) {
  switch (signal) {
    case SIGINT: return "interrupted";
    case SIGTERM: return "terminated";
    case SIGHUP: return "hung up";
    default: return signal == SIGUSR1 ? "stopped by SIGUSR1" : "stopped by SIGUSR2";
  }
}

void flush_all() {
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
}

}  // namespace stet::tracking
