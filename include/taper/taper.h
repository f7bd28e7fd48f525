/** @file taper.h
 *  All of Taper in one include.
 */
#ifndef TAPER_TAPER_H
#define TAPER_TAPER_H

#include <taper/autograd.h>
#include <taper/check.h>
#include <taper/checkpoint.h>
#include <taper/data.h>
#include <taper/deploy.h>
#include <taper/doctor.h>
#include <taper/error.h>
#include <taper/events.h>
#include <taper/export.h>
#include <taper/image.h>
#include <taper/init.h>
#include <taper/io.h>
#include <taper/loss.h>
#include <taper/memory.h>
#include <taper/metrics.h>
#include <taper/models.h>
#include <taper/nn.h>
#include <taper/numpy.h>
#include <taper/onnx.h>
#include <taper/ops.h>
#include <taper/optim.h>
#include <taper/plot.h>
#include <taper/random.h>
#include <taper/report.h>
#include <taper/runtime.h>
#include <taper/schedule.h>
#include <taper/tensor.h>
#include <taper/train.h>
#include <taper/train_report.h>
#include <taper/transforms.h>
#include <taper/tune.h>
#include <taper/values.h>
#include <taper/vision.h>

#endif
