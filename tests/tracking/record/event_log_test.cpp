#include "stet/tracking/record/event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>

#include "error_of.h"
#include "stet/tensor/error.h"
#include "stet/tensor/sha256.h"
#include "stet/tracking/record/crc32c.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/events.h"
#include "tracking/fault/faulty_file_system.h"
#include "tracking/stamped.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<int64_t> steps_in(EventReader& reader) {
  std::vector<int64_t> steps;
  record::Event event;
  while (reader.next(event)) {
    if (event.has_summary()) steps.push_back(event.step());
  }
  return steps;
}

std::vector<int64_t> steps_in(const Path& folder) {
  EventReader reader(folder);
  return steps_in(reader);
}

void log_steps(EventWriter& writer, int64_t begin, int64_t end) {
  for (int64_t step = begin; step < end; ++step)
    writer.append(stamped(step, 0, scalar_event("loss", 1.0 / static_cast<double>(step + 1))));
  writer.sync();
}

void flip(const Path& path, int64_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(at);
  char c = static_cast<char>(file.get() ^ 0x20);
  file.seekp(at);
  file.put(c);
}

TEST(EventLog, RefusesEventsOfManyEmptyParts) {
  TempFolder folder;
  const auto nested = [](char field, const std::string& bytes) {
    std::string out{field};
    for (size_t size = bytes.size();; size >>= 7) {
      out += static_cast<char>((size & 0x7F) | (size > 0x7F ? 0x80 : 0));
      if (size <= 0x7F) return out + bytes;
    }
  };
  std::string empty;  // values of a summary, texts of a tensor
  for (int i = 0; i < 2'100'000; ++i) empty += std::string("\x0a\0", 2);
  std::string texts = empty;
  std::replace(texts.begin(), texts.end(), '\x0a', '\x42');
  for (const std::string& summary : {empty, nested('\x0a', nested('\x42', texts))}) {
    EventWriter writer(real_file_system(), Folder(folder.path()), LogPosition{0, 0}, 1);
    writer.append_frames(frame(nested('\x2a', summary)));
    writer.sync();
    EXPECT_THAT(error_of<Error>([&] { steps_in(folder.path()); }), HasSubstr("the frame is no event"));
    std::filesystem::remove(writer.path());
  }
}

TEST(EventLog, RefusesANumberThatNoSegmentHas) {
  TempFolder folder;
  for (const char* name :
       {"events.out.tfevents.1.x.1.9223372036854775807", "events.out.tfevents.9223372036854775807.x.1.1"}) {
    std::ofstream(folder / name) << "";
    EXPECT_THAT(error_of<Error>([&] { list_segments(folder.path()); }), HasSubstr("has a number that no segment has"));
    std::filesystem::remove(folder / name);
  }
}

TEST(EventLog, FramesAsTensorBoardDoes) {
  record::Event event;
  event.set_wall_time(1.0);
  event.set_step(1);
  auto* value = event.mutable_summary()->add_value();
  value->set_tag("loss");
  value->set_simple_value(0.5f);
  std::string framed = frame(event.SerializeAsString());
  std::vector<uint8_t> framed_bytes(framed.begin(), framed.end());
  EXPECT_EQ(to_hex(framed_bytes),
            "1a00000000000000129bd82d09000000000000f03f10012a0d0a0b0a046c6f7373150000003f27f95db1");
}

TEST(EventLog, GivesBackWhatWasWritten) {
  TempFolder run;
  EventWriter writer(real_file_system(), run.path());
  writer.append(stamped(1, 7, scalar_event("loss", 0.1, {{"subset", "test"}})));
  EXPECT_EQ(writer.position().segment, 0);
  writer.flush();
  EXPECT_EQ(writer.position().offset, static_cast<int64_t>(std::filesystem::file_size(writer.path())));

  EventReader reader(run.path());
  record::Event event;
  ASSERT_TRUE(reader.next(event));
  EXPECT_EQ(event.file_version(), "brain.Event:2");
  ASSERT_TRUE(reader.next(event));
  EXPECT_EQ(event.tick(), 7u);
  EXPECT_GT(event.wall_time(), 1e9);
  EXPECT_EQ(event.summary().value(0).double_value(), 0.1);
  EXPECT_EQ(event.summary().value(0).simple_value(), 0.1f);
  EXPECT_EQ(metric_name(event.summary().value(0)), "loss");
  EXPECT_EQ(event.summary().value(0).context(0).value(), "test");
  EXPECT_FALSE(reader.next(event));
  writer.append(stamped(2, 8, scalar_event("loss", 0.2)));
  writer.flush();
  ASSERT_TRUE(reader.next(event)) << "a reader goes on where more was written";
  EXPECT_EQ(event.step(), 2);
  EXPECT_EQ(reader.position(), writer.position());
}

