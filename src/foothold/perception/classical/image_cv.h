// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <opencv2/core.hpp>

#include "foothold/scene/image.h"

// Views of our images as OpenCV matrices, without copying. For .cc files of this module only.
namespace foothold {

inline cv::Mat AsMat(ImageU8& image) {
  return cv::Mat(image.height, image.width, CV_8UC(image.channels), image.data.data());
}
inline cv::Mat AsMat(ImageF& image) {
  return cv::Mat(image.height, image.width, CV_32FC(image.channels), image.data.data());
}
// Read-only by agreement: OpenCV has no constant matrices.
inline const cv::Mat AsMat(const ImageU8& image) { return AsMat(const_cast<ImageU8&>(image)); }
inline const cv::Mat AsMat(const ImageF& image) { return AsMat(const_cast<ImageF&>(image)); }

}  // namespace foothold
