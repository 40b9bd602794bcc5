// SPDX-License-Identifier: Apache-2.0
#include "foothold/evaluate/person_matching.h"

#include <algorithm>
#include <limits>
#include <set>

#include "foothold/base/error.h"
#include "foothold/geometry/camera.h"

namespace foothold {
namespace {

constexpr double kNearPlane_m = 0.05;

// Bounding box of a person's joints in source pixels; empty when none is in front of the camera.
struct JointBox {
  double left = std::numeric_limits<double>::infinity(), top = left;
  double right = -left, bottom = -left;
  int num_in_image = 0;

  double Area() const { return std::max(0.0, right - left) * std::max(0.0, bottom - top); }
};

JointBox BoxOf(const labels::Label& label, const BodyModel& body, const PersonInWorld& person, size_t entry) {
  const Reconstruction& scene = label.reconstruction;
  const ImageTransform& transform = label.clip.working_from_source;
  const Rigid3d cam_from_world = Inverse(scene.world_from_cam[person.frames[entry]]);
  const PosedSkeleton skeleton = PoseSkeleton(body, person.shape, person.body_in_world[entry]);
  JointBox box;
  for (const Vec3d& joint : skeleton.joints_m) {
    const Vec3d x_in_cam = cam_from_world * joint;
    if (x_in_cam[2] < kNearPlane_m) continue;
    const Vec2d pixel = Project(scene.pinhole, x_in_cam);
    const bool in_image =
        pixel[0] >= 0 && pixel[1] >= 0 && pixel[0] < transform.width && pixel[1] < transform.height;
    if (in_image) ++box.num_in_image;
    const double x = (pixel[0] - transform.offset_x_px) / transform.scale_x;
    const double y = (pixel[1] - transform.offset_y_px) / transform.scale_y;
    box.left = std::min(box.left, x);
    box.right = std::max(box.right, x);
    box.top = std::min(box.top, y);
    box.bottom = std::max(box.bottom, y);
  }
  return box;
}

std::vector<JointBox> BoxesOf(const labels::Label& label,
                              const BodyModel& body,
                              const PersonInWorld& person) {
  std::vector<JointBox> boxes;
  for (const int frame : person.frames) {
    FOOTHOLD_CHECK(frame >= 0 && frame < static_cast<int>(label.reconstruction.world_from_cam.size()),
                   "person " + std::to_string(person.id) + " at frame " + std::to_string(frame) +
                       ", which has no camera");
  }
  for (size_t i = 0; i < person.frames.size(); ++i) boxes.push_back(BoxOf(label, body, person, i));
  return boxes;
}

double Overlap(const JointBox& a, const JointBox& b) {
  const double width = std::min(a.right, b.right) - std::max(a.left, b.left);
  const double height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  if (!(width > 0 && height > 0)) return 0;
  return width * height / (a.Area() + b.Area() - width * height);
}

// All frames that a labelled and a true person share, with their total overlap.
struct Candidate {
  MatchedFragment fragment;
  double total_overlap = 0;
};

Candidate Compare(const PersonInWorld& labelled,
                  const std::vector<JointBox>& label_boxes,
                  const PersonInWorld& truth,
                  const std::vector<JointBox>& truth_boxes,
                  int truth_from_label_frame) {
  Candidate candidate;
  size_t t = 0;
  for (size_t i = 0; i < labelled.frames.size(); ++i) {
    const int frame = labelled.frames[i] + truth_from_label_frame;
    while (t < truth.frames.size() && truth.frames[t] < frame) ++t;
    if (t == truth.frames.size() || truth.frames[t] != frame) continue;
    candidate.fragment.label_entries.push_back(static_cast<int>(i));
    candidate.fragment.truth_entries.push_back(static_cast<int>(t));
    candidate.total_overlap += Overlap(label_boxes[i], truth_boxes[t]);
  }
  return candidate;
}

// Removes frames of the true person that an earlier fragment has taken.
void DropTaken(const std::set<int>& taken, MatchedFragment* fragment) {
  MatchedFragment kept = *fragment;
  kept.label_entries.clear();
  kept.truth_entries.clear();
  for (size_t i = 0; i < fragment->truth_entries.size(); ++i) {
    if (taken.count(fragment->truth_entries[i]) > 0) continue;
    kept.label_entries.push_back(fragment->label_entries[i]);
    kept.truth_entries.push_back(fragment->truth_entries[i]);
  }
  *fragment = std::move(kept);
}

}  // namespace

PersonMatches MatchPeople(const labels::Label& label,
                          const labels::Label& truth,
                          const BodyModel& body,
                          double min_overlap) {
  const std::vector<PersonInWorld>& labelled = label.reconstruction.people;
  const std::vector<PersonInWorld>& people = truth.reconstruction.people;
  const int truth_from_label_frame = label.clip.first_frame - truth.clip.first_frame;
  std::vector<std::vector<JointBox>> label_boxes, truth_boxes;
  for (const PersonInWorld& person : labelled) label_boxes.push_back(BoxesOf(label, body, person));
  for (const PersonInWorld& person : people) truth_boxes.push_back(BoxesOf(truth, body, person));

  PersonMatches matches;
  const int end_frame = truth_from_label_frame + static_cast<int>(label.reconstruction.world_from_cam.size());
  for (size_t p = 0; p < people.size(); ++p) {
    int visible = 0;
    for (size_t i = 0; i < people[p].frames.size(); ++i) {
      const int frame = people[p].frames[i];
      const bool in_range = frame >= truth_from_label_frame && frame < end_frame;
      if (in_range && 2 * truth_boxes[p][i].num_in_image >= kNumJoints) ++visible;
    }
    matches.visible_frames.push_back(visible);
  }

  std::vector<Candidate> candidates;
  for (size_t a = 0; a < labelled.size(); ++a) {
    for (size_t b = 0; b < people.size(); ++b) {
      Candidate candidate =
          Compare(labelled[a], label_boxes[a], people[b], truth_boxes[b], truth_from_label_frame);
      const double count = static_cast<double>(candidate.fragment.label_entries.size());
      if (count == 0 || candidate.total_overlap < min_overlap * count) continue;
      candidate.fragment.label_person = static_cast<int>(a);
      candidate.fragment.truth_person = static_cast<int>(b);
      candidates.push_back(std::move(candidate));
    }
  }
  std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& x, const Candidate& y) {
    return x.total_overlap > y.total_overlap;
  });
  std::set<int> used_label_people;
  std::vector<std::set<int>> taken(people.size());
  for (Candidate& candidate : candidates) {
    MatchedFragment& fragment = candidate.fragment;
    if (used_label_people.count(fragment.label_person) > 0) continue;
    DropTaken(taken[fragment.truth_person], &fragment);
    if (fragment.truth_entries.empty()) continue;
    used_label_people.insert(fragment.label_person);
    taken[fragment.truth_person].insert(fragment.truth_entries.begin(), fragment.truth_entries.end());
    matches.fragments.push_back(std::move(fragment));
  }
  std::sort(matches.fragments.begin(),
            matches.fragments.end(),
            [](const MatchedFragment& x, const MatchedFragment& y) {
              return std::pair(x.truth_person, x.label_person) < std::pair(y.truth_person, y.label_person);
            });
  for (int a = 0; a < static_cast<int>(labelled.size()); ++a) {
    if (used_label_people.count(a) == 0) matches.unmatched_label_people.push_back(a);
  }
  return matches;
}

}  // namespace foothold
