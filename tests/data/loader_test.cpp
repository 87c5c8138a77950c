#include "stet/data/loader.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "data/support.h"
#include "error_of.h"
#include "stet/data/in_memory.h"
#include "stet/tensor/mode.h"
#include "stet/tensor/ops.h"
#include "stet/tensor/parallel.h"

namespace stet::data {
namespace {

using testing::HasSubstr;

// Sample i is ([i, i/2], i). Counts calls; late samples come first where several threads ask, so that order is put to
// the test.
struct Numbers {
  int64_t n;
  std::shared_ptr<std::atomic<int64_t>> calls = std::make_shared<std::atomic<int64_t>>(0);
  int64_t fails_at = -1;

  int64_t size() const { return n; }
  std::tuple<Tensor, int64_t> get(int64_t i) const {
    ++*calls;
    for (int64_t k = i % 7; k < 7; ++k) std::this_thread::yield();
    if (i == fails_at) raise<DataError>("numbers: sample {} is bad", i);
    return {Tensor::from(std::vector<float>{static_cast<float>(i), static_cast<float>(i) / 2}), i};
  }
};

// Sets the state that a checkpoint would restore.
class Restore : public Visitor {
 public:
  Restore(int64_t epoch, int64_t position) : values_{{"epoch", epoch}, {"position", position}} {}

 protected:
  void on_state(const std::string& path, ScalarRef scalar) override { *std::get<int64_t*>(scalar) = values_.at(path); }

