// stet plot.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>

#include "stet/tensor/error.h"
#include "stet/tensor/files.h"
#include "stet/tracking/cli/plot_curves.h"
#include "stet/tracking/cli/png_of_svg.h"
#include "stet/tracking/cli/print.h"
#include "stet/tracking/cli/run_words.h"
#include "stet/tracking/cli/runs_folder.h"
#include "stet/tracking/cli/table.h"
#include "stet/tracking/cli/value_text.h"
#include "stet/tracking/cli/verb.h"
#include "stet/tracking/query/parser.h"
#include "stet/tracking/reading/plot.h"
#include "stet/tracking/reading/run_index.h"
#include "stet/tracking/record/nearest.h"

namespace stet::tracking::cli {
namespace {

struct Options {
  std::vector<std::string> runs, metrics;
  std::string x = "step", smooth, to, group_by;
  bool log = false, dark = false;
  int scale = 2;
};

// One that the index does not have, as it lies elsewhere or its record can't be read, has no key.
IndexedRun indexed(RunIndex& index, const std::filesystem::path& folder) {
  const auto found = index.find(folder);
  std::error_code gone;
  if (found && std::filesystem::equivalent(found->folder, folder, gone)) return *found;
  return {.key = 0, .generation = 0, .id = folder.filename().string(), .folder = folder};
}

// The runs that are named one by one; none where they are all, or those of a condition.
std::optional<std::vector<IndexedRun>> named(RunIndex& index, const Options& options, const Common& common) {
  if (options.runs.empty()) return {};
  require_all_or_none(options.runs, common);
  const Runs runs(common.runs);
  std::vector<IndexedRun> named;
  try {
    for (const std::string& word : options.runs) named.push_back(indexed(index, runs.folder_of(word)));
    return named;
  } catch (const UsageError&) { return {}; }  // they are no runs: a condition
}

query::Expression condition(const Options& options, const Common& common) {
  return options.runs.empty() ? query::parse("not archived") : condition_of(options.runs, common);
}

void name_groups(RunIndex& index, const std::vector<IndexedRun>& runs, std::vector<Drawn>& drawn,
                 const std::string& group_by) {
  const std::vector<query::Term> terms = query::parse_terms(group_by);
  std::vector<const query::Expression*> expressions;
  for (const query::Term& term : terms) expressions.push_back(&term.value);
  const auto values = index.values(runs, expressions);
  for (size_t i = 0; i < drawn.size(); ++i) {
    for (size_t k = 0; k < terms.size(); ++k)
      drawn[i].group += fmt::format("{}{} {}", k ? ", " : "", terms[k].spelling, short_text(values[i][k]));
  }
}

// Those that have names of their own are called by them; others by their ids too.
void tell_apart(std::vector<Drawn>& drawn) {
  std::map<std::string, int> names;
  for (const Drawn& d : drawn) ++names[d.name];
  for (Drawn& d : drawn) {
    if (names[d.name] < 2) continue;
    for (auto& [word, curves] : d.curves) {
      for (PlotCurve& curve : curves) curve.label = d.id + curve.label.substr(d.name.size());
    }
  }
}

std::vector<PlotCurve> by_groups(const std::vector<Drawn>& drawn, const std::string& word) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<PlotCurve>> groups;
  for (const Drawn& d : drawn) {
    const auto found = d.curves.find(word);
    if (found == d.curves.end()) continue;
    auto& group = groups[d.group];
    if (group.empty()) order.push_back(d.group);
    group.insert(group.end(), found->second.begin(), found->second.end());
  }
  std::vector<PlotCurve> means;
  for (const std::string& name : order)
    means.push_back(mean_of(groups[name], fmt::format("{} (N {})", name, groups[name].size())));
  return means;
}

// Of seconds, in the unit in which they are read.
std::string in_unit(std::vector<PlotCurve>& curves) {
  double longest = 0;
  for (const PlotCurve& curve : curves) longest = std::max(longest, curve.points.back().x);
  const auto [seconds, name] = longest < 180     ? std::pair(1.0, "seconds")
                               : longest < 10800 ? std::pair(60.0, "minutes")
                                                 : std::pair(3600.0, "hours");
  for (PlotCurve& curve : curves) {
    for (auto* points : {&curve.points, &curve.raw}) {
      for (PlotPoint& p : *points) p.x /= seconds;
    }
  }
  return name;
}

Plot plot_of(const std::vector<Drawn>& drawn, const std::string& word, const Options& options, double weight,
             const std::vector<std::string>& known) {
  Plot plot{.title = word, .x_label = options.x, .is_log = false, .curves = {}};
  if (!options.group_by.empty()) plot.curves = by_groups(drawn, word);
  else {
    for (const Drawn& d : drawn) {
      const auto found = d.curves.find(word);
      if (found != d.curves.end()) plot.curves.insert(plot.curves.end(), found->second.begin(), found->second.end());
    }
  }
  std::erase_if(plot.curves, [](const PlotCurve& curve) { return curve.points.empty(); });
  if (plot.curves.empty() && options.x != "step" && options.x != "time")
    raise("plot: no run of these has '{}' and '{}' at one step", word, options.x);
  if (plot.curves.empty()) {
    const std::string near = nearest(word, known);
    raise("plot: no run of these has a metric '{}'{}", word,
          near.empty() || near == word ? "" : "; did you mean " + near + "?");
  }
  if (options.x == "time") plot.x_label = in_unit(plot.curves);
  if (weight > 0) {
    for (PlotCurve& curve : plot.curves) {
      if (curve.raw.empty()) curve = smoothed(curve, weight);
    }
  }
  if (options.log) {
    plot.is_log = may_be_log(plot);
    if (!plot.is_log)
      put_error(fmt::format("plot: '{}' is not positive everywhere: its axis is not logarithmic", word));
  }
  return plot;
}

double weight_of(const std::string& text) {
  double weight = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!text.empty() && !(whole && weight >= 0 && weight < 1))
    raise("plot: --smooth takes a weight from 0 to below 1, not '{}'", text);
  return weight;
}

