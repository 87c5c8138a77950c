// Making the log's events in the form that TensorBoard shows. Who logs them stamps them with step, tick and time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stet::tracking::record {
class Event;
class Summary_Value;
}  // namespace stet::tracking::record

namespace stet::tracking {

/// What tells metrics of one name apart, such as {{"subset", "validation"}}. The order of its entries means nothing.
using MetricContext = std::vector<std::pair<std::string, std::string>>;

/// The name under which TensorBoard and `stet` show a metric: `name`, or `name[fold=1,subset=validation]`, entries in
/// ascending order. A backslash precedes what would end a part, so that no two metrics have one tag.
std::string metric_tag(std::string_view name, MetricContext context);

/// Is it of the machine, as what resources are logged by are? It differs each time, and no result depends on it.
bool is_system_metric(std::string_view name);

/// The name of what a value is of, without its context. A log names it where the tag is another.
const std::string& metric_name(const record::Summary_Value& value);

/// What is the same in each value of a series, in the log's bytes: values are put between.
class ScalarForm {
 public:
  ScalarForm(std::string_view name, const MetricContext& context, bool varies);
  /// Appends a value as a field of a Summary.
  void append(std::string& out, double value) const;

 private:
  std::string before_, after_;
};

/// A metric's value. TensorBoard shows it rounded to float. `varies`: it differs each time, and no verification
/// compares it.
record::Event scalar_event(std::string_view name, double value, const MetricContext& context = {}, bool varies = false);

/// Markdown text, for TensorBoard's text page.
record::Event text_event(std::string_view name, std::string_view text);

/// Counts of values in ranges of equal width, as TensorBoard's histograms have them.
struct Buckets {
  struct Bucket {
    double left = 0, right = 0, count = 0;
  };
  std::vector<Bucket> buckets;  ///< none where there are no values
};
/// 30 buckets from the least value to the greatest; one of width 1 where all are equal. Values are finite.
Buckets buckets_of(std::span<const double> values);
record::Event histogram_event(std::string_view name, const Buckets& histogram);

/// Numbers that belong together, such as one a class. TensorBoard has no page for them and passes them over.
record::Event vector_event(std::string_view name, std::span<const double> values);

/// The numbers of a histogram's or a vector's tensor; none where it is of another form.
std::vector<double> numbers_of(const record::Summary_Value& value);

/// An image, already encoded as PNG.
record::Event image_event(std::string_view name, int64_t width, int64_t height, std::string_view png);

}  // namespace stet::tracking
