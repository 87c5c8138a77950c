#include "stet/tracking/run/log_queue.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <filesystem>

#include "stet/tensor/error.h"
#include "tracking/run/pending_log.h"
#include "tracking/stamped.h"

namespace stet::tracking {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// A disk that waits while `closed`, and then fails if it is `full`.
struct Disk : FileSystem {
  struct Gate : File {
    Disk& disk;
    std::unique_ptr<File> file;
    Gate(Disk& d, std::unique_ptr<File> f) : disk(d), file(std::move(f)) {}
    void write(Bytes bytes) override {
      disk.closed.wait(true);
      if (disk.full) throw IoError("the disk is full", ENOSPC);
      file->write(bytes);
    }
    void sync() override { file->sync(); }
    void clear() override { file->clear(); }
    int descriptor() const override { return file->descriptor(); }
  };
  std::atomic<bool> closed{false}, full{false};
  FileSystem& real = real_file_system();

  void open_gate() {
    closed = false;
    closed.notify_all();
  }
  std::unique_ptr<File> open(const Entry& entry, OpenMode how, unsigned mode) override {
    return std::make_unique<Gate>(*this, real.open(entry, how, mode));
  }
  void rename(const Entry& from, const Entry& to) override { real.rename(from, to); }
  void remove(const Entry& entry) override { real.remove(entry); }
  bool make_directory(const Entry& entry) override { return real.make_directory(entry); }
  void sync_directory(const Folder& folder) override { real.sync_directory(folder); }
  void copy(const InputFile& from, const Entry& to, unsigned mode) override { real.copy(from, to, mode); }
  LockResult try_lock(File& file) override { return real.try_lock(file); }
};

struct Queued {
  LogFolder log;
  Disk disk;
  LogQueue queue{std::make_unique<EventWriter>(disk, Folder(log.folder.path()))};
  const ScalarForm loss{"loss", {}, false}, error{"error", {{"subset", "test"}}, true};
};

TEST(LogQueue, WritesWhatProtobufWrites) {
  Queued q;
  for (const auto& [step, tick] : {std::pair(int64_t{0}, uint64_t{0}), {1, 2}, {200, 70'000}}) {
    q.queue.append_scalar({step, tick}, q.loss, 0.1);
    q.queue.append_scalar({step, tick}, q.error, -0.0);
  }
  q.queue.flush();
  const auto events = q.log.events();
  ASSERT_THAT(events, SizeIs(3));
  for (const auto& event : events) {
    record::Event expected = scalar_event("loss", 0.1);
    *expected.mutable_summary()->add_value() =
        scalar_event("error", -0.0, {{"subset", "test"}}, true).summary().value(0);
    expected.set_wall_time(event.wall_time());
    expected.set_step(event.step());
    expected.set_tick(event.tick());
    EXPECT_EQ(expected.SerializeAsString(), event.SerializeAsString());
  }
  EXPECT_EQ(events[2].step(), 200);
  EXPECT_EQ(events[2].tick(), 70'000u);
  std::string bytes;
  for (const auto& event : events) bytes += frame(event.SerializeAsString());
  const auto segments = list_segments(Folder(q.log.folder.path()));
  EXPECT_TRUE(read_file(segments.at(0).entry).ends_with(bytes)) << "byte by byte";
  EXPECT_EQ(q.queue.position().offset, look_at(segments.at(0).entry).size);
}

TEST(LogQueue, MetricsOfOneStampThatFollowOneAnotherAreOneEvent) {
  Queued q;
  q.queue.append_scalar({1, 1}, q.loss, 1);
  q.queue.append_scalar({1, 1}, q.error, 2);
  q.queue.append(stamped(1, 1, text_event("note", "between")));
  q.queue.append_apart({1, 1}, [&] {
    std::string values;
    q.loss.append(values, 5);
    return values;
  }());
  q.queue.append_scalar({1, 1}, q.loss, 3);
  q.queue.append_scalar({1, 2}, q.loss, 4);
  q.queue.flush();
  std::vector<int> sizes;
  for (const auto& event : q.log.events()) sizes.push_back(event.summary().value_size());
  EXPECT_THAT(sizes, ElementsAre(3, 1, 1, 1));
}

// An event of more parts than a reader takes would be damage.
TEST(LogQueue, ManyMetricsOfOneStampAreSeveralEvents) {
  Queued q;
  for (int i = 0; i < 10'000; ++i) q.queue.append_scalar({1, 1}, q.loss, i);
  q.queue.flush();
  int values = 0;
  for (const auto& event : q.log.events()) {
    EXPECT_LT(event.summary().value_size(), 5'000);
    values += event.summary().value_size();
  }
  EXPECT_EQ(values, 10'000);
}

TEST(LogQueue, IsWrittenWithinASecond) {
  Queued q;
  q.queue.append_scalar({1, 1}, q.loss, 1);
  for (int i = 0; i < 1000 && q.log.events().empty(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_THAT(q.log.steps(), ElementsAre(1)) << "nobody asked for it";
}

TEST(LogQueue, HoldsSixteenBoundariesAndThenWaits) {
  Queued q;
  q.disk.closed = true;
  std::atomic<int> done{0};
  std::thread training([&] {
    for (int step = 1; step <= 40; ++step, ++done) {
      q.queue.append_scalar({step, static_cast<uint64_t>(step)}, q.loss, step);
      q.queue.boundary();
    }
  });
  while (done < 16) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(done, 16);
  EXPECT_THAT(q.log.events(), IsEmpty());
  q.disk.open_gate();
  training.join();
  EXPECT_GE(q.queue.waits(), 1);
  EXPECT_GT(q.queue.wait_seconds(), 0);
  q.queue.flush();
  EXPECT_THAT(q.log.events(), SizeIs(40));
}

TEST(LogQueue, BoundariesWithoutEventsFillNothing) {
  Queued q;
  for (int step = 1; step <= 100; ++step) q.queue.boundary();
  EXPECT_EQ(q.queue.waits(), 0);
}

TEST(LogQueue, AFailureIsToldToWhoLogsNext) {
  Queued q;
  q.disk.full = true;
  EXPECT_THROW(
      {
        for (int step = 1; step < 1000; ++step) {
          q.queue.append_scalar({step, 0}, q.loss, step);
          q.queue.boundary();
        }
      },
      IoError);
  EXPECT_THROW(q.queue.append_scalar({1, 1}, q.loss, 1), IoError);
  EXPECT_THROW(q.queue.flush(), IoError);
  q.disk.full = false;
  EXPECT_THROW(q.queue.sync(), IoError) << "a part of a frame may be there: nothing may follow it";
}

}  // namespace
}  // namespace stet::tracking
