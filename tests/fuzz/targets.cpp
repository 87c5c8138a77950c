#include "fuzz/targets.h"

#include <png.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "stet/data/csv.h"
#include "stet/data/gzip.h"
#include "stet/data/idx.h"
#include "stet/data/npy.h"
#include "stet/data/png.h"
#include "stet/nn/weights/safetensors.h"
#include "stet/tensor/error.h"
#include "stet/tracking/exchange/sftp_client.h"
#include "stet/tracking/query/completion.h"
#include "stet/tracking/query/evaluate.h"
#include "stet/tracking/query/parser.h"
#include "stet/tracking/reading/index/log_state.h"
#include "stet/tracking/reading/index/long_series.h"
#include "stet/tracking/reading/log_collector.h"
#include "stet/tracking/reading/recorded_proto.h"
#include "stet/tracking/record/checkpoint.h"
#include "stet/tracking/record/checkpoint_format.h"
#include "stet/tracking/record/png.h"
#include "stet/tracking/record/run_folder.h"
#include "stet/tracking/record/text.h"
#include "stet/tracking/run/flags.h"
#include "stet/tracking/run/position.h"
#include "stet/tracking/ui/http.h"

namespace stet::fuzz {
namespace {

using namespace tracking;

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "fuzz: %s\n", why.c_str());
  std::abort();
}

// Calls what reads a file of that name.
template <class F> void refuses_at_most(std::string_view name, F&& read) {
  try {
    read();
  } catch (const Error& error) {
    const std::string_view message = error.what();
    if (message.find('\n') != message.npos) fail("an error of several lines: " + std::string(message));
    if (message.find(name) == message.npos) fail("an error that names no file: " + std::string(message));
  }
}

std::string text_of(Input input) { return {reinterpret_cast<const char*>(input.data()), input.size()}; }

data::FileBytes file_of(Input input) { return {.name = "given.file", .version = {}, .bytes = text_of(input)}; }

// A folder that goes when the process ends.
const std::filesystem::path& scratch() {
  struct Scratch {
    std::filesystem::path path;
    Scratch() {
      std::string name = (std::filesystem::temp_directory_path() / "stet-fuzz-XXXXXX").string();
      if (!::mkdtemp(name.data())) fail("no scratch folder");
      path = name;
    }
    ~Scratch() {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
  };
  static const Scratch scratch;
  return scratch.path;
}

// Events one behind another, each behind two bytes of its length.
std::string framed(Input input) {
  std::string frames;
  while (input.size() >= 2) {
    const size_t length =
        std::min<size_t>(static_cast<size_t>(input[0]) | static_cast<size_t>(input[1]) << 8, input.size() - 2);
    frames += frame(text_of(input.subspan(2, length)));
    input = input.subspan(2 + length);
  }
  return frames;
}

void write_segment(int number, const std::string& bytes) {
  const std::string name = fmt::format("events.out.tfevents.{:010}.host.1.{}", number + 1, number);
  std::ofstream(scratch() / name, std::ios::binary | std::ios::trunc) << bytes;
}

// A PNG file with the checksums that its chunks should have, without which none is looked into.
std::string with_checksums(Input input) {
  std::string bytes = text_of(input);
  const auto number = [&](size_t at) {
    uint32_t v = 0;
    for (size_t k = 0; k < 4; ++k) v = v << 8 | static_cast<uint8_t>(bytes[at + k]);
    return v;
  };
  for (size_t at = 8; at + 12 <= bytes.size();) {
    const size_t length = number(at);
    if (length > bytes.size() - at - 12) break;
    const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data() + at + 4), length + 4);
    for (size_t k = 0; k < 4; ++k) bytes[at + 8 + length + k] = static_cast<char>(crc >> (24 - 8 * k));
    at += 12 + length;
  }
  return bytes;
}

std::string read_back(const Png& image, size_t channels) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_memory(&png, image.bytes.data(), image.bytes.size())) fail("no PNG was written");
  png.format = channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  std::string pixels(PNG_IMAGE_SIZE(png), '\0');
  if (!png_image_finish_read(&png, nullptr, pixels.data(), 0, nullptr)) fail("a PNG that can't be read was written");
  return pixels;
}

