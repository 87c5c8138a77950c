#include "stet/tracking/run/parameters.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "stet/tensor/error.h"
#include "stet/tracking/record/list_text.h"
#include "stet/tracking/record/parse.h"
#include "stet/tracking/record/text.h"

namespace stet::tracking {
namespace {

constexpr std::string_view kList = " list";  // behind the type of its elements

template <class T> std::string type_name() {
  if constexpr (ListParameter<T>) return type_name<typename ElementOf<T>::Type>().append(kList);
  else if constexpr (std::is_same_v<T, bool>) return "bool";
  else if constexpr (std::is_same_v<T, uint64_t>) return "uint";
  else if constexpr (std::is_integral_v<T>) return "int";
  else if constexpr (std::is_same_v<T, float>) return "float";
  else if constexpr (std::is_same_v<T, double>) return "double";
  else return "string";
}

template <class T> std::optional<T> parse(const std::string& text) {
  if constexpr (ListParameter<T>) {
    T list;
    const auto elements = parse_list(text);
    if (!elements) return std::nullopt;
    for (const std::string& element : *elements) {
      auto value = parse<typename ElementOf<T>::Type>(element);
      if (!value) return std::nullopt;
      list.push_back(std::move(*value));
    }
    return list;
  } else if constexpr (std::is_same_v<T, bool>) return parse_bool(text);
  else if constexpr (std::is_same_v<T, uint64_t>) return parse_uint64(text);
  else if constexpr (std::is_same_v<T, int64_t>) return parse_int64(text);
  else if constexpr (std::is_same_v<T, float>) return parse_float(text);
  else if constexpr (std::is_same_v<T, double>) return parse_double(text);
  else if constexpr (std::is_same_v<T, int>) {
    const auto wide = parse_int64(text);
    if (!wide || *wide < std::numeric_limits<int>::min() || *wide > std::numeric_limits<int>::max())
      return std::nullopt;
    return static_cast<int>(*wide);
  } else if (!is_utf8(text)) {
    return std::nullopt;
  } else return text;
}

// As it reads back.
template <class T> std::string text_of(const T& value) {
  if constexpr (ListParameter<T>) {
    using Element = typename ElementOf<T>::Type;
    std::vector<std::string> elements;
    std::transform(value.begin(), value.end(), std::back_inserter(elements), [](const Element& element) {
      if constexpr (std::is_same_v<Element, std::string>) return quoted_element(element);
      else return text_of(element);
    });
    return list_text(elements);
  } else return fmt::format("{}", value);
}

template <class T> std::string kind() {
  if constexpr (std::is_same_v<T, bool>) return "true or false";
  else if constexpr (std::is_same_v<T, std::string>) return "UTF-8";
  else if constexpr (std::is_integral_v<T>) {
    return fmt::format("an integer from {} to {}", std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
  } else return "a finite number";
}

template <class T> bool within(const T& value, const ParamOptions& o) {
  if constexpr (std::is_same_v<T, std::string>) {
    return o.one_of.empty() || std::find(o.one_of.begin(), o.one_of.end(), value) != o.one_of.end();
  } else {
    const auto v = static_cast<double>(value);
    return !(o.above && !(v > *o.above)) && !(o.from && !(v >= *o.from)) && !(o.below && !(v < *o.below)) &&
           !(o.to && !(v <= *o.to));
  }
}

std::string bounds(const ParamOptions& o, const char* above, const char* from, const char* below, const char* to,
                   const char* between) {
  if (!o.one_of.empty()) return fmt::format("one of {}", fmt::join(o.one_of, ", "));
  std::vector<std::string> parts;
  if (o.above) parts.push_back(fmt::format("{} {}", above, *o.above));
  if (o.from) parts.push_back(fmt::format("{} {}", from, *o.from));
  if (o.below) parts.push_back(fmt::format("{} {}", below, *o.below));
  if (o.to) parts.push_back(fmt::format("{} {}", to, *o.to));
  return fmt::format("{}", fmt::join(parts, between));
}

std::string range_sign(const ParamOptions& o) { return bounds(o, ">", ">=", "<", "<=", ", "); }
std::string range_words(const ParamOptions& o) { return bounds(o, "above", "at least", "below", "at most", " and "); }

void check_name(std::string_view name) {
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
  });
  const bool good = plain && name.front() != '.' && name.back() != '.' && name.find("..") == name.npos;
  if (!good) raise("param: '{}' is no name; use letters, digits, '-' and '_', and dots between", name);
}

}  // namespace

