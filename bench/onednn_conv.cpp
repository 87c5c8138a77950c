#include "onednn_conv.h"

#ifndef STET_BENCH_ONEDNN

std::function<void()> onednn_conv(const stet::Window&, Pass, int) { return {}; }

#else

#include <omp.h>

#include <dnnl.hpp>
#include <memory>
#include <unordered_map>
#include <utility>

namespace {

using dnnl::memory;
using Arguments = std::unordered_map<int, memory>;

memory filled(const memory::desc& desc, const dnnl::engine& engine) {
  memory m(desc, engine);
  auto* data = static_cast<float*>(m.get_data_handle());
  for (size_t i = 0; i < desc.get_size() / sizeof(float); ++i) data[i] = static_cast<float>(i % 17) / 17 - 0.5f;
  return m;
}

template <class Primitive>
std::function<void()> call(Primitive primitive, dnnl::engine engine, Arguments arguments, int threads) {
  return [=, stream = std::make_shared<dnnl::stream>(engine)] {
    omp_set_num_threads(threads);
    primitive.execute(*stream, arguments);
    stream->wait();
  };
}

}  // namespace

std::function<void()> onednn_conv(const stet::Window& s, Pass pass, int threads) {
  omp_set_num_threads(threads);
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  const auto any = [](memory::dims dims) {
    return memory::desc(dims, memory::data_type::f32, memory::format_tag::any);
  };
  const memory::desc x = any({s.n, s.c, s.h, s.w}), weight = any({s.co, s.c, s.kh, s.kw});
  const memory::desc y = any({s.n, s.co, s.out_h(), s.out_w()});
  const memory::dims stride = {s.stride_h, s.stride_w}, pad = {s.pad_h, s.pad_w};
  const auto direct = dnnl::algorithm::convolution_direct;
  const dnnl::convolution_forward::primitive_desc forward(
      {dnnl::prop_kind::forward_training, direct, x, weight, y, stride, pad, pad}, engine);
  if (pass == Pass::forward) {
    return call(dnnl::convolution_forward(forward), engine,
                {{DNNL_ARG_SRC, filled(forward.src_desc(), engine)},
                 {DNNL_ARG_WEIGHTS, filled(forward.weights_desc(), engine)},
                 {DNNL_ARG_DST, filled(forward.dst_desc(), engine)}},
                threads);
  }
  if (pass == Pass::input_gradient) {
    const dnnl::convolution_backward_data::primitive_desc back({direct, x, weight, y, stride, pad, pad}, engine,
                                                               forward);
    return call(dnnl::convolution_backward_data(back), engine,
                {{DNNL_ARG_DIFF_SRC, filled(back.diff_src_desc(), engine)},
                 {DNNL_ARG_WEIGHTS, filled(back.weights_desc(), engine)},
                 {DNNL_ARG_DIFF_DST, filled(back.diff_dst_desc(), engine)}},
                threads);
  }
  const dnnl::convolution_backward_weights::primitive_desc back({direct, x, weight, y, stride, pad, pad}, engine,
                                                                forward);
  return call(dnnl::convolution_backward_weights(back), engine,
              {{DNNL_ARG_SRC, filled(back.src_desc(), engine)},
               {DNNL_ARG_DIFF_WEIGHTS, filled(back.diff_weights_desc(), engine)},
               {DNNL_ARG_DIFF_DST, filled(back.diff_dst_desc(), engine)}},
              threads);
}

#endif
