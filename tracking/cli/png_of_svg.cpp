#include "stet/tracking/cli/png_of_svg.h"

#include "stet/tensor/error.h"

#ifdef STET_HAS_RSVG
#include <librsvg/rsvg.h>

#include <cmath>
#include <memory>
#endif

namespace stet::tracking::cli {

#ifdef STET_HAS_RSVG

namespace {

constexpr double kLargest = 16384;  // points a side

template <auto free> struct Free {
  void operator()(auto* thing) const { free(thing); }
};

cairo_status_t append(void* out, const unsigned char* bytes, unsigned int count) {
  static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(bytes), count);
  return CAIRO_STATUS_SUCCESS;
}

}  // namespace

std::string png_of_svg(const std::string& svg, int scale) {
  const auto fail = [](const char* why) { raise<DataError>("plot: the picture could not be drawn: {}", why); };
  const std::unique_ptr<RsvgHandle, Free<g_object_unref>> drawing(
      rsvg_handle_new_from_data(reinterpret_cast<const guint8*>(svg.data()), svg.size(), nullptr));
  double width = 0, height = 0;
  if (!drawing || !rsvg_handle_get_intrinsic_size_in_pixels(drawing.get(), &width, &height)) fail("its SVG is none");
  width = std::ceil(width * scale), height = std::ceil(height * scale);
  if (!(width <= kLargest && height <= kLargest))
    raise("plot: a picture of {:.0f} x {:.0f} points is too large; draw fewer charts, or with a smaller --scale", width,
          height);
  const std::unique_ptr<cairo_surface_t, Free<cairo_surface_destroy>> surface(
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(width), static_cast<int>(height)));
  const std::unique_ptr<cairo_t, Free<cairo_destroy>> pen(cairo_create(surface.get()));
  const RsvgRectangle all{0, 0, width, height};
  if (!rsvg_handle_render_document(drawing.get(), pen.get(), &all, nullptr)) fail("librsvg gave up");
  std::string png;
  if (const cairo_status_t status = cairo_surface_write_to_png_stream(surface.get(), append, &png))
    fail(cairo_status_to_string(status));
  return png;
}

#else

std::string png_of_svg(const std::string&, int) {
  throw UsageError(
      "plot: this build draws no PNG: librsvg was not there when it was built (cmake/setup.sh installs it); give --to "
      "a "
      "name that ends in .svg");
}

#endif

}  // namespace stet::tracking::cli
