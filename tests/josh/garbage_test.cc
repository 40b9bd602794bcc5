// SPDX-License-Identifier: Apache-2.0
// Random problems that follow the rules of observations.h and otherwise make no sense: nothing may
// throw, nothing may come out that is not finite, and threads may not change a bit. 50 problems; 1,000 with
// FOOTHOLD_TEST_ALL=1. One in ten is large: up to 60 keyframes and 5 people.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "foothold/base/random.h"
#include "foothold/josh/josh.h"
#include "labels/body_file.h"

namespace foothold {
namespace {

constexpr int kWidth = 64, kHeight = 48;

class Garbage {
 public:
  Garbage(const BodyModel& body, uint64_t seed, bool large)
      : body_(body), large_(large), random_(seed, "garbage") {}

  Observations Make() {
    Observations observations;
    const int interval = random_.UniformInt(1, 6);
    const int num_frames = large_ ? random_.UniformInt(1, 60 * interval) : random_.UniformInt(1, 25);
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
    const int num_people = random_.UniformInt(0, large_ ? 5 : 3);
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
  bool large_;
  RandomStream random_;
};

void ExpectFinite(const JoshResult& result, const Observations& observations, const std::string& what) {
  const std::vector<std::string> problems = ProblemsOf(result.reconstruction, observations.clip);
  EXPECT_TRUE(problems.empty()) << what << ": " << problems[0];
  EXPECT_NE(result.summary.termination, SolverSummary::Termination::kNotRun) << what;
  for (const auto& term : result.summary.terms)
    EXPECT_TRUE(std::isfinite(term.final)) << what << " " << term.name;
  for (const auto& iteration : result.summary.iterations) EXPECT_TRUE(std::isfinite(iteration.cost)) << what;
}

// Bit for bit in what the optimiser decides; everything else follows from it.
void ExpectSame(const JoshResult& a, const JoshResult& b, const std::string& what) {
  EXPECT_EQ(a.reconstruction.pinhole.focal_px, b.reconstruction.pinhole.focal_px) << what;
  for (size_t f = 0; f < a.reconstruction.world_from_cam.size(); ++f) {
    EXPECT_EQ(a.reconstruction.world_from_cam[f].translation, b.reconstruction.world_from_cam[f].translation)
        << what;
  }
  for (size_t p = 0; p < a.reconstruction.people.size(); ++p) {
    const PersonInWorld &one = a.reconstruction.people[p], &other = b.reconstruction.people[p];
    ASSERT_EQ(one.frames, other.frames) << what;
    for (size_t f = 0; f < one.frames.size(); ++f) {
      EXPECT_EQ(one.body_in_world[f].translation_m, other.body_in_world[f].translation_m) << what;
    }
  }
}

class JoshGarbage : public testing::TestWithParam<int> {};

TEST_P(JoshGarbage, NothingThrowsAndEverythingIsFiniteAndRepeats) {
  const BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  const int sets = std::getenv("FOOTHOLD_TEST_ALL") != nullptr ? 20 : 1;
  for (int n = 0; n < 10 * sets; ++n) {
    const auto seed = static_cast<uint64_t>(10 * GetParam() + n % 10 + 50 * (n / 10));
    const Observations observations = Garbage(body, seed, n % 10 == 9).Make();
    for (const char* mode : {"calibrated", "released"}) {
      const std::string what = std::string(mode) + ", seed " + std::to_string(seed);
      JoshOptions options;
      options.mode = mode;
      options.optimize_all_joints = n % 3 == 0;
      JoshResult one, two;
      ASSERT_NO_THROW(one = OptimizeJointly(observations, body, options, 1)) << what;
      ExpectFinite(one, observations, what);
      if (n % 5 != 4) continue;
      ASSERT_NO_THROW(two = OptimizeJointly(observations, body, options, 2)) << what;
      ExpectSame(one, two, what);
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Tens, JoshGarbage, testing::Range(0, 5));

}  // namespace
}  // namespace foothold
