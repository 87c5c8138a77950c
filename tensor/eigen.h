// Tensors and Eigen's matrices. Not part of stet.h: a program that includes this needs Eigen.
#pragma once

#include <Eigen/Core>

#include "stet/tensor/error.h"
#include "stet/tensor/tensor.h"

namespace stet {

template <class T> using EigenMatrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T> using EigenMap = Eigen::Map<const EigenMatrix<T>, 0, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>>;

/// A [rows, columns] tensor of T on the CPU as an Eigen matrix, without a copy; a vector [n] is a row. Strided views
/// are fine. The tensor must outlive the map. Throws UsageError on another rank, dtype or device.
template <class T> EigenMap<T> as_eigen(const Tensor& t) {
  if (t.dtype() != dtype_of<T>)
    raise("as_eigen: the tensor holds {}, not {}", name_of(t.dtype()), name_of(dtype_of<T>));
  if (t.device() != cpu) raise("as_eigen: the tensor is on {}; use to(cpu) first", t.device().to_string());
  if (t.rank() != 1 && t.rank() != 2) raise("as_eigen: {} is neither a vector nor a matrix", t.shape().to_string());
  const Strides& s = t.strides();
  const int64_t rows = t.rank() == 1 ? 1 : t.size(0);
  return EigenMap<T>(t.data_as<T>(), rows, t.size(-1), {t.rank() == 1 ? t.size(0) : s.front(), s.back()});
}

/// A matrix or expression of Eigen as a tensor [rows, columns]: one copy, into row-major memory.
template <class Derived> Tensor from_eigen(const Eigen::DenseBase<Derived>& matrix) {
  using T = typename Derived::Scalar;
  Tensor t = Tensor::uninitialized({matrix.rows(), matrix.cols()}, dtype_of<T>);
  Eigen::Map<EigenMatrix<T>>(t.mutable_data_as<T>(), matrix.rows(), matrix.cols()) = matrix;
  return t;
}

}  // namespace stet
