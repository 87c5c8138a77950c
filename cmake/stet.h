// Everything that a program which trains a model needs.
#pragma once

#include "stet/data/dataset.h"
#include "stet/data/evaluate.h"
#include "stet/data/idx.h"
#include "stet/data/in_memory.h"
#include "stet/data/loader.h"
#include "stet/data/mnist.h"
#include "stet/data/split.h"
