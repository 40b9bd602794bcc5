// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "foothold/geometry/camera.h"
#include "foothold/scene/clip.h"
#include "foothold/scene/image.h"
#include "foothold/scene/observations.h"

namespace foothold {

// The student's picture of a label: the undistorted working image, enlarged or reduced by one scale until it
// covers width x height, and cropped about its centre. Training and prediction share it.

// student = scale * undistorted + offset, pixels at integer centres.
ImageTransform MakeStudentView(int working_width, int working_height, int width, int height);

Pinholed InStudentView(const Pinholed& pinhole, const ImageTransform& view);
// Boxes count from the corner of the picture, in labels (a box of pixel 0 alone is 0 to 1) as in the network:
// half a pixel from points. The result may leave the picture.
Box InStudentView(const Box& box_px, const ImageTransform& view);
// Share of the box's area that is in a picture of the given size.
double VisibleShare(const Box& box_px, int width, int height);

// Working image without lens distortion (bilinear; black where the lens saw nothing).
ImageU8 Undistort(const ImageU8& working, const Pinholed& pinhole, const RadialDistortiond& lens);

// Nearest values, because a mean of depths across an edge lies on no surface. 0 outside.
ImageF NearestInStudentView(const ImageF& undistorted, const ImageTransform& view);

}  // namespace foothold
