// PNG files of every kind, written by libpng; images in folders.
#include "stet/data/png.h"

#include <gmock/gmock.h>
#include <png.h>

#include "data/support.h"
#include "error_of.h"
#include "stet/data/image_folder.h"
#include "stet/data/split.h"
#include "stet/tensor/error.h"
#include "stet/tensor/ops.h"

namespace stet::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

struct Kind {
  int depth, colour;
  bool interlaced = false, transparent = false;
};

int samples_of(int colour) {
  return colour == PNG_COLOR_TYPE_RGB          ? 3
         : colour == PNG_COLOR_TYPE_RGBA       ? 4
         : colour == PNG_COLOR_TYPE_GRAY_ALPHA ? 2
                                               : 1;
}

// The file's stored sample s of pixel (i, j).
unsigned stored(const Kind& kind, int i, int j, int s) {
  const auto most = (1u << kind.depth) - 1;
  return static_cast<unsigned>(37 * i + 11 * j + 101 * s + (kind.depth == 16 ? 25000 : 0)) & most;
}

constexpr int kHeight = 5, kWidth = 9;

png_color palette_entry(unsigned k) {
  return {static_cast<png_byte>(10 * k), static_cast<png_byte>(255 - k), static_cast<png_byte>(3 * k + 1)};
}

std::string encode(const Kind& kind) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  std::string out;
  png_set_write_fn(
      png, &out,
      [](png_structp p, png_bytep d, size_t n) {
        static_cast<std::string*>(png_get_io_ptr(p))->append(reinterpret_cast<char*>(d), n);
      },
      nullptr);
  png_set_IHDR(png, info, kWidth, kHeight, kind.depth, kind.colour, kind.interlaced ? PNG_INTERLACE_ADAM7 : 0, 0, 0);
  std::vector<png_color> palette;
  for (unsigned k = 0; k < (1u << std::min(kind.depth, 8)); ++k) palette.push_back(palette_entry(k));
  if (kind.colour == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette.data(), static_cast<int>(palette.size()));
  png_byte alpha[] = {7, 200};
  if (kind.transparent) png_set_tRNS(png, info, alpha, 2, nullptr);
  const int samples = samples_of(kind.colour), bits = samples * kind.depth;
  std::vector<std::vector<png_byte>> rows(kHeight, std::vector<png_byte>(static_cast<size_t>((kWidth * bits + 7) / 8)));
  std::vector<png_bytep> pointers;
  for (int i = 0; i < kHeight; ++i) {
    for (int j = 0; j < kWidth; ++j) {
      for (int s = 0; s < samples; ++s) {
        const unsigned v = stored(kind, i, j, s);
        const int bit = (j * samples + s) * kind.depth;
        auto* at = &rows[static_cast<size_t>(i)][static_cast<size_t>(bit / 8)];
        if (kind.depth == 16) at[0] = static_cast<png_byte>(v >> 8), at[1] = static_cast<png_byte>(v);
        else *at = static_cast<png_byte>(*at | v << (8 - kind.depth - bit % 8));
      }
    }
    pointers.push_back(rows[static_cast<size_t>(i)].data());
  }
  png_set_rows(png, info, pointers.data());
  png_write_png(png, info, PNG_TRANSFORM_IDENTITY, nullptr);
  png_destroy_write_struct(&png, &info);
  return out;
}

// Of 8 bits: fewer are spread, 16 are rounded.
uint8_t byte_of(const Kind& kind, unsigned v) {
  if (kind.depth == 16) return static_cast<uint8_t>((v * 255 + 32895) >> 16);
  return static_cast<uint8_t>(v * 255 / ((1u << kind.depth) - 1));
}

// The pixel's red, green, blue and opacity.
std::array<uint8_t, 4> pixel(const Kind& kind, int i, int j) {
  const auto at = [&](int s) { return byte_of(kind, stored(kind, i, j, s)); };
  if (kind.colour == PNG_COLOR_TYPE_PALETTE) {
    const unsigned k = stored(kind, i, j, 0);
    const png_color c = palette_entry(k);
    const uint8_t opacity = kind.transparent && k < 2 ? (k == 0 ? 7 : 200) : 255;
    return {c.red, c.green, c.blue, opacity};
  }
  if (kind.colour == PNG_COLOR_TYPE_GRAY) return {at(0), at(0), at(0), 255};
  if (kind.colour == PNG_COLOR_TYPE_GRAY_ALPHA) return {at(0), at(0), at(0), at(1)};
  return {at(0), at(1), at(2), kind.colour == PNG_COLOR_TYPE_RGBA ? at(3) : uint8_t{255}};
}

