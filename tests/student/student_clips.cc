// SPDX-License-Identifier: Apache-2.0
#include "student/student_clips.h"

#include "foothold/pipeline/synthetic_dataset.h"

namespace foothold {

namespace {

// Our body stands with its pelvis at the origin, SMPL's does not: whoever forgets the pelvis at rest should
// fail.
BodyModel BodyAwayFromTheOrigin() {
  const Vec3d offset_m = {0.03, -0.22, 0.05};
  BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  for (Vec3f& vertex : body.template_m) vertex = vertex + offset_m.Cast<float>();
  for (Vec3d& joint : body.joint_template_m) joint = joint + offset_m;
  body.content_hash = "shifted";
  return body;
}

}  // namespace

StudentClips::StudentClips(int num_clips, double distortion_k1) : body_(BodyAwayFromTheOrigin()) {
  options_.num_frames = 24;
  options_.width = 128;
  options_.height = 96;
  options_.num_people = 1;
  options_.distortion_k1 = distortion_k1;
  options_.scene = "room";
  options_.keyframe_interval = 4;
  SyntheticDataset dataset;
  dataset.dir = folder_.path();
  dataset.num_clips = num_clips;
  dataset.seed = seed(0);
  dataset.options = options_;
  WriteSyntheticDataset(dataset, body_, 2);
}

LoaderOptions StudentClips::Loader() const {
  LoaderOptions options;
  options.labels = dir();
  options.kind = "truth";
  options.width = options_.width;
  options.height = options_.height;
  options.batch_size = 4;
  options.min_gap_frames = 2;
  options.max_gap_frames = 6;
  options.min_visible = 0.2;
  return options;
}

}  // namespace foothold
