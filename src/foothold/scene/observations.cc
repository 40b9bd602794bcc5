// SPDX-License-Identifier: Apache-2.0
#include "foothold/scene/observations.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <tuple>
#include <utility>

#include "foothold/base/error.h"
#include "foothold/scene/problem_list.h"

namespace foothold {

namespace {

void RequireMask(const std::string& field, const Keyframe& keyframe, ProblemList* problems) {
  const ImageU8& mask = keyframe.person_mask;
  if (mask.empty()) return;
  if (mask.width != keyframe.depth_m.width || mask.height != keyframe.depth_m.height || mask.channels != 1 ||
      mask.data.size() != keyframe.confidence.data.size()) {
    problems->Add(field, "person_mask differs in size from the depth");
    return;
  }
  for (size_t i = 0; i < mask.data.size(); ++i) {
    if (mask.data[i] != 0 && mask.data[i] != 255) {
      problems->Add(field, "person_mask holds " + std::to_string(mask.data[i]) + ", expected 0 or 255");
      return;
    }
    if (mask.data[i] != 0 && keyframe.confidence.data[i] != 0) {
      problems->Add(field, "confidence is not 0 on a person");
      return;
    }
  }
}

void RequireKeyframes(const Observations& observations, ProblemList* problems) {
  const ImageTransform& size = observations.clip.working_from_source;
  const std::vector<Keyframe>& keyframes = observations.keyframes;
  if (keyframes.empty()) {
    problems->Add("keyframes/frame", "has no keyframes");
    return;
  }
  std::vector<int> frames;
  for (const Keyframe& keyframe : keyframes) frames.push_back(keyframe.frame);
  problems->RequireAscending("keyframes/frame", frames, observations.clip.num_frames());
  if (frames.front() != 0 || frames.back() != observations.clip.num_frames() - 1) {
    problems->Add("keyframes/frame", "must start with the first frame of the clip and end with the last");
  }
  for (size_t k = 0; k < keyframes.size(); ++k) {
    const Keyframe& keyframe = keyframes[k];
    const std::string entry = ": keyframe " + std::to_string(k);
    problems->RequireDepth("keyframes/depth_m" + entry, keyframe.depth_m, size.width, size.height);
    problems->RequireDepthConfidence("keyframes/confidence" + entry, keyframe.confidence, keyframe.depth_m);
    RequireMask("keyframes" + entry, keyframe, problems);
    const ImageU8& color = keyframe.color;
    if (!color.empty() && (color.width != size.width || color.height != size.height || color.channels != 3 ||
                           color.data.size() != static_cast<size_t>(size.width) * size.height * 3)) {
      problems->Add("keyframes/color" + entry, "is not an RGB image of the working size");
    }
    if (color.empty() != keyframes[0].color.empty() ||
        keyframe.person_mask.empty() != keyframes[0].person_mask.empty()) {
      problems->Add("keyframes" + entry, "color and person_mask must be given for all keyframes or none");
    }
  }
}

void RequirePairs(const Observations& observations, ProblemList* problems) {
  const int num_keyframes = static_cast<int>(observations.keyframes.size());
  for (size_t p = 0; p < observations.pairs.size(); ++p) {
    const KeyframePair& pair = observations.pairs[p];
    const std::string entry = "pairs: pair " + std::to_string(p);
    if (pair.i < 0 || pair.j <= pair.i || pair.j >= num_keyframes) {
      problems->Add(entry,
                    "joins keyframes " + std::to_string(pair.i) + " and " + std::to_string(pair.j) +
                        ", expected 0 <= i < j < " + std::to_string(num_keyframes));
    }
    if (p > 0) {
      const KeyframePair& before = observations.pairs[p - 1];
      if (std::tie(before.i, before.j) >= std::tie(pair.i, pair.j)) {
        problems->Add(entry, "is not after the pair before; sort by i, then j");
      }
    }
    for (size_t m = 0; m < pair.matches.size(); ++m) {
      const PixelMatch& match = pair.matches[m];
      if (!(std::isfinite(match.x_i) && std::isfinite(match.y_i) && std::isfinite(match.x_j) &&
            std::isfinite(match.y_j))) {
        problems->Add(entry, "match " + std::to_string(m) + " is not finite");
        break;
      }
      if (!(match.confidence >= 0 && match.confidence <= 1)) {
        problems->RequireConfidence(entry, m, match.confidence);
        break;
      }
    }
  }
}

void RequireBody(const std::string& group, const PersonFrame& entry, ProblemList* problems) {
  const std::string frame = ": frame " + std::to_string(entry.frame);
  problems->RequireUnit(group + "body_in_cam_rotation" + frame, entry.body_in_cam.root);
  for (const Quatd& joint : entry.body_in_cam.joints) {
    problems->RequireUnit(group + "body_in_cam_rotation" + frame, joint);
  }
  problems->RequireFinite(group + "body_in_cam_translation_m" + frame, entry.body_in_cam.translation_m);
}

void RequireContacts(const std::string& group,
                     const Observations& observations,
                     const PersonObservations& person,
                     ProblemList* problems) {
  std::set<int> frames;
  for (const PersonFrame& entry : person.frames) frames.insert(entry.frame);
  const int num_keyframes = static_cast<int>(observations.keyframes.size());
  for (size_t c = 0; c < person.contacts.size(); ++c) {
    const Contact& contact = person.contacts[c];
    const std::string entry = "entry " + std::to_string(c);
    problems->RequireConfidence(group + "contacts/confidence", c, contact.confidence);
    if (contact.vertex < 0) problems->Add(group + "contacts/vertex", entry + " is negative");
    if (contact.keyframe < 0 || contact.keyframe >= num_keyframes) {
      problems->Add(group + "contacts/keyframe",
                    entry + " is " + std::to_string(contact.keyframe) + ", expected 0 to " +
                        std::to_string(num_keyframes - 1));
    } else if (frames.count(observations.keyframes[contact.keyframe].frame) == 0) {
      problems->Add(group + "contacts/keyframe", entry + " is at a frame where this person is not seen");
    }
    if (c > 0) {
      const Contact& before = person.contacts[c - 1];
      if (std::tie(before.keyframe, before.vertex) >= std::tie(contact.keyframe, contact.vertex)) {
        problems->Add(group + "contacts", entry + " is not after the entry before; sort by keyframe, vertex");
      }
    }
  }
}

void RequirePeople(const Observations& observations, ProblemList* problems) {
  std::set<int> ids;
  for (size_t p = 0; p < observations.people.size(); ++p) {
    const PersonObservations& person = observations.people[p];
    const std::string group = PersonGroup(p) + "/";
    if (!ids.insert(person.id).second) {
      problems->Add(group + "id", std::to_string(person.id) + " belongs to another person already");
    }
    problems->RequireFinite(group + "shape", person.shape.data(), person.shape.size());
    if (person.frames.empty()) problems->Add(group + "frame", "has no frames");
    std::vector<int> frames;
    for (size_t i = 0; i < person.frames.size(); ++i) {
      const PersonFrame& entry = person.frames[i];
      frames.push_back(entry.frame);
      problems->RequireBox(group + "box_px", i, entry.box_px);
      problems->RequireConfidence(group + "confidence", i, entry.confidence);
      problems->RequireConfidence(group + "pose_confidence", i, entry.pose_confidence);
      RequireBody(group, entry, problems);
    }
    problems->RequireAscending(group + "frame", frames, observations.clip.num_frames());
    RequireContacts(group, observations, person, problems);
    problems->RequireFlags(group + "flags", person.flags);
  }
}

}  // namespace

std::vector<std::string> ProblemsOf(const Observations& observations) {
  ProblemList problems;
  problems.RequireClip(observations.clip);
  const CameraObservations& camera = observations.camera;
  problems.RequireCamera(
      camera.world_from_cam, camera.pinhole, camera.distortion, observations.clip.num_frames());
  if (observations.ground.known) {
    const Vec3d& up = observations.ground.up_in_world;
    if (!(std::abs(Norm(up) - 1) <= 1e-5)) problems.Add("ground/up_in_world", "is not a unit vector");
    problems.RequireFinite("ground/offset_m", observations.ground.offset_m);
  }
  RequireKeyframes(observations, &problems);
  RequirePairs(observations, &problems);
  RequirePeople(observations, &problems);
  problems.RequireFlags("flags", observations.flags);
  return problems.problems();
}

void CheckObservations(const Observations& observations, const std::string& origin) {
  const std::vector<std::string> problems = ProblemsOf(observations);
  if (problems.empty()) return;
  std::string message = origin + ": " + problems[0];
  if (problems.size() > 1) message += " (and " + std::to_string(problems.size() - 1) + " more)";
  throw Error(ErrorKind::kBadInput, message).WithReason("bad_observations");
}

}  // namespace foothold
