// Ops element by element on a GPU against the CPU, bit for bit.
#include <cfenv>
#include <limits>

#include "cuda/compare.h"
#include "stet/tensor/backend.h"
#include "stet/tensor/error.h"

namespace stet {
namespace {

using testing::awkward, testing::device, testing::expect_same, testing::in_orders, testing::Tensors;

constexpr DType kAll[] = {DType::float32, DType::float64, DType::int32, DType::int64, DType::uint8, DType::boolean};
constexpr DType kNumbers[] = {DType::float32, DType::float64, DType::int32, DType::int64, DType::uint8};
const int64_t kSizes[] = {0, 1, 3, 31, 32, 33, 63, 64, 65, 511, 512, 513, 1023, 1024, 1025, 3001};

// Integers with their ends among them.
Tensor values(const Shape& shape, uint64_t seed, DType dtype) {
  const Tensor x = awkward(shape, seed);
  return is_floating(dtype) || dtype == DType::boolean ? x.to(dtype) : (x * 7).to(DType::int64).to(dtype);
}

// The same elements: side by side, transposed, with gaps, from an address that no vector begins at, and stretched.
Tensors layouts(const Tensor& x) {
  const Tensor flat = x.reshape({-1});
  const int64_t n = flat.elements();
  Tensors all{flat, flat.slice(0, n > 0 ? 1 : 0, n), flat.slice(0, 0, n, 3)};
  if (n % 4 == 0) {
    const Tensor table = flat.reshape({4, n / 4});
    all.insert(all.end(), {table.transpose(), table.slice(1, 0, n / 4, 2),
                           broadcast_to(table.reshape({4, 1, n / 4}), {4, 3, n / 4})});
  }
  return all;
}

template <class Op> void expect_same_of_layouts(const Tensor& x, const Op& op) {
  expect_same({x}, [&](const Tensors& t) {
    Tensors results;
    for (const Tensor& view : layouts(t[0])) results.push_back(op(view));
    return results;
  });
}

TEST(CudaElementwise, ConvertsBetweenAllTypes) {
  for (DType from : kAll) {
    Tensor x = values({500}, 1, from);
    if (is_floating(from)) {
      const std::vector<double> edges{255,           255.9,      256,          -0.9,        -1,
                                      0x1p31,        -0x1p31,    0x1p31 - 0.5, 0x1p63,      -0x1p63,
                                      0x1.fffffep62, 2147483520, 1e300,        1 + 0x1p-24, 1 + 0x1.8p-23};
      x = concatenate({x, Tensor::from(edges).to(from)}, 0);
    } else if (from != DType::boolean) {
      const std::vector<int64_t> edges{
          INT64_MAX, INT64_MIN, (int64_t{1} << 60) + 1, INT32_MAX, int64_t{INT32_MAX} + 1, 255, 256, -1};
      x = concatenate({x, Tensor::from(edges).to(from)}, 0);
    }
    for (DType to : kAll) {
      SCOPED_TRACE(std::string(name_of(from)) + " to " + std::string(name_of(to)));
      expect_same_of_layouts(x, [to](const Tensor& t) { return t.to(to); });
    }
  }
}

TEST(CudaElementwise, CopiesAndFills) {
  for (int64_t n : kSizes) {
    for (DType dtype : kAll) {
      SCOPED_TRACE(std::string(name_of(dtype)) + " " + std::to_string(n));
      expect_same_of_layouts(values({n}, 2, dtype), [](const Tensor& t) { return contiguous(t); });
      for (double value : {0.0, -0.0, 1.0, 3.7, -1e10, 1e300, std::numeric_limits<double>::quiet_NaN()}) {
        if (!is_floating(dtype) && value != 0 && value != 1) continue;  // no value of the dtype
        expect_same({values({n}, 2, dtype)},
                    [&](const Tensors& t) { return Tensors{full(t[0].shape(), value, dtype, t[0].device())}; });
      }
    }
  }
}

TEST(CudaElementwise, UnaryOps) {
  for (int64_t n : kSizes) {
    SCOPED_TRACE(n);
    for (DType dtype : kNumbers) {
      const Tensor x = values({n}, 3, dtype);
      for (auto op : {Unary::neg, Unary::abs, Unary::sign, Unary::relu, Unary::sqrt}) {
        if (op == Unary::sqrt && !is_floating(dtype)) continue;
        expect_same({x}, [&](const Tensors& t) {
          const Tensor y = Tensor::uninitialized({n}, dtype, t[0].device());
          backend(y.device()).unary(op, t[0], y);
          return Tensors{y};
        });
      }
    }
    expect_same_of_layouts(values({n}, 3, DType::boolean), [](const Tensor& t) { return !t; });
  }
}

TEST(CudaElementwise, ElementaryFunctions) {
  // Every exponent, and arguments where a function's pieces meet.
  std::vector<float> x = awkward({1000}, 4).to_vector<float>();
  for (uint32_t b = 0; b < 512; ++b) {
    for (uint32_t low : {0u, 1u, 0x400000u, 0x7fffffu, 0x2aaaaau}) x.push_back(std::bit_cast<float>(b << 23 | low));
  }
  for (float v : {88.72284f, 88.7228f, -103.97208f, -104.f, 0.5f, 1.5f, 2.5f, 0.25f, 3.9999f, 4.f, 10.f, 16777217.f,
                  0x1p-12f, 0x1p25f})
    x.push_back(v), x.push_back(-v);
  const Tensor all = Tensor::from(x);
  for (auto f : {exp,   expm1, log, log1p, tanh, sigmoid, erf,  sqrt, sin,  cos,
                 sinpi, cospi, tan, asin,  acos, atan,    sinh, cosh, log2, log10})
    expect_same_of_layouts(all, f);
}

// a and b in all pairs of layouts, y on its own.
template <class Op> void expect_same_of_pairs(const Tensor& a, const Tensor& b, const Op& op) {
  expect_same({a, b}, [&](const Tensors& t) {
    const Tensors p = layouts(t[0]), q = layouts(t[1]);
    Tensors results;
    for (size_t i = 0; i < p.size(); ++i) results.push_back(op(p[i], q[i]));
    // Different layouts, and one element or a row that meets all.
    const int64_t n = t[0].elements();
    if (n > 0)
      results.push_back(op(t[0], t[1].slice(0, 0, 1))),
          results.push_back(op(t[0].reshape({n, 1}), t[1].slice(0, 0, std::min<int64_t>(n, 5))));
    if (n % 4 == 0 && n > 0) {
      const Tensor x = t[0].reshape({4, n / 4}), y = t[1].reshape({n / 4, 4}).transpose();
      results.push_back(op(x, y)), results.push_back(op(x.slice(0, 1, 2), y));
    }
    return results;
  });
}

TEST(CudaElementwise, Arithmetic) {
  for (int64_t n : kSizes) {
    for (DType dtype : kNumbers) {
      SCOPED_TRACE(std::string(name_of(dtype)) + " " + std::to_string(n));
      const Tensor a = values({n}, 5, dtype), b = values({n}, 6, dtype);
      expect_same_of_pairs(a, b, [](const Tensor& p, const Tensor& q) { return p + q; });
      expect_same_of_pairs(a, b, [](const Tensor& p, const Tensor& q) { return p - q; });
      expect_same_of_pairs(a, b, [](const Tensor& p, const Tensor& q) { return p * q; });
      expect_same_of_pairs(a, b, [](const Tensor& p, const Tensor& q) { return maximum(p, q); });
      expect_same_of_pairs(a, b, [](const Tensor& p, const Tensor& q) { return minimum(p, q); });
      const Tensor divisor = is_floating(dtype) ? b : where(b == 0, full({}, 3, dtype), b);
      expect_same_of_pairs(a, divisor, [](const Tensor& p, const Tensor& q) { return p / q; });
      expect_same_of_pairs(a, b, [](const Tensor& p, const Tensor& q) {
        const Shape shape = broadcast_shape("test", p.shape(), q.shape());
        const Tensor y = Tensor::uninitialized(shape, p.dtype(), p.device());
        backend(y.device()).binary(Binary::relu_gradient, broadcast_to(p, shape), broadcast_to(q, shape), y);
        return y;
      });
    }
  }
}

TEST(CudaElementwise, ComparisonsAndLogic) {
  for (int64_t n : kSizes) {
    for (DType dtype : kAll) {
      SCOPED_TRACE(std::string(name_of(dtype)) + " " + std::to_string(n));
      const Tensor a = values({n}, 7, dtype), b = where(values({n}, 8, DType::boolean), a, values({n}, 9, dtype));
      expect_same_of_pairs(a, b, [](const Tensor& p, const Tensor& q) { return p == q; });
      expect_same_of_pairs(a, b, [](const Tensor& p, const Tensor& q) { return p != q; });
      expect_same_of_pairs(a, b, [](const Tensor& p, const Tensor& q) { return p < q; });
      expect_same_of_pairs(a, b, [](const Tensor& p, const Tensor& q) { return p <= q; });
      expect_same_of_pairs(a, b, [](const Tensor& p, const Tensor& q) { return p > q; });
      expect_same_of_pairs(a, b, [](const Tensor& p, const Tensor& q) { return p >= q; });
    }
    const Tensor a = values({n}, 7, DType::boolean), b = values({n}, 8, DType::boolean);
    expect_same_of_pairs(a, b, [](const Tensor& p, const Tensor& q) { return p && q; });
    expect_same_of_pairs(a, b, [](const Tensor& p, const Tensor& q) { return p || q; });
  }
}

TEST(CudaElementwise, Where) {
  for (int64_t n : kSizes) {
    for (DType dtype : kAll) {
      SCOPED_TRACE(std::string(name_of(dtype)) + " " + std::to_string(n));
      const Tensor condition = values({n}, 10, DType::boolean), a = values({n}, 11, dtype), b = values({n}, 12, dtype);
      expect_same({condition, a, b}, [&](const Tensors& t) {
        Tensors results{where(t[0], t[1], t[2])};
        if (n > 0)
          results.push_back(
              where(t[0].reshape({n, 1}), t[1].slice(0, 0, 1), t[2].slice(0, 0, std::min<int64_t>(n, 3))));
        return results;
      });
    }
  }
}

template <class E, class Call> void expect_error(const std::string& message, const Call& call) {
  try {
    call();
    ADD_FAILURE() << "no error, not: " << message;
  } catch (const E& e) { EXPECT_EQ(std::string(e.what()).substr(0, message.size()), message); }
}

TEST(CudaElementwise, NumbersBesideTensorsAreRoundedAsTheContractSays) {
  const Tensor x = ones({1}, DType::float32, device());
  std::fesetround(FE_UPWARD);
  const Tensor product = x * 0.7;
  const float number = full({}, 0.7, DType::float64).item<float>();
  std::fesetround(FE_TONEAREST);
  EXPECT_EQ(product.item<float>(), 0.7f);
  EXPECT_EQ(number, 0.7f);
}

TEST(CudaElementwise, RefusesIntegerDivisionByZeroAtTheNextWait) {
  for (DType dtype : {DType::int32, DType::int64, DType::uint8}) {
    const Tensor a = full({100}, 7, dtype, device()), b = (arange(100) - 50).to(dtype).to(device());
    expect_error<DataError>("div: integer division by zero", [&] { (a / b).to(cpu); });
    EXPECT_EQ((a + b).to(cpu).to(DType::int64).to_vector<int64_t>()[50], 7) << "nothing is left of it";
  }
  // The least number by -1 wraps.
  expect_same({Tensor::from(std::vector<int64_t>{INT64_MIN, 5})},
              [](const Tensors& t) { return Tensors{t[0] / full({}, -1, DType::int64, t[0].device())}; });
}

TEST(CudaElementwise, RefusesWhatHasNoKernel) {
  const Tensor x = ones({3}, DType::float64, device());
  expect_error<UsageError>("an elementary function of float64: there is no kernel for device cuda:0", [&] { exp(x); });
  expect_error<UsageError>("pow of float64: there is no kernel for device cuda:0", [&] { pow(x, x); });
}

TEST(CudaPow, OfSpecialValues) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  std::vector<float> some{
      0,           0.25f,       0.5f,    1,       1.5f,         2,      3,      4,    5,           0x1p23f,
      0x1p23f + 1, 0x1p24f - 1, 0x1p24f, 0x1p25f, 3.4e38f,      1e-45f, 1e-38f, kInf, 0.99999994f, 1.0000001f,
      88,          149,         150,     128,     std::nanf("")};
  for (size_t i = 0, n = some.size(); i < n; ++i) some.push_back(-some[i]);
  const Tensor x = Tensor::from(some);
  expect_same({x}, [n = x.elements()](const Tensors& t) { return Tensors{pow(t[0].reshape({n, 1}), t[0])}; });
}

TEST(CudaPow, RoundsTiesAndWhatComesNearToThem) {
  in_orders([] {
    // Exact results and ties, more than come back at once; then numbers of all magnitudes.
    std::vector<float> x, y;
    for (int i = 1; i < 2000; i += 2) {
      x.insert(x.end(), {static_cast<float>(4096 + i), static_cast<float>(i), -static_cast<float>(i),
                         static_cast<float>(i * i)});
      y.insert(y.end(), {2, 3, 5, 1.5f});
    }
    expect_same({Tensor::from(x), Tensor::from(y)}, [](const Tensors& t) {
      return Tensors{pow(t[0], t[1]), pow(t[0].slice(0, 0, 4), t[1].slice(0, 0, 4)),
                     pow(t[0].slice(0, 0, 4000, 4), 2.0)};
    });
    const Tensor a = abs(awkward({3000}, 1)), b = awkward({3000}, 2);
    expect_same({a, b}, [](const Tensors& t) {
      return Tensors{pow(t[0], t[1]), pow(t[1], t[0]), pow(t[0].reshape({60, 50}).transpose(), t[1].slice(0, 0, 60))};
    });
  });
}

TEST(CudaPow, MayPutResultsOverItsInputs) {
  std::vector<float> x;
  for (int i = 0; i < 1000; ++i) x.push_back(static_cast<float>(4097 + 2 * i));
  expect_same({Tensor::from(x), full({1000}, 2)}, [](const Tensors& t) {
    const Tensor base = contiguous(t[0] * 1), power = contiguous(t[1] * 1);
    backend(base.device()).binary(Binary::pow, base, t[1], base);
    backend(base.device()).binary(Binary::pow, t[0], power, power);
    return Tensors{base, power};
  });
}

}  // namespace
}  // namespace stet
