// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core.hpp>

#include "foothold/scene/image.h"

// Inside the video module only: what its files share of OpenCV.
namespace foothold::video_internal {

// Once per process, before any other call: one decoding thread (frame threads change neither pixels
// nor order, but ranks already fill the cores), and libraries that keep quiet on damaged files.
void PrepareOpencv();

ImageU8 RgbFromBgr(const cv::Mat& bgr);

}  // namespace foothold::video_internal
