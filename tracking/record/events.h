// Making the log's events in the form that TensorBoard shows. Who logs them stamps them with step, tick and time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stet::tracking::record {
class Event;
}

namespace stet::tracking {

/// What tells metrics of one name apart, such as {{"subset", "validation"}}. The order of its entries means nothing.
using MetricContext = std::vector<std::pair<std::string, std::string>>;

/// The name under which TensorBoard and `stet` show a metric: `name`, or `name[fold=1,subset=validation]`, entries in
/// ascending order. A backslash precedes what would end a part, so that no two metrics have one tag.
std::string metric_tag(std::string_view name, MetricContext context);

/// A metric's value. TensorBoard shows it rounded to float. `varies`: it differs each time, and no verification
/// compares it.
record::Event scalar_event(std::string_view name, double value, const MetricContext& context = {}, bool varies = false);

/// Markdown text, for TensorBoard's text page.
record::Event text_event(std::string_view name, std::string_view text);

/// An image, already encoded as PNG.
record::Event image_event(std::string_view name, int64_t width, int64_t height, std::string_view png);

}  // namespace stet::tracking