TEST(EventLog, SegmentsAreUsedUpToWhereALaterOneGoesOn) {
  TempFolder run;
  EventWriter first(real_file_system(), run.path());
  log_steps(first, 0, 3);
  LogPosition checkpoint = first.position();
  log_steps(first, 3, 5);
  EXPECT_THAT(steps_in(run.path()), ElementsAre(0, 1, 2, 3, 4));

  EventWriter second(real_file_system(), run.path(), checkpoint, 3);
  log_steps(second, 30, 31);
  LogPosition later = second.position();
  log_steps(second, 40, 42);
  EXPECT_THAT(steps_in(run.path()), ElementsAre(0, 1, 2, 30, 40, 41));

  EventWriter third(real_file_system(), run.path(), checkpoint,
                    3);  // the second segment's checkpoint turned out damaged
  log_steps(third, 50, 51);
  EXPECT_THAT(steps_in(run.path()), ElementsAre(0, 1, 2, 50));

  EventWriter fourth(real_file_system(), run.path(), later, 31);
  EXPECT_THAT(steps_in(run.path()), ElementsAre(0, 1, 2, 30));
  EventReader until(run.path(), later);
  EXPECT_THAT(steps_in(until), ElementsAre(0, 1, 2, 30));

  EventWriter fifth(real_file_system(), run.path(), LogPosition{0, 0}, 0);  // no checkpoint: from the beginning
  log_steps(fifth, 60, 61);
  EXPECT_THAT(steps_in(run.path()), ElementsAre(60));

  auto segments = list_segments(run.path());
  ASSERT_EQ(segments.size(), 5u);
  for (size_t i = 1; i < segments.size(); ++i)
    EXPECT_LT(segments[i - 1].entry.name(), segments[i].entry.name()) << "names sort as segments do";
  EXPECT_THAT(error_of<Error>([&] { EventWriter(real_file_system(), run.path()); }),
              HasSubstr("has event segments already"));
}

TEST(EventLog, ASegmentCutAnywhereIsACrashAndEndsTheLog) {
  TempFolder run;
  std::vector<int64_t> ends;
  Path path;
  {
    EventWriter writer(real_file_system(), run.path());
    path = writer.path();
    ends.push_back(writer.position().offset);
    for (int64_t step = 0; step < 3; ++step) {
      log_steps(writer, step, step + 1);
      ends.push_back(writer.position().offset);
    }
  }
  for (int64_t size = ends.back(); size >= 0; --size) {
    std::filesystem::resize_file(path, static_cast<uintmax_t>(size));
    int64_t whole = std::count_if(ends.begin() + 1, ends.end(), [&](int64_t end) { return end <= size; });
    ASSERT_EQ(static_cast<int64_t>(steps_in(run.path()).size()), whole) << size;
  }
}

TEST(EventLog, AWrongByteBeforeIntactFramesIsDamageAndNamed) {
  TempFolder run;
  EventWriter writer(real_file_system(), run.path());
  log_steps(writer, 0, 1);
  int64_t begin = writer.position().offset;
  log_steps(writer, 1, 2);
  int64_t end = writer.position().offset;
  log_steps(writer, 2, 3);
  for (int64_t at = begin; at < end; ++at) {
    flip(writer.path(), at);
    std::string error = error_of<Error>([&] { steps_in(run.path()); });
    EXPECT_THAT(error, HasSubstr(writer.path().string() + ": damaged at byte " + std::to_string(begin))) << at;
    flip(writer.path(), at);
  }
  flip(writer.path(), writer.position().offset - 1);
  EXPECT_THAT(steps_in(run.path()), ElementsAre(0, 1)) << "in the last frame it is what a power cut leaves";
}

// A frame's first twelve bytes, with the right CRC.
std::string header_of(uint64_t length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(length >> (8 * i) & 0xFF);
  const uint32_t crc = mask_crc(crc32c(as_bytes(bytes)));
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(crc >> (8 * i) & 0xFF);
  return bytes;
}

// Puts `bytes` in the place of a last frame, with another segment's worth of zeros that take no disk behind them.
std::string error_with_tail(const std::string& bytes, uintmax_t zeros) {
  TempFolder run;
  EventWriter writer(real_file_system(), run.path());
  log_steps(writer, 0, 1);
  std::ofstream(writer.path(), std::ios::binary | std::ios::app) << bytes;
  std::filesystem::resize_file(writer.path(), std::filesystem::file_size(writer.path()) + zeros);
  return error_of<Error>([&] { steps_in(run.path()); });
}

