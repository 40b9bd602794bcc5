// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/assemble.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "foothold/josh/body_corrections.h"
#include "foothold/josh/contacts.h"
#include "foothold/josh/interpolation.h"

namespace foothold {
namespace {

constexpr double kMaxPlantedStep_m = 0.08;
constexpr double kMaxGap_s = 0.6;  // Between keyframes whose corrections belong together.

// Distortion is normalised by the focal length; the same pixels bend the same way under another one.
RadialDistortiond RescaledDistortion(const RadialDistortiond& lens, double focal_ratio) {
  const double square = focal_ratio * focal_ratio;
  return {lens.k1 * square, lens.k2 * square * square};
}

// Per frame of the person, the four foot vertices' contact: at keyframes the strongest contact near
// each, linear between, nearest outside.
std::vector<std::array<float, 4>> FootContacts(const Observations& observations,
                                               const PersonObservations& person,
                                               const BodyModel& model) {
  std::vector<int> key_frames;
  std::vector<std::array<float, 4>> at_keys;
  size_t entry = 0, next = 0;  // Frames and contacts ascend like keyframes.
  for (int k = 0; k < static_cast<int>(observations.keyframes.size()); ++k) {
    const int frame = observations.keyframes[k].frame;
    while (entry < person.frames.size() && person.frames[entry].frame < frame) ++entry;
    while (next < person.contacts.size() && person.contacts[next].keyframe < k) ++next;
    if (entry == person.frames.size() || person.frames[entry].frame != frame) continue;
    std::array<float, 4> values{};
    for (size_t c = next; c < person.contacts.size() && person.contacts[c].keyframe == k; ++c) {
      const Contact& contact = person.contacts[c];
      if (contact.vertex >= model.num_vertices) continue;
      float& value = values[NearestFootVertex(model, contact.vertex)];
      value = std::max(value, contact.confidence);
    }
    key_frames.push_back(frame);
    at_keys.push_back(values);
  }
  std::vector<std::array<float, 4>> contacts(person.frames.size(), std::array<float, 4>{});
  if (key_frames.empty()) return contacts;
  for (size_t i = 0; i < person.frames.size(); ++i) {
    const KeyBracket bracket = FindBracket(key_frames, person.frames[i].frame);
    for (int v = 0; v < 4; ++v) {
      contacts[i][v] = static_cast<float>((1 - bracket.u) * at_keys[bracket.before][v] +
                                          bracket.u * at_keys[bracket.after][v]);
    }
  }
  return contacts;
}

// Bodies of all frames of a person in the camera.
std::vector<BodyPose> InterpolatePerson(const PersonObservations& person,
                                        const Observations& observations,
                                        const Variables& variables,
                                        const ParameterView& view,
                                        int index) {
  CorrectionInput input;
  for (const PersonFrame& frame : person.frames) {
    input.times.push_back(frame.frame);
  }
  input.initial = variables.people[index].initial_in_cam;
  for (const int body : variables.people[index].bodies) {
    input.key_times.push_back(observations.keyframes[variables.bodies[body].keyframe].frame);
    input.optimised_at_keys.push_back(ReadBodyPose(variables, view, body));
  }
  input.initial_pelvis_m = RestPelvis(*variables.body_model, person.shape);
  input.optimised_pelvis_m = RestPelvis(*variables.body_model, ReadShape(variables, view, index));
  input.max_gap = kMaxGap_s * std::max(1.0, observations.clip.frame_rate_hz);
  if (!input.key_times.empty()) return CorrectBodies(input);
  // Never at a keyframe: only the change of focal length is known.
  const double ratio = ReadFocal(variables, view) / variables.initial_focal_px;
  for (BodyPose& body : input.initial) body.translation_m[2] *= ratio;
  return input.initial;
}

PersonInWorld AssemblePerson(const Observations& observations,
                             const Variables& variables,
                             const ParameterView& view,
                             const std::vector<Rigid3d>& world_from_cam,
                             int index) {
  const PersonObservations& person = observations.people[index];
  PersonInWorld out;
  out.id = person.id;
  out.shape = ReadShape(variables, view, index);
  out.flags = person.flags;
  if (variables.people[index].bodies.empty()) out.flags.push_back("no_keyframe");
  if (person.contacts.empty()) out.flags.push_back("no_contacts");
  const Vec3d pelvis = RestPelvis(*variables.body_model, out.shape);
  const std::vector<BodyPose> in_cam = InterpolatePerson(person, observations, variables, view, index);
  for (size_t i = 0; i < person.frames.size(); ++i) {
    const PersonFrame& frame = person.frames[i];
    out.frames.push_back(frame.frame);
    out.body_in_world.push_back(TransformBody(world_from_cam[frame.frame], in_cam[i], pelvis));
    out.confidence.push_back(frame.confidence);
    out.box_px.push_back(frame.box_px);
  }
  out.foot_contact = FootContacts(observations, person, *variables.body_model);
  return out;
}

Vec3d MeanVertex(const BodyModel& model,
                 const PersonInWorld& person,
                 size_t entry,
                 const std::vector<int>& vertices) {
  Vec3d sum = Vec3d::Zero();
  for (const Vec3d& x : PoseVertices(model, person.shape, person.body_in_world[entry], vertices))
    sum = sum + x;
  return sum / static_cast<double>(vertices.size());
}

// Between two keyframes that hold the same vertices planted, they stay planted: bodies shift so that
// the vertices go straight from one place to the other, which is nearly the same.
void HoldPlantedFeet(const std::vector<int>& keyframes,
                     const Variables& variables,
                     const std::vector<StaticContact>& planted,
                     int index,
                     PersonInWorld* person) {
  std::map<std::pair<int, int>, std::vector<int>> vertices_of;
  for (const StaticContact& contact : planted) {
    if (variables.bodies[contact.first].person != index) continue;
    vertices_of[{contact.first, contact.second}].push_back(contact.vertex);
  }
  for (const auto& [bodies, vertices] : vertices_of) {
    const size_t begin = variables.bodies[bodies.first].frame_entry;
    const size_t end = variables.bodies[bodies.second].frame_entry;
    const Vec3d from = MeanVertex(*variables.body_model, *person, begin, vertices);
    const Vec3d to = MeanVertex(*variables.body_model, *person, end, vertices);
    if (!(Norm(to - from) < kMaxPlantedStep_m)) continue;  // The optimiser did not believe it either.
    const double first = keyframes[variables.bodies[bodies.first].keyframe];
    const double last = keyframes[variables.bodies[bodies.second].keyframe];
    for (size_t i = begin + 1; i < end; ++i) {
      const double u = (person->frames[i] - first) / (last - first);
      const Vec3d shift = (1 - u) * from + u * to - MeanVertex(*variables.body_model, *person, i, vertices);
      if (!(Norm(shift) < 2 * kMaxPlantedStep_m)) continue;
      Vec3d& translation = person->body_in_world[i].translation_m;
      translation = translation + shift;
    }
  }
}

// Shortest rotation that takes unit vector a to unit vector b.
Quatd RotationBetween(const Vec3d& a, const Vec3d& b) {
  const double cosine = Dot(a, b);
  if (cosine < -1 + 1e-9) {
    const Vec3d other = std::abs(a[0]) < 0.9 ? Vec3d{1, 0, 0} : Vec3d{0, 1, 0};
    const Vec3d axis = Normalized(Cross(a, other));
    return {0, axis[0], axis[1], axis[2]};
  }
  const Vec3d axis = Cross(a, b);
  return Normalized(Quatd{1 + cosine, axis[0], axis[1], axis[2]});
}

}  // namespace

std::vector<Rigid3d> InterpolateCameras(const std::vector<int>& keyframes,
                                        const std::vector<Rigid3d>& optimised_at_keys,
                                        const std::vector<Rigid3d>& initial) {
  std::vector<Rigid3d> cameras;
  for (int frame = 0; frame < static_cast<int>(initial.size()); ++frame) {
    const KeyBracket bracket = FindBracket(keyframes, frame);
    const Rigid3d& before = optimised_at_keys[bracket.before];
    const Rigid3d& after = optimised_at_keys[bracket.after];
    const Rigid3d& initial_before = initial[keyframes[bracket.before]];
    const Rigid3d& initial_after = initial[keyframes[bracket.after]];
    const double step = Norm(initial_after.translation - initial_before.translation);
    const double optimised_step = Norm(after.translation - before.translation);
    // A camera that stands still has no step to compare; its jitter keeps its size.
    const double scale = step > 1e-6 ? std::clamp(optimised_step / step, 0.1, 10.0) : 1;
    const auto moved_from = [&](const Rigid3d& optimised, const Rigid3d& start) {
      Rigid3d motion = Inverse(start) * initial[frame];
      motion.translation = scale * motion.translation;
      return optimised * motion;
    };
    cameras.push_back(
        Interpolate(moved_from(before, initial_before), moved_from(after, initial_after), bracket.u));
  }
  return cameras;
}

Reconstruction AssembleReconstruction(const Observations& observations,
                                      const Variables& variables,
                                      const ParameterView& view,
                                      bool hold_planted_feet,
                                      std::vector<Keyframe>* spent) {
  Reconstruction out;
  out.pinhole = observations.camera.pinhole;
  out.pinhole.focal_px = ReadFocal(variables, view);
  out.distortion = RescaledDistortion(observations.camera.distortion,
                                      out.pinhole.focal_px / observations.camera.pinhole.focal_px);
  std::vector<int> keyframes;
  std::vector<Rigid3d> cameras;
  for (size_t k = 0; k < observations.keyframes.size(); ++k) {
    const Keyframe& keyframe = observations.keyframes[k];
    const CameraState camera = ReadCamera(variables, view, static_cast<int>(k));
    keyframes.push_back(keyframe.frame);
    cameras.push_back(camera.world_from_cam);
    KeyframeDepth depth;
    depth.frame = keyframe.frame;
    depth.scale = camera.scale;
    depth.depth_m = spent != nullptr ? std::move((*spent)[k].depth_m) : keyframe.depth_m;
    for (float& d : depth.depth_m.data) d = static_cast<float>(d * camera.scale);
    depth.confidence = spent != nullptr ? std::move((*spent)[k].confidence) : keyframe.confidence;
    out.keyframes.push_back(std::move(depth));
  }
  out.world_from_cam = InterpolateCameras(keyframes, cameras, observations.camera.world_from_cam);
  std::vector<StaticContact> planted;
  if (hold_planted_feet) planted = FindStaticContacts(variables, observations);
  for (int p = 0; p < static_cast<int>(observations.people.size()); ++p) {
    out.people.push_back(AssemblePerson(observations, variables, view, out.world_from_cam, p));
    HoldPlantedFeet(keyframes, variables, planted, p, &out.people.back());
  }
  out.flags = observations.flags;
  return out;
}

void OrientWorld(const GroundPlane& ground, Reconstruction* reconstruction, const BodyModel& body) {
  if (reconstruction->world_from_cam.empty()) return;
  const Rigid3d first = reconstruction->world_from_cam[0];
  Rigid3d new_from_old = Inverse(first);
  if (ground.known) {
    // Up becomes -y; the heading of the first camera stays as near to the old one as can be.
    const Vec3d up_in_first = Rotate(new_from_old.rotation, ground.up_in_world);
    const Quatd level = RotationBetween(Normalized(up_in_first), Vec3d{0, -1, 0});
    new_from_old = Rigid3d{level, Vec3d::Zero()} * new_from_old;
    reconstruction->gravity_known = true;
  }
  for (Rigid3d& camera : reconstruction->world_from_cam) camera = new_from_old * camera;
  for (PersonInWorld& person : reconstruction->people) {
    const Vec3d pelvis = RestPelvis(body, person.shape);
    for (BodyPose& pose : person.body_in_world) pose = TransformBody(new_from_old, pose, pelvis);
  }
}

}  // namespace foothold
