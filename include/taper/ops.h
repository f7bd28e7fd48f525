/** @file ops.h
 *  All operations on tensors.
 */
#ifndef TAPER_OPS_H
#define TAPER_OPS_H

#include <taper/ops/conv.h>
#include <taper/ops/conv_block.h>
#include <taper/ops/dropout.h>
#include <taper/ops/elementwise.h>
#include <taper/ops/embedding.h>
#include <taper/ops/index.h>
#include <taper/ops/matmul.h>
#include <taper/ops/norm.h>
#include <taper/ops/pad.h>
#include <taper/ops/pool.h>
#include <taper/ops/reduce.h>
#include <taper/ops/resample.h>
#include <taper/ops/shape.h>
#include <taper/ops/sort.h>

#endif