TEST(EventLog, TakesNoMemoryOnALengthsWord) {
  constexpr uintmax_t tebibyte = uintmax_t{1} << 40;
  for (const uint64_t length : {kEventLimit + 1, uint64_t{1} << 40, ~uint64_t{0}, ~uint64_t{0} - 15}) {
    EXPECT_THAT(error_with_tail(header_of(length), 0), HasSubstr("a frame of more bytes than an event has")) << length;
    EXPECT_THAT(error_with_tail(header_of(length), tebibyte), HasSubstr("damaged at byte")) << length;
  }
  EXPECT_EQ(error_with_tail(header_of(1000), 0), "nothing was thrown") << "a crash cut it";
  EXPECT_EQ(error_with_tail("", 1 << 20), "nothing was thrown") << "a power cut leaves zeros";
  EXPECT_THAT(error_with_tail("", tebibyte), HasSubstr("damaged at byte")) << "but not so many";
  EXPECT_THAT(error_of<Error>([] { frame(std::string(kEventLimit + 1, 'x')); }), HasSubstr("log less at once"));
}

TEST(EventLog, ManyHeadersThatHoldAreNotFollowedForever) {
  std::string tail = "spoiled.....";
  while (tail.size() < size_t{4} << 20) tail += header_of(1 << 20);
  EXPECT_THAT(error_with_tail(tail, 8 << 20), HasSubstr("damaged at byte"));
}

TEST(EventLog, TextThatIsNotUtf8IsDamageAndNothingElseIsPrinted) {
  // Field 3, file_version, of one byte that begins no character.
  testing::internal::CaptureStderr();
  EXPECT_THAT(error_with_tail(frame("\x1a\x01\xff"), 0), HasSubstr("the frame is no event"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(EventLog, ATimeThatIsNotFiniteIsDamage) {
  for (const double time : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    record::Event event = scalar_event("loss", 1);
    event.set_wall_time(time);
    EXPECT_THAT(error_with_tail(frame(event.SerializeAsString()), 0), HasSubstr("the frame is no event"));
  }
}

// TensorBoard reads every segment, so one that the chain passes over must not tell more than this reader does.
TEST(EventLog, ASegmentWithEventsAndNoResumeIsDamage) {
  TempFolder run, other;
  {
    EventWriter writer(real_file_system(), run.path());
    log_steps(writer, 0, 3);
    EventWriter forged(real_file_system(), other.path());
    log_steps(forged, 5, 7);
  }
  const Segment first = list_segments(run.path()).front(), forged = list_segments(other.path()).front();
  std::string name = forged.entry.name();
  name.back() = static_cast<char>('1' + first.number);
  std::filesystem::copy_file(forged.entry.path(), run / name);
  EXPECT_THAT(error_of<Error>([&] { EventReader(run.path()); }),
              testing::AllOf(HasSubstr(name), HasSubstr("no Resume")));
}

TEST(EventLog, WhatACheckpointRestsOnMustBeThere) {
  TempFolder run;
  EventWriter first(real_file_system(), run.path());
  log_steps(first, 0, 3);
  EventWriter second(real_file_system(), run.path(), first.position(), 3);
  std::filesystem::resize_file(first.path(), static_cast<uintmax_t>(first.position().offset) - 1);
  EXPECT_THAT(error_of<Error>([&] { steps_in(run.path()); }), HasSubstr(first.path().string() + ": ends at byte"));
  std::filesystem::remove(first.path());
  log_steps(second, 3, 4);
  EventWriter third(real_file_system(), run.path(), second.position(), 4);
  EventWriter fourth(real_file_system(), run.path(), third.position(), 4);
  std::filesystem::remove(third.path());
  EXPECT_THAT(error_of<Error>([&] { steps_in(run.path()); }), HasSubstr("event segment 2 is missing"));
}

// A writer ended at any operation, or failing at any, leaves a log that reads, and a next segment goes on.
TEST(EventLog, AnyCrashLeavesALogThatReads) {
  for (const char* kind : {"kill", "torn", "power", "enospc", "eio"}) {
    int status = 1;
    for (uint64_t at = 1; status != 0; ++at) {
      ASSERT_LT(at, 40u);
      TempFolder run;
      EventWriter first(real_file_system(), run.path());
      log_steps(first, 0, 2);
      pid_t child = ::fork();
      if (child == 0) {
        FaultyFileSystem fs(real_file_system(), Fault::parse(std::string(kind) + "@" + std::to_string(at)));
        bool failed = false;
        try {
          EventWriter second(fs, run.path(), first.position(), 2);
          for (int64_t step = 2; step < 6; ++step) {
            try {
              log_steps(second, step, step + 1);
            } catch (const IoError&) { failed = true; }
          }
        } catch (const IoError&) { failed = true; }
        ::_exit(failed ? 1 : 0);
      }
      ::waitpid(child, &status, 0);
      auto steps = steps_in(run.path());
      ASSERT_GE(steps.size(), 2u);
      for (size_t i = 0; i < steps.size(); ++i) EXPECT_EQ(steps[i], static_cast<int64_t>(i)) << kind << "@" << at;
      EventWriter third(real_file_system(), run.path(), first.position(), 2);
      log_steps(third, 9, 10);
      EXPECT_THAT(steps_in(run.path()), ElementsAre(0, 1, 9)) << kind << "@" << at;
    }
  }
}

}  // namespace
}  // namespace stet::tracking
