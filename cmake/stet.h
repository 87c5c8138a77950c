// Everything that a program which trains a model needs.
#pragma once

#include "stet/data/augment.h"
#include "stet/data/csv.h"
#include "stet/data/dataset.h"
#include "stet/data/digits.h"
#include "stet/data/evaluate.h"
#include "stet/data/fingerprint.h"
#include "stet/data/idx.h"
#include "stet/data/in_memory.h"
#include "stet/data/loader.h"
#include "stet/data/mnist.h"
#include "stet/data/split.h"
#include "stet/data/transforms.h"
#include "stet/tensor/autograd.h"
#include "stet/tensor/ops.h"
#include "stet/tracking/run.h"
