// Values from the messages of run.json. Private to reading/.
#pragma once

#include "stet/tracking/reading/labels.h"
#include "stet/tracking/reading/recorded.h"
#include "stet/tracking/reading/runs.h"
#include "stet/tracking/record/folder.h"
#include "stet/tracking/record/record.pb.h"

namespace stet::tracking {

RunDataFile value_of(const record::DataFile& message);
RunBuild value_of(const record::Build& message);
RunMachine value_of(const record::Machine& message);
RunSource value_of(const record::Source& message);
RunParameter value_of(const record::Param& message);
RunHyperparameter value_of(const record::Hyperparameter& message);
RunPlace value_of(const record::Place& message);
RunData value_of(const record::Dataset& message);
RunLaunch value_of(const record::Launch& message);
RunBest value_of(const record::BestValue& message);

/// One value a message.
template <class Messages> auto values_of(const Messages& messages) {
  std::vector<decltype(value_of(messages[0]))> values;
  for (const auto& message : messages) values.push_back(value_of(message));
  return values;
}

/// As read_labels.
RunLabels labels_of(const Folder& run, const record::RunRecord& record);

/// The summary, with the steps of the record, which only a finished run's are sure to be.
RunSummary summarize(const std::filesystem::path& run, const record::RunRecord& record);

}  // namespace stet::tracking
