#include "stet/tracking/run/record_builder.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/parallel.h"
#include "stet/tensor/simd/isa.h"
#include "stet/tensor/version.h"
#include "stet/tracking/capture/environment.h"
#include "stet/tracking/capture/program.h"
#include "stet/tracking/capture/secrets.h"
#include "stet/tracking/capture/source.h"
#include "stet/tracking/record/acts.h"
#include "stet/tracking/record/clock.h"
#include "stet/tracking/record/list_text.h"
#include "stet/tracking/record/run_name.h"
#include "stet/tracking/record/seal.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

record::Param::Source to_record(Source source) {
  switch (source) {
    case Source::flag: return record::Param::FLAG;
    case Source::config: return record::Param::CONFIG;
    case Source::record: return record::Param::RECORD;
    case Source::standard: break;
  }
  return record::Param::DEFAULT;
}

void set_policy(record::RunRecord& record, const CheckpointPolicy& policy) {
  auto* rules = record.mutable_checkpoints();
  rules->set_every_steps(policy.every_steps);
  rules->set_every_minutes(policy.every_minutes);
  rules->set_keep_last(policy.keep_last);
  rules->set_best_metric(policy.best_metric);
  rules->set_best_is_highest(policy.best_is_highest);
  rules->set_log_spaced(policy.log_spaced);
}

// A text may be a secret, or hold one, as each of a list may; a number is none.
std::string shown(const Declared& d, const std::string& value) {
  if (d.type == "string") return mask_secret(d.name, value);
  if (d.type != "string list") return value;
  std::vector<std::string> elements = parse_list(value).value_or(std::vector<std::string>());
  for (std::string& element : elements) element = quoted_element(mask_secret(d.name, element));
  return list_text(elements);
}

void add_place(record::RunRecord& record, const Declared& d) {
  auto* place = record.add_places();
  place->set_name(d.name);
  place->set_value(mask_secret(d.name, d.value));
  place->set_default_(mask_secret(d.name, d.standard));
  place->set_source(to_record(d.source));
  place->set_masked(place->value() != d.value);
}

void add_param(record::RunRecord& record, const Declared& d) {
  auto* param = record.add_params();
  param->set_name(d.name);
  param->set_value(shown(d, d.value));
  param->set_default_(shown(d, d.standard));
  param->set_source(to_record(d.source));
  param->set_masked(param->value() != d.value);
  param->set_type(d.type);
  param->set_range(d.range);
  param->set_meaning(d.help);
}

void add_hyperparameter(record::RunRecord& record, const std::string& path, const std::string& value,
                        const std::string& type, bool execution) {
  auto* h = record.add_hyperparameters();
  require_utf8("track", "a hyperparameter's name", path);
  require_utf8("track", "a hyperparameter's value", value);
  h->set_path(path);
  h->set_value(value);
  h->set_type(type);
  h->set_execution(execution);
}

record::Dataset described(const DatasetRecord& d) {
  record::Dataset data;
  data.set_name(d.name);
  for (const FileFingerprint& f : d.files) {
    auto* file = data.add_files();
    file->set_path(to_utf8(f.path));
    file->set_size(f.size);
    file->set_sha256(f.sha256);
  }
  data.set_samples_sha256(d.samples_sha256);
  data.set_count(d.samples);
  data.set_split(d.split);
  data.set_split_sha256(d.digest);
  return data;
}

// Wherever its files lie.
bool has_same_content(const record::Dataset& a, const record::Dataset& b) {
  const auto same = [](const record::DataFile& x, const record::DataFile& y) { return x.sha256() == y.sha256(); };
  return a.name() == b.name() && a.count() == b.count() && a.samples_sha256() == b.samples_sha256() &&
         a.split() == b.split() && a.split_sha256() == b.split_sha256() &&
         std::equal(a.files().begin(), a.files().end(), b.files().begin(), b.files().end(), same);
}

}  // namespace

