// SPDX-License-Identifier: Apache-2.0
// Random problems that follow the rules of observations.h and otherwise make no sense: nothing may
// throw and nothing may come out that is not finite.
#include <gtest/gtest.h>

#include <cmath>

#include "foothold/base/random.h"
#include "foothold/josh/josh.h"
#include "labels/body_file.h"

namespace foothold {
namespace {

constexpr int kWidth = 64, kHeight = 48;

class Garbage {
 public:
  Garbage(const BodyModel& body, uint64_t seed) : body_(body), random_(seed, "garbage") {}

  Observations Make() {
    Observations observations;
    const int num_frames = random_.UniformInt(1, 25);
    const int interval = random_.UniformInt(1, 6);
    observations.clip.id = std::string(32, 'a');
    observations.clip.frame_rate_hz = 30;
    observations.clip.working_from_source = {kWidth, kHeight, kWidth, kHeight, 1, 1, 0, 0};
    double time_s = 0;
    for (int f = 0; f < num_frames; ++f) {
      observations.clip.time_s.push_back(time_s += random_.Uniform(1e-3, 0.2));
      observations.camera.world_from_cam.push_back(Camera());
    }
    observations.camera.pinhole = {random_.Uniform(5, 500), kWidth / 2.0, kHeight / 2.0};
    observations.camera.poses_fixed = random_.Bernoulli(0.2);
    observations.camera.metric = random_.Bernoulli(0.2);
    observations.camera.focal_fixed = random_.Bernoulli(0.2);
    observations.ground.known = random_.Bernoulli(0.3);
    for (int f = 0; f < num_frames; f += interval) AddKeyframe(f, &observations);
    if (observations.keyframes.back().frame != num_frames - 1) AddKeyframe(num_frames - 1, &observations);
    AddPairs(&observations);
    const int num_people = random_.UniformInt(0, 3);
    for (int p = 0; p < num_people; ++p) AddPerson(p, &observations);
    return observations;
  }

 private:
  Vec3d Vector(double size) {
    return {size * random_.Normal(), size * random_.Normal(), size * random_.Normal()};
  }
  // Mostly ordinary, now and then extreme or zero.
  double Size() {
    const int kind = random_.UniformInt(0, 5);
    return kind == 0 ? 0 : kind == 1 ? 1e3 : kind == 2 ? 1e-4 : 1;
  }

  Rigid3d Camera() { return {ExpQuaternion(Vector(1)), Vector(Size())}; }

  void AddKeyframe(int frame, Observations* observations) {
    Keyframe keyframe;
    keyframe.frame = frame;
    keyframe.depth_m = ImageF(kWidth, kHeight);
    keyframe.confidence = ImageF(kWidth, kHeight);
    const double far = std::pow(10.0, random_.Uniform(-3, 4));
    const bool empty = random_.Bernoulli(0.1);
    const bool flat = random_.Bernoulli(0.3);
    for (size_t i = 0; i < keyframe.depth_m.data.size(); ++i) {
      if (empty || random_.Bernoulli(0.3)) continue;
      keyframe.depth_m.data[i] = static_cast<float>(flat ? far : far * random_.Uniform(0.01, 1));
      keyframe.confidence.data[i] = static_cast<float>(random_.Uniform());
    }
    observations->keyframes.push_back(keyframe);
  }

  void AddPairs(Observations* observations) {
    const int count = static_cast<int>(observations->keyframes.size());
    for (int i = 0; i < count; ++i) {
      for (int j = i + 1; j < std::min(count, i + 4); ++j) {
        if (random_.Bernoulli(0.3)) continue;
        KeyframePair pair{i, j, {}};
        const int num_matches = random_.UniformInt(0, 60);
        const bool one_place = random_.Bernoulli(0.2);
        for (int m = 0; m < num_matches; ++m) {
          const auto x = static_cast<float>(one_place ? 7 : random_.Uniform(-5, kWidth + 5));
          const auto y = static_cast<float>(one_place ? 9 : random_.Uniform(-5, kHeight + 5));
          pair.matches.push_back({x,
                                  y,
                                  static_cast<float>(random_.Uniform(0, kWidth - 1)),
                                  static_cast<float>(random_.Uniform(0, kHeight - 1)),
                                  static_cast<float>(random_.Bernoulli(0.2) ? 0 : random_.Uniform())});
        }
        observations->pairs.push_back(pair);
      }
    }
  }

  void AddPerson(int id, Observations* observations) {
    PersonObservations person;
    person.id = id;
    for (double& s : person.shape) s = 3 * random_.Normal();
    const Vec3d place = Vector(5 * Size());
    for (int f = 0; f < observations->clip.num_frames(); ++f) {
      if (random_.Bernoulli(0.3)) continue;
      PersonFrame frame;
      frame.frame = f;
      frame.box_px = {1, 1, 10, 20};
      frame.confidence = 0.5f;
      frame.body_in_cam.translation_m = place + Vector(Size());
      frame.body_in_cam.root = ExpQuaternion(Vector(2));
      for (Quatd& joint : frame.body_in_cam.joints) joint = ExpQuaternion(Vector(1));
      person.frames.push_back(frame);
    }
    if (person.frames.empty()) return;
    for (int k = 0; k < static_cast<int>(observations->keyframes.size()); ++k) {
      for (const int vertex : {3, body_.foot_vertices[0], body_.foot_vertices[3]}) {
        if (random_.Bernoulli(0.4)) continue;
        person.contacts.push_back({k, vertex, static_cast<float>(random_.Uniform()), random_.Bernoulli(0.5)});
      }
    }
    observations->people.push_back(person);
  }

  const BodyModel& body_;
  RandomStream random_;
};

class JoshGarbage : public testing::TestWithParam<int> {};

TEST_P(JoshGarbage, NothingThrowsAndEverythingIsFinite) {
  const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  for (int n = 0; n < 10; ++n) {
    const auto seed = static_cast<uint64_t>(10 * GetParam() + n);
    const Observations observations = Garbage(body, seed).Make();
    JoshOptions options;
    options.optimize_all_joints = n % 3 == 0;
    JoshResult result;
    ASSERT_NO_THROW(result = OptimizeJointly(observations, body, options, 1 + n % 2)) << "seed " << seed;
    const std::vector<std::string> problems = ProblemsOf(result.reconstruction, observations.clip);
    EXPECT_TRUE(problems.empty()) << "seed " << seed << ": " << problems[0];
    EXPECT_NE(result.summary.termination, SolverSummary::Termination::kNotRun);
    for (const auto& term : result.summary.terms) EXPECT_TRUE(std::isfinite(term.final)) << term.name;
    for (const auto& iteration : result.summary.iterations) EXPECT_TRUE(std::isfinite(iteration.cost));
  }
}
INSTANTIATE_TEST_SUITE_P(Tens, JoshGarbage, testing::Range(0, 5));

}  // namespace
}  // namespace foothold
