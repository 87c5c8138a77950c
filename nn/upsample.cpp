#include "stet/nn/upsample.h"

#include <algorithm>

#include "stet/tensor/error.h"

namespace stet::nn {
namespace {

const char* name_of(Interpolation mode) {
  switch (mode) {
    case Interpolation::nearest: return "nearest";
    case Interpolation::nearest_exact: return "nearest_exact";
    case Interpolation::linear: return "linear";
    case Interpolation::cubic: return "cubic";
    case Interpolation::area: return "area";
  }
  raise("Upsample: unknown mode");
}

}  // namespace

Upsample::Upsample(const InterpolateOptions& options) : options_(options) {
  if (options.size.empty() == options.scale.empty()) raise("Upsample: takes either sizes or scales");
  const auto is_positive = [](auto n) { return n > 0; };
  if (!std::all_of(options.size.begin(), options.size.end(), is_positive) ||
      !std::all_of(options.scale.begin(), options.scale.end(), is_positive)) {
    raise("{}: sizes and scales must be positive", describe());
  }
}

std::string Upsample::target() const {
  if (!options_.size.empty()) return fmt::format("{}", fmt::join(options_.size, "x"));
  std::string text;
  for (double scale : options_.scale) text += fmt::format("{}x{:.6g}", text.empty() ? "" : " ", scale);
  return text;
}

void Upsample::members(Visitor& v) {
  v.hyper("target", target()).hyper("mode", name_of(options_.mode));
  if (options_.align_corners) v.hyper("align_corners", true);
  if (options_.antialias) v.hyper("antialias", true);
}

std::string Upsample::describe() const {
  return fmt::format("Upsample({}, {}{}{})", target(), name_of(options_.mode),
                     options_.align_corners ? ", align corners" : "", options_.antialias ? ", antialias" : "");
}

}  // namespace stet::nn
