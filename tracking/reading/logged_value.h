// What a value in the log is of. Private to reading/.
#pragma once

#include <string>

#include "stet/tracking/query/expression.h"
#include "stet/tracking/reading/log_view.h"
#include "stet/tracking/record/event.pb.h"

namespace stet::tracking {

/// The series of a value: its name and its context, in ascending order.
query::SeriesName series_name(const record::Summary::Value& value);

/// The name under which it is shown; not the event's own tag, which older logs made of name and values alone.
std::string tag_of(const record::Summary::Value& value);

/// Does it differ each time, so that no verification compares it?
bool varies(const record::Summary::Value& value);

/// Of a value that is a tensor.
LoggedMedium::Kind kind_of(const record::Summary::Value& value);
int64_t bytes_of(const record::Summary::Value& value);

}  // namespace stet::tracking
