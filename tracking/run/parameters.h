// A program's parameters: declared by reading them, taken from the record, a flag, a configuration file or the default,
// in this order.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "stet/tracking/run/flags.h"

namespace stet {

/// What a parameter may be, or each element of one that is a list. The bounds of a text parameter are `one_of`.
struct ParamOptions {
  std::optional<double> above{};  ///< exclusive lower bound
  std::optional<double> from{};   ///< inclusive lower bound
  std::optional<double> below{};  ///< exclusive upper bound
  std::optional<double> to{};     ///< inclusive upper bound
  std::vector<std::string> one_of{};
  std::string help{};  ///< its meaning, for --help and the record
};

struct PathOptions {
  std::string help{};
};

}  // namespace stet

namespace stet::tracking {

template <class T>
concept SingleParameter = std::same_as<T, bool> || std::same_as<T, int> || std::same_as<T, int64_t> ||
    std::same_as<T, float> || std::same_as<T, double>;

template <class T> struct ElementOf;
template <class E> struct ElementOf<std::vector<E>> { using Type = E; };

/// A std::vector, whose elements a parameter may be.
template <class T>
concept ListParameter = requires {
  typename ElementOf<T>::Type;
}
&&(SingleParameter<typename ElementOf<T>::Type> || std::same_as<typename ElementOf<T>::Type, std::string>);

/// True of the types that a parameter may have beside texts; an error of others.
template <class T> consteval bool require_parameter() {
  constexpr bool good = SingleParameter<T> || ListParameter<T>;
  static_assert(good, "a parameter's default is a bool, int, int64_t, float, double, a text, or a std::vector of such");
  return good;
}

/// A list in braces as a vector, texts as std::string.
template <class E> auto list_of(std::initializer_list<E> list) {
  using Element = std::conditional_t<std::convertible_to<E, std::string>, std::string, E>;
  return std::vector<Element>(list.begin(), list.end());
}

template <class... E> inline constexpr bool kNoSuchList = false;

/// What is in braces and no list of one type: an error that says so.
struct MixedList {
  template <class... E> MixedList(const E&...) {
    static_assert(kNoSuchList<E...>,
                  "a list in braces has elements of one type, as in {0.5, 1.0}; name that of an empty one, as in "
                  "std::vector<double>()");
  }
};

/// Where a value came from.
enum class Source { standard, flag, config, record };

/// One parameter or place that a program declared, its values as text that reads back to the same bits.
struct Declared {
  std::string name;
  std::string type;  ///< int, uint, float, double, bool or string; of a list such as "int list"; place for a place
  std::string value;
  std::string standard;  ///< the default
  Source source = Source::standard;
  std::string range;  ///< such as "> 0"; empty: any
  std::string help;
  bool built_in = false;   ///< one of the flags that every program has
  bool execution = false;  ///< how it runs: recorded, and may differ when the run is resumed
};

/// A value of the record, which wins over the default and with which a flag must agree.
struct Recorded {
  std::string value;
  bool place = false;     ///< places may differ
  bool masked = false;    ///< a secret, which the record does not hold: it is not compared, and has to be given again
  bool standard = false;  ///< it was the default
};

/// The parameters of one program. Names are letters, digits, '-' and '_', with dots between, as in `model.width`.
class Parameters {
 public:
  /// Scans the command line and reads --config. Throws UsageError, or DataError that names the file.
  Parameters(int argc, const char* const* argv);

  /// From here on values come from a run's record. Throws UsageError later, naming flag and both values, when a flag
  /// disagrees.
  void set_record(std::string run, std::map<std::string, Recorded> values);

  /// Reads a parameter: its value, checked against its options. Throws UsageError that names flag, value and what it
  /// must be; also when it was read before with another default or type, or is read after the set was closed.
  template <class T> T param(std::string_view name, const T& standard, const ParamOptions& options);
  std::string path(std::string_view name, std::string_view standard, const PathOptions& options);
  /// A parameter on which no result depends: it is recorded, and never held against the record.
  template <class T> T execution(std::string_view name, const T& standard, const ParamOptions& options);

  /// A flag that every program has: as param, but never held against the record.
  template <class T> T built_in(std::string_view name, const T& standard, const ParamOptions& options);

  /// The same of a path, which may hold any bytes.
  std::string built_in_path(std::string_view name, std::string_view standard, const PathOptions& options);

  /// Is there a parameter, place or flag of that name?
  bool declares(std::string_view name) const;

  /// True when --help was given: nothing is refused until it has been printed.
  bool help() const { return help_; }
  /// No more parameters: throws UsageError on an unknown flag, and on parameters that the record has and the program
  /// has not.
  void close();
  bool closed() const { return closed_; }

  /// Parameters, places and built-in flags, in the order of declaration.
  const std::vector<Declared>& declared() const { return declared_; }
  std::string help_text(std::string_view program) const;

 private:
  struct Given {
    std::optional<std::string> value;
    Source source;
    std::string as_written(std::string_view name) const;
    std::string config;    // the file that it is from
    bool is_list = false;  // written as a list, in a file
  };
  // A value in its canonical form, or what is wrong with it.
  struct Checked {
    std::string value, error;
  };
  using Check = std::function<Checked(const std::string& text)>;
  template <class T>
  T declare(std::string_view name, const T& standard, const ParamOptions& options, bool built_in, bool execution);
  template <class T> static Checked check(const std::string& text, const ParamOptions& options);
  template <class E> static Checked check_list(const std::string& text, const ParamOptions& options);
  std::string settle(Declared d, const Check& check);
  std::string choose(Declared& d, const Check& check) const;
  void agree_with_record(const Declared& d, const Given& given, const Check& check) const;
  const Given* given(std::string_view name) const;
  void refuse_unknown() const;

  std::map<std::string, Given, std::less<>> given_;
  std::map<std::string, Recorded, std::less<>> record_;
  std::string run_;
  bool resumed_ = false, help_ = false, closed_ = false;
  std::vector<Declared> declared_;
};

}  // namespace stet::tracking