void check(const RunDescription& description) {
  for (const auto& [what, text] :
       {std::pair("the name", &description.name), std::pair("the group", &description.group),
        std::pair("the note", &description.note), std::pair("the description", &description.description)})
    require_utf8("describe", what, *text);
  if (!description.name.empty()) require_run_name("describe", description.name);
  for (const std::string& tag : description.tags) require_tag("describe", tag);
}

CheckpointPolicy policy_of(const record::RunRecord& record) {
  const auto& rules = record.checkpoints();
  return {.every_steps = rules.every_steps(),
          .every_minutes = rules.every_minutes(),
          .keep_last = rules.keep_last(),
          .best_metric = rules.best_metric(),
          .best_is_highest = rules.best_is_highest(),
          .log_spaced = rules.log_spaced()};
}

Path RecordBuilder::working_folder() {
  std::error_code gone;
  return std::filesystem::current_path(gone);
}

void RecordBuilder::take_over(record::RunRecord recorded) {
  record_ = std::move(recorded);
  earlier_datasets_.assign(record_.data().begin(), record_.data().end());
  taken_over_ = true;
}

void RecordBuilder::describe_program(const std::string& program, const RunFlags& flags, const Parameters& parameters,
                                     const CheckpointPolicy& policy) {
  record_.set_program(program);
  describe(flags.description);
  if (record_.name().empty()) record_.set_name(program);
  record_.set_seed(flags.seed);
  record_.set_numerics(numerics_version);
  record_.set_stet_version(version);
  record_.set_allow_nan(flags.allow_nan);
  if (taken_over_) move_places(parameters);
  else describe_parameters(parameters);
  set_policy(record_, policy);
}

void RecordBuilder::describe(const RunDescription& d) {
  if (!d.name.empty()) record_.set_name(d.name);
  if (!d.group.empty()) record_.set_group(d.group);
  if (!d.note.empty()) record_.set_note(mask_secret("note", d.note));
  if (!d.description.empty()) record_.set_description(mask_secret("description", d.description));
  for (const std::string& tag : d.tags) {
    if (std::ranges::find(record_.tags(), tag) == record_.tags().end()) record_.add_tags(tag);
  }
  changed_ = true;
}

void RecordBuilder::describe_parameters(const Parameters& parameters) {
  for (const Declared& d : parameters.declared()) {
    if (d.built_in || d.execution) continue;
    if (d.type == "place") add_place(record_, d);
    else add_param(record_, d);
  }
}

// A place that was given anew: from here on the run finds things there.
void RecordBuilder::move_places(const Parameters& parameters) {
  for (const Declared& d : parameters.declared()) {
    if (d.type != "place" || d.source != Source::flag) continue;
    for (auto& place : *record_.mutable_places()) {
      if (place.name() == d.name && !place.masked() && !d.value.empty())
        place.set_value(to_utf8(std::filesystem::absolute(d.value).lexically_normal().string()));
    }
  }
}

void RecordBuilder::describe_state(const State& state, const Parameters& parameters) {
  describe_hyperparameters(state, parameters);
  describe_tracked(state);
  record_.set_model_summary(to_utf8(state.summary()));
  record_.set_parameter_count(state.parameter_count());
  describe_data();
  changed_ = true;
}

void RecordBuilder::describe_hyperparameters(const State& state, const Parameters& parameters) {
  static constexpr const char* kTypes[] = {"bool", "int", "float", "string"};
  record_.clear_hyperparameters();
  for (const Reported& r : state.reported())
    add_hyperparameter(record_, r.path, to_string(r.value), kTypes[r.value.index()], r.execution);
  for (const Declared& d : parameters.declared()) {
    if (d.execution) add_hyperparameter(record_, d.name, shown(d, d.value), d.type, true);
  }
}

void RecordBuilder::describe_tracked(const State& state) {
  record_.clear_tracked();
  for (const TrackedShape& s : state.shapes()) {
    require_utf8("track", "the name", s.path);
    auto* t = record_.add_tracked();
    t->set_path(s.path);
    t->set_alias_of(s.alias_of);
    if (!s.alias_of.empty()) continue;
    t->set_dtype(std::string(name_of(s.dtype)));
    for (const int64_t d : s.shape) t->add_shape(d);
  }
}

