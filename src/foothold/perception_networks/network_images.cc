// SPDX-License-Identifier: Apache-2.0
#include "foothold/perception_networks/network_images.h"

#include <algorithm>
#include <cmath>

#include "foothold/base/error.h"
#include "foothold/base/parallel.h"
#include "foothold/networks/exported/exported_module.h"
#include "foothold/networks/tensor.h"
#include "foothold/video/video.h"

namespace foothold {
namespace {

[[noreturn]] void FailOnCard(const ExportedModule& module, const std::string& what) {
  throw Error(ErrorKind::kBadInput, CardPathOf(module.path()) + ": " + what);
}

const std::vector<Axis>& InputShape(const ExportedModule& module) { return module.card().inputs[0].shape; }

// Whole picture onto whole picture, edges onto edges.
ImageTransform Stretched(int width, int height, int to_width, int to_height) {
  ImageTransform t{width, height, to_width, to_height};
  t.scale_x = static_cast<double>(to_width) / width;
  t.scale_y = static_cast<double>(to_height) / height;
  t.offset_x_px = 0.5 * t.scale_x - 0.5;
  t.offset_y_px = 0.5 * t.scale_y - 0.5;
  return t;
}

ImageTransform AtTopLeft(int width, int height, int to_width, int to_height) {
  const double scale =
      std::min(static_cast<double>(to_width) / width, static_cast<double>(to_height) / height);
  ImageTransform t{width, height, to_width, to_height};
  t.scale_x = t.scale_y = scale;
  t.offset_x_px = t.offset_y_px = 0.5 * scale - 0.5;
  return t;
}

int WholeSetting(const ExportedModule& module, const std::string& name, int max) {
  const double value = module.card().settings.at(name);
  if (!(value >= 1 && value <= max) || value != std::floor(value)) {
    FailOnCard(module, "settings: " + name + " must be a whole number from 1 to " + std::to_string(max));
  }
  return static_cast<int>(value);
}

// Multiples of `multiple` in about the given shape, at most `area` pixels: first rounded, then the side that
// is too long for the shape gives way.
void SizeInMultiples(int width, int height, int multiple, int area, int* columns, int* rows) {
  const double scale = std::sqrt(static_cast<double>(area) / (static_cast<double>(width) * height));
  int k = std::max(1, static_cast<int>(std::lround(width * scale / multiple)));
  int m = std::max(1, static_cast<int>(std::lround(height * scale / multiple)));
  const auto too_many = [&] { return static_cast<int64_t>(k) * m * multiple * multiple > area; };
  while (too_many() && k * m > 1) {
    if (m == 1 || (k > 1 && static_cast<double>(k) / m > static_cast<double>(width) / height)) {
      --k;
    } else {
      --m;
    }
  }
  *columns = k * multiple;
  *rows = m * multiple;
}

}  // namespace

ImageTransform NetworkPicture(const ExportedModule& module, int width, int height) {
  const Axis& rows = InputShape(module)[2];
  const Axis& columns = InputShape(module)[3];
  if (rows.is_symbol() != columns.is_symbol()) {
    FailOnCard(module, "inputs: give both sides of the pictures as numbers, or name both");
  }
  if (!rows.is_symbol()) {
    if (rows.size < 1 || columns.size < 1 || rows.size > 1 << 14 || columns.size > 1 << 14) {
      FailOnCard(module, "inputs: the sides of the pictures must be 1 to 16384");
    }
    return AtTopLeft(width, height, static_cast<int>(columns.size), static_cast<int>(rows.size));
  }
  const int multiple = WholeSetting(module, "multiple_px", 1024);
  const int area = WholeSetting(module, "max_area_px", 1 << 26);
  int network_width = 0, network_height = 0;
  SizeInMultiples(width, height, multiple, area, &network_width, &network_height);
  return Stretched(width, height, network_width, network_height);
}

SquareCrop CropOf(const ExportedModule& module, const Box& box_px, int width, int height) {
  const Axis& declared = InputShape(module)[2];
  const int side =
      declared.is_symbol() ? WholeSetting(module, "side_px", 4096) : static_cast<int>(declared.size);
  const double box_scale = module.card().settings.at("box_scale");
  if (!(box_scale >= 0.5 && box_scale <= 10)) FailOnCard(module, "settings: box_scale must be 0.5 to 10");
  if (side < 1 || side > 4096) FailOnCard(module, "inputs: the side of the crops must be 1 to 4096");
  SquareCrop crop;
  crop.side_px = box_scale * std::max(box_px.width, box_px.height);
  const double scale = side / std::max(crop.side_px, 1e-3);
  crop.crop_from_picture = {width, height, side, side};
  crop.crop_from_picture.scale_x = crop.crop_from_picture.scale_y = scale;
  crop.crop_from_picture.offset_x_px = 0.5 * (side - 1) - scale * (box_px.x + 0.5 * box_px.width);
  crop.crop_from_picture.offset_y_px = 0.5 * (side - 1) - scale * (box_px.y + 0.5 * box_px.height);
  return crop;
}

at::Tensor PictureTensor(const ImageU8& rgb) {
  FOOTHOLD_CHECK(rgb.channels == 3 && !rgb.empty(), "a picture without colour");
  const at::Tensor bytes =
      at::from_blob(const_cast<uint8_t*>(rgb.data.data()), {rgb.height, rgb.width, 3}, at::dtype(at::kByte));
  return (bytes.permute({2, 0, 1}).to(at::kFloat) / 255).contiguous();
}

void RunOverPictures(const ExportedModule& module,
                     int count,
                     int batch,
                     int threads,
                     const std::function<ImageU8(int)>& picture,
                     const std::function<void(int, const PictureOutputs&)>& use) {
  const Axis& declared = InputShape(module)[0];
  const int size = declared.is_symbol() ? batch : static_cast<int>(declared.size);
  if (size < 1 || size > 4096) FailOnCard(module, "inputs: N must be 1 to 4096");
  const std::string input = module.card().inputs[0].name;
  ParallelFor((count + size - 1) / size, threads, [&](int call) {
    UseOneTorchThread();
    const int begin = call * size, end = std::min(count, begin + size);
    std::map<std::string, at::Tensor> outputs;
    TranslateTorchErrors(module.path(), [&] {
      std::vector<at::Tensor> pictures;
      for (int k = begin; k < end; ++k) pictures.push_back(PictureTensor(picture(k)));
      while (!declared.is_symbol() && static_cast<int>(pictures.size()) < size) {
        pictures.push_back(at::zeros_like(pictures[0]));
      }
      outputs = module.Run({{input, at::stack(pictures)}});
    });
    for (int k = begin; k < end; ++k) {
      PictureOutputs of_picture;
      for (const auto& [name, tensor] : outputs) of_picture[name] = tensor[k - begin];
      use(k, of_picture);
    }
  });
}

}  // namespace foothold
