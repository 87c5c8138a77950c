// Loaded before the C library, it lets a program start as many threads as STET_TEST_THREADS says (none without it), and
// then no more, as where a user's processes are limited.
#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*),
                              void* argument) noexcept {
  static std::atomic<int> started{0};
  const char* most = std::getenv("STET_TEST_THREADS");
  if (started++ >= (most ? std::atoi(most) : 0)) return EAGAIN;
  using Function = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "pthread_create"))(thread, attributes, body, argument);
}