FileBytes file_of(std::string bytes) { return {.name = "given.png", .version = {}, .bytes = std::move(bytes)}; }

std::vector<Kind> kinds() {
  std::vector<Kind> all;
  for (const bool interlaced : {false, true}) {
    for (int depth : {1, 2, 4, 8, 16}) all.push_back({depth, PNG_COLOR_TYPE_GRAY, interlaced});
    for (int depth : {1, 2, 4, 8}) all.push_back({depth, PNG_COLOR_TYPE_PALETTE, interlaced});
    for (int depth : {8, 16}) {
      for (int colour : {PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGBA, PNG_COLOR_TYPE_GRAY_ALPHA})
        all.push_back({depth, colour, interlaced});
    }
  }
  all.push_back({4, PNG_COLOR_TYPE_PALETTE, false, true});
  return all;
}

void expect_pixels(const Kind& kind, int channels) {
  const Tensor x = read_png(file_of(encode(kind)), {.channels = channels});
  ASSERT_EQ(x.shape(), Shape({channels, kHeight, kWidth}));
  for (int i = 0; i < kHeight; ++i) {
    for (int j = 0; j < kWidth; ++j) {
      const auto want = pixel(kind, i, j);
      const bool grey = want[0] == want[1] && want[1] == want[2];
      for (int c = 0; c < channels; ++c) {
        const unsigned mixed = (19595u * want[0] + 38470u * want[1] + 7471u * want[2] + 32768u) >> 16;
        const unsigned v = channels == 1 ? (grey ? want[0] : mixed) : want[static_cast<size_t>(c)];
        ASSERT_EQ(x[c][i][j].item<uint8_t>(), v) << "depth " << kind.depth << " colour " << kind.colour << " channels "
                                                 << channels << " at " << i << ", " << j;
      }
    }
  }
}

TEST(Png, ReadsEveryKindInEveryWay) {
  for (const Kind& kind : kinds()) {
    for (int channels : {1, 3, 4}) expect_pixels(kind, channels);
    const bool grey = kind.colour == PNG_COLOR_TYPE_GRAY || kind.colour == PNG_COLOR_TYPE_GRAY_ALPHA;
    const bool opaque =
        kind.colour != PNG_COLOR_TYPE_RGBA && kind.colour != PNG_COLOR_TYPE_GRAY_ALPHA && !kind.transparent;
    EXPECT_EQ(read_png(file_of(encode(kind))).size(0), (grey ? 1 : 3) + (opaque ? 0 : 1));
  }
}

std::string refusal(std::string bytes) {
  return error_of<DataError>([&] { read_png(file_of(std::move(bytes))); });
}

TEST(Png, RefusesWhatIsCutOrDamagedInOneLine) {
  const std::string whole = encode({8, PNG_COLOR_TYPE_RGB});
  for (size_t n = 0; n < whole.size(); ++n) EXPECT_THAT(refusal(whole.substr(0, n)), HasSubstr("given.png: ")) << n;
  for (size_t n = 0; n < whole.size(); n += 3) {
    std::string damaged = whole;
    damaged[n] = static_cast<char>(damaged[n] ^ 0x55);
    try {
      read_png(file_of(damaged));
    } catch (const DataError&) {}
  }
  EXPECT_THAT(refusal("GIF89a"), HasSubstr("no PNG file"));
  EXPECT_THROW(read_png(file_of(whole), {.channels = 2}), UsageError);
  EXPECT_THAT(error_of<DataError>([] { read_png("/nonexistent.png"); }), HasSubstr("/nonexistent.png"));
}