void print(const std::vector<Plot>& plots) {
  const size_t terminal = terminal_width(), width = terminal == 0 ? 80 : std::max<size_t>(terminal, 24);
  const bool colours = takes_colours();
  for (const Plot& plot : plots) {
    if (&plot != &plots.front()) put_line("");
    for (const std::string& line : plot_text(plot, width, width < 120 ? 16 : 24, colours))
      fmt::print("{}\n", line);  // its labels are printable, and the colours are to reach the terminal
  }
}

bool is_png(const Options& options) { return options.to.ends_with(".png"); }

void write(const std::vector<Plot>& plots, const Options& options) {
  const std::string svg = plot_svg(plots, options.dark ? Palette::dark : Palette::light);
  NewFile file(options.to);
  file.write(is_png(options) ? png_of_svg(svg, options.scale) : svg);
  file.commit();
}

int answer(const Options& options, const Common& common) {
  if (options.metrics.empty()) throw UsageError("plot: name at least one metric by --metric");
  if (!options.to.empty() && !is_png(options) && !options.to.ends_with(".svg"))
    raise("plot: '{}' ends neither in .svg nor in .png", options.to);
  const double weight = weight_of(options.smooth);
  require_runs_folder(common);
  RunIndex index(common.runs);
  const auto one_by_one = named(index, options, common);
  const std::vector<IndexedRun> runs = one_by_one ? *one_by_one : index.matching(condition(options, common));
  if (runs.empty()) raise_no_runs("plot", options.runs, common);
  std::vector<Drawn> drawn = read_curves(
      index, runs, {.metrics = options.metrics, .x = options.x, .weight = weight, .exact = !options.group_by.empty()});
  if (!options.group_by.empty()) name_groups(index, runs, drawn, options.group_by);
  tell_apart(drawn);
  const std::vector<std::string> known = index.names(RunIndex::Names::metrics);
  std::vector<Plot> plots;
  for (const std::string& word : options.metrics) plots.push_back(plot_of(drawn, word, options, weight, known));
  if (options.to.empty()) print(plots);
  else write(plots, options);
  return one_by_one ? 0 : put_problems(index.problems());
}

}  // namespace

Verb plot() {
  const auto options = std::make_shared<Options>();
  return {
      "plot",
      "Draw metrics of runs as curves, in the terminal or into an SVG or PNG file",
      {{{"stet plot -m train/loss -m test/accuracy", "two charts of all runs, in the terminal"},
        {"stet plot 'params.lr > 0' -m test/accuracy --group-by params.lr --to lr.svg",
         "a curve a learning rate: the mean over its runs, and how far they spread"}}},
      [options](Arguments& arguments) {
        arguments.words("RUN", options->runs, "runs, or a condition, as 'params.lr < 1e-3'; none: all", Takes::runs);
        arguments.option("--metric,-m", options->metrics, "what to draw, a chart each: a name, or a pattern as 'val/*'",
                         Takes::metric);
        arguments.option("--x", options->x, "step, time since the start, or a metric, as epoch, joined by step",
                         {"step", "time"});
        arguments.flag("--log", options->log, "a logarithmic axis, where all values are positive");
        arguments.option("--smooth", options->smooth, "weight of the past in a moving average, as 0.9");
        arguments.option("--group-by", options->group_by,
                         "the mean, and in files the standard deviation, of runs that are equal in it", Takes::terms);
        arguments.option("--to", options->to, "FILE.svg or FILE.png in place of the terminal", Takes::file);
        arguments.option("--scale", options->scale, 1, 8, "of PNG: so many points a pixel of the SVG; 2 unless given");
        arguments.flag("--dark", options->dark, "light on dark, in files");
      },
      [options](const Common& common) { return answer(*options, common); },
      /*answers_json=*/false};
}

}  // namespace stet::tracking::cli
