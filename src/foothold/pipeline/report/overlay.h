// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/scene/body.h"
#include "foothold/scene/image.h"
#include "labels/label.h"

namespace foothold::report {

struct FramePicture {
  int frame = 0;  // In the clip.
  ImageU8 rgb;
};

// Frames of the clip, spread evenly, with the bodies of the label drawn over them as shaded meshes. The
// video is read once, from its start. Throws Error(kBadInput) when it cannot be read.
std::vector<FramePicture> MakeOverlays(const labels::Label& label,
                                       const std::string& video_path,
                                       const BodyModel& body,
                                       int count,
                                       int width_px);

// Draws the bodies of one frame over `picture_rgb`, a resized source frame.
void DrawBodies(const labels::Label& label, const BodyModel& body, int frame, ImageU8* picture_rgb);

// Never enlarges.
ImageU8 ResizeToWidth(const ImageU8& source_rgb, int width_px);

// Pixel of the source image where a point in the camera frame appears: pinhole, lens, then the
// inverse of the working image's transform. False when it is behind the camera or beyond the radius
// where the lens model turns back.
bool ProjectToSource(const labels::Label& label, const Vec3d& x_in_cam, Vec2d* source_px);

}  // namespace foothold::report