// One that an earlier launch opened too takes that one's place, and says where its files lie now.
void RecordBuilder::describe_data() {
  std::vector<record::Dataset> all = earlier_datasets_;
  std::vector<bool> opened(all.size());
  for (const DatasetRecord& d : datasets_) {
    record::Dataset data = described(d);
    size_t i = 0;
    while (i < opened.size() && (opened[i] || !has_same_content(all[i], data))) ++i;
    if (i == opened.size()) {
      all.push_back(std::move(data));
    } else {
      all[i] = std::move(data);
      opened[i] = true;
    }
  }
  record_.mutable_data()->Assign(all.begin(), all.end());
}

void RecordBuilder::add_launch(Instant first, Device device, const std::vector<std::string>& argv) {
  auto* launch = record_.add_launches();
  launch->set_first_step(first.committed.step);
  launch->set_first_tick(first.tick());
  launch->set_threads(threads());
  launch->set_isa(isa());
  launch->set_device(device.to_string());
  describe_environment(*launch, argv, start_folder_);
  if (device == cpu) return;
  const DeviceDescription gpu = backend(device).describe();
  launch->mutable_machine()->set_gpu(gpu.name);
  launch->mutable_machine()->set_driver(gpu.driver);
  launch->mutable_machine()->set_cuda(gpu.runtime);
}

std::vector<std::string> RecordBuilder::notes() const {
  const auto& notes = record_.launches(record_.launches_size() - 1).notes();
  return {notes.begin(), notes.end()};
}

HeldRun RecordBuilder::make_folder(FileSystem& fs, const Path& runs) { return create_run(fs, runs, record_); }

void RecordBuilder::read_source(const Path& runs) { source_.emplace(SourcePlaces{start_folder_, runs}); }

bool RecordBuilder::keep_source(FileSystem& fs, const Folder& run_folder) {
  if (!source_) return false;
  std::exchange(source_, std::nullopt)->write(fs, run_folder, record_.launches_size() - 1, launch());
  return true;
}

void RecordBuilder::keep_program(FileSystem& fs, const Path& runs) {
  tracking::keep_program(fs, runs, *launch().mutable_program());
}

void RecordBuilder::leave_to_parent() {
  if (source_) source_->forget();
}

void RecordBuilder::add_dataset(DatasetRecord dataset) {
  for (FileFingerprint& f : dataset.files) {
    std::error_code gone;  // a relative path then stays what it is
    const Path absolute = std::filesystem::absolute(f.path, gone);
    if (!gone) f.path = absolute.lexically_normal().string();
  }
  if (std::find(datasets_.begin(), datasets_.end(), dataset) != datasets_.end()) return;
  require_utf8("data", "the data set's name", dataset.name);
  require_utf8("data", "the split's definition", dataset.split);
  datasets_.push_back(std::move(dataset));
  changed_ = true;
}

void RecordBuilder::set_log_waits(int64_t count, double seconds) {
  launch().set_log_waits(count);
  launch().set_log_wait_seconds(seconds);
}

void RecordBuilder::end(record::End::Status status, int exit_code, const std::string& message, int64_t steps,
                        const std::string& digest) {
  auto* end = launch().mutable_end();
  end->set_status(status);
  end->set_exit_code(exit_code);
  end->set_message(to_utf8(message));
  end->set_time(unix_time());
  end->set_wall_seconds(
      std::max(0.0, std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count()));
  end->set_cpu_seconds(process_seconds());
  end->set_last_step(steps);
  record_.set_steps(steps);
  if (status == record::End::FINISHED) record_.set_final_digest(digest);
}

void RecordBuilder::seal(const Folder& run_folder) {
  try {
    seal_files(record_, run_folder);
  } catch (const IoError&) { launch().mutable_end()->clear_seal(); }  // the run ended all the same
}

void RecordBuilder::save(FileSystem& fs, const Folder& run_folder) {
  write_record(fs, run_folder, record_);
  changed_ = false;
}

}  // namespace stet::tracking
