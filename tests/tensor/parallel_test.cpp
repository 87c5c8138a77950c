#include "stet/tensor/parallel.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/rng.h"

namespace stet {
namespace {

float op_on_many_threads() { return sum(matmul(ones({300, 300}), ones({300, 300}))).item<float>(); }

int exit_status(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

class Parallel : public testing::Test {
 protected:
  void SetUp() override { set_threads(4); }
  void TearDown() override { set_threads(0); }
};

TEST_F(Parallel, OpsRunInAForkedChildAndInItsChild) {
  ASSERT_EQ(op_on_many_threads(), 2.7e7f);
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    if (op_on_many_threads() != 2.7e7f || threads() != 4) ::_exit(1);
    const pid_t grandchild = ::fork();
    if (grandchild == 0) ::_exit(op_on_many_threads() == 2.7e7f ? 0 : 2);
    ::_exit(exit_status(grandchild));
  }
  EXPECT_EQ(exit_status(child), 0);
  EXPECT_EQ(op_on_many_threads(), 2.7e7f);
}

// Not even where other threads of the parent allocate, draw or compute at that instant.
TEST_F(Parallel, AForkWaitsForNoThreadOfTheParent) {
#ifdef STET_SANITIZED
  GTEST_SKIP() << "the sanitizers' allocator stays locked in the child where another thread allocated as it was forked";
#endif
  std::atomic<bool> done{false};
  std::thread other([&] {
    for (int i = 0; !done; ++i) {
      Stream stream(Rng(1) / "other");
      op_on_many_threads();
      uniform(stream, {1000});
    }
  });
  for (int i = 0; i < 50; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(60);
      Stream stream(Rng(2) / "mine");
      uniform(stream, {10});
      ::_exit(op_on_many_threads() == 2.7e7f ? 0 : 1);
    }
    EXPECT_EQ(exit_status(child), 0);
  }
  done = true;
  other.join();
}

// A body that forks while another thread runs a part of it.
TEST_F(Parallel, AForkWithinAnOpThrowsInTheChild) {
  set_threads(2);
  const auto caller = std::this_thread::get_id();
  const pid_t parent = ::getpid();
  std::atomic<int> entered{0};
  pid_t child = -1;
  try {
    parallel_for(2, 1, [&](int64_t, int64_t) {
      ++entered;
      while (entered < 2) std::this_thread::yield();
      if (std::this_thread::get_id() == caller) child = ::fork();
    });
  } catch (const UsageError&) { ::_exit(::getpid() == parent ? 1 : 7); }
  if (::getpid() != parent) ::_exit(2);
  EXPECT_EQ(exit_status(child), 7);
}

// Made before all other static objects of the program, and so destroyed after them.
struct Last {
  bool wanted = false;
  ~Last() {
    if (!wanted) return;
    const bool right = op_on_many_threads() == 2.7e7f && sum(softmax(ones({4, 4}), 1)).item<float>() == 4;
    std::fprintf(stderr, right ? "right\n" : "wrong\n");
  }
};
__attribute__((init_priority(200))) Last last;

TEST_F(Parallel, OpsRunInDestructorsOfStaticObjects) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        op_on_many_threads();
        last.wanted = true;
        std::exit(0);
      },
      testing::ExitedWithCode(0), "right");
}

}  // namespace
}  // namespace stet
