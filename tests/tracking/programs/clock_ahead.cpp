// Loaded before the C library, it makes the clock of the day an hour fast.
#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

extern "C" {

int clock_gettime(clockid_t which, timespec* now) noexcept {
  const auto result = static_cast<int>(::syscall(SYS_clock_gettime, which, now));
  if (result == 0 && which == CLOCK_REALTIME) now->tv_sec += 3600;
  return result;
}
}
