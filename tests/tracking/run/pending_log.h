// For tests of what comes to the log: a log in a folder of its own, and values that arrive when the test says so.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "stet/tensor/pending_read.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/event_log.h"
#include "tracking/temp_folder.h"

namespace stet::tracking {

/// A device's values, which arrive when the test says so, or when they are waited for.
class LateRead : public PendingRead {
 public:
  bool arrived() override { return is_here; }
  std::span<const std::byte> bytes() override {
    is_here = true;
    return {};
  }
  bool is_here = false;
};

/// The log of a run that has nothing else.
struct LogFolder {
  TempFolder folder;

  std::unique_ptr<EventWriter> writer() const { return std::make_unique<EventWriter>(file_system(), folder.path()); }
  /// What is in the file, without its version.
  std::vector<record::Event> events() const {
    std::vector<record::Event> events;
    EventReader reader(folder.path());
    for (record::Event event; reader.next(event);) {
      if (event.file_version().empty()) events.push_back(event);
    }
    return events;
  }
  std::vector<int64_t> steps() const {
    std::vector<int64_t> steps;
    for (const auto& event : events()) steps.push_back(event.step());
    return steps;
  }
};

}  // namespace stet::tracking
