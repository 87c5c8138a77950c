// Loaded before the C library, it makes every lock fail, as on a file system that has none.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <cstdarg>

namespace {

int with_argument(const char* name, int fd, int command, void* argument) {
  if (command == F_SETLK || command == F_SETLKW || command == F_GETLK) {
    errno = ENOLCK;
    return -1;
  }
  using Function = int (*)(int, int, ...);
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name))(fd, command, argument);
}

}  // namespace

extern "C" {

int flock(int, int) noexcept {
  errno = ENOLCK;
  return -1;
}

int fcntl(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  return with_argument("fcntl", fd, command, argument);
}

int fcntl64(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  return with_argument("fcntl64", fd, command, argument);
}
}