 private:
  std::map<std::string, int64_t> values_;
};

template <class L> std::string take(L& loader) {
  auto batch = loader.next();
  if (!batch) return "end";
  return std::apply([](const auto&... t) { return (bytes_of(t) + ...); }, *batch);
}

template <class L> std::vector<std::string> take_epoch(L& loader, int64_t epoch) {
  loader.start_epoch(epoch);
  std::vector<std::string> batches;
  for (std::string b = take(loader); b != "end"; b = take(loader)) batches.push_back(std::move(b));
  return batches;
}

LoaderOptions shuffled(int64_t batch, int64_t workers) {
  return {.batch = batch, .shuffle = Rng(7) / "shuffle", .workers = workers};
}

TEST(Loader, StacksSamplesInOrder) {
  Loader loader(Numbers{5}, {.batch = 2});
  EXPECT_EQ(loader.batches_per_epoch(), 3);
  std::vector<std::vector<int64_t>> labels;
  for (auto [x, y] : loader) {
    EXPECT_EQ(x.shape(), (Shape{y.size(0), 2}));
    for (int64_t k = 0; k < y.size(0); ++k) EXPECT_EQ(x[k][1].template item<float>(), y[k].template item<float>() / 2);
    labels.push_back(y.template to_vector<int64_t>());
  }
  EXPECT_EQ(labels, (std::vector<std::vector<int64_t>>{{0, 1}, {2, 3}, {4}}));
}

TEST(Loader, DropLastLeavesOutThePart) {
  Loader loader(Numbers{5}, {.batch = 2, .drop_last = true});
  EXPECT_EQ(loader.batches_per_epoch(), 2);
  EXPECT_EQ(take_epoch(loader, 0).size(), 2u);
}

TEST(Loader, ShufflesAnewEveryEpoch) {
  Loader loader(Numbers{50}, shuffled(50, 0));
  std::set<std::string> orders;
  for (int64_t epoch = 0; epoch < 4; ++epoch) {
    loader.start_epoch(epoch);
    std::vector<int64_t> labels = std::get<1>(*loader.next()).to_vector<int64_t>();
    orders.insert(fmt::format("{}", fmt::join(labels, " ")));
    EXPECT_EQ(labels, permutation(Rng(7) / "shuffle", 50, static_cast<uint32_t>(epoch)));
    std::sort(labels.begin(), labels.end());
    for (int64_t i = 0; i < 50; ++i) EXPECT_EQ(labels[static_cast<size_t>(i)], i);
  }
  EXPECT_EQ(orders.size(), 4u);
}

TEST(Loader, EveryByteIsTheSameForAnyNumberOfWorkers) {
  Loader alone(Numbers{103}, shuffled(8, 0));
  for (int64_t workers : {1, 2, 4, 32}) {
    Loader several(Numbers{103}, shuffled(8, workers));
    for (int64_t epoch : {0, 1, 5})
      EXPECT_EQ(take_epoch(several, epoch), take_epoch(alone, epoch)) << workers << " workers";
  }
}

TEST(Loader, BreakingOffAnEpochLeavesTheNextOnesAsTheyWere) {
  Loader whole(Numbers{60}, shuffled(7, 0));
  const std::vector<std::string> second = take_epoch(whole, 1);
  for (int64_t workers : {0, 1, 4}) {
    Loader loader(Numbers{60}, shuffled(7, workers));
    for ([[maybe_unused]] auto& batch : loader) {
      if (loader.position() == 3) break;
    }
    std::vector<std::string> seen;
    for (auto [x, y] : loader) seen.push_back(bytes_of(x) + bytes_of(y));
    EXPECT_EQ(seen, second) << workers << " workers";
  }
}

TEST(Loader, GoesOnFromARestoredPosition) {
  for (int64_t workers : {0, 1, 4}) {
    Loader whole(Numbers{60}, shuffled(7, workers));
    const std::vector<std::string> batches = take_epoch(whole, 3);
    for (size_t position = 0; position <= batches.size(); ++position) {
      for (int64_t epoch_before : {0, 3}) {
        Loader loader(Numbers{60}, shuffled(7, workers));
        loader.start_epoch(epoch_before);
        take(loader);  // what was made ahead for another place must not come out
        Restore restore(3, static_cast<int64_t>(position));
        loader.members(restore);
        for (size_t k = position; k < batches.size(); ++k) EXPECT_EQ(take(loader), batches[k]) << workers << " workers";
        EXPECT_EQ(take(loader), "end");
        EXPECT_EQ(loader.epoch(), 3);
      }
    }
  }
}

TEST(Loader, PositionCountsWhatWasDelivered) {
  const Numbers numbers{40};
  Loader loader(numbers, {.batch = 4, .workers = 2, .prefetch = 2});
  EXPECT_EQ(loader.epoch(), -1);
  EXPECT_EQ(loader.position(), 0);
  loader.start_epoch(0);
  for (int64_t k = 1; k <= 10; ++k) {
    take(loader);
    EXPECT_EQ(loader.position(), k);
  }
  EXPECT_EQ(take(loader), "end");
  EXPECT_EQ(loader.position(), 10);
  EXPECT_EQ(*numbers.calls, 40);
}

TEST(Loader, WorkersStayWithinTheirPrefetch) {
  struct Watched {
    std::shared_ptr<std::atomic<int64_t>> delivered = std::make_shared<std::atomic<int64_t>>(0);
    std::shared_ptr<std::atomic<int64_t>> furthest = std::make_shared<std::atomic<int64_t>>(0);
    int64_t size() const { return 200; }
    int64_t get(int64_t i) const {
      const int64_t ahead = i - *delivered;
      for (int64_t seen = *furthest; ahead > seen && !furthest->compare_exchange_weak(seen, ahead);) {}
      return i;
    }
  };
  const Watched watched;
  Loader loader(watched, {.workers = 3, .prefetch = 2});
  for ([[maybe_unused]] auto& batch : loader) ++*watched.delivered;
  // Six ahead of the one that the consumer is being given, which it has not counted yet.
  EXPECT_LE(*watched.furthest, 6);
}

TEST(Loader, AnExceptionComesOutAtItsBatch) {
  for (int64_t workers : {0, 1, 4}) {
    Loader loader(Numbers{.n = 20, .fails_at = 13}, {.batch = 2, .workers = workers});
    for (int64_t k = 0; k < 6; ++k) EXPECT_NE(take(loader), "end");
    for (int attempt = 0; attempt < 2; ++attempt) {
      EXPECT_EQ(error_of<DataError>([&] { take(loader); }), "numbers: sample 13 is bad");
      EXPECT_EQ(loader.position(), 6);
    }
  }
}

TEST(Loader, MayMoveWhileItsWorkersWork) {
  Loader whole(Numbers{60}, shuffled(7, 0));
  const std::vector<std::string> batches = take_epoch(whole, 0);
  Loader loader(Numbers{60}, shuffled(7, 3));
  EXPECT_EQ(take(loader), batches[0]);
  Loader moved = std::move(loader);
  for (size_t k = 1; k < batches.size(); ++k) EXPECT_EQ(take(moved), batches[k]);
}

TEST(Loader, TheFastPathGivesTheBytesOfStackedSamples) {
  const Tensor x = Tensor::from(std::vector<float>{1, 2, 3, 4, 5, 6}, {3, 2});
  const auto fast = in_memory("six", x, Tensor::from(std::vector<int64_t>{7, 8, 9}));
  const auto slow = map(fast, [](const Tensor& a, const Tensor& b) { return std::pair(a, b); });
  Loader a(subset(fast, {2, 0, 1}), shuffled(2, 0));
  Loader b(subset(slow, {2, 0, 1}), shuffled(2, 1));
  EXPECT_EQ(take_epoch(a, 0), take_epoch(b, 0));
}

TEST(Loader, WorkersLeaveThePoolOfThreadsToTheTrainingThread) {
  struct Asking {
    int64_t size() const { return 40; }
    bool get(int64_t) const {
      const auto caller = std::this_thread::get_id();
      std::atomic<bool> alone{true};
      parallel_for(1000, 1, [&](int64_t, int64_t) {
        if (std::this_thread::get_id() != caller) alone = false;
      });
      return alone;
    }
  };
  const int before = threads();
  set_threads(3);
  Loader loader(Asking{}, {.batch = 10, .workers = 1});
  for (auto [alone] : loader) EXPECT_EQ(sum(alone.to(DType::int64)).item<int64_t>(), 10);
  set_threads(before);
}

TEST(Loader, WorkersWorkInTheModeOfTheConsumer) {
  struct Mode {
    int64_t size() const { return 9; }
    int64_t get(int64_t) const { return 2 * training() + grad_enabled(); }  // of which samples never have the second
  };
  for (int64_t workers : {0, 1, 3}) {
    Loader loader(Mode{}, {.workers = workers});
    loader.start_epoch(0);
    const auto next = [&] { return std::get<0>(*loader.next()).item<int64_t>(); };
    EXPECT_EQ(next(), 2);
    EXPECT_EQ(next(), 2);
    {
      const Evaluation evaluation;
      EXPECT_EQ(next(), 0) << workers;
      EXPECT_EQ(next(), 0) << workers;
    }
    {
      const NoGrad no_grad;
      EXPECT_EQ(next(), 2) << workers;
    }
    EXPECT_EQ(next(), 2) << workers;
    EXPECT_EQ(loader.position(), 6);
  }
}

// In its order, and before its step, as many workers as there are would draw.
TEST(Loader, NoStreamDrawsWhileABatchIsMade) {
  Stream noise(Rng(1) / "noise");
  const auto noisy =
      map(in_memory("numbers", ones({8, 1})), [&](const Tensor& x) { return x + normal(noise, x.shape()); });
  for (const int64_t workers : {0, 2}) {
    Loader loader(noisy, {.batch = 4, .workers = workers});
    loader.start_epoch(0);
    EXPECT_THAT(error_of([&] { loader.next(); }), HasSubstr("stream 'noise': draws while a batch is made"));
  }
  EXPECT_EQ(noisy.get(0).elements(), 1) << "outside of a loader it may";
}

TEST(Loader, RefusesWhatCannotBe) {
  const auto refusal = [](int64_t n, LoaderOptions options) {
    return error_of([&] { Loader loader(Numbers{n}, options); });
  };
  EXPECT_EQ(refusal(5, {.batch = 0}), "loader: batch 0 is not positive");
  EXPECT_THAT(refusal(5, {.workers = -2}), HasSubstr("workers -2"));
  EXPECT_THAT(refusal(5, {.prefetch = 0}), HasSubstr("prefetch 0"));
  EXPECT_THAT(refusal(5, {.workers = 2, .prefetch = INT64_MAX}), HasSubstr("prefetch 9223372036854775807"));
  EXPECT_THAT(refusal(0, {}), HasSubstr("empty"));
  EXPECT_THAT(refusal(5, {.batch = 6, .drop_last = true}), HasSubstr("leaves nothing of 5 samples"));
  Loader loader(Numbers{5});
  EXPECT_THAT(error_of([&] { loader.start_epoch(-1); }), HasSubstr("epoch -1"));
}

TEST(Loader, NamesASampleThatDoesNotFit) {
  struct Uneven {
    int64_t size() const { return 4; }
    Tensor get(int64_t i) const { return zeros({1, i == 2 ? 3 : 2}); }
  };
  Loader loader(Uneven{}, {.batch = 4});
  EXPECT_THAT(error_of([&] { loader.next(); }),
              HasSubstr("sample 2 of a batch is float32 [1, 3], of the first float32 [1, 2]"));
}

TEST(Loader, NamesAFillThatIsNoValueOfTheDtype) {
  struct Texts {
    int64_t size() const { return 2; }
    Tensor get(int64_t i) const { return arange(i + 1); }
  };
  Loader loader(Texts{}, {.batch = 2, .collate = pad(0.5)});
  EXPECT_EQ(error_of([&] { loader.next(); }), "data::pad: 0.5 is not a value of int64");
}

TEST(Loader, TellsWhatItIs) {
  struct Settings : Visitor {
    std::map<std::string, std::string> hyper, execution;
    void on_hyper(const std::string& path, const Value& value) override { hyper[path] = to_string(value); }
    void on_execution(const std::string& path, const Value& value) override { execution[path] = to_string(value); }
  } settings;
  Loader loader(Numbers{5}, shuffled(2, 3));
  loader.members(settings);
  EXPECT_EQ(settings.hyper.at("batch"), "2");
  EXPECT_EQ(settings.hyper.at("samples"), "5");
  EXPECT_EQ(settings.hyper.at("shuffle"), "shuffle");
  EXPECT_EQ(settings.hyper.count("drop_last"), 1u);
  EXPECT_EQ(settings.execution.at("workers"), "3");
  EXPECT_EQ(loader.describe(), "Loader(5 samples, batch 2, shuffled)");
}

// A child has none of its parent's workers: its loader starts some of its own, and waits for none when it goes.
TEST(Loader, GoesOnInAForkedChild) {
  auto loader = std::make_unique<Loader<Numbers>>(Numbers{64}, LoaderOptions{.batch = 4, .workers = 2});
  loader->start_epoch(0);
  take(*loader);
  Loader<Numbers> undisturbed(Numbers{64}, {.batch = 4});
  undisturbed.start_epoch(0);
  take(undisturbed);
  const std::string expected = take(undisturbed);
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);
    const bool right = take(*loader) == expected;
    loader.reset();
    ::_exit(right ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_EQ(take(*loader), expected);
}

}  // namespace
}  // namespace stet::data
