#include "stet/tracking/run/live_run.h"

#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"
#include "stet/tensor/mode.h"
#include "stet/tensor/parallel.h"
#include "stet/tensor/simd/isa.h"
#include "stet/tensor/version.h"
#include "stet/tracking/capture/environment.h"
#include "stet/tracking/capture/program.h"
#include "stet/tracking/capture/source.h"

namespace stet::tracking {
namespace {

LiveRun* the_run = nullptr;

Device parse_device(const std::string& text) {
  try {
    return Device::parse(text);
  } catch (const UsageError&) { raise("--device {}: must be cpu, cuda or cuda:N", text); }
}

record::Param::Source to_record(Source source) {
  switch (source) {
    case Source::flag: return record::Param::FLAG;
    case Source::config: return record::Param::CONFIG;
    case Source::record: return record::Param::RECORD;
    case Source::standard: break;
  }
  return record::Param::DEFAULT;
}

// A place of a run that was begun in another working folder.
std::string seen_from_here(const record::RunRecord& record, const std::string& place) {
  const Path path(place);
  if (place.empty() || path.is_absolute() || record.launches_size() == 0) return place;
  const Path cwd = record.launches(0).cwd();
  std::error_code none;
  return cwd == std::filesystem::current_path(none) ? place : (cwd / path).lexically_normal().string();
}

}  // namespace

LiveRun* live_run() { return the_run; }

LiveRun::LiveRun(int argc, const char* const* argv, std::string program)
    : fs_(file_system()),
      program_(std::move(program)),
      argv_(argv, argv + argc),
      parameters_(argc, argv),
      replay_(Replay::from_environment()) {
  if (the_run) raise("Run: there is one already; a program has one at a time");
  declare_flags();
  install_recorder(this);
  set_tick(0);
  the_run = this;
}

LiveRun::~LiveRun() {
  install_recorder(nullptr);
  the_run = nullptr;
}

void LiveRun::declare_flags() {
  Parameters& p = parameters_;
  progress_.set_quiet(p.built_in<bool>("quiet", false, {.help = "show no progress"}));
  runs_ = p.built_in<std::string>("runs", "./runs", {.help = "folder of runs"});
  const auto resume = p.built_in<std::string>("resume", "", {.help = "go on with a run: an id, a name, or latest"});
  if (!resume.empty() && !p.help()) open_recorded(resume);
  name_ = p.built_in<std::string>("name", "", {.help = "name of the run; the program's own if none is given"});
  seed_ = p.built_in<uint64_t>("seed", 1, {.help = "of all random numbers"});
  threads_ = p.built_in<int>("threads", 0, {.from = 0, .to = 1024, .help = "0: all cores"});
  device_name_ = p.built_in<std::string>("device", "cpu",
                                         {.help = "where the network is trained: cpu, cuda (the first GPU) or cuda:N"});
  checkpoint_every_ = p.built_in<int64_t>("checkpoint-every", 0,
                                          {.from = 0, .help = "steps between checkpoints; 0: as the program says"});
  set_policy(policy_);
  max_steps_ = p.built_in<int64_t>("max-steps", 0,
                                   {.from = 0, .help = "stop, with a checkpoint, after that many steps; 0: none"});
  allow_nan_ = p.built_in<bool>("allow-nan", false, {.help = "go on when a loss or a metric is not finite"});
  if (!p.help()) device_ = parse_device(device_name_);
}

void LiveRun::set_policy(const CheckpointPolicy& policy) {
  if (begun_) raise("checkpoint: the run has begun; set the policy before the loop");
  if (policy.keep_last < 1) raise("checkpoint: keep_last is {}; at least the newest is kept", policy.keep_last);
  if (!resumed_) policy_ = policy;  // the record's holds for a run that is resumed
  if (checkpoint_every_ > 0) {
    policy_.every_steps = checkpoint_every_;
    policy_.every_minutes = 0;
  }
}

void LiveRun::end_if_finished(const Path& folder) const {
  if (status_of(folder, record_) != RunStatus::finished) return;
  std::printf("%s: run %s has finished; there is nothing to resume\n", program_.c_str(), record_.id().c_str());
  std::fflush(stdout);
  std::_Exit(0);
}

void LiveRun::open_recorded(const std::string& which) {
  const Path folder = find_run(runs_, which);
  record_ = read_record(folder);
  const std::string id = record_.id();
  if (record_.program() != program_)
    raise("--resume {}: run {} was made by the program '{}', not by '{}'", which, id, record_.program(), program_);
  if (is_held(folder)) {
    const auto holder = read_holder(folder);
    raise("--resume {}: run {} is running{}", which, id,
          holder ? fmt::format(", as process {} on {}", holder->pid, holder->host) : "");
  }
  end_if_finished(folder);
  if (record_.numerics() != numerics_version) {
    raise("--resume {}: run {} was made under version {} of the numerics contract; this program keeps version {}",
          which, id, record_.numerics(), numerics_version);
  }
  held_.emplace(open_run(fs_, folder));
  record_ = read_record(folder);
  end_if_finished(folder);  // by a process that held it a moment ago
  take_over_record();
}

// The newest whole checkpoint, and the record's values for the parameters.
void LiveRun::take_over_record() {
  resumed_ = true;
  NewestCheckpoint newest = newest_whole_checkpoint(held_->folder);
  for (const auto& skipped : newest.skipped) progress_.warn(fmt::format("{}: passed over: {}", program_, skipped.why));
  std::map<std::string, Recorded> values{{"seed", {std::to_string(record_.seed()), false}}};
  for (const auto& p : record_.params()) values[p.name()] = {p.value(), false};
  for (const auto& p : record_.places()) values[p.name()] = {seen_from_here(record_, p.value()), true};
  parameters_.set_record(record_.id(), std::move(values));
  const auto& rules = record_.checkpoints();
  policy_ = {.every_steps = rules.every_steps(),
             .every_minutes = rules.every_minutes(),
             .keep_last = rules.keep_last(),
             .best_metric = rules.best_metric(),
             .best_is_highest = rules.best_is_highest(),
             .log_spaced = rules.log_spaced()};
  resume_from_ = LogPosition{};
  if (!newest.checkpoint) return;
  checkpoint_ = std::move(newest.checkpoint);
  resume_from_ = checkpoint_->log;
  for (const ScalarEntry& s : checkpoint_->scalars) {
    if (s.path == "stet/position") position_.seek(std::get<std::string>(s.value));
    if (s.path == "stet/epochs") epochs_ = std::get<int64_t>(s.value);
    if (s.path == "stet/digest_interval") digest_interval_ = std::get<int64_t>(s.value);
  }
}

void LiveRun::close() {
  if (parameters_.closed()) return;
  if (parameters_.help()) {
    std::fputs(parameters_.help_text(program_).c_str(), stdout);
    std::fflush(stdout);
    std::_Exit(0);
  }
  parameters_.close();
  settle_devices();
}

void LiveRun::settle_devices() {
  set_threads(threads_);
  settle_isa();
  backend(device_);  // throws where there is none
  state_.set_device(device_);
}

void LiveRun::describe_parameters() {
  record_.set_program(program_);
  record_.set_name(!name_.empty() ? name_ : resumed_ ? record_.name() : program_);
  record_.set_seed(seed_);
  record_.set_numerics(numerics_version);
  record_.set_stet_version(version);
  if (!resumed_) {
    for (const Declared& d : parameters_.declared()) {
      if (d.built_in || d.execution) continue;
      if (d.type == "place") {
        auto* place = record_.add_places();
        place->set_name(d.name);
        place->set_value(d.value);
        place->set_default_(d.standard);
        place->set_source(to_record(d.source));
      } else {
        auto* param = record_.add_params();
        param->set_name(d.name);
        param->set_value(d.value);
        param->set_default_(d.standard);
        param->set_source(to_record(d.source));
        param->set_type(d.type);
        param->set_range(d.range);
        param->set_meaning(d.help);
      }
    }
  }
  auto* rules = record_.mutable_checkpoints();
  rules->set_every_steps(policy_.every_steps);
  rules->set_every_minutes(policy_.every_minutes);
  rules->set_keep_last(policy_.keep_last);
  rules->set_best_metric(policy_.best_metric);
  rules->set_best_is_highest(policy_.best_is_highest);
  rules->set_log_spaced(policy_.log_spaced);
}

void LiveRun::describe_state() {
  record_.clear_hyperparameters();
  for (const Reported& r : state_.reported()) {
    auto* h = record_.add_hyperparameters();
    h->set_path(r.path);
    h->set_value(to_string(r.value));
    static constexpr const char* types[] = {"bool", "int", "float", "string"};
    h->set_type(types[r.value.index()]);
    h->set_execution(r.execution);
  }
  for (const Declared& d : parameters_.declared()) {
    if (!d.execution) continue;
    auto* h = record_.add_hyperparameters();
    h->set_path(d.name);
    h->set_value(d.value);
    h->set_type(d.type);
    h->set_execution(true);
  }
  record_.clear_tracked();
  for (const TrackedShape& s : state_.shapes()) {
    auto* t = record_.add_tracked();
    t->set_path(s.path);
    t->set_alias_of(s.alias_of);
    if (!s.alias_of.empty()) continue;
    t->set_dtype(std::string(name_of(s.dtype)));
    for (const int64_t d : s.shape) t->add_shape(d);
  }
  record_.set_model_summary(state_.summary());
  record_.set_parameter_count(state_.parameter_count());
  record_.clear_data();
  for (const DatasetRecord& d : datasets_) {
    auto* data = record_.add_data();
    data->set_name(d.name);
    for (const FileFingerprint& f : d.files) {
      auto* file = data->add_files();
      file->set_path(std::filesystem::absolute(f.path).lexically_normal().string());
      file->set_size(f.size);
      file->set_sha256(f.sha256);
    }
    data->set_samples_sha256(d.samples_sha256);
    data->set_count(d.samples);
    data->set_split(d.split);
    data->set_split_sha256(d.digest);
  }
}

// Of a checkpoint, those of all that was tracked when it was made. Without one, the record's: they may be of things
// that are tracked later.
void LiveRun::require_same_hyperparameters(const Checkpoint* checkpoint) const {
  std::map<std::string, std::string> before, here;
  if (checkpoint) {
    for (const ScalarEntry& s : checkpoint->scalars) {
      if (!s.path.starts_with(hyperparameter_prefix)) continue;
      before[s.path.substr(hyperparameter_prefix.size())] =
          std::visit([](const auto& v) { return fmt::format("{}", v); }, s.value);
    }
  } else {
    for (const auto& h : record_.hyperparameters()) {
      if (!h.execution()) before[h.path()] = h.value();
    }
  }
  for (const Reported& r : state_.reported()) {
    if (!r.execution) here[r.path] = to_string(r.value);
  }
  std::vector<std::string> differ;
  for (const auto& [path, value] : before) {
    const auto it = here.find(path);
    if (it != here.end() && it->second != value)
      differ.push_back(fmt::format("{} is {} and was {}", path, it->second, value));
    if (it == here.end() && checkpoint) differ.push_back(fmt::format("{} is gone (it was {})", path, value));
    here.erase(path);
  }
  for (const auto& [path, value] : here) {
    if (checkpoint) differ.push_back(fmt::format("{} is new ({})", path, value));
  }
  if (!differ.empty()) {
    raise("resume: hyperparameters are not those of run {}: {}; start a new run to change them", record_.id(),
          fmt::join(differ, ", "));
  }
}

namespace {

bool same_data(const record::Dataset& before, const DatasetRecord& now) {
  return before.samples_sha256() == now.samples_sha256 && before.split_sha256() == now.digest;
}

std::vector<std::string> changed_files(const record::Dataset& before, const DatasetRecord& now) {
  std::vector<std::string> changed;
  for (size_t f = 0; f < std::min(static_cast<size_t>(before.files_size()), now.files.size()); ++f) {
    if (now.files[f].sha256 != before.files(static_cast<int>(f)).sha256()) changed.push_back(now.files[f].path);
  }
  return changed;
}

}  // namespace

// A data set must be one of those that the record has under its name; one under a new name, that which the record has
// in its place. Within loops a program may open others each time, so their number says nothing.
void LiveRun::require_same_data() const {
  for (size_t i = 0; i < datasets_.size(); ++i) {
    const DatasetRecord& now = datasets_[i];
    std::vector<const record::Dataset*> before;
    for (const auto& data : record_.data()) {
      if (data.name() == now.name) before.push_back(&data);
    }
    if (before.empty() && i < static_cast<size_t>(record_.data_size()))
      before.push_back(&record_.data(static_cast<int>(i)));
    if (before.empty() ||
        std::any_of(before.begin(), before.end(), [&](const auto* data) { return same_data(*data, now); }))
      continue;
    const auto files = changed_files(*before.front(), now);
    raise("resume: the data set {} is not what run {} was begun with{}{}", before.front()->name(), record_.id(),
          files.empty() ? "" : "; changed: ", fmt::join(files, ", "));
  }
}

void LiveRun::add_launch() {
  auto* launch = record_.add_launches();
  launch->set_first_step(steps_);
  launch->set_first_tick(tick_);
  launch->set_threads(threads());
  launch->set_isa(isa());
  launch->set_device(device_.to_string());
  describe_environment(*launch, argv_);
  if (device_ == cpu) return;
  const DeviceDescription gpu = backend(device_).describe();
  launch->mutable_machine()->set_gpu(gpu.name);
  launch->mutable_machine()->set_driver(gpu.driver);
  launch->mutable_machine()->set_cuda(gpu.runtime);
}

// The folder or the next launch, and the log's segment. A failure before it is done leaves a run that is resumed as it
// was, but for a launch without an end.
void LiveRun::begin() {
  close();
  describe_parameters();
  add_launch();
  if (!held_) held_.emplace(create_run(fs_, runs_, record_));
  auto* launch = record_.mutable_launches(record_.launches_size() - 1);
  keep_program(fs_, runs_, *launch->mutable_program());
  capture_source(fs_, held_->folder, record_.launches_size() - 1, runs_, *launch);
  save_record();
  const bool has_log = !list_segments(held_->folder).empty();
  writer_ = std::make_unique<EventWriter>(fs_, held_->folder, has_log ? resume_from_ : std::nullopt, steps_ + 1);
  begun_ = true;
  if (!replay_) progress_.set_output(&output_.emplace(held_->folder / "output.log"));
  if (!held_->lock.warning().empty()) progress_.warn(held_->lock.warning());
  recall_checkpoints();
  progress_.say(fmt::format("{}: run {}{}", program_, held_->folder.string(),
                            resumed_ ? fmt::format(", from step {}", steps_) : ""));
}

void LiveRun::save_record() {
  record_.set_digest_interval(digest_interval_);
  write_record(fs_, held_->folder, record_);
  record_changed_ = false;
}

void LiveRun::dataset(const DatasetRecord& record) {
  const auto same = [&](const DatasetRecord& d) {
    return d.name == record.name && d.samples_sha256 == record.samples_sha256 && d.digest == record.digest &&
           d.files.size() == record.files.size();
  };
  if (std::any_of(datasets_.begin(), datasets_.end(), same)) return;  // opened once more
  datasets_.push_back(record);
  record_changed_ = true;
}

}  // namespace stet::tracking
