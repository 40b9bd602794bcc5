// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "foothold/networks/safetensors.h"
#include "foothold/scene/body.h"
#include "foothold/student/student_clip.h"
#include "labels/label.h"

namespace foothold {

// A pack is one label and its video, decoded and reduced to the student's picture once, so that random
// frames cost a copy: a safetensors file with two checksums, derived from the label and free to be deleted.
// docs/student_data.md lists its tensors.

struct PackSize {
  int width = 0, height = 0;
};

// Decodes the video from `video_path`, whose content must be what the label was made from. Equal inputs give
// equal bytes, so processes that make the same pack do no harm. Throws Error(kBadInput), Error(kStorage).
void WriteStudentPack(const labels::Label& label,
                      const std::string& label_checksum,
                      const std::string& video_path,
                      const BodyModel& body,
                      const PackSize& size,
                      const std::string& pack_path);

// A pack mapped into memory.
class StudentPack {
 public:
  // Verifies everything but the pixels. Throws Error(kBadInput).
  explicit StudentPack(const std::string& path);
  void VerifyPixels() const;  // Reads the whole file once.

  const StudentClip& clip() const { return clip_; }
  size_t num_pixels() const { return static_cast<size_t>(clip_.width) * clip_.height; }

  // By index into clip().pictures: [H, W, 3] RGB, and one bit per pixel (row-major, lowest bit first) that
  // says whether a labelled person stands there.
  const uint8_t* Rgb(int picture) const { return rgb_ + 3 * num_pixels() * picture; }
  const uint8_t* PeopleBits(int picture) const { return people_ + num_pixels() / 8 * picture; }
  // By index into clip().keyframes: [H, W] z depth in metres (half precision; 0 unknown) and confidence in
  // steps of 1/255.
  const uint16_t* DepthHalf(int keyframe) const { return depth_ + num_pixels() * keyframe; }
  const uint8_t* Confidence(int keyframe) const { return confidence_ + num_pixels() * keyframe; }

 private:
  SafetensorsFile file_;
  StudentClip clip_;
  const uint8_t* rgb_ = nullptr;
  const uint8_t* people_ = nullptr;
  const uint16_t* depth_ = nullptr;
  const uint8_t* confidence_ = nullptr;
};

}  // namespace foothold
