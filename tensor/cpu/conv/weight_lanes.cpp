#include "stet/tensor/cpu/conv/weight_lanes.h"

#include <algorithm>

#include "stet/tensor/finite.h"

namespace stet::cpu_kernels {
namespace {

template <class T> bool finite_beside_padding(const Window& s, const T* dy) {
  const int64_t outputs = s.out_h() * s.out_w();
  const int64_t begin = outputs_met(s, 0).begin, end = std::max(begin, outputs_met(s, s.kh - 1).end);
  bool finite = true;
  for (int64_t plane = 0; plane < s.n * s.co; ++plane, dy += outputs)
    finite &= all_finite(dy, begin) && all_finite(dy + end, outputs - end);
  return finite;
}

}  // namespace

Range outputs_met(const Window& s, int64_t tap_row) {
  const int64_t first = s.pad_h - tap_row * s.dil_h;  // output y meets the image's row y * stride - first
  const int64_t begin = std::clamp<int64_t>(pieces_of(first, s.stride_h), 0, s.out_h());
  const int64_t end = std::clamp<int64_t>(pieces_of(first + s.h, s.stride_h), begin, s.out_h());
  return {begin * s.out_w(), end * s.out_w()};
}

WindowPlaces::WindowPlaces(const Window& s, int64_t unit) {
  const int64_t width = s.w + 2 * s.pad_w;
  size = (s.h + 2 * s.pad_h) * width * unit;
  for (int64_t i = 0; i < s.kh; ++i) {
    for (int64_t j = 0; j < s.kw; ++j) tap.push_back((i * s.dil_h * width + j * s.dil_w) * unit);
  }
  for (int64_t y = 0; y < s.out_h(); ++y) {
    for (int64_t x = 0; x < s.out_w(); ++x) output.push_back((y * s.stride_h * width + x * s.stride_w) * unit);
  }
  for (int64_t y = 0; y < s.h; ++y) {
    for (int64_t x = 0; x < s.w; ++x) pixel.push_back(((y + s.pad_h) * width + x + s.pad_w) * unit);
  }
}

template <class T>
InputChannelLanes<T>::InputChannelLanes(const Window& s, bool by_rows)
    : s_(s), places_(s, tiles_.lanes), by_rows_(by_rows) {}

template <class T> bool InputChannelLanes<T>::leaves_out_padding(const Window& s, const T* dy) {
  return s.kw % 3 == 0 && s.pad_h > 0 && finite_beside_padding(s, dy);
}

template <class T> void InputChannelLanes<T>::begin(Range in, Range out) {
  in_ = in, out_ = out;
  blocks_ = pieces_of(in.size(), tiles_.lanes);
}

template <class T> SumLists InputChannelLanes<T>::sums() const {
  SumLists lists;
  const int64_t outputs = static_cast<int64_t>(places_.output.size());
  for (int64_t i = 0; i < out_.size(); ++i) lists.row.push_back(i * outputs);
  for (int64_t block = 0; block < blocks_; ++block) {
    for (int64_t tap : places_.tap) lists.column.push_back(block * places_.size + tap);
  }
  return lists;
}

template <class T> void InputChannelLanes<T>::fill(const T* x, T* windows) const {
  const int64_t lanes = tiles_.lanes, plane = s_.h * s_.w;
  for (int64_t c = 0; c < in_.size(); c += lanes, x += lanes * plane, windows += places_.size)
    tiles_.scatter(x, plane, std::min(lanes, in_.size() - c), plane, windows, places_.pixel.data());
}

template <class T> void InputChannelLanes<T>::add(const Positions<T>& positions, RunLists<T>& lists) const {
  const int64_t first = positions.first, outputs = static_cast<int64_t>(places_.output.size());
  for (size_t row = 0; row < lists.size(); ++row) {
    const Range met = by_rows_ ? outputs_met(s_, static_cast<int64_t>(row)) : Range{0, outputs};
    const int64_t from = std::max(first, met.begin), to = std::min(first + positions.count, met.end);
    if (from >= to) continue;
    lists[row].push_back(
        {positions.dy + from - first, positions.window, &places_.output[static_cast<size_t>(from)], to - from});
  }
}

template <class T> LanesPlace InputChannelLanes<T>::place(int64_t row, int64_t column) const {
  const int64_t taps = s_.kh * s_.kw, block = column / taps * tiles_.lanes;
  return {((out_.begin + row) * (s_.c / s_.groups) + in_.begin + block) * taps + column % taps, taps,
          std::min<int64_t>(tiles_.lanes, in_.size() - block)};
}

template <class T>
OutputChannelLanes<T>::OutputChannelLanes(const Window& s, bool)
    : s_(s),
      places_(s, 1),
      kernels_(s.kw % 3 == 0 && s.dil_w == 1 ? tiles_.triples_at_offsets : tiles_.singles_at_offsets) {}

template <class T> void OutputChannelLanes<T>::begin(Range in, Range out) {
  static thread_local Workspace panel_space;
  in_ = in, out_ = out;
  blocks_ = pieces_of(out.size(), tiles_.lanes);
  panel_ = panel_space.get<T>(kPiece * step());
}

template <class T> SumLists OutputChannelLanes<T>::sums() const {
  SumLists lists;
  for (int64_t c = 0; c < in_.size(); ++c) {
    for (size_t tap = 0; tap < places_.tap.size(); tap += static_cast<size_t>(kernels_.run))
      lists.row.push_back(c * places_.size + places_.tap[tap]);
  }
  for (int64_t block = 0; block < blocks_; ++block) lists.column.push_back(block * tiles_.lanes);
  return lists;
}

template <class T> void OutputChannelLanes<T>::fill(const T* x, T* windows) const {
  for (int64_t c = 0; c < in_.size(); ++c, windows += places_.size) {
    for (int64_t y = 0; y < s_.h; ++y, x += s_.w)
      std::copy_n(x, s_.w, windows + places_.pixel[static_cast<size_t>(y * s_.w)]);
  }
}

template <class T> void OutputChannelLanes<T>::add(const Positions<T>& positions, RunLists<T>& lists) const {
  const int64_t lanes = tiles_.lanes, outputs = static_cast<int64_t>(places_.output.size());
  for (int64_t c = 0; c < out_.size(); c += lanes) {
    tiles_.transpose(positions.dy + c * outputs, outputs, std::min(lanes, out_.size() - c), positions.count, panel_ + c,
                     step());
  }
  lists[0] = {{positions.window, panel_, &places_.output[static_cast<size_t>(positions.first)], positions.count}};
}

template <class T> LanesPlace OutputChannelLanes<T>::place(int64_t row, int64_t column) const {
  const int64_t taps = s_.kh * s_.kw, channels = s_.c / s_.groups, block = column * tiles_.lanes;
  return {((out_.begin + block) * channels + in_.begin + row / taps) * taps + row % taps, channels * taps,
          std::min<int64_t>(tiles_.lanes, out_.size() - block)};
}

template class InputChannelLanes<float>;
template class InputChannelLanes<double>;
template class OutputChannelLanes<float>;
template class OutputChannelLanes<double>;

}  // namespace stet::cpu_kernels
