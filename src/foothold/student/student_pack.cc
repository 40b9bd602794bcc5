// SPDX-License-Identifier: Apache-2.0
#include "foothold/student/student_pack.h"

#include "foothold/base/error.h"
#include "foothold/student/pack_tensors.h"

namespace foothold {
namespace {

const uint8_t* PixelsOf(const SafetensorsFile& file,
                        const std::string& name,
                        TensorType type,
                        const std::vector<int64_t>& shape) {
  const TensorView& view = file.Tensor(name);
  const bool aligned = reinterpret_cast<uintptr_t>(view.bytes) % BytesOf(type) == 0;
  if (view.type != type || view.shape != shape || !aligned) {
    throw Error(ErrorKind::kBadInput,
                file.origin() + ": tensor '" + name + "' is " + NameOf(view.type) + " " +
                    FormatShape(view.shape) + ", expected " + NameOf(type) + " " + FormatShape(shape) +
                    "; delete the pack, and it is made again");
  }
  return view.bytes;
}

void RequireChecksum(const SafetensorsFile& file, PackPart part) {
  const std::string key = ChecksumKey(part);
  const auto found = file.metadata().find(key);
  if (found != file.metadata().end() && found->second == ChecksumOf(file.tensors(), file.metadata(), part))
    return;
  throw Error(ErrorKind::kBadInput,
              file.origin() + ": " + key +
                  ": checksum differs: the pack was damaged; delete it, and it is made again")
      .WithReason("file_corrupt");
}

}  // namespace

StudentPack::StudentPack(const std::string& path) : file_(path) {
  RequireChecksum(file_, PackPart::kFacts);
  clip_ = ClipOf(file_);
  const auto pictures = static_cast<int64_t>(clip_.pictures.size());
  const auto keyframes = static_cast<int64_t>(clip_.keyframes.size());
  const int64_t width = clip_.width, height = clip_.height;
  rgb_ = PixelsOf(file_, "pixels/rgb", TensorType::kU8, {pictures, height, width, 3});
  people_ = PixelsOf(file_, "pixels/people", TensorType::kU8, {pictures, height * width / 8});
  // The file puts tensors of larger items first, each aligned.
  depth_ = reinterpret_cast<const uint16_t*>(
      PixelsOf(file_, "pixels/depth_m", TensorType::kF16, {keyframes, height, width}));
  confidence_ = PixelsOf(file_, "pixels/confidence", TensorType::kU8, {keyframes, height, width});
}

void StudentPack::VerifyPixels() const { RequireChecksum(file_, PackPart::kPixels); }

}  // namespace foothold
