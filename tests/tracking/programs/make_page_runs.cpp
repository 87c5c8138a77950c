// Makes the runs that the page is tried on, without training anything:
//
//   make_page_runs FOLDER
//
// One whose every text holds markup and what a terminal would obey, one with names of 200 characters, one that failed
// at step 3, one with NaN and infinities, one that logged images, texts, histograms and vectors, and two that part.
#include <fmt/format.h>
#include <google/protobuf/message.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "stet/tensor/tensor.h"
#include "stet/tracking/reading/labels.h"
#include "stet/tracking/record/event.pb.h"
#include "stet/tracking/record/event_log.h"
#include "stet/tracking/record/events.h"
#include "stet/tracking/record/png.h"
#include "stet/tracking/record/record.pb.h"
#include "stet/tracking/record/run_folder.h"

namespace stet::tracking {
namespace {

constexpr double kStart = 1790000000;
constexpr char kMarkup[] =
    "<img src=x "
    "onerror=\"document.title='broken'\"></script><script>document.title='broken'</"
    "script>&lt;'\"\x1b[31m\x1b]0;t\x07\u202e";

record::RunRecord record_of(const std::string& id, const std::string& name, double made) {
  record::RunRecord record;
  record.set_id(id);
  record.set_name(name);
  record.set_program("odd");
  record.set_created(made);
  record.set_numerics(2);
  record.set_seed(1);
  record.set_stet_version("0.1.0");
  auto* param = record.add_params();
  param->set_name("lr");
  param->set_value("0.1");
  param->set_type("double");
  auto* launch = record.add_launches();
  launch->set_started(made);
  launch->set_cwd("/tmp");
  launch->set_device("cpu");
  launch->set_isa("scalar");
  launch->set_threads(1);
  return record;
}

void end(record::RunRecord& record, record::End::Status status, int64_t steps, const std::string& message = {}) {
  auto* end = record.mutable_launches(record.launches_size() - 1)->mutable_end();
  end->set_status(status);
  end->set_exit_code(status == record::End::FINISHED ? 0 : 1);
  end->set_message(message);
  end->set_time(record.created() + static_cast<double>(steps));
  end->set_wall_seconds(static_cast<double>(steps));
  end->set_last_step(steps);
  record.set_steps(steps);
}

class Writer {
 public:
  Writer(const Folder& runs, record::RunRecord record)
      : record_(std::move(record)), run_(make(runs, record_.id())), log_(real_file_system(), run_) {}

  void add(int64_t step, record::Event event) {
    event.set_step(step);
    event.set_tick(static_cast<uint64_t>(step));
    event.set_wall_time(record_.created() + static_cast<double>(step));
    log_.append(event);
  }
  void loss(int64_t step, double value) {
    add(step, scalar_event("loss", value));
    record::Event losses;
    losses.mutable_loss_digest()->add_bits(std::bit_cast<uint64_t>(value));
    add(step, losses);
    record::Event state;
    state.mutable_state_digest()->set_root(fmt::format("{:016x}", std::bit_cast<uint64_t>(value)));
    state.mutable_state_digest()->add_name("net/weight");
    state.mutable_state_digest()->add_leaf(static_cast<uint32_t>(step));
    if (step % 5 == 0) add(step, state);
  }
  void write(const char* file, const std::string& text) { write_file(real_file_system(), run_ / file, as_bytes(text)); }
  void write(const char* folder, const std::string& name, const std::string& text) {
    write_file(real_file_system(), make_folder(real_file_system(), run_ / folder) / name, as_bytes(text));
  }
  Path finish() {
    log_.flush();
    write_record(real_file_system(), run_, record_);
    return run_.path();
  }
  record::RunRecord& record() { return record_; }

