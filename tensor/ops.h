// The op catalogue. Every op has a gradient where its result is floating; docs/numerics.md defines each to the bit.
// Floating inputs of one op must have one dtype; shapes broadcast by NumPy's rule where two inputs meet element by
// element.
#pragma once

#include "stet/tensor/ops/activations.h"
#include "stet/tensor/ops/assignment.h"
#include "stet/tensor/ops/attention.h"
#include "stet/tensor/ops/convolution.h"
#include "stet/tensor/ops/einsum.h"
#include "stet/tensor/ops/elementwise.h"
#include "stet/tensor/ops/index_ops.h"
#include "stet/tensor/ops/lstm.h"
#include "stet/tensor/ops/masks.h"
#include "stet/tensor/ops/nonzero.h"
#include "stet/tensor/ops/norm.h"
#include "stet/tensor/ops/padding.h"
#include "stet/tensor/ops/parts.h"
#include "stet/tensor/ops/pooling.h"
#include "stet/tensor/ops/products.h"
#include "stet/tensor/ops/random_ops.h"
#include "stet/tensor/ops/ranges.h"
#include "stet/tensor/ops/reduce.h"
#include "stet/tensor/ops/reorder.h"
#include "stet/tensor/ops/repeat.h"
#include "stet/tensor/ops/shape_ops.h"
#include "stet/tensor/ops/softmax.h"
#include "stet/tensor/ops/statistics.h"
#include "stet/tensor/ops/unfold.h"
