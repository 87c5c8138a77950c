#include "stet/data/text.h"

#include <algorithm>

#include "stet/data/fingerprint.h"
#include "stet/data/gzip.h"
#include "stet/tensor/error.h"

namespace stet::data {

namespace fs = std::filesystem;

Text::Text(std::string_view bytes, std::string name, std::vector<FileFingerprint> files) {
  record_.name = std::move(name);
  record_.files = std::move(files);
  if (bytes.empty()) raise<DataError>("data: {}: the text is empty", record_.name);
  auto state = std::make_shared<State>();
  std::array<bool, 256> present{};
  for (char c : bytes) present[static_cast<uint8_t>(c)] = true;
  state->number.fill(-1);
  for (size_t b = 0; b < present.size(); ++b) {
    if (!present[b]) continue;
    state->number[b] = static_cast<int16_t>(state->bytes.size());
    state->bytes.push_back(static_cast<char>(b));
  }
  state->symbols.reserve(bytes.size());
  for (char c : bytes) state->symbols.push_back(static_cast<uint8_t>(state->number[static_cast<uint8_t>(c)]));
  end_ = static_cast<int64_t>(bytes.size());
  state_ = std::move(state);
  const Tensor content[] = {
      Tensor::from(std::span(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()), {end_})};
  record_.samples = end_;
  record_.samples_sha256 = samples_sha256(content);
  announce(record_);
}

int64_t Text::vocabulary() const { return static_cast<int64_t>(state_->bytes.size()); }

Text Text::part(int64_t begin, int64_t end, std::string_view name) const {
  if (begin < 0 || begin >= end || end > size())
    raise("data: {}: [{}, {}) is no part of {} symbols", record_.name, begin, end, size());
  Text p = *this;
  p.begin_ = begin_ + begin;
  p.end_ = begin_ + end;
  p.record_.name += "/" + std::string(name);
  p.record_.split = fmt::format("symbols {} to {}", p.begin_, p.end_);
  p.record_.samples = p.size();
  announce(p.record_);
  return p;
}

std::span<const uint8_t> Text::symbols() const {
  return std::span(state_->symbols).subspan(static_cast<size_t>(begin_), static_cast<size_t>(size()));
}

Tensor Text::encode(std::string_view text) const {
  std::vector<int64_t> numbers;
  for (char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (state_->number[byte] < 0) raise<DataError>("data: {}: the text has no byte 0x{:02x}", record_.name, byte);
    numbers.push_back(state_->number[byte]);
  }
  return Tensor::from(numbers);
}

std::string Text::decode(const Tensor& symbols) const {
  std::string text;
  for (int64_t s : symbols.to_vector<int64_t>()) {
    if (s < 0 || s >= vocabulary()) raise("data: {}: {} is no symbol, there are {}", record_.name, s, vocabulary());
    text.push_back(state_->bytes[static_cast<size_t>(s)]);
  }
  return text;
}

Text read_text(const fs::path& path) {
  std::error_code none;
  const FileBytes file = read_file(fs::is_directory(path, none) ? path / "input.txt" : path);
  return Text(unpack(file), "text", {fingerprint(file)});
}

Windows::Windows(Read read, int64_t symbols, DatasetRecord record, int64_t length)
    : read_(std::move(read)), symbols_(symbols), length_(length), record_(std::move(record)) {
  if (length < 1 || size() < 1) {
    raise("data: {}: {} symbols have no window of {} and the symbol that follows", record_.name, symbols, length);
  }
}

Windows::Windows(Text text, int64_t length)
    : Windows(
          [text](int64_t begin, int64_t n, int64_t* out) {
            const auto part = text.symbols().subspan(static_cast<size_t>(begin), static_cast<size_t>(n));
            std::copy(part.begin(), part.end(), out);
          },
          text.size(), text.record(), length) {}

Windows::Windows(Tokens tokens, int64_t length)
    : Windows([tokens](int64_t begin, int64_t n, int64_t* out) { tokens.read(begin, n, out); }, tokens.size(),
              tokens.record(), length) {}

std::vector<Tensor> Windows::batch(std::span<const int64_t> indices) const {
  const Shape shape{static_cast<int64_t>(indices.size()), length_};
  Tensor x = Tensor::uninitialized(shape, DType::int64), y = Tensor::uninitialized(shape, DType::int64);
  int64_t *to_x = x.mutable_data_as<int64_t>(), *to_y = y.mutable_data_as<int64_t>();
  std::vector<int64_t> window(static_cast<size_t>(length_) + 1);
  for (int64_t i : indices) {
    if (i < 0 || i >= size()) raise("data: {}: window {} is outside 0 … {}", record().name, i, size() - 1);
    read_(i, length_ + 1, window.data());
    to_x = std::copy(window.begin(), window.end() - 1, to_x);
    to_y = std::copy(window.begin() + 1, window.end(), to_y);
  }
  return {std::move(x), std::move(y)};
}

std::array<Tensor, 2> Windows::get(int64_t i) const {
  const int64_t index[] = {i};
  const std::vector<Tensor> one = batch(index);
  return {one[0][0], one[1][0]};
}

std::vector<int64_t> Windows::in_a_row() const {
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < size(); i += length_) indices.push_back(i);
  return indices;
}

}  // namespace stet::data
