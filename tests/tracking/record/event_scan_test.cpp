// Reading scalars out of events: what it takes, Protobuf takes alike; the rest it leaves.
#include "stet/tracking/record/event_scan.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <random>

#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/events.h"

namespace stet::tracking {
namespace {

// Says whether the scanner takes the bytes, and holds what it makes of them against Protobuf's.
bool takes(const std::string& bytes) {
  std::vector<std::string> names;
  EventScanner scanner([&](const record::Summary::Value& value) {
    names.push_back(value.tag() + "|" + metric_name(value));
    return static_cast<int>(names.size()) - 1;
  });
  for (int turn = 0; turn < 2; ++turn) {  // the second time by what it knows
    if (!scanner.scan(bytes)) return false;
    record::Event event;
    EXPECT_TRUE(event.ParseFromString(bytes));
    EXPECT_EQ(std::bit_cast<uint64_t>(scanner.time()), std::bit_cast<uint64_t>(event.wall_time()));
    EXPECT_EQ(scanner.step(), event.step());
    EXPECT_EQ(scanner.tick(), event.tick());
    EXPECT_EQ(scanner.values().size(), static_cast<size_t>(event.summary().value_size()));
    EXPECT_FALSE(event.has_session_log() || event.has_state_digest() || event.has_loss_digest() || event.has_resume());
    for (int i = 0; i < event.summary().value_size(); ++i) {
      const auto& value = event.summary().value(i);
      const auto& found = scanner.values().at(static_cast<size_t>(i));
      EXPECT_TRUE(value.has_double_value() && !value.has_tensor());
      EXPECT_EQ(std::bit_cast<uint64_t>(found.value), std::bit_cast<uint64_t>(value.double_value()));
      EXPECT_EQ(names.at(static_cast<size_t>(found.series)), value.tag() + "|" + metric_name(value));
    }
  }
  return true;
}

std::string some_event(int64_t step) {
  record::Event event;
  event.set_wall_time(1.7e9 + 0.5 * static_cast<double>(step));
  event.set_step(step);
  event.set_tick(3 * static_cast<uint64_t>(step));
  for (const char* name : {"loss", "train/accuracy", "loss"})
    *event.mutable_summary()->add_value() =
        scalar_event(name, 0.1 * static_cast<double>(step), {{"subset", name}}).summary().value(0);
  *event.mutable_summary()->add_value() = scalar_event("plain", -0.0, {}, true).summary().value(0);
  return event.SerializeAsString();
}

TEST(EventScan, TakesScalars) {
  for (const int64_t step : {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{1} << 62})
    EXPECT_TRUE(takes(some_event(step)));
  std::string bytes;
  ScalarForm("loss", {{"fold", "2"}}, false).append(bytes, 0.25);
  record::Event event;
  ASSERT_TRUE(event.mutable_summary()->ParseFromString(bytes));
  EXPECT_TRUE(takes(event.SerializeAsString()));
}

TEST(EventScan, LeavesAllElse) {
  EXPECT_FALSE(takes(""));
  EXPECT_FALSE(takes(text_event("note", "x").SerializeAsString()));
  EXPECT_FALSE(takes(vector_event("v", std::vector<double>{1}).SerializeAsString()));
  record::Event event = scalar_event("loss", 1);
  event.mutable_summary()->mutable_value(0)->clear_double_value();
  EXPECT_FALSE(takes(event.SerializeAsString()));
  event = scalar_event("loss", 1);
  event.set_wall_time(std::numeric_limits<double>::infinity());
  EXPECT_FALSE(takes(event.SerializeAsString())) << "which a reader refuses";
  const std::string one = scalar_event("loss", 1).SerializeAsString();
  EXPECT_TRUE(takes(one));
  EXPECT_FALSE(takes(one + one));  // which Protobuf merges
  record::Event odd = scalar_event("loss", 1);
  std::string bytes = odd.SerializeAsString();
  bytes[bytes.find("loss")] = '\xff';
  EXPECT_FALSE(takes(bytes)) << "no UTF-8";
}

TEST(EventScan, AgreesWithProtobufOnWhateverBytes) {
  std::mt19937_64 draw(11);
  int taken = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = some_event(i);
    for (uint64_t k = draw() % 3; k > 0; --k) bytes[draw() % bytes.size()] = static_cast<char>(draw());
    if (draw() % 4 == 0) bytes.resize(draw() % bytes.size());
    taken += takes(bytes);
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(taken, 5'000);
}

}  // namespace
}  // namespace stet::tracking
