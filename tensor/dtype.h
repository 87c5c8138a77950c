// Element types, and the one way from a dtype to code for its C++ type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace stet {

/// Type of a tensor's elements. bfloat16 and float16 are planned: nothing may assume that an element is a float.
enum class DType : uint8_t { float32, float64, int32, int64, uint8, boolean };

/// Bytes of one element.
constexpr size_t size_of(DType t) {
  switch (t) {
    case DType::float32:
    case DType::int32: return 4;
    case DType::float64:
    case DType::int64: return 8;
    case DType::uint8:
    case DType::boolean: return 1;
  }
  return 0;
}

/// "float32", "float64", "int32", "int64", "uint8" or "bool": the names that records and checkpoints use.
constexpr std::string_view name_of(DType t) {
  switch (t) {
    case DType::float32: return "float32";
    case DType::float64: return "float64";
    case DType::int32: return "int32";
    case DType::int64: return "int64";
    case DType::uint8: return "uint8";
    case DType::boolean: return "bool";
  }
  return "?";
}

constexpr bool is_floating(DType t) { return t == DType::float32 || t == DType::float64; }

template <class T> struct DTypeOf;
template <> struct DTypeOf<float> { static constexpr DType value = DType::float32; };
template <> struct DTypeOf<double> { static constexpr DType value = DType::float64; };
template <> struct DTypeOf<int32_t> { static constexpr DType value = DType::int32; };
template <> struct DTypeOf<int64_t> { static constexpr DType value = DType::int64; };
template <> struct DTypeOf<uint8_t> { static constexpr DType value = DType::uint8; };
template <> struct DTypeOf<bool> { static constexpr DType value = DType::boolean; };

/// The DType of a C++ element type.
template <class T> constexpr DType dtype_of = DTypeOf<T>::value;

/// Throws UsageError that names the dtype, and what is taken: "float32 or float64".
[[noreturn]] void refuse_dtype(DType dtype, const char* taken);

/// visit(T{}) with the C++ type of a dtype, and what it returns. Throws UsageError on a dtype that this program doesn't
/// know.
template <class Visit> auto visit_dtype(DType dtype, const Visit& visit) {
  switch (dtype) {
    case DType::float32: return visit(float{});
    case DType::float64: return visit(double{});
    case DType::int32: return visit(int32_t{});
    case DType::int64: return visit(int64_t{});
    case DType::uint8: return visit(uint8_t{});
    case DType::boolean: return visit(bool{});
  }
  refuse_dtype(dtype, "float32, float64, int32, int64, uint8 or bool");
}

/// The same of float32 and float64. Throws UsageError on any other dtype.
template <class Visit> auto visit_floating(DType dtype, const Visit& visit) {
  if (dtype == DType::float32) return visit(float{});
  if (dtype == DType::float64) return visit(double{});
  refuse_dtype(dtype, "float32 or float64");
}

}  // namespace stet