Parameters::Parameters(int argc, const char* const* argv) {
  std::optional<std::string> config;
  for (Flag& flag : scan_flags(argc, argv)) {
    if (flag.name == "help") help_ = true;
    else if (flag.name == "config") config = flag.value.value_or("");
    else given_[flag.name] = {std::move(flag.value), Source::flag, {}, flag.is_list};
  }
  if (!config || help_) return;
  for (Flag& entry : read_config(*config)) {
    given_.try_emplace(entry.name, Given{std::move(entry.value), Source::config, *config, entry.is_list});
  }
}

std::string Parameters::Given::as_written(std::string_view name) const {
  const std::string shown = value ? " " + *value : "";
  return source == Source::config ? fmt::format("{}: {}{}", config, name, shown) : fmt::format("--{}{}", name, shown);
}

void Parameters::set_record(std::string run, std::map<std::string, Recorded> values) {
  run_ = std::move(run);
  resumed_ = true;
  record_.insert(std::make_move_iterator(values.begin()), std::make_move_iterator(values.end()));
}

const Parameters::Given* Parameters::given(std::string_view name) const {
  const auto it = given_.find(name);
  return it == given_.end() ? nullptr : &it->second;
}

template <class T> Parameters::Checked Parameters::check(const std::string& text, const ParamOptions& options) {
  if constexpr (ListParameter<T>) {
    return check_list<typename ElementOf<T>::Type>(text, options);
  } else {
    const auto value = parse<T>(text);
    if (!value) return {"", "must be " + kind<T>()};
    if (!within(*value, options)) return {"", "must be " + range_words(options)};
    return {text_of(*value), ""};
  }
}

template <class E> Parameters::Checked Parameters::check_list(const std::string& text, const ParamOptions& options) {
  const auto elements = parse_list(text);
  if (!elements)
    return {"", "must be a list: values with commas between, in double quotes what holds a comma, quote or bracket"};
  for (const std::string& element : *elements) {
    if (Checked checked = check<E>(element, options); !checked.error.empty())
      return {"", "each of the list " + checked.error};
  }
  return {text_of(*parse<std::vector<E>>(text)), ""};
}

void Parameters::agree_with_record(const Declared& d, const Given& given, const Check& check) const {
  const Checked checked = check(given.value.value_or(d.type == "bool" ? "true" : ""));
  if (!checked.error.empty()) raise("{}: {}", given.as_written(d.name), checked.error);
  const std::string& recorded = record_.find(d.name)->second.value;
  if (checked.value != recorded) {
    raise("{}: run {} was begun with {}; start a new run to change it", given.as_written(d.name), run_, recorded);
  }
}

// The value's text, and its source in d.
std::string Parameters::choose(Declared& d, const Check& check) const {
  const Given* g = given(d.name);
  if (g && g->is_list && !d.type.ends_with(kList)) raise("{}: must be one value, not a list", g->as_written(d.name));
  const auto recorded = record_.find(d.name);
  const bool masked = resumed_ && recorded != record_.end() && recorded->second.masked;
  if (masked && !g && !recorded->second.standard)
    raise("--{}: run {} was begun with a secret, which its record does not hold; give it again", d.name, run_);
  const bool from_record = resumed_ && recorded != record_.end() && !masked && !(recorded->second.place && g);
  if (from_record) {
    if (g) agree_with_record(d, *g, check);
    d.source = Source::record;
    return recorded->second.value;
  }
  if (resumed_ && !d.built_in && !d.execution && recorded == record_.end()) {
    raise("--{}: run {} has no such parameter: it is another program's, or another version's", d.name, run_);
  }
  if (!g) return d.standard;
  d.source = g->source;
  if (!g->value && d.type != "bool") raise("--{}: needs a value", d.name);
  return g->value.value_or("true");
}

