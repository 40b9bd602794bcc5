// SPDX-License-Identifier: Apache-2.0
// What the optimiser does with clips that lack something. Whatever is missing, the result is a valid
// reconstruction and the flags say what could not be known.
#include "foothold/josh/josh.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "foothold/device/device.h"
#include "foothold/scene/synthetic.h"
#include "labels/body_file.h"
#include "support/expect_error.h"

namespace foothold {
namespace {

const BodyModel& SharedBody() {
  static const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  return body;
}

// Noisy observations of two people over 31 frames, seven keyframes.
const Observations& NoisyClip() {
  static const Observations observations = [] {
    SyntheticOptions options;
    options.num_frames = 31;
    options.width = 256;
    options.height = 192;
    options.num_people = 2;
    const SyntheticClip clip = MakeSyntheticClip(SharedBody(), options, "josh_test", 3);
    return AddNoise(clip, SharedBody(), NoiseOptions(), 3);
  }();
  return observations;
}

bool Has(const std::vector<std::string>& flags, const std::string& flag) {
  return std::find(flags.begin(), flags.end(), flag) != flags.end();
}

JoshResult OptimizeValid(const Observations& observations, const JoshOptions& options = JoshOptions()) {
  const JoshResult result = OptimizeJointly(observations, SharedBody(), options, 1);
  const std::vector<std::string> problems = ProblemsOf(result.reconstruction, observations.clip);
  EXPECT_TRUE(problems.empty()) << problems[0];
  EXPECT_NE(result.summary.termination, SolverSummary::Termination::kNotRun);
  for (const auto& term : result.summary.terms) {
    EXPECT_TRUE(std::isfinite(term.initial) && std::isfinite(term.final)) << term.name;
  }
  for (const auto& iteration : result.summary.iterations) {
    EXPECT_TRUE(std::isfinite(iteration.cost) && std::isfinite(iteration.step_norm));
    EXPECT_EQ(iteration.term_cost.size(), result.summary.terms.size());
  }
  return result;
}

// Every number of a result, to compare bit for bit.
std::vector<double> Numbers(const JoshResult& result) {
  std::vector<double> numbers;
  const Reconstruction& r = result.reconstruction;
  const auto add_quaternion = [&](const Quatd& q) { numbers.insert(numbers.end(), {q.w, q.x, q.y, q.z}); };
  const auto add_vector = [&](const Vec3d& v) { numbers.insert(numbers.end(), {v[0], v[1], v[2]}); };
  numbers.push_back(r.pinhole.focal_px);
  for (const Rigid3d& camera : r.world_from_cam) {
    add_quaternion(camera.rotation);
    add_vector(camera.translation);
  }
  for (const KeyframeDepth& keyframe : r.keyframes) {
    numbers.push_back(keyframe.scale);
    numbers.insert(numbers.end(), keyframe.depth_m.data.begin(), keyframe.depth_m.data.end());
    numbers.insert(numbers.end(), keyframe.confidence.data.begin(), keyframe.confidence.data.end());
  }
  for (const PersonInWorld& person : r.people) {
    numbers.insert(numbers.end(), person.shape.begin(), person.shape.end());
    for (const BodyPose& pose : person.body_in_world) {
      add_quaternion(pose.root);
      add_vector(pose.translation_m);
      for (const Quatd& joint : pose.joints) add_quaternion(joint);
    }
  }
  for (const ScenePoint& point : r.points) {
    add_vector(point.position_m.Cast<double>());
    numbers.push_back(point.rgb[0]);
  }
  for (const auto& iteration : result.summary.iterations) numbers.push_back(iteration.cost);
  return numbers;
}

// Keeps the frames for which `keep` holds, and their contacts.
void KeepFrames(const std::function<bool(int)>& keep, const Observations& clip, PersonObservations* person) {
  std::erase_if(person->frames, [&](const PersonFrame& frame) { return !keep(frame.frame); });
  std::erase_if(person->contacts,
                [&](const Contact& contact) { return !keep(clip.keyframes[contact.keyframe].frame); });
}

TEST(Josh, ReportsWhatItDid) {
  const JoshResult result = OptimizeValid(NoisyClip());
  const SolverSummary& summary = result.summary;
  EXPECT_EQ(summary.num_keyframes, 7);
  EXPECT_GT(summary.num_parameters, 6 * 6 + 7);
  for (const char* name : {"match2d", "contact_static", "smooth"}) {
    const auto term = std::find_if(
        summary.terms.begin(), summary.terms.end(), [&](const auto& t) { return t.name == name; });
    ASSERT_NE(term, summary.terms.end()) << name;
    EXPECT_GT(term->num_residuals, 0);
    EXPECT_LT(term->final, term->initial) << name;
  }
  EXPECT_TRUE(Has({summary.iterations.front().stage}, "stage1"));
  EXPECT_TRUE(Has({summary.iterations.back().stage}, "stage3"));
  EXPECT_FALSE(Has(result.reconstruction.flags, "scale_unobserved"));
  EXPECT_FALSE(Has(result.reconstruction.flags, "graph_disconnected"));
  EXPECT_GT(result.reconstruction.points.size(), 100u);
  EXPECT_EQ(result.reconstruction.world_from_cam.size(), 31u);
}

TEST(Josh, ThreadsDoNotChangeAByte) {
  const std::vector<double> one = Numbers(OptimizeJointly(NoisyClip(), SharedBody(), JoshOptions(), 1));
  const std::vector<double> two = Numbers(OptimizeJointly(NoisyClip(), SharedBody(), JoshOptions(), 2));
  EXPECT_EQ(one, two);
}

TEST(Josh, AGpuIsForModeReleasedAndItsAbsenceIsAClearError) {
  JoshOptions options;
  options.device = "cuda";
  ExpectError(ErrorKind::kUsage, {"josh.device", "josh.mode"}, [&] {
    OptimizeJointly(NoisyClip(), SharedBody(), options, 1);
  });
  if (DeviceCount() > 0) GTEST_SKIP() << "a GPU is here";
  options.mode = "released";
  ExpectError(
      ErrorKind::kDevice, {"no usable GPU"}, [&] { OptimizeJointly(NoisyClip(), SharedBody(), options, 1); });
}

TEST(Josh, NoPeople) {
  Observations observations = NoisyClip();
  observations.people.clear();
  const JoshResult result = OptimizeValid(observations);
  EXPECT_TRUE(Has(result.reconstruction.flags, "no_people"));
  EXPECT_TRUE(Has(result.reconstruction.flags, "scale_unobserved"));
}

TEST(Josh, NoContacts) {
  Observations observations = NoisyClip();
  for (PersonObservations& person : observations.people) person.contacts.clear();
  const JoshResult result = OptimizeValid(observations);
  EXPECT_TRUE(Has(result.reconstruction.flags, "scale_unobserved"));
  EXPECT_TRUE(Has(result.reconstruction.people[0].flags, "no_contacts"));
}

TEST(Josh, PersonLeavesAndReturns) {
  Observations observations = NoisyClip();
  KeepFrames([](int frame) { return frame < 8 || frame > 18; }, observations, &observations.people[0]);
  const JoshResult result = OptimizeValid(observations);
  ASSERT_EQ(result.reconstruction.people.size(), 2u);
  EXPECT_EQ(result.reconstruction.people[0].frames.size(), observations.people[0].frames.size());
  EXPECT_FALSE(Has(result.reconstruction.people[0].flags, "no_keyframe"));
}

TEST(Josh, PersonSeenAtNoKeyframe) {
  Observations observations = NoisyClip();
  KeepFrames([](int frame) { return frame > 10 && frame < 15; }, observations, &observations.people[1]);
  const JoshResult result = OptimizeValid(observations);
  EXPECT_TRUE(Has(result.reconstruction.people[1].flags, "no_keyframe"));
  EXPECT_EQ(result.reconstruction.people[1].shape, observations.people[1].shape);
}

TEST(Josh, OneFrame) {
  Observations observations = NoisyClip();
  observations.clip.time_s.resize(1);
  observations.camera.world_from_cam.resize(1);
  observations.keyframes.resize(1);
  observations.pairs.clear();
  for (PersonObservations& person : observations.people) {
    KeepFrames([](int frame) { return frame == 0; }, NoisyClip(), &person);
  }
  std::erase_if(observations.people, [](const PersonObservations& p) { return p.frames.empty(); });
  OptimizeValid(observations);
  observations.people.clear();
  const JoshResult nothing = OptimizeValid(observations);
  EXPECT_EQ(nothing.reconstruction.world_from_cam.size(), 1u);
}

TEST(Josh, AllConfidencesZero) {
  Observations observations = NoisyClip();
  for (Keyframe& keyframe : observations.keyframes) {
    std::fill(keyframe.confidence.data.begin(), keyframe.confidence.data.end(), 0.0f);
  }
  for (KeyframePair& pair : observations.pairs) {
    for (PixelMatch& match : pair.matches) match.confidence = 0;
  }
  for (PersonObservations& person : observations.people) {
    for (Contact& contact : person.contacts) contact.confidence = 0;
  }
  const JoshResult result = OptimizeValid(observations);
  EXPECT_TRUE(Has(result.reconstruction.flags, "scale_unobserved"));
  EXPECT_TRUE(Has(result.reconstruction.flags, "graph_disconnected"));
  EXPECT_TRUE(result.reconstruction.points.empty());
}

TEST(Josh, DisconnectedGraphIsFlaggedAndBothPartsAreSolved) {
  Observations observations = NoisyClip();
  std::erase_if(observations.pairs, [](const KeyframePair& pair) { return pair.i < 3 && pair.j >= 3; });
  const JoshResult result = OptimizeValid(observations);
  EXPECT_TRUE(Has(result.reconstruction.flags, "graph_disconnected"));
  const auto match2d = std::find_if(result.summary.terms.begin(),
                                    result.summary.terms.end(),
                                    [](const auto& t) { return t.name == "match2d"; });
  EXPECT_LT(match2d->final, match2d->initial);
}

TEST(Josh, FixedCamerasAndFocalStayFixed) {
  Observations observations = NoisyClip();
  observations.camera.poses_fixed = true;
  observations.camera.metric = true;
  observations.camera.focal_fixed = true;
  const JoshResult result = OptimizeValid(observations);
  const Rigid3d first_from_initial = Inverse(observations.camera.world_from_cam[0]);
  for (size_t f = 0; f < observations.camera.world_from_cam.size(); ++f) {
    const Rigid3d expected = first_from_initial * observations.camera.world_from_cam[f];
    const Rigid3d& found = result.reconstruction.world_from_cam[f];
    EXPECT_LT(Norm(found.translation - expected.translation), 1e-9);
    EXPECT_LT(Norm(LogQuaternion(Conjugate(expected.rotation) * found.rotation)), 1e-9);
  }
  EXPECT_EQ(result.reconstruction.pinhole.focal_px, observations.camera.pinhole.focal_px);
  for (const KeyframeDepth& keyframe : result.reconstruction.keyframes) EXPECT_EQ(keyframe.scale, 1);
}

TEST(Josh, BodiesStayWhenToldTo) {
  JoshOptions options;
  options.optimize_bodies = false;
  options.optimize_focal = false;
  const JoshResult result = OptimizeValid(NoisyClip(), options);
  for (size_t p = 0; p < result.reconstruction.people.size(); ++p) {
    const PersonInWorld& person = result.reconstruction.people[p];
    EXPECT_EQ(person.shape, NoisyClip().people[p].shape);
    const Vec3d pelvis = RestPelvis(SharedBody(), person.shape);
    for (size_t i = 0; i < person.frames.size(); ++i) {
      const Rigid3d cam_from_world = Inverse(result.reconstruction.world_from_cam[person.frames[i]]);
      const BodyPose in_cam = TransformBody(cam_from_world, person.body_in_world[i], pelvis);
      EXPECT_LT(Norm(in_cam.translation_m - NoisyClip().people[p].frames[i].body_in_cam.translation_m), 1e-9);
    }
  }
}

TEST(Josh, GravityTurnsTheWorldUpright) {
  Observations observations = NoisyClip();
  observations.ground.known = true;
  observations.ground.up_in_world = Normalized(Vec3d{0.1, -1, 0.2});
  const JoshResult result = OptimizeValid(observations);
  EXPECT_TRUE(result.reconstruction.gravity_known);
  const Vec3d up_in_first =
      Rotate(Conjugate(observations.camera.world_from_cam[0].rotation), observations.ground.up_in_world);
  const Vec3d up = Rotate(result.reconstruction.world_from_cam[0].rotation, up_in_first);
  EXPECT_LT(Norm(up - Vec3d{0, -1, 0}), 1e-9);
}

TEST(Josh, InitialReconstructionIsTheObservations) {
  const Reconstruction initial = InitialReconstruction(NoisyClip(), SharedBody());
  EXPECT_TRUE(ProblemsOf(initial, NoisyClip().clip).empty());
  const PersonInWorld& person = initial.people[0];
  const Vec3d pelvis = RestPelvis(SharedBody(), person.shape);
  for (size_t i = 0; i < person.frames.size(); ++i) {
    const BodyPose in_cam =
        TransformBody(Inverse(initial.world_from_cam[person.frames[i]]), person.body_in_world[i], pelvis);
    EXPECT_LT(Norm(in_cam.translation_m - NoisyClip().people[0].frames[i].body_in_cam.translation_m), 1e-9);
  }
}

TEST(Josh, MatchesOnDiskChangeNothing) {
  JoshOptions on_disk;
  on_disk.match_memory_mb = 0;
  on_disk.spill_dir = testing::TempDir();
  EXPECT_EQ(Numbers(OptimizeValid(NoisyClip(), on_disk)), Numbers(OptimizeValid(NoisyClip())));
}

TEST(Josh, SaysThatMatchesHaveNoRoom) {
  JoshOptions on_disk;
  on_disk.match_memory_mb = 0;
  on_disk.spill_dir = "/nonexistent/folder";
  ExpectError(ErrorKind::kStorage, {"josh.spill_dir"}, [&] {
    OptimizeJointly(NoisyClip(), SharedBody(), on_disk, 1);
  });
}

}  // namespace
}  // namespace foothold
