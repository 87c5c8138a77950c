#include "stet/tracking/run/run.h"

#include <exception>

#include "stet/tensor/error.h"
#include "stet/tracking/record/standard_descriptors.h"
#include "stet/tracking/run/live_run.h"
#include "stet/tracking/run/process_end.h"

namespace stet {

tracking::KeptPlace::KeptPlace(Run& run, std::string name, KeptRef value)
    : state_(run.state()), name_(std::move(name)) {
  state_.keep(name_, value);
}

tracking::KeptPlace::~KeptPlace() { state_.release(name_); }

Run::Run(int argc, const char* const* argv, std::string_view program) {
  tracking::open_standard_descriptors();
  tracking::ignore_file_size_signal();
  tracking::install_terminate_handler(std::string(program), tracking::LiveRun::fail_if_any);
  live_ = std::make_unique<tracking::LiveRun>(argc, argv, std::string(program));
}

Run::~Run() {
  try {
    if (std::uncaught_exceptions() > 0) live_->left_by_exception();
    else live_->finish();
  } catch (const std::exception& e) { live_->fail(e.what(), false); }
}

tracking::Parameters& Run::parameters() { return live_->parameters(); }

tracking::LiveRun& Run::live() {
  live_->close();
  return *live_;
}

tracking::State& Run::state() { return live().state(); }

std::string Run::path(std::string_view name, std::string_view standard, const PathOptions& options) {
  return parameters().path(name, standard, options);
}

void Run::checkpoint(const CheckpointPolicy& policy) { live_->set_policy(policy); }

void Run::describe(const RunDescription& description) { live_->describe(description); }

Rng Run::rng() { return Rng(live().seed()); }
Device Run::device() { return live().device(); }
EpochRange Run::epochs(int64_t n) { return EpochRange(live(), n); }
StepRange Run::steps(int64_t n) { return StepRange(live(), n); }

void Run::track_walk(std::string_view name, std::function<void(Visitor&)> walk) {
  if (live().depth() > 0)
    raise("track: '{}' is tracked within a loop, where a resumed run could not restore it; track it before the loop",
          name);
  state().track(std::string(name), std::move(walk));
}

void Run::watch(std::string_view name, const Stateful& thing) { state().watch(name, thing); }

void Run::log(std::string_view name, double value, const MetricOptions& options) {
  if (auto* log = live_->log()) log->number(name, value, options);
}
void Run::log(std::string_view name, const Tensor& value, const MetricOptions& options) {
  if (auto* log = live_->log()) log->number(name, value, options);
}
void Run::log_text(std::string_view name, std::string_view text) {
  if (auto* log = live_->log()) log->text(name, text);
}
void Run::log_image(std::string_view name, const Tensor& image) {
  if (auto* log = live_->log()) log->image(name, image);
}
void Run::log_histogram(std::string_view name, const Tensor& values) {
  if (auto* log = live_->log()) log->histogram(name, values);
}
void Run::histograms(const HistogramPolicy& policy) { live_->set_histograms(policy); }
void Run::log_vector(std::string_view name, std::span<const double> values) {
  if (auto* log = live_->log()) log->vector(name, values);
}
void Run::summary(std::string_view name, Best best, const Context& context) { live_->summary(name, best, context); }
void Run::resources(double every_seconds) { live_->set_resources(every_seconds); }
void Run::artifact(const std::string& path) { live_->artifact(path); }
int64_t Run::step() const { return live_->steps(); }
std::string Run::folder() const { return live_->folder(); }

}  // namespace stet
