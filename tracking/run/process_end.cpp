#include "stet/tracking/run/process_end.h"

#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <new>

#include "stet/tensor/error.h"

namespace stet::tracking {
namespace {

std::string program_name = "stet";
EndHandler end_handler = nullptr;
volatile std::sig_atomic_t signal_that_came = 0;

extern "C" void note_signal(int signal) {
  signal_that_came = signal;
  std::signal(signal, SIG_DFL);  // the second one ends the process
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
  program_name = program;
  end_handler = handler;
  std::set_terminate(on_terminate);
}

void watch_signals() {
  signal_that_came = 0;
  std::signal(SIGINT, note_signal);
  std::signal(SIGTERM, note_signal);
}

int noted_signal() { return signal_that_came; }

void flush_all() {
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
}

std::string in_one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return text;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace stet::tracking