// A run that has something of every kind.
class FewValues : public query::RunValues {
 public:
  query::Value field(size_t index) const override {
    switch (query::kFields[index].type) {
      case query::Type::boolean: return query::Value(index % 2 == 0);
      case query::Type::number: return query::Value(static_cast<int64_t>(index));
      case query::Type::date: return query::Value(query::Date{1.7e9});
      case query::Type::duration: return query::Value(query::Duration{90});
      case query::Type::list: return query::Value(params());
      default: return query::Value(std::string("gr\xc3\xb6\xc3\x9f\xe9"));
    }
  }
  query::Value param(const std::string& name) const override {
    return name == "lr" ? query::Value(0.5) : name == "n" ? query::Value(~uint64_t{0}) : query::Value();
  }
  query::Value data_digest(const std::string&) const override { return query::Value(std::string("abc")); }
  query::Value data_samples(const std::string&) const override { return query::Value(int64_t{7}); }
  query::List params() const override { return {query::Value(std::string("lr")), query::Value(std::string("n"))}; }
  query::List metrics() const override { return {}; }
  query::List data() const override { return {}; }
  const query::CurveSummary* summary(const query::SeriesName& name) const override {
    return name.name == "none" ? nullptr : &summary_;
  }
  const query::Curve& curve(const query::SeriesName&) const override { return curve_; }

 private:
  query::Curve curve_{{1, 2.0}, {2, 1.0}, {2, std::nan("")}, {5, 0.5}};
  query::CurveSummary summary_ = query::summarize(curve_);
};

// What an SFTP server sends, as far as it is one: a first packet that names the extensions that the client knows, then
// packets, each behind a byte of its kind and two of its length, with the numbers that requests have.
std::string answers(Input input) {
  using tracking::sftp::Writer;
  Writer hello;
  hello.byte(tracking::sftp::kVersion).u32(3);
  for (const char* extension : {"hardlink@openssh.com", "posix-rename@openssh.com", "fsync@openssh.com"})
    hello.text(extension).text("1");
  Writer all;
  all.text(hello.bytes());
  for (uint32_t number = 0; input.size() >= 3; ++number) {
    const size_t length =
        std::min<size_t>(static_cast<size_t>(input[1]) | static_cast<size_t>(input[2]) << 8, input.size() - 3);
    all.text(Writer().byte(input[0]).u32(number).bytes() + text_of(input.subspan(3, length)));
    input = input.subspan(3 + length);
  }
  return all.bytes();
}

