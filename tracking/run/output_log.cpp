#include "stet/tracking/run/output_log.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>

#include "stet/tensor/error.h"

namespace stet::tracking {
namespace {

void flush_streams() {
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
}

void write_all(int to, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t n = ::write(to, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;  // nobody reads any more, or the disk is full: training goes on
    data += n;
    size -= static_cast<size_t>(n);
  }
}

void write_text(int to, const char* text) { write_all(to, text, std::strlen(text)); }

/// The helper's side. It was forked from a process that may have threads, so it calls nothing but the system and uses
/// no heap.
struct Copier {
  int out, error, bar;              // to read from
  int to_out, to_error, log, done;  // to write to
  std::array<char, 4096> line{};    // the bar's text
  size_t line_size = 0;
  bool bar_shown = false;

  void copy(int& from, int to) {
    std::array<char, 16384> buffer;
    const ssize_t n = ::read(from, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) return;
    if (n <= 0) {
      ::close(from);
      from = -1;
      return;
    }
    if (bar_shown) write_text(to_error, "\r\033[K");
    write_all(to, buffer.data(), static_cast<size_t>(n));
    write_all(log, buffer.data(), static_cast<size_t>(n));
    if (bar_shown && buffer[static_cast<size_t>(n) - 1] == '\n') draw();
  }

  void draw() {
    write_text(to_error, "\r");
    write_all(to_error, line.data(), line_size);
    write_text(to_error, "\033[K");
  }

  // Each message was written at once and is shorter than PIPE_BUF, so it comes whole. Of several only the last matters;
  // an empty one ends the line, which shows the one before.
  void read_bar() {
    std::array<char, 4096> buffer;
    const ssize_t n = ::read(bar, buffer.data(), buffer.size());
    if (n <= 0) {
      if (n < 0 && errno == EINTR) return;
      ::close(bar);
      bar = -1;
      return;
    }
    std::string_view messages(buffer.data(), static_cast<size_t>(n) - 1);  // without the last one's newline
    const auto last = [&] { return messages.substr(messages.rfind('\n') + 1); };
    const bool ends = last().empty();
    if (ends && !messages.empty()) messages.remove_suffix(1);
    if (const std::string_view text = last(); !text.empty()) {
      line_size = text.copy(line.data(), line.size());
      bar_shown = true;
      draw();
    }
    if (!ends) return;
    if (bar_shown) write_text(to_error, "\n");
    bar_shown = false;
  }

  [[noreturn]] void run() {
    while (out >= 0 || error >= 0 || bar >= 0) {
      std::array<pollfd, 3> ready{{{out, POLLIN, 0}, {error, POLLIN, 0}, {bar, POLLIN, 0}}};
      if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) break;
      if (ready[0].revents) copy(out, to_out);
      if (ready[1].revents) copy(error, to_error);
      if (ready[2].revents) read_bar();
    }
    ::_exit(0);
  }
};

// Descriptors of the parent must not live on here: its lock, above all.
void close_others(const Copier& c) {
  const auto needed = [&](int fd) {
    return fd == c.out || fd == c.error || fd == c.bar || fd == c.to_out || fd == c.to_error || fd == c.log ||
           fd == c.done;
  };
  int highest = 0;
  for (const int fd : {c.out, c.error, c.bar, c.to_out, c.to_error, c.log, c.done})
    highest = fd > highest ? fd : highest;
  for (int fd = 0; fd <= highest; ++fd) {
    if (!needed(fd)) ::close(fd);
  }
#ifdef SYS_close_range
  if (::syscall(SYS_close_range, highest + 1, ~0U, 0) == 0) return;
#endif
  for (int fd = highest + 1; fd < 65536; ++fd) ::close(fd);
}

[[noreturn]] void become_copier(Copier c) {
  // Before the second fork, which the parent doesn't wait for: a helper that has not run yet would keep a killed run's
  // lock.
  close_others(c);
  if (::fork() != 0) ::_exit(0);  // the parent's wait() never sees the helper
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2}) ::signal(signal, SIG_IGN);
  c.run();
}

Descriptor try_open(const Entry& file) {
  try {
    return open_for_writing(file, OpenMode::append);
  } catch (const IoError&) { return Descriptor(); }
}

struct Pipe {
  Descriptor from{}, to{};
};

Pipe make_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Pipe();
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// Where to print once nobody copies any more.
volatile std::sig_atomic_t direct_out = -1, direct_error = -1;

extern "C" void print_directly(int) {
  const int before = errno;
  ::dup2(direct_out, STDOUT_FILENO);
  ::dup2(direct_error, STDERR_FILENO);
  errno = before;
}

// A helper that was killed must not end the training: the write fails, and what follows goes where it went before. A
// program that does something of its own on the signal keeps it.
void replace_pipe_handler(void (*from)(int), void (*to)(int)) {
  struct sigaction now {};
  if (::sigaction(SIGPIPE, nullptr, &now) != 0 || (now.sa_flags & SA_SIGINFO) || now.sa_handler != from) return;
  now.sa_handler = to;
  ::sigaction(SIGPIPE, &now, nullptr);
}

void print_directly_without(int out, int error) {
  direct_out = out;
  direct_error = error;
  replace_pipe_handler(SIG_DFL, print_directly);
}

void end_printing_directly() { replace_pipe_handler(print_directly, SIG_DFL); }

Descriptor copy_of(int fd) { return Descriptor(::fcntl(fd, F_DUPFD_CLOEXEC, 3)); }

}  // namespace

OutputLog::OutputLog(const Entry& file) {
  const Descriptor log = try_open(file);
  Descriptor saved_out = copy_of(STDOUT_FILENO), saved_error = copy_of(STDERR_FILENO);
  Pipe out = make_pipe(), error = make_pipe(), bar = make_pipe(), done = make_pipe();
  for (const int needed :
       {log.get(), saved_out.get(), saved_error.get(), out.to.get(), error.to.get(), bar.to.get(), done.to.get()}) {
    if (needed < 0) return;
  }
  flush_streams();
  const pid_t child = ::fork();
  if (child < 0) return;
  if (child == 0)
    become_copier({out.from.get(), error.from.get(), bar.from.get(), saved_out.get(), saved_error.get(), log.get(),
                   done.to.get()});
  int status;
  ::waitpid(child, &status, 0);
  if (::isatty(saved_out.get()) == 1) std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  ::dup2(out.to.get(), STDOUT_FILENO);
  ::dup2(error.to.get(), STDERR_FILENO);
  saved_out_ = saved_out.release();
  saved_error_ = saved_error.release();
  bar_ = bar.to.release();
  done_ = done.from.release();
  print_directly_without(saved_out_, saved_error_);
}

OutputLog::~OutputLog() {
  if (!active()) return;
  flush_streams();
  ::dup2(saved_out_, STDOUT_FILENO);
  ::dup2(saved_error_, STDERR_FILENO);
  end_printing_directly();
  ::close(bar_);
  pollfd ended{done_, POLLIN, 0};
  ::poll(&ended, 1, 2000);
  ::close(done_);
  ::close(saved_out_);
  ::close(saved_error_);
}

void OutputLog::leave_to_parent() {
  if (!active()) return;
  ::dup2(saved_out_, STDOUT_FILENO);
  ::dup2(saved_error_, STDERR_FILENO);
  end_printing_directly();
  for (const int fd : {bar_, done_, saved_out_, saved_error_}) ::close(fd);
  bar_ = -1;
}

void OutputLog::bar(const std::string& text) {
  const std::string message = text.substr(0, 1000) + "\n";
  write_all(bar_, message.data(), message.size());
}

}  // namespace stet::tracking
