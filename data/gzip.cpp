#include "stet/data/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

#include "stet/tensor/error.h"

namespace stet::data {
namespace {

constexpr int kGzipWindow = 15 + 16;  // the largest window; + 16 asks zlib for gzip's header, CRC and length
// What a text unpacks to: no more than so many times its size, where it is more than so many bytes.
constexpr size_t kOrdinaryRatio = 256, kAnyway = size_t{64} << 20;
constexpr size_t kStep = size_t{1} << 30;  // zlib counts in 32 bits

bool has_gzip_magic(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

}  // namespace

struct Unpacker::Inflate {
  z_stream stream{};
  bool ended = false;  // the last member is whole and its CRC holds

  Inflate() {
    if (inflateInit2(&stream, kGzipWindow) != Z_OK) throw std::bad_alloc();
  }
  ~Inflate() { inflateEnd(&stream); }
};

Unpacker::Unpacker(const FileBytes& file) : file_(file) {
  if (has_gzip_magic(file.bytes)) inflate_ = std::make_unique<Inflate>();
}

Unpacker::~Unpacker() = default;

uint64_t Unpacker::at_most() const {
  const uint64_t left = file_.bytes.size() - used_;
  return inflate_ ? left * kBestDeflateRatio + kStep / 1024 : left;
}

size_t Unpacker::read(void* out, size_t n) {
  if (!inflate_) {
    n = std::min(n, file_.bytes.size() - used_);
    if (n > 0) std::memcpy(out, file_.bytes.data() + used_, n);
    used_ += n;
    return n;
  }
  size_t done = 0;
  while (done < n) {
    const size_t got = inflate_some(static_cast<char*>(out) + done, n - done);
    done += got;
    if (got == 0 && inflate_->ended && used_ == file_.bytes.size()) break;
  }
  return done;
}

// One call of inflate; 0 bytes only where a member ended or needs its next byte.
size_t Unpacker::inflate_some(void* out, size_t n) {
  z_stream& s = inflate_->stream;
  const std::string_view rest = std::string_view(file_.bytes).substr(used_);
  if (inflate_->ended) {
    if (rest.empty()) return 0;
    // RFC 1952: a file may hold several members, one after another.
    if (!has_gzip_magic(rest))
      raise<DataError>("data: {}: {} bytes follow its compressed data", file_.name, rest.size());
    if (inflateReset(&s) != Z_OK) throw std::bad_alloc();
    inflate_->ended = false;
  }
  s.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
  s.avail_in = static_cast<uInt>(std::min(rest.size(), kStep));
  s.next_out = static_cast<Bytef*>(out);
  s.avail_out = static_cast<uInt>(std::min(n, kStep));
  const size_t in_before = s.avail_in, out_before = s.avail_out;
  const int code = inflate(&s, Z_NO_FLUSH);
  used_ += in_before - s.avail_in;
  if (code == Z_STREAM_END) inflate_->ended = true;
  else if (code == Z_BUF_ERROR || (code == Z_OK && s.avail_out > 0 && used_ == file_.bytes.size())) {
    raise<DataError>("data: {}: truncated: its compressed data end too early", file_.name);
  } else if (code != Z_OK) {
    raise<DataError>("data: {}: damaged: what it holds is not gzip's; fetch it again", file_.name);
  }
  return out_before - s.avail_out;
}

std::string unpack(const FileBytes& file) {
  Unpacker in(file);
  const size_t size = file.bytes.size(), most = std::max(kAnyway, kOrdinaryRatio * size);
  const size_t step = in.compressed() ? std::clamp(4 * size, size_t{1} << 16, size_t{1} << 24) : size + 1;
  std::string text;
  size_t used = 0;
  do {
    used = text.size();
    if (in.compressed() && used > most)
      raise<DataError>("data: {}: unpacks to more than {} times its size; unpack it, if it is meant to", file.name,
                       kOrdinaryRatio);
    text.resize(used + step);
    text.resize(used + in.read(text.data() + used, text.size() - used));
  } while (text.size() > used);
  return text;
}

}  // namespace stet::data
