// SPDX-License-Identifier: Apache-2.0
// How well labels fit what was observed, measured anew from the label and its observations: what is written
// in a label's quality group is not looked at. One line per label: file, then
//   match_px     median over keyframes of the median reprojection error of matches, through label depth and
//   cameras contact_log  median |log of foot depth over surface depth| where a foot was seen to touch slide_m
//   median way of a foot that was seen to stand, from one keyframe to the next box_log      median |log of
//   body height over box height| + distance of their centres over box height build/bin/label_residuals LABELS
//   OBSERVATIONS
// OBSERVATIONS is the folder of synth's *.observations.h5.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "foothold/base/error.h"
#include "foothold/josh/contacts.h"
#include "foothold/josh/problem.h"
#include "foothold/josh/quality.h"
#include "foothold/pipeline/label_score.h"
#include "labels/body_file.h"
#include "labels/label.h"
#include "labels/observation_file.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

constexpr double kNone = 10;         // Residual of what cannot be measured: worse than any limit.
constexpr double kTolerance = 0.25;  // Of the log ratio of foot and surface; three times that is looked at.

double Median(std::vector<double> values) {
  if (values.empty()) return kNone;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// The label in the place of what perception saw: cameras, bodies and depths; matches, contacts and boxes
// stay.
Observations WithLabel(Observations seen, const Reconstruction& label, const BodyModel& body) {
  seen.camera.world_from_cam = label.world_from_cam;
  seen.camera.pinhole = label.pinhole;
  for (size_t k = 0; k < seen.keyframes.size(); ++k) {
    seen.keyframes[k].depth_m = label.keyframes[k].depth_m;
    seen.keyframes[k].confidence = label.keyframes[k].confidence;
  }
  std::map<int, const PersonInWorld*> by_id;
  for (const PersonInWorld& person : label.people) by_id[person.id] = &person;
  for (PersonObservations& person : seen.people) {
    const auto labelled = by_id.find(person.id);
    if (labelled == by_id.end() || labelled->second->frames.size() != person.frames.size())
      throw Error(ErrorKind::kBadInput, "the label has other people than the observations");
    const PersonInWorld& own = *labelled->second;
    person.shape = own.shape;
    const Vec3d rest_pelvis_m = RestPelvis(body, own.shape);
    for (size_t i = 0; i < own.frames.size(); ++i) {
      const Rigid3d cam_from_world = Inverse(label.world_from_cam[static_cast<size_t>(own.frames[i])]);
      person.frames[i].body_in_cam = TransformBody(cam_from_world, own.body_in_world[i], rest_pelvis_m);
    }
  }
  return seen;
}

struct MetricState {
  Variables variables;
  ParameterView view() const { return {&variables.layout, variables.layout.initial_values().data()}; }
};

MetricState StateOf(const Observations& observations, const BodyModel& body) {
  InitialAlignment alignment;
  for (const Keyframe& keyframe : observations.keyframes) {
    alignment.world_from_cam.push_back(
        observations.camera.world_from_cam[static_cast<size_t>(keyframe.frame)]);
    alignment.log_scale.push_back(0);
    alignment.component.push_back(0);
  }
  alignment.num_components = 1;
  return {BuildVariables(observations, body, JoshOptions(), alignment, SeenBodies(observations))};
}

double MatchError_px(const Quality& quality) {
  std::vector<double> medians;
  for (const KeyframeQuality& keyframe : quality.keyframes) {
    if (keyframe.num_matches > 0) medians.push_back(keyframe.match_median_px);
  }
  return Median(medians);
}

const PersonFrame* FrameAt(const PersonObservations& person, int frame) {
  const auto at = std::lower_bound(
      person.frames.begin(), person.frames.end(), frame, [](const PersonFrame& entry, int f) {
        return entry.frame < f;
      });
  return at != person.frames.end() && at->frame == frame ? &*at : nullptr;
}

// A vertex of a person in the world at a keyframe.
Vec3d VertexInWorld(const Observations& observations,
                    const BodyModel& body,
                    const PersonObservations& person,
                    const PersonFrame& frame,
                    int vertex) {
  const PosedSkeleton skeleton = PoseSkeleton(body, person.shape, frame.body_in_cam);
  return observations.camera.world_from_cam[static_cast<size_t>(frame.frame)] *
         VertexWithJacobian(body, skeleton, person.shape, frame.body_in_cam, vertex, nullptr);
}

double Slide_m(const Observations& observations, const BodyModel& body) {
  std::vector<double> ways;
  for (const PersonObservations& person : observations.people) {
    std::map<std::pair<int, int>, Vec3d> standing;  // By vertex and keyframe.
    for (const Contact& contact : person.contacts) {
      if (!contact.stationary || contact.vertex >= body.num_vertices) continue;
      const int frame = observations.keyframes[static_cast<size_t>(contact.keyframe)].frame;
      const PersonFrame* entry = FrameAt(person, frame);
      if (entry == nullptr) continue;
      const Vec3d at = VertexInWorld(observations, body, person, *entry, contact.vertex);
      standing[{contact.vertex, contact.keyframe}] = at;
      const auto before = standing.find({contact.vertex, contact.keyframe - 1});
      if (before != standing.end()) ways.push_back(Norm(at - before->second));
    }
  }
  return Median(ways);
}

double BoxError(const Observations& observations, const BodyModel& body) {
  std::vector<double> errors;
  for (const PersonObservations& person : observations.people) {
    for (const Keyframe& keyframe : observations.keyframes) {
      const PersonFrame* entry = FrameAt(person, keyframe.frame);
      if (entry == nullptr) continue;
      const Box& box = entry->box_px;
      Vec2d low{INFINITY, INFINITY}, high{-INFINITY, -INFINITY};
      bool behind = false;
      for (const Vec3d& vertex : PoseAllVertices(body, person.shape, entry->body_in_cam)) {
        behind = behind || !(vertex[2] > 0);
        if (behind) break;
        const Vec2d pixel = Project(observations.camera.pinhole, vertex);
        for (int axis = 0; axis < 2; ++axis) {
          low[axis] = std::min(low[axis], pixel[axis]);
          high[axis] = std::max(high[axis], pixel[axis]);
        }
      }
      // A box at the edge of the picture says nothing of what is outside.
      const bool inside = box.x > 1 && box.y > 1 && box.x + box.width < keyframe.depth_m.width - 1 &&
                          box.y + box.height < keyframe.depth_m.height - 1;
      if (!inside) continue;
      if (behind) {
        errors.push_back(kNone);
        continue;
      }
      const double away = std::hypot(0.5 * (low[0] + high[0]) - box.x - 0.5 * box.width,
                                     0.5 * (low[1] + high[1]) - box.y - 0.5 * box.height);
      errors.push_back(std::abs(std::log((high[1] - low[1]) / box.height)) + away / box.height);
    }
  }
  return Median(errors);
}

void PrintResiduals(const fs::path& path, const std::string& folder, const BodyModel& body) {
  const labels::Label label = labels::ReadLabel(path.string());
  const std::string seen = folder + "/" + path.stem().string() + ".observations.h5";
  const Observations observations = WithLabel(labels::ReadObservations(seen), label.reconstruction, body);
  const MetricState state = StateOf(observations, body);
  const JoshOptions options;
  const std::vector<ScaleContact> contacts = ChooseSurfaces(
      state.variables,
      state.view(),
      FindFootContacts(state.variables, state.view(), observations, options.min_point_confidence, 1),
      kTolerance);
  const Quality quality =
      MeasureFit(state.variables, state.view(), PackMatches(observations, 0), contacts, 1);
  std::printf("%s match_px %.6g contact_log %.6g slide_m %.6g box_log %.6g\n",
              path.filename().c_str(),
              MatchError_px(quality),
              ScoreOf(quality).contact_error,
              Slide_m(observations, body),
              BoxError(observations, body));
}

int Run(const std::string& folder, const std::string& observations) {
  const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".h5") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths) PrintResiduals(path, observations, body);
  return 0;
}

}  // namespace
}  // namespace foothold

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: label_residuals LABELS OBSERVATIONS\n");
    return 2;
  }
  try {
    return foothold::Run(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