TEST(Png, TakesNoMemoryOnAHeadersWord) {
  std::string bytes = encode({16, PNG_COLOR_TYPE_RGBA});
  // 1048576 x 1048576, with the checksum that fits it.
  bytes.replace(16, 8, std::string("\0\x10\0\0\0\x10\0\0", 8));
  const auto crc = [&] {
    uint32_t c = 0xffffffff;
    for (size_t k = 12; k < 29; ++k) {
      c ^= static_cast<uint8_t>(bytes[k]);
      for (int b = 0; b < 8; ++b) c = c >> 1 ^ (c & 1 ? 0xedb88320 : 0);
    }
    return ~c;
  }();
  for (size_t k = 0; k < 4; ++k) bytes[29 + k] = static_cast<char>(crc >> (24 - 8 * k));
  EXPECT_THAT(refusal(bytes), HasSubstr("its header claims 1048576 x 1048576 pixels"));
}

TEST(ImageFolder, NamesEachFileOnceThoughOneCouldNotBeReadAtFirst) {
  const Scratch scratch;
  fs::create_directories(scratch / "set/cat");
  scratch.write("set/cat/a.png", encode({8, PNG_COLOR_TYPE_RGB}));
  scratch.write("set/cat/b.png", "none yet");
  const ImageFolder set(scratch / "set");
  EXPECT_THROW(set.record(), DataError);
  scratch.write("set/cat/b.png", encode({8, PNG_COLOR_TYPE_RGB}));
  EXPECT_EQ(set.record().files.size(), 2u);
}

TEST(ImageFolder, HasAClassASubfolder) {
  const Scratch scratch;
  for (const char* folder : {"set/dog/new", "set/cat", "set/.hidden"}) fs::create_directories(scratch / folder);
  scratch.write("set/dog/new/2.PNG", encode({8, PNG_COLOR_TYPE_GRAY}));
  scratch.write("set/dog/1.png", encode({8, PNG_COLOR_TYPE_RGB}));
  scratch.write("set/cat/b.png", encode({8, PNG_COLOR_TYPE_RGBA}));
  scratch.write("set/cat/notes.txt", "none");
  Announcements announced;
  const ImageFolder set(scratch / "set");
  EXPECT_THAT(set.classes(), ElementsAre("cat", "dog"));
  EXPECT_THAT(set.labels().to_vector<int64_t>(), ElementsAre(0, 1, 1));
  EXPECT_EQ(set.path(2).filename(), "2.PNG");
  const auto [x, y] = set.get(1);
  EXPECT_EQ(x.shape(), Shape({3, kHeight, kWidth}));
  EXPECT_EQ(y.item<int64_t>(), 1);
  EXPECT_EQ(x[1][2][3].item<float>(), static_cast<float>(pixel({8, PNG_COLOR_TYPE_RGB}, 2, 3)[1]) / 255.0f);
  ASSERT_EQ(announced.records.size(), 1u);
  const DatasetRecord record = announced.records[0];
  EXPECT_EQ(record.name, "set");
  EXPECT_EQ(record.samples, 3);
  EXPECT_EQ(record.files.size(), 3u);
  EXPECT_EQ(record.samples_sha256.size(), 64u);
  EXPECT_EQ(ImageFolder(scratch / "set").record().samples_sha256, record.samples_sha256);
  EXPECT_NE(ImageFolder(scratch / "set", {.channels = 1}).record().samples_sha256, record.samples_sha256);
  scratch.write("set/cat/b.png", encode({8, PNG_COLOR_TYPE_GRAY}));
  EXPECT_NE(ImageFolder(scratch / "set").record().samples_sha256, record.samples_sha256);
}

TEST(ImageFolder, NamesWhatIsMissing) {
  const Scratch scratch;
  EXPECT_THAT(error_of<DataError>([&] { ImageFolder(scratch / "none"); }), HasSubstr("none: No such file"));
  fs::create_directories(scratch / "set");
  EXPECT_THAT(error_of<DataError>([&] { ImageFolder(scratch / "set"); }), HasSubstr("set: has no subfolder"));
  fs::create_directories(scratch / "set/cat");
  EXPECT_THAT(error_of<DataError>([&] { ImageFolder(scratch / "set"); }), HasSubstr("cat: no PNG file"));
  scratch.write("set/cat/1.png", "none");
  const ImageFolder set(scratch / "set");
  EXPECT_THAT(error_of<DataError>([&] { set.get(0); }), HasSubstr("1.png: cut, damaged or no PNG file"));
  EXPECT_THROW(set.get(1), UsageError);
}

}  // namespace
}  // namespace stet::data
