#include "stet/data/png.h"

#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "stet/data/gzip.h"
#include "stet/tensor/error.h"

namespace stet::data {
namespace {

constexpr png_uint_32 kMostExtent = 1 << 20;
constexpr png_alloc_size_t kMostChunk = 8'000'000;  // what a chunk beside the pixels may take

// What libpng calls back. It leaves a function of its own by longjmp to where the decoder's functions call setjmp:
// these make nothing that has a destructor.
struct Source {
  std::string_view left;
  char message[100] = "";
};

void read_bytes(png_structp png, png_bytep out, size_t n) {
  auto& source = *static_cast<Source*>(png_get_io_ptr(png));
  if (n > source.left.size()) png_error(png, "truncated");
  std::memcpy(out, source.left.data(), n);
  source.left.remove_prefix(n);
}

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  auto& source = *static_cast<Source*>(png_get_error_ptr(png));
  std::strncpy(source.message, message, sizeof(source.message) - 1);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

class Decoder {
 public:
  explicit Decoder(const FileBytes& file) : source_{file.bytes} {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source_, on_error, on_warning);
    info_ = png_ != nullptr ? png_create_info_struct(png_) : nullptr;
    if (info_ == nullptr) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      throw std::bad_alloc();
    }
  }
  ~Decoder() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // Each returns whether it went well.
  bool read_header() {
    if (setjmp(png_jmpbuf(png_))) return false;
    png_set_read_fn(png_, &source_, read_bytes);
    png_set_user_limits(png_, kMostExtent, kMostExtent);
    png_set_chunk_malloc_max(png_, kMostChunk);
    png_read_info(png_, info_);
    return true;
  }
  bool choose(int channels) {
    if (setjmp(png_jmpbuf(png_))) return false;
    png_set_expand(png_);
    png_set_scale_16(png_);
    if (channels >= 3) png_set_gray_to_rgb(png_);
    if (channels == 1 || channels == 3) png_set_strip_alpha(png_);
    if (channels == 4) png_set_add_alpha(png_, 0xff, PNG_FILLER_AFTER);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return true;
  }
  bool read_pixels(png_bytep* rows) {
    if (setjmp(png_jmpbuf(png_))) return false;
    png_read_image(png_, rows);
    png_read_end(png_, nullptr);
    return true;
  }

  size_t width() const { return png_get_image_width(png_, info_); }
  size_t height() const { return png_get_image_height(png_, info_); }
  size_t channels() const { return png_get_channels(png_, info_); }
  size_t row_bytes() const { return png_get_rowbytes(png_, info_); }
  std::string message() const {
    std::string text = source_.message;
    for (char& c : text) {
      if (c < ' ' || c > '~') c = ' ';
    }
    return text;
  }

 private:
  Source source_;
  png_structp png_;
  png_infop info_;
};

uint8_t grey(const uint8_t* rgb) {
  return static_cast<uint8_t>((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + (1u << 15)) >> 16);
}

// Pixels [H, W, C] as planes.
Tensor planes(const std::vector<uint8_t>& pixels, size_t height, size_t width, size_t channels, bool to_grey) {
  const size_t kept = to_grey ? 1 : channels, plane = height * width;
  Tensor y = Tensor::uninitialized(
      {static_cast<int64_t>(kept), static_cast<int64_t>(height), static_cast<int64_t>(width)}, DType::uint8);
  auto* out = y.mutable_data_as<uint8_t>();
  for (size_t i = 0; i < plane; ++i) {
    if (to_grey) out[i] = grey(&pixels[channels * i]);
    else
      for (size_t c = 0; c < kept; ++c) out[c * plane + i] = pixels[channels * i + c];
  }
  return y;
}

}  // namespace

Tensor read_png(const FileBytes& file, const PngOptions& options) {
  if (options.channels != 0 && options.channels != 1 && options.channels != 3 && options.channels != 4)
    raise("read_png: {} channels; 0, 1, 3 or 4 are possible", options.channels);
  Decoder decoder(file);
  const auto require = [&](bool well) {
    if (!well) raise<DataError>("data: {}: cut, damaged or no PNG file: {}", file.name, decoder.message());
  };
  require(decoder.read_header());
  const size_t height = decoder.height(), width = decoder.width();
  if (height * decoder.row_bytes() / kBestDeflateRatio > file.bytes.size()) {
    raise<DataError>("data: {}: truncated or damaged: its header claims {} x {} pixels, its {} bytes can't hold them",
                     file.name, width, height, file.bytes.size());
  }
  require(decoder.choose(options.channels));
  std::vector<uint8_t> pixels(height * decoder.row_bytes());
  std::vector<png_bytep> rows(height);
  for (size_t i = 0; i < height; ++i) rows[i] = &pixels[i * decoder.row_bytes()];
  require(decoder.read_pixels(rows.data()));
  const size_t channels = decoder.channels();
  return planes(pixels, height, width, channels, options.channels == 1 && channels == 3);
}

Tensor read_png(const std::filesystem::path& path, const PngOptions& options) {
  return read_png(read_file(path), options);
}

}  // namespace stet::data
