// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "foothold/networks/safetensors.h"
#include "foothold/student/student_clip.h"

namespace foothold {

// Inside of student_pack: a StudentClip as tensors and back.

class PackTensors {
 public:
  template <class T>
  void Put(const std::string& name, const std::vector<T>& values, const std::vector<int64_t>& shape);
  // Without a copy: `bytes` must outlive the views.
  void PutView(const std::string& name,
               TensorType type,
               const std::vector<int64_t>& shape,
               const void* bytes);
  const std::map<std::string, TensorView>& views() const { return views_; }

 private:
  std::map<std::string, std::vector<uint8_t>> storage_;
  std::map<std::string, TensorView> views_;
};

void PutClip(const StudentClip& clip, PackTensors* tensors);
std::map<std::string, std::string> MetadataOf(const StudentClip& clip);
StudentClip ClipOf(const SafetensorsFile& file);

// Pixels are the tensors under "pixels/"; the rest are facts, and so are the metadata but checksums.
enum class PackPart { kFacts, kPixels };
const char* ChecksumKey(PackPart part);
// XXH3-128 of names, shapes and bytes of the tensors of one part.
std::string ChecksumOf(const std::map<std::string, TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata,
                       PackPart part);

}  // namespace foothold
