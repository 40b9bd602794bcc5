// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "foothold/scene/clip.h"
#include "foothold/scene/image.h"
#include "foothold/scene/observations.h"

namespace at {
class Tensor;
}

namespace foothold {

class ExportedModule;

// The picture that a network over whole pictures sees, from one of this size. A card that gives H and W: the
// picture in equal scale at the top left, black beside it. A card that names them: stretched to multiples of
// multiple_px, in about its own shape, with at most max_area_px pixels. Throws Error(kBadInput) for a card
// that gives one side only, or settings that leave no size.
ImageTransform NetworkPicture(const ExportedModule& module, int width, int height);

// A square around the middle of a box, settings.box_scale times as long as the box's longer side, with black
// where it leaves the picture; and its side in pixels of the picture.
struct SquareCrop {
  ImageTransform crop_from_picture;
  double side_px = 0;
};
SquareCrop CropOf(const ExportedModule& module, const Box& box_px, int width, int height);

// [3, H, W] float32, 0 to 1.
at::Tensor PictureTensor(const ImageU8& rgb);

// Runs a module over `count` pictures, `batch` at a time (a card that gives N: as many, the last call filled
// up with black), `threads` calls at once; LibTorch keeps to one thread in each. `picture(k)` makes the
// picture that the network sees. `use(k, outputs)` gets the outputs of picture k without the axis N; calls
// come from several threads, one for each k.
using PictureOutputs = std::map<std::string, at::Tensor>;
void RunOverPictures(const ExportedModule& module,
                     int count,
                     int batch,
                     int threads,
                     const std::function<ImageU8(int)>& picture,
                     const std::function<void(int, const PictureOutputs&)>& use);

}  // namespace foothold
