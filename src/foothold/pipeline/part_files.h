// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/pipeline/partial_work.h"
#include "foothold/scene/observations.h"
#include "foothold/video/video.h"

namespace foothold {

// What was seen in parts of a long video, in the folder of its partial work until the join is done:
//
//   part-<begin>-<end>.<identity>.observations.h5    frames [begin, end) of the video, of one clip
//   part-<begin>-<end>.<identity>.failed.json        instead, when nothing could be seen there: why
class PartFiles {
 public:
  explicit PartFiles(const PartialWork& partial)
      : folder_(partial.folder()), identity_hash_(partial.parts_identity()) {}

  struct Failure {
    FrameRange range;
    std::string reason, message;
  };

  // Whether the part has either file.
  bool Has(const FrameRange& range) const;
  // Throw Error(kStorage).
  void Keep(const FrameRange& range, const Observations& observations) const;
  void Fail(const Failure& failure) const;

  // Parts inside [begin, end) that were seen, whoever made them; damaged files are removed with a warning.
  std::vector<Observations> Read(const FrameRange& within) const;
  std::vector<Failure> Failures(const FrameRange& within) const;
  // Files of parts inside the range, and the folder once it is empty.
  void Remove(const FrameRange& within) const;

 private:
  std::string Path(const FrameRange& range, const std::string& extension) const;
  struct File {
    std::string path;
    FrameRange range;
  };
  std::vector<File> Files(const FrameRange& within, const std::string& extension) const;

  std::string folder_, identity_hash_;
};

}  // namespace foothold
