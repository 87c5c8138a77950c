// stet compare.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/table.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/json/runs.h"
#include "stet/tracking/reading/divergence.h"

namespace stet::tracking::cli {
namespace {

using query::Value;

Value value_of(const std::optional<uint64_t>& number) { return number ? Value(*number) : Value(); }

void print_losses(const std::vector<LossDistance>& losses) {
  Table table{{{"STEP", "", false}, {"LOSS", "", false}, {"OTHER", "", false}, {"ULPS", "", false}}, {}};
  for (const LossDistance& d : losses)
    table.rows.push_back({Value(d.step), Value(fmt::format("{:.9g}", d.first)), Value(fmt::format("{:.9g}", d.second)),
                          d.same_bits ? Value(uint64_t{0}) : value_of(d.ulps)});
  put_line("");
  print_table(table, terminal_width());
}

void print_checkpoint(const CheckpointDistance& c) {
  Table table{{{"TENSOR", "", false}, {"DIFFER", "", false}, {"OF", "", false}, {"MAX ULPS", "", false}}, {}};
  int64_t same = 0;
  for (const TensorDistance& t : c.tensors) {
    if (!t.unlike.empty()) table.rows.push_back({Value(t.name + ": " + t.unlike), Value(), Value(), Value()});
    else if (t.differing > 0)
      table.rows.push_back({Value(t.name), Value(t.differing), Value(t.elements), value_of(t.most)});
    else ++same;
  }
  put_line("");
  put_line(
      fmt::format("the checkpoints of step {}: {} of {} tensors have the same bits", c.step, same, c.tensors.size()));
  if (!table.rows.empty()) print_table(table, terminal_width());
  if (!c.scalars.empty()) print_list("scalars that differ:", c.scalars, terminal_width());
}

// How a run ended that the other went beyond.
void print_end(const RunView& run, int64_t steps, int64_t other) {
  if (steps >= other) return;
  const auto& end = run.launches.empty() ? std::optional<RunEnd>() : run.launches.back().end;
  put_line(fmt::format("{} ended after step {}: {}{}", run.id, steps, tracking::name_of(run.status),
                       end && !end->message.empty() ? ", " + end->message : ""));
}

void print_text(const RunView& a, const RunView& b, const Divergence& found) {
  put_line(fmt::format("{} | {}", a.id, b.id));
  put_line(line_of(found));
  print_end(a, found.steps_first, found.steps_second);
  print_end(b, found.steps_second, found.steps_first);
  const bool parted = found.verdict == Divergence::Verdict::parted;
  if (!found.unlike.empty())
    put_line(fmt::format("{}: {}", parted ? "no equal bits were to be expected" : "not the same to begin with",
                         fmt::join(found.unlike, "; ")));
  else if (found.rebuilt) put_line("their programs are not the same executable");
  if (!found.around.empty()) print_losses(found.around);
  if (found.checkpoint) print_checkpoint(*found.checkpoint);
}

int answer(const Common& common, const std::string& first, const std::string& second) {
  const Runs runs(common.runs);
  const RunView a = runs.open(first), b = runs.open(second);
  const Divergence found = divergence(a, b);
  if (common.json) put_json(divergence_json(a, b, found));
  else print_text(a, b, found);
  int status = found.verdict == Divergence::Verdict::same ? 0 : 1;
  for (const RunView* run : {&a, &b}) {
    if (run->seal.state != SealState::altered) continue;
    put_error(fmt::format("run {}: {}", run->id, run->seal.line()));
    status = 1;
  }
  return status;
}

}  // namespace

Verb compare() {
  const auto names = std::make_shared<std::pair<std::string, std::string>>();
  return {"compare",
          "Show at which step, and in which tensor, two runs part, bit for bit",
          {{{"stet compare mnist latest", "whether they have the same bits, and the first step where not"},
            {"stet compare mnist latest --json", "the same for a program"}}},
          [names](Arguments& arguments) {
            arguments.word("RUN", names->first, "the first", Takes::run);
            arguments.word("OTHER", names->second, "the second", Takes::run);
          },
          [names](const Common& common) { return answer(common, names->first, names->second); }};
}

}  // namespace stet::tracking::cli
