// What surrounds an op changes nothing: neither the floating-point settings that a program or one of its libraries
// made, nor its locale, nor its other threads. And no op changes the settings.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cfenv>
#include <clocale>
#include <locale>
#include <map>
#include <thread>

#include "cases.h"
#include "stet/tensor/parallel.h"
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace stet::digests {
namespace {

// The cases that neither move the tick nor hold a random stream, of which a process has one.
Cases concurrent_cases() {
  Cases cases;
  add_ops(cases, false);
  add_dtypes(cases);
  return cases;
}

std::string digest_of(const Case& c) {
  Trace trace;
  c.run(trace);
  return trace.value().hex();
}

const std::map<std::string, std::string>& expected() {
  static const auto digests = [] {
    std::map<std::string, std::string> d;
    for (const Case& c : all_cases()) d[c.name] = digest_of(c);
    return d;
  }();
  return digests;
}

void expect_all(const Cases& cases) {
  for (const Case& c : cases) EXPECT_EQ(digest_of(c), expected().at(c.name)) << c.name;
}

uint64_t control() {
#if defined(__x86_64__)
  return _mm_getcsr() & ~0x3fu;  // without the flags of what happened
#else
  uint64_t v;
  asm volatile("mrs %0, fpcr" : "=r"(v));
  return v;
#endif
}

void flush_subnormals() {
#if defined(__x86_64__)
  _mm_setcsr(_mm_getcsr() | 0x8040);  // FTZ and DAZ
#else
  asm volatile("msr fpcr, %0" : : "r"(control() | uint64_t{1} << 24));
#endif
}

bool flushes() {
  volatile float smallest = 1e-38f;
  smallest = smallest * 0.25f;
  return smallest == 0;
}

// All cases in a thread whose settings `set` made, with a pool whose threads that one starts.
void expect_all_under(const std::function<void()>& set) {
  expected();
  set_threads(2);
  set_threads(3);  // the pool starts anew, from the thread below
  std::thread([&] {
    set();
    const uint64_t before = control();
    for (const Case& c : all_cases()) {
      EXPECT_EQ(digest_of(c), expected().at(c.name)) << c.name;
      ASSERT_EQ(control(), before) << c.name << " left other settings behind";
    }
  }).join();
  set_threads(0);
}

TEST(Surroundings, TheRoundingModeDoesNotShow) {
  for (int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    SCOPED_TRACE(mode);
    expect_all_under([mode] { ASSERT_EQ(std::fesetround(mode), 0); });
  }
}

TEST(Surroundings, FlushedSubnormalsDoNotShow) {
  expect_all_under([] {
    flush_subnormals();
    ASSERT_TRUE(flushes());
  });
}

TEST(Surroundings, ALibraryBuiltWithFastMathDoesNotShow) {
  expect_all_under([] {
    ASSERT_FALSE(flushes());
    ASSERT_NE(dlopen(STET_FAST_MATH_LIBRARY, RTLD_NOW), nullptr) << dlerror();
    if (!flushes()) GTEST_SKIP() << "this compiler's -ffast-math sets nothing in a library";
  });
}

TEST(Surroundings, TheLocaleDoesNotShow) {
  struct Grouped : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\1"; }
  };
  expected();
  const std::string c_locale = std::setlocale(LC_ALL, nullptr);
  for (const char* name : {"de_DE.UTF-8", "tr_TR.UTF-8", "C.UTF-8"})
    std::setlocale(LC_ALL, name);  // what there is of them
  const std::locale before = std::locale::global(std::locale(std::locale(), new Grouped));
  expect_all(all_cases());
  std::locale::global(before);
  std::setlocale(LC_ALL, c_locale.c_str());
}

TEST(Surroundings, OtherThreadsDoNotShow) {
  expected();
  set_threads(3);
  std::atomic<bool> done = false;
  std::vector<std::thread> others;
  for (int mode : {FE_TONEAREST, FE_UPWARD, FE_TOWARDZERO}) {
    others.emplace_back([&done, mode] {
      std::fesetround(mode);
      do expect_all(concurrent_cases());
      while (!done);
    });
  }
  expect_all(all_cases());
  done = true;
  for (std::thread& t : others) t.join();
  set_threads(0);
}

}  // namespace
}  // namespace stet::digests
