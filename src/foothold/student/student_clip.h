// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <vector>

#include "foothold/geometry/camera.h"
#include "foothold/geometry/transform.h"
#include "foothold/scene/body.h"
#include "foothold/scene/observations.h"

namespace foothold {

// What a label says, as the student's loader needs it: everything but pixels. Pixels, boxes and the pinhole
// are of the student's picture (student_view.h).

struct StudentPerson {
  int id = 0;
  BodyShape shape{};
  Vec3d rest_pelvis_m{0, 0, 0};
  std::vector<int> frames;  // Strictly ascending; the other vectors have one entry for each.
  std::vector<BodyPose> body_in_world;
  std::vector<float> confidence;
  std::vector<Box> box_px;
  // Left heel, left toe, right heel, right toe; 0 where the label does not know.
  std::vector<std::array<float, 4>> foot_contact;
  double contact_spread = -1;      // Of label quality; -1: not measured.
  double student_distance_m = -1;  // As above.
};

struct StudentClip {
  std::string clip_id, source_hash, kind;
  std::string label_checksum, body_model_hash;
  int width = 0, height = 0;
  Pinholed pinhole{0, 0, 0};
  std::vector<Rigid3d> world_from_cam;    // One per frame of the clip.
  std::vector<int> pictures;              // Frames with a picture: those that show somebody. Ascending.
  std::vector<int> keyframes;             // Frames with a picture and a depth picture. Ascending.
  std::vector<float> match_inlier_share;  // One per keyframe; -1: not measured.
  std::vector<StudentPerson> people;
};

// Index of `value` in an ascending vector, or -1.
int IndexOf(const std::vector<int>& ascending, int value);

}  // namespace foothold
