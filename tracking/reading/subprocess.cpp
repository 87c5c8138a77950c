#include "stet/tracking/reading/subprocess.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

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

int exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

Subprocess::Subprocess(const Command& command) {
  std::vector<std::string> words{command.program.string()};
  words.insert(words.end(), command.arguments.begin(), command.arguments.end());
  auto variables = merged(command.environment);
  auto argv = pointers(words), envp = pointers(variables);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) raise_io(command.program, "start", errno);
  if (pid_ > 0) return;
  ::prctl(PR_SET_PDEATHSIG, command.end_signal);
  if (::getppid() != parent) ::_exit(127);  // it has ended already
  if (!command.output.empty()) {
    const int out = ::open(command.output.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (out < 0 || in < 0 || ::dup2(out, 1) < 0 || ::dup2(out, 2) < 0 || ::dup2(in, 0) < 0) ::_exit(126);
  }
  if (command.stream >= 0 && (::dup2(command.stream, 0) < 0 || ::dup2(command.stream, 1) < 0)) ::_exit(126);
  if (command.cwd.empty() || ::chdir(command.cwd.c_str()) == 0)
    ::execvpe(command.program.c_str(), argv.data(), envp.data());
  ::_exit(127);
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
