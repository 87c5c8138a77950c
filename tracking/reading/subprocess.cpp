#include "stet/tracking/reading/subprocess.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

#include "stet/tensor/files.h"

extern char** environ;

namespace stet::tracking {
namespace {

std::vector<std::string> merged(const std::map<std::string, std::string>& added) {
  std::vector<std::string> all;
  for (char** e = environ; *e; ++e) {
    const std::string entry = *e;
    if (!added.contains(entry.substr(0, entry.find('=')))) all.push_back(entry);
  }
  for (const auto& [name, value] : added) {
    if (!value.empty()) all.push_back(name + "=" + value);
  }
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> p;
  for (std::string& w : words) p.push_back(w.data());
  p.push_back(nullptr);
  return p;
}

// Why a child could not become the program; it tells it to its parent.
struct Trouble {
  enum class At : uint8_t { output, folder, program };
  At at = At::program;
  int error = 0;
};

// Returns only where that fails. A shell is never asked to run what is no program of this machine: execvpe would.
Trouble become(const Command& command, char** argv, char** envp) {
  using At = Trouble::At;
  if (!command.output.empty()) {
    const int out = ::open(command.output.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (out < 0 || in < 0 || ::dup2(out, 1) < 0 || ::dup2(out, 2) < 0 || ::dup2(in, 0) < 0) return {At::output, errno};
  }
  if (command.stream >= 0 && (::dup2(command.stream, 0) < 0 || ::dup2(command.stream, 1) < 0))
    return {At::program, errno};
  if (!command.cwd.empty() && ::chdir(command.cwd.c_str()) != 0) return {At::folder, errno};
  const char* program = command.program.c_str();
  if (command.program.has_parent_path()) ::execve(program, argv, envp);
  else ::execvpe(program, argv, envp);
  return {At::program, errno};
}

int exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

Subprocess::Subprocess(const Command& command) {
  std::vector<std::string> words{command.program.string()};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  auto variables = merged(command.environment);
  auto argv = pointers(words), envp = pointers(variables);
  const pid_t parent = ::getpid();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) raise_io(command.program, "start", errno);
  const Descriptor told(ends[0]);
  Descriptor telling(ends[1]);
  pid_ = ::fork();
  if (pid_ < 0) raise_io(command.program, "start", errno);
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, command.end_signal);
    if (::getppid() != parent) ::_exit(127);  // it has ended already
    const Trouble trouble = become(command, argv.data(), envp.data());
    [[maybe_unused]] const ssize_t said = ::write(telling.get(), &trouble, sizeof(trouble));
    ::_exit(127);
  }
  telling.close();
  Trouble trouble;
  const ssize_t said = retry_interrupted([&] { return ::read(told.get(), &trouble, sizeof(trouble)); });
  if (said != sizeof(trouble)) return;
  wait();
  switch (trouble.at) {
    case Trouble::At::output: raise_io(command.output, "write", trouble.error);
    case Trouble::At::folder: raise_io(command.cwd, "enter", trouble.error);
    case Trouble::At::program: raise_io(command.program, "start", trouble.error);
  }
}

Subprocess::~Subprocess() {
  if (!status_) kill();
}

std::optional<int> Subprocess::ended() {
  int status = 0;
  if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) status_ = exit_code(status);
  return status_;
}

int Subprocess::wait() {
  int status = 0;
  while (!status_) {
    if (::waitpid(pid_, &status, 0) == pid_) status_ = exit_code(status);
    else if (errno != EINTR) status_ = 127;
  }
  return *status_;
}

void Subprocess::kill() {
  ::kill(pid_, SIGKILL);
  wait();
}

}  // namespace stet::tracking
