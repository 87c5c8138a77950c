#include "stet/nn/summary.h"

#include <algorithm>
#include <array>
#include <iostream>
#include <vector>

#include "stet/tensor/error.h"

namespace stet::nn {

namespace {

struct Row {
  std::string path, type, parameters;
  int64_t count = 0;
};

class Table : public Visitor {
 public:
  explicit Table(Stateful& model) {
    on_stateful("", model);
    // A container without parameters of its own says nothing that its parts don't.
    std::erase_if(rows_, [](const Row& r) { return r.type.empty() && r.parameters.empty(); });
  }
  const std::vector<Row>& rows() const { return rows_; }

 protected:
  void on_stateful(const std::string& path, Stateful& s) override {
    rows_.push_back({path, s.describe(), "", 0});
    s.members(*this);
  }
  void on_parameter(const std::string& path, Parameter& p) override {
    Row& row = add(path, p.shape().to_string());
    row.count += p.shape().elements();
  }
  void on_buffer(const std::string& path, Buffer& b) override { add(path, b.shape().to_string() + " (buffer)"); }
  void on_alias(const std::string& path, const std::string& first) override { add(path, "= " + first); }

 private:
  // The row of the last module that the path lies below: its own members may be grouped below names of their own.
  Row& add(const std::string& path, const std::string& what) {
    const auto holds = [&](const Row& r) { return r.path.empty() || path.starts_with(r.path + "/"); };
    Row& row = *std::find_if(rows_.rbegin(), rows_.rend(), holds);
    if (!row.parameters.empty()) row.parameters += ", ";
    row.parameters += path.substr(row.path.empty() ? 0 : row.path.size() + 1) + " " + what;
    return row;
  }

  std::vector<Row> rows_;
};

std::string with_commas(int64_t n) {
  const std::string digits = std::to_string(n);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

}  // namespace

std::string summary(Stateful& model) {
  using Line = std::array<std::string, 4>;
  std::vector<Line> lines{{"layer", "type", "parameters", "count"}};
  int64_t total = 0;
  const Table table(model);
  for (const Row& r : table.rows()) {
    lines.push_back({r.path.empty() ? "." : r.path, r.type, r.parameters, r.count ? with_commas(r.count) : ""});
    total += r.count;
  }
  lines.push_back({"total", "", "", with_commas(total)});

  std::array<size_t, 4> width{};
  for (const Line& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) width[i] = std::max(width[i], line[i].size());
  }
  std::string text;
  for (const Line& l : lines) {
    const std::string line =
        fmt::format("{:<{}}  {:<{}}  {:<{}}  {:>{}}", l[0], width[0], l[1], width[1], l[2], width[2], l[3], width[3]);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

void print(Stateful& model) { std::cout << summary(model); }

}  // namespace stet::nn
