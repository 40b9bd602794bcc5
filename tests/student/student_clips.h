// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/corpus/loader_options.h"
#include "foothold/scene/synthetic.h"
#include "labels/body_file.h"
#include "support/temporary_folder.h"

namespace foothold {

// A few small synthetic clips on disk, with truth as their labels.
class StudentClips {
 public:
  explicit StudentClips(int num_clips, double distortion_k1 = 0);

  const BodyModel& body() const { return body_; }
  const SyntheticOptions& options() const { return options_; }
  std::string dir() const { return folder_.path(); }
  uint64_t seed(int clip) const { return 5 + static_cast<uint64_t>(clip); }
  std::string Name(int clip) const { return "synth_" + std::to_string(seed(clip)); }
  std::string Truth(int clip) const { return folder_.File(Name(clip) + ".truth.h5"); }
  std::string Video(int clip) const { return folder_.File(Name(clip) + ".mp4"); }

  // Of these clips, at their own size.
  LoaderOptions Loader() const;

 private:
  TemporaryFolder folder_;
  BodyModel body_;
  SyntheticOptions options_;
};

}  // namespace foothold