std::string Parameters::settle(Declared d, const Check& check) {
  check_name(d.name);
  const auto before =
      std::find_if(declared_.begin(), declared_.end(), [&](const Declared& e) { return e.name == d.name; });
  if (before != declared_.end()) {
    if (before->standard != d.standard || before->type != d.type || before->built_in != d.built_in) {
      raise("--{}: is read twice, with defaults {} and {}; name one of them otherwise", d.name, before->standard,
            d.standard);
    }
    return before->value;
  }
  if (closed_) raise("--{}: is read after the run began; read all parameters before any other call on run", d.name);
  if (const Checked standard = check(d.standard); !standard.error.empty()) {
    raise("--{}: its default {} {}", d.name, d.standard, standard.error);
  }
  if (help_) {
    d.value = d.standard;
  } else {
    const Checked checked = check(choose(d, check));
    if (!checked.error.empty()) {
      const Given* g = given(d.name);
      raise("{}: {}", g ? g->as_written(d.name) : fmt::format("run {}: {} {}", run_, d.name, d.value), checked.error);
    }
    d.value = checked.value;
  }
  declared_.push_back(std::move(d));
  return declared_.back().value;
}

template <class T> T Parameters::param(std::string_view name, const T& standard, const ParamOptions& options) {
  return declare<T>(name, standard, options, false, false);
}

template <class T> T Parameters::execution(std::string_view name, const T& standard, const ParamOptions& options) {
  return declare<T>(name, standard, options, false, true);
}

template <class T> T Parameters::built_in(std::string_view name, const T& standard, const ParamOptions& options) {
  return declare<T>(name, standard, options, true, false);
}

template <class T>
T Parameters::declare(std::string_view name, const T& standard, const ParamOptions& options, bool built_in,
                      bool execution) {
  require_utf8("param", "the help", options.help);
  for (const std::string& choice : options.one_of) require_utf8("param", "a choice", choice);
  Declared d{std::string(name),   type_name<T>(), "",       text_of(standard), Source::standard,
             range_sign(options), options.help,   built_in, execution};
  return *parse<T>(settle(std::move(d), [&](const std::string& text) { return check<T>(text, options); }));
}

template bool Parameters::param(std::string_view, const bool&, const ParamOptions&);
template int Parameters::param(std::string_view, const int&, const ParamOptions&);
template int64_t Parameters::param(std::string_view, const int64_t&, const ParamOptions&);
template float Parameters::param(std::string_view, const float&, const ParamOptions&);
template double Parameters::param(std::string_view, const double&, const ParamOptions&);
template std::string Parameters::param(std::string_view, const std::string&, const ParamOptions&);
template bool Parameters::execution(std::string_view, const bool&, const ParamOptions&);
template int Parameters::execution(std::string_view, const int&, const ParamOptions&);
template int64_t Parameters::execution(std::string_view, const int64_t&, const ParamOptions&);
template float Parameters::execution(std::string_view, const float&, const ParamOptions&);
template double Parameters::execution(std::string_view, const double&, const ParamOptions&);
template std::string Parameters::execution(std::string_view, const std::string&, const ParamOptions&);
template std::vector<bool> Parameters::param(std::string_view, const std::vector<bool>&, const ParamOptions&);
template std::vector<int> Parameters::param(std::string_view, const std::vector<int>&, const ParamOptions&);
template std::vector<int64_t> Parameters::param(std::string_view, const std::vector<int64_t>&, const ParamOptions&);
template std::vector<float> Parameters::param(std::string_view, const std::vector<float>&, const ParamOptions&);
template std::vector<double> Parameters::param(std::string_view, const std::vector<double>&, const ParamOptions&);
template std::vector<std::string> Parameters::param(std::string_view, const std::vector<std::string>&,
                                                    const ParamOptions&);