 private:
  static Folder make(const Folder& runs, const std::string& id) {
    real_file_system().make_directory(runs / id);
    const Folder run(runs / id);
    real_file_system().make_directory(run / "checkpoints");
    return run;
  }
  record::RunRecord record_;
  Folder run_;
  EventWriter log_;
};

// Every text of a message, and of those in it.
void fill(google::protobuf::Message& message, const std::string& text) {
  using Field = google::protobuf::FieldDescriptor;
  const auto* reflection = message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const Field* field = message.GetDescriptor()->field(i);
    const bool is_text = field->cpp_type() == Field::CPPTYPE_STRING && field->type() != Field::TYPE_BYTES;
    if (field->name() == "id" || field->name() == "patch" || field->name() == "seal" || field->name() == "final_digest")
      continue;
    if (is_text && field->is_repeated()) reflection->AddString(&message, field, text);
    else if (is_text) reflection->SetString(&message, field, text);
    else if (field->cpp_type() == Field::CPPTYPE_MESSAGE && field->is_repeated())
      fill(*reflection->AddMessage(&message, field), text);
    else if (field->cpp_type() == Field::CPPTYPE_MESSAGE) fill(*reflection->MutableMessage(&message, field), text);
  }
}

void markup(const Folder& runs) {
  record::RunRecord record;
  record.set_id("20261101-000000-00aaaaa");
  record.set_created(kStart);
  fill(record, kMarkup);
  record.mutable_launches(0)->mutable_end()->set_status(record::End::FAILED);
  Writer run(runs, record);
  for (int64_t step = 1; step <= 5; ++step)
    run.add(step, scalar_event(kMarkup, 1.0 / static_cast<double>(step), {{kMarkup, kMarkup}}));
  run.add(5, text_event(kMarkup, kMarkup));
  run.write("output.log", std::string(kMarkup) + "\n" + kMarkup + "\r\n");
  run.write("artifacts", "<b>&\x1b[31m.txt", kMarkup);
  note_run(run.finish(), kMarkup);
}

void long_names(const Folder& runs) {
  const std::string name(200, 'n');
  Writer run(runs, record_of("20261101-000100-00aaaab", name, kStart + 60));
  run.record().mutable_params(0)->set_name(std::string(200, 'p'));
  run.record().add_tags(std::string(100, 't'));
  run.record().set_group(std::string(200, 'g'));
  for (int64_t step = 1; step <= 20; ++step)
    run.add(step, scalar_event(std::string(200, 'm'), static_cast<double>(step)));
  end(run.record(), record::End::FINISHED, 20);
  run.finish();
}

void failed(const Folder& runs) {
  Writer run(runs, record_of("20261101-000200-00aaaac", "failed-at-3", kStart + 120));
  for (int64_t step = 1; step <= 3; ++step) run.loss(step, 1 + static_cast<double>(step));
  end(run.record(), record::End::FAILED, 3, "loss is 4 at step 3: the target has another shape");
  run.write("output.log", "step 1  loss 2\nstep 2  loss 3\nstep 3  loss 4\nerror: the target has another shape\n");
  run.finish();
}

void not_finite(const Folder& runs) {
  Writer run(runs, record_of("20261101-000300-00aaaad", "not-finite", kStart + 180));
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  for (int64_t step = 1; step <= 60; ++step) {
    const double value = step == 20   ? nan
                         : step == 30 ? infinity
                         : step == 40 ? -infinity
                                      : 1.0 / static_cast<double>(step);
    run.add(step, scalar_event("loss", value));
    run.add(step, scalar_event("all nan", nan));
  }
  end(run.record(), record::End::FINISHED, 60);
  run.finish();
}

void media(const Folder& runs) {
  Writer run(runs, record_of("20261101-000400-00aaaae", "media", kStart + 240));
  for (int64_t step = 10; step <= 50; step += 10) {
    std::vector<uint8_t> pixels;
    for (int64_t i = 0; i < 3 * 32 * 32; ++i) pixels.push_back(static_cast<uint8_t>(i * step));
    const Png png = encode_png(Tensor::from(pixels).reshape({3, 32, 32}));
    run.add(step, image_event("samples", png.width, png.height, png.bytes));
    run.add(step, text_event("words", fmt::format("# Step {}\n\n*some* **words**, <b>no markup</b>", step)));
    std::vector<double> values;
    for (int i = 0; i < 500; ++i) values.push_back(std::sin(i) * static_cast<double>(step));
    run.add(step, histogram_event("weights", buckets_of(values)));
    run.add(step, vector_event("per class", std::vector<double>{0.1, 0.2, static_cast<double>(step)}));
    run.loss(step, 1.0 / static_cast<double>(step));
  }
  run.write("artifacts", "result.csv", "a,b\n1,2\n");
  run.write("source", "launch-0.patch", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n");
  auto* source = run.record().mutable_launches(0)->mutable_source();
  source->set_commit("0123456789abcdef0123456789abcdef01234567");
  source->set_remote("git@github.com:someone/something.git");
  source->set_branch("main");
  source->set_dirty(true);
  source->set_patch("source/launch-0.patch");
  end(run.record(), record::End::FINISHED, 50);
  run.finish();
}

void parting(const Folder& runs, const char* id, const char* name, double made, int64_t step_of_parting,
             const char* remote) {
  Writer run(runs, record_of(id, name, made));
  auto* source = run.record().mutable_launches(0)->mutable_source();
  source->set_commit("0123456789abcdef0123456789abcdef01234567");
  source->set_remote(remote);
  source->set_patch("../../secret");  // as an edited record may say
  for (int64_t step = 1; step <= 40; ++step) {
    const double value = 1.0 / static_cast<double>(step);
    run.loss(step, step >= step_of_parting ? std::nextafter(value, 2.0) : value);
  }
  end(run.record(), record::End::FINISHED, 40);
  run.finish();
}

}  // namespace
}  // namespace stet::tracking

int main(int argc, char** argv) {
  using namespace stet::tracking;
  if (argc != 2) return 2;
  const Folder runs = make_directories(real_file_system(), argv[1]);
  markup(runs);
  long_names(runs);
  failed(runs);
  not_finite(runs);
  media(runs);
  parting(runs, "20261101-000500-00aaaaf", "one", kStart + 300, 1000,
          "https://someone@github.com/someone/something.git");
  parting(runs, "20261101-000600-00aaab0", "other", kStart + 360, 23,
          "ssh://git@gitlab.example.com:2222/group/part/something");
}
