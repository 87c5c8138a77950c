// The op catalogue. Every op has a gradient where its result is floating; docs/numerics.md defines each to the bit.
// Floating inputs of one op must have one dtype; shapes broadcast by NumPy's rule where two inputs meet element by
// element.
#pragma once

#include "stet/tensor/ops/activations.h"
#include "stet/tensor/ops/attention.h"
#include "stet/tensor/ops/convolution.h"
#include "stet/tensor/ops/elementwise.h"
#include "stet/tensor/ops/index_ops.h"
#include "stet/tensor/ops/lstm.h"
#include "stet/tensor/ops/nonzero.h"
#include "stet/tensor/ops/norm.h"
#include "stet/tensor/ops/pooling.h"
#include "stet/tensor/ops/products.h"
#include "stet/tensor/ops/random_ops.h"
#include "stet/tensor/ops/reduce.h"
#include "stet/tensor/ops/shape_ops.h"
#include "stet/tensor/ops/softmax.h"