template std::vector<bool> Parameters::execution(std::string_view, const std::vector<bool>&, const ParamOptions&);
template std::vector<int> Parameters::execution(std::string_view, const std::vector<int>&, const ParamOptions&);
template std::vector<int64_t> Parameters::execution(std::string_view, const std::vector<int64_t>&, const ParamOptions&);
template std::vector<float> Parameters::execution(std::string_view, const std::vector<float>&, const ParamOptions&);
template std::vector<double> Parameters::execution(std::string_view, const std::vector<double>&, const ParamOptions&);
template std::vector<std::string> Parameters::execution(std::string_view, const std::vector<std::string>&,
                                                        const ParamOptions&);
template bool Parameters::built_in(std::string_view, const bool&, const ParamOptions&);
template int Parameters::built_in(std::string_view, const int&, const ParamOptions&);
template int64_t Parameters::built_in(std::string_view, const int64_t&, const ParamOptions&);
template uint64_t Parameters::built_in(std::string_view, const uint64_t&, const ParamOptions&);
template std::string Parameters::built_in(std::string_view, const std::string&, const ParamOptions&);

std::string Parameters::path(std::string_view name, std::string_view standard, const PathOptions& options) {
  Declared d{std::string(name), "place", "", std::string(standard), Source::standard, "", options.help, false, false};
  return settle(std::move(d), [](const std::string& text) {
    return is_utf8(text) ? Checked{text, ""} : Checked{"", "must be UTF-8"};
  });
}

std::string Parameters::built_in_path(std::string_view name, std::string_view standard, const PathOptions& options) {
  Declared d{std::string(name), "place", "", std::string(standard), Source::standard, "", options.help, true, false};
  return settle(std::move(d), [](const std::string& text) { return Checked{text, ""}; });
}

bool Parameters::declares(std::string_view name) const {
  return std::any_of(declared_.begin(), declared_.end(), [&](const Declared& d) { return d.name == name; });
}

void Parameters::refuse_unknown() const {
  std::vector<std::string> names{"help", "config"};
  for (const Declared& d : declared_) names.push_back(d.name);
  for (const auto& [name, given] : given_) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const std::string near = nearest(name, names);
    const std::string remedy = near.empty() ? std::string("--help lists all") : fmt::format("did you mean --{}?", near);
    if (given.source == Source::config) raise("{}: {}: there is no such parameter; {}", given.config, name, remedy);
    raise("--{}: there is no such flag; {}", name, remedy);
  }
}

void Parameters::close() {
  closed_ = true;
  refuse_unknown();
  for (const auto& entry : record_) {
    if (!declares(entry.first)) {
      raise("run {} has a parameter {}, which this program has not: it is another program's, or another version's",
            run_, entry.first);
    }
  }
}

std::string Parameters::help_text(std::string_view program) const {
  std::string text = fmt::format("{} [--flag value ...]\n", program);
  for (const bool built_in : {false, true}) {
    const bool any =
        std::any_of(declared_.begin(), declared_.end(), [&](const Declared& d) { return d.built_in == built_in; });
    if (any) text += built_in ? "\nEvery program has:\n" : "\nParameters:\n";
    for (const Declared& d : declared_) {
      if (d.built_in != built_in) continue;
      const std::string left = fmt::format("--{} {}", d.name,
                                           d.type == "bool"    ? ""
                                           : d.type == "place" ? "PATH"
                                                               : d.type);
      std::string facts = d.standard.empty() ? "" : fmt::format("default {}", d.standard);
      if (!d.range.empty()) facts += (facts.empty() ? "" : ", ") + d.range;
      text += fmt::format("  {:<26} {}{}{}\n", left, d.help, d.help.empty() || facts.empty() ? "" : "; ", facts);
    }
  }
  text += fmt::format("  {:<26} {}\n  {:<26} {}\n", "--config FILE",
                      "values from a file: JSON, YAML (.yaml), or lines of name = value", "--help", "this list");
  return text;
}

}  // namespace stet::tracking
