// What becomes of a program whose output's copier is gone.
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <string>

#include "stet/tracking/run/output_log.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

// The one child of this process, which takes in those whose parents have ended.
pid_t only_child() {
  std::ifstream children("/proc/self/task/" + std::to_string(::syscall(SYS_gettid)) + "/children");
  pid_t child = 0;
  children >> child;
  return child;
}

// Prints before and after its copier is killed. Returns its exit status.
int print_beside_a_killed_copier(const Folder& folder) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  {
    OutputLog log(folder / "output.log");
    const pid_t copier = only_child();
    if (!log.active() || copier == 0 || ::kill(copier, SIGKILL) != 0 || ::waitpid(copier, nullptr, 0) != copier)
      return 3;
    for (int i = 0; i < 3; ++i) {
      std::printf("line %d\n", i);
      std::fflush(stdout);
      log.bar("step");
    }
  }
  return ::write(STDOUT_FILENO, "end\n", 4) == 4 ? 0 : 4;
}

TEST(OutputLog, AKilledCopierEndsNoProgram) {
  const TempFolder folder;
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(print_beside_a_killed_copier(Folder(folder.path())));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace stet::tracking