void ask_server(tracking::SftpClient& client, int what, size_t most) {
  size_t bytes = 0;
  switch (what) {
    case 0: client.look_at("x"); break;
    case 1: client.make_folder("x"); break;
    case 2: client.rename("x", "y"); break;
    case 3: client.remove("x"); break;
    case 4: client.link("x", "y"); break;
    case 5:
      for (const tracking::StoreItem& item : client.list("x")) {
        if (item.name.empty() || item.name.find('/') != item.name.npos) fail("a name that leads elsewhere");
        bytes += item.name.size();
      }
      break;
    case 6: client.read("x", [&](tracking::Bytes got) { bytes += got.size(); }); break;
    default: {
      const auto file = client.create("x", 0644);
      file->write(as_bytes(std::string(100'000, 'x')));
      file->finish();
    }
  }
  if (bytes > most) fail("more was read than was sent");
}

void require_sound(const SeriesBucket& b) {
  const bool counts = b.count >= 0 && b.nan >= 0 && b.above >= 0 && b.below >= 0 && b.finite() >= 0;
  if (!counts || b.last_step < b.first_step) fail("a bucket that is none");
}

// Through the index's own tables, in memory.
void read_buckets(std::string_view blob, int64_t level, int64_t chunk) {
  tracking::Database database = tracking::Database::in_memory();
  database.run(kLongSeriesTables);
  tracking::Statement row = database.prepare("INSERT INTO level VALUES(1, 0, ?, 64)");
  row.bind(1, level);
  row.run();
  row = database.prepare("INSERT INTO bucket VALUES(1, 0, ?, ?, ?)");
  row.bind(1, level);
  row.bind(2, chunk);
  row.bind_blob(3, blob);
  row.run();
  const LongSeries series(database);
  for (const auto& [stored, count] : series.levels(1, 0)) {
    LevelBuckets all(stored);
    for (const SeriesBucket& b : series.buckets(1, 0, stored, chunk * 64, chunk * 64 + 63)) {
      require_sound(b);
      all.add(b);
    }
    while (all.level() < kLastLevel) all.widen();
    for (const auto& [place, bucket] : all.buckets()) require_sound(bucket);
  }
}

void require_query_error(const query::QueryError& error, const std::string& query) {
  const std::string_view message = error.what();
  if (message.find('\n') != message.npos) fail("an error of several lines: " + std::string(message));
  if (error.column() < 1 || error.column() > query.size() + 1) fail("an error outside of the query");
  const std::string pointed = error.pointed();
  if (!is_utf8(pointed) || std::count(pointed.begin(), pointed.end(), '\n') != 1) fail("a caret under no line");
}

class FewNames : public query::KnownNames {
 public:
  std::vector<Known> params() override { return {{"lr", ""}, {"a\n\"\\", ""}}; }
  std::vector<Known> metrics() override { return params(); }
  std::vector<KnownSeries> series() override { return {{{"lr", {{"fold", "1"}, {"a b", "\xc3"}}}, ""}}; }
  std::vector<Known> data() override { return params(); }
  std::vector<Known> texts(const query::Expression&) override { return params(); }
};

// What may stand at the end, as if the query were being written.
void complete(const std::string& text) {
  const query::Slot slot = query::slot_at(text, text);
  if (slot.begin + slot.typed.size() != text.size() || !slot.typed.ends_with(slot.fragment)) fail("a slot elsewhere");
  FewNames names;
  for (const query::Completion& c : query::completions(slot, names, {.anywhere = false})) {
    if (c.text.find(slot.typed) > 1) fail("a completion that does not go on");
    if (c.over > text.size() || c.met > c.text.size() || (c.over == 0) != (c.met == 0)) fail("closed by nothing");
  }
}

}  // namespace

void query(Input input) {
  const std::string text = text_of(input);
  complete(text);
  const FewValues run;
  try {
    const query::Expression condition = query::parse(text, 1.7e9);
    const bool is_param = condition.op == query::Expression::Op::param;
    if (condition.type != query::Type::boolean && !is_param) fail("a query that is no condition");
    if (query::evaluate(condition, run).is_none()) query::holds(condition, run);
  } catch (const query::QueryError& error) { require_query_error(error, text); }
  try {
    for (const query::Term& term : query::parse_terms(text, true, 1.7e9)) query::evaluate(term.value, run);
  } catch (const query::QueryError& error) { require_query_error(error, text); }
}

void checkpoint(Input input) {
  refuses_at_most("given.h5", [&] { decode(as_bytes(text_of(input)), "given.h5"); });
  std::string file(format::kBlockSize, '\0');
  file += text_of(input);
  format::write_block(file, {7, 9, {}});
  refuses_at_most("given.h5", [&] {
    const Checkpoint read = decode(as_bytes(file), "given.h5");
    size_t bytes = 0;
    for (const TensorEntry& tensor : read.tensors) bytes += tensor.data.size();
    if (bytes > file.size()) fail("more was read than the file holds");
  });
  refuses_at_most("position", [&] { Position().seek(text_of(input)); });
}

void record(Input input) {
  refuses_at_most("run.json", [&] {
    const auto record = parse_record(text_of(input), std::string("run.json"));
    values_of(record.launches());
    for (const RunParameter& parameter : values_of(record.params())) parameter.typed();
    const std::string json = to_json(record);
    printable_json(json);
    if (!is_utf8(printable(json))) fail("what is printed is no UTF-8");
  });
}

void event_log(Input input) {
  if (input.empty()) return;
  const bool frames = input[0] & 1, two = input[0] & 2;
  input = input.subspan(1);
  const Input first = two ? input.first(input.size() / 2) : input;
  const Input second = input.subspan(first.size());
  write_segment(0, frames ? framed(first) : text_of(first));
  if (two) write_segment(1, frames ? framed(second) : text_of(second));
  else std::filesystem::remove(scratch() / "events.out.tfevents.0000000002.host.1.1");
  refuses_at_most(scratch().string(), [&] {
    LogCollector log(scratch(), "loss");
    log.read();
  });
}

void gzip(Input input) {
  const data::FileBytes file = file_of(input);
  refuses_at_most("given.file", [&] { data::unpack(file); });
}

void csv(Input input) {
  const data::FileBytes file = file_of(input);
  for (const data::CsvOptions& options :
       {data::CsvOptions(),
        data::CsvOptions{.delimiter = ';', .header = false, .comment = '#', .missing = {"", "NA"}}}) {
    refuses_at_most("given.file", [&] {
      const data::CsvTable table = data::read_csv(file, options);
      for (const std::string& name : table.names()) {
        table.categories(name);
        for (const DType dtype : {DType::float32, DType::float64, DType::int32, DType::int64})
          refuses_at_most("given.file", [&] { table.column(name, dtype); });
      }
    });
  }
}

void idx(Input input) {
  const data::FileBytes file = file_of(input);
  refuses_at_most("given.file", [&] { data::read_idx(file); });
}

void png(Input input) {
  if (input.size() < 3) return;
  const bool colour = input[0] & 1, floating = input[0] & 2;
  const auto height = static_cast<int64_t>(input[1] % 40), width = static_cast<int64_t>(input[2] % 40);
  const size_t channels = colour ? 3 : 1, pixels = channels * static_cast<size_t>(height * width);
  std::vector<uint8_t> bytes(input.begin() + 3, input.end());
  bytes.resize(floating ? 4 * pixels : pixels);
  const Shape shape = colour ? Shape{3, height, width} : Shape{height, width};
  refuses_at_most("log_image", [&] {
    if (floating) {
      std::vector<float> numbers(pixels);
      if (pixels > 0) std::memcpy(numbers.data(), bytes.data(), bytes.size());
      read_back(encode_png(Tensor::from(numbers, shape)), channels);
      return;
    }
    const std::string back = read_back(encode_png(Tensor::from(bytes, shape)), channels);
    for (size_t i = 0; i < pixels; ++i) {
      const size_t plane = pixels / channels;
      if (static_cast<uint8_t>(back[i % plane * channels + i / plane]) != bytes[i]) fail("another image came back");
    }
  });
}

void config(Input input) {
  for (const char* name : {"given.config", "given.yaml"}) {
    refuses_at_most(name, [&] {
      for (const Flag& flag : parse_config(name, text_of(input))) {
        if (flag.name.empty()) fail("a flag without a name");
      }
    });
  }
}

void safetensors(Input input) {
  for (const char* name : {"given.safetensors", "given.index.json"}) {
    std::ofstream(scratch() / name, std::ios::binary | std::ios::trunc) << text_of(input);
    refuses_at_most("given.", [&] {
      uint64_t bytes = 0;
      for (const auto& [tensor, value] : nn::read_safetensors(scratch() / name))
        bytes += static_cast<uint64_t>(value.elements());
      if (bytes > input.size()) fail("more was read than the file holds");
    });
  }
}

void npy(Input input) {
  const data::FileBytes file = file_of(input);
  refuses_at_most("given.file", [&] { data::read_npy(file); });
}

void npz(Input input) {
  const data::FileBytes file = file_of(input);
  refuses_at_most("given.file", [&] { data::read_npz(file); });
}

void image(Input input) {
  data::FileBytes file = file_of(input);
  for (int round = 0; round < 2; ++round, file.bytes = with_checksums(input)) {
    for (const int channels : {0, 1, 3, 4})
      refuses_at_most("given.file", [&] { data::read_png(file, {.channels = channels}); });
  }
}

void request(Input input) {
  using tracking::ui::RequestReader;
  const std::string text = text_of(input);
  RequestReader whole, slow;
  whole.add(text);
  for (const char c : text) slow.add({&c, 1});
  if (whole.state() != slow.state() || whole.status() != slow.status()) fail("a request depends on how it comes");
  while (whole.state() == RequestReader::State::whole) {
    const tracking::ui::Request got = whole.take();
    if (got.headers.size() > tracking::ui::kMostHeaders || got.body.size() > tracking::ui::kMostBodyBytes)
      fail("a request without bounds");
    if (!got.path.starts_with('/') || got.path.find('\0') != got.path.npos || got.count("host") != 1)
      fail("a request that is none");
    tracking::ui::parameters_of(got.query);
    got.cookie("stet");
    tracking::ui::Response response{.body = std::string(3000, ' ')};
    tracking::ui::compress(response, got);
    tracking::ui::serialized(response, got.keeps_open, true);
  }
}

void sftp(Input input) {
  if (input.empty()) return;
  const std::string bytes = input[0] & 8 ? text_of(input.subspan(1)) : answers(input.subspan(1));
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) fail("no socket");
  const Descriptor server(ends[0]);
  Descriptor client(ends[1]);
  const int room = 1 << 20;  // for all that is sent and asked, which nobody reads meanwhile
  for (const int end : ends) ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  if (::send(ends[0], bytes.data(), bytes.size(), MSG_DONTWAIT) != static_cast<ssize_t>(bytes.size())) return;
  ::shutdown(ends[0], SHUT_WR);
  refuses_at_most("given.host", [&] {
    SftpClient speaker("given.host", std::move(client));
    ask_server(speaker, input[0] & 7, bytes.size());
  });
}

void index(Input input) {
  if (input.size() < 3) return;
  const std::string blob = text_of(input.subspan(3));
  try {
    if (input[0] % 3 == 0) read_buckets(blob, input[1], static_cast<int8_t>(input[2]));
    if (input[0] % 3 == 1) {
      const LogPart part = part_of(blob);
      if (pack(part_of(pack(part))) != pack(part)) fail("a part of a log that is read otherwise than it was packed");
      if (part.events < 0 || part.begin.offset < 0) fail("a part of a log that is none");
    }
    if (input[0] % 3 == 2) {
      LogFacts log, again;
      set_state(log, blob);
      if (log.part.events > log.events) fail("a part of a log that is longer than the log");
      set_state(again, state_of(log));
      if (state_of(again) != state_of(log)) fail("a state that is read otherwise than it was packed");
    }
  } catch (const DatabaseError&) {  // damage, after which the index is made anew
  }
}

}  // namespace stet::fuzz
