// PNG files.
#pragma once

#include <filesystem>

#include "stet/data/files.h"
#include "stet/tensor/tensor.h"

namespace stet::data {

struct PngOptions {
  /// 0: as the file has them; 1: grey, of colours as (19595 R + 38470 G + 7471 B + 2^15) >> 16 (ITU-R BT.601); 3: red,
  /// green and blue; 4: and opacity. Opacity that isn't asked for is left out, and 255 where the file has none.
  int channels = 0;
};

/// Reads a PNG file's pixels, uint8 [C, H, W]: of any kind, interlaced too; palettes are looked up, 16 bits rounded to
/// 8, fewer spread over 0 … 255. Colours are as they are stored, whatever gamma or profile the file names. Throws
/// DataError in one line that names the file: it is missing, cut or damaged, or its header claims more pixels than its
/// bytes can hold.
Tensor read_png(const std::filesystem::path& path, const PngOptions& options = {});
/// The same of a file's bytes.
Tensor read_png(const FileBytes& file, const PngOptions& options = {});

}  // namespace stet::data
