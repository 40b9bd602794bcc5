// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "foothold/josh/aggregate.h"
#include "foothold/josh/interpolation.h"
#include "foothold/josh/output_stage.h"
#include "labels/body_file.h"
#include "support/parity_geometry.h"

namespace foothold {
namespace {

constexpr const char* kFile = "frontend.h5";

std::vector<BodyShape> ReadShapes(const ParityFile& file, const std::string& path) {
  const std::vector<double> values = file.Doubles(path);
  std::vector<BodyShape> shapes(values.size() / kNumShape);
  for (size_t i = 0; i < shapes.size(); ++i)
    std::copy_n(&values[kNumShape * i], kNumShape, shapes[i].begin());
  return shapes;
}

// Datasets rotmat, trans, shape of a group, on the given frames.
BodyTrack ReadTrack(const ParityFile& file, const std::string& group, const std::vector<int>& frames) {
  BodyTrack track;
  track.frames = frames;
  track.shapes = ReadShapes(file, group + "/shape");
  const std::vector<Quatd> rotations = ReadRotations(file, group + "/rotmat");
  const std::vector<Vec3d> translations = ReadVectors(file, group + "/trans");
  for (size_t t = 0; t < frames.size(); ++t) {
    BodyPose body;
    body.root = rotations[kNumJoints * t];
    std::copy_n(&rotations[kNumJoints * t + 1], kNumJoints - 1, body.joints.begin());
    body.translation_m = translations[t];
    track.bodies.push_back(body);
  }
  return track;
}

// Optimised quaternions are not unit and rotation matrices not orthonormal.
OptimisedTrack ReadOptimised(const ParityFile& file, const std::string& track) {
  const std::string group = track + "/optimised";
  OptimisedTrack optimised;
  optimised.keyframes = file.Ints(track + "/keyframes");
  optimised.shape = ReadShapes(file, group + "/shape").front();
  const std::vector<double> quaternions = file.Doubles(group + "/quaternion");
  const std::vector<double> matrices = file.Doubles(group + "/body");
  const std::vector<Vec3d> translations = ReadVectors(file, group + "/trans");
  for (size_t t = 0; t < optimised.keyframes.size(); ++t) {
    BodyPose body;
    const double* q = &quaternions[4 * t];
    body.root = Normalized(Quatd{q[0], q[1], q[2], q[3]});
    for (size_t k = 0; k < body.joints.size(); ++k) {
      body.joints[k] = NearestRotation(MatrixAt(matrices, t * body.joints.size() + k));
    }
    body.translation_m = translations[t];
    optimised.bodies.push_back(body);
  }
  return optimised;
}

void ExpectBodies(const ParityFile& file,
                  const std::string& group,
                  const std::vector<BodyPose>& bodies,
                  const std::vector<BodyShape>& shapes) {
  std::vector<double> rotations, translations, betas;
  for (const BodyPose& body : bodies) {
    Append(&rotations, body.root);
    for (const Quatd& joint : body.joints) Append(&rotations, joint);
    Append(&translations, body.translation_m);
  }
  for (const BodyShape& shape : shapes) betas.insert(betas.end(), shape.begin(), shape.end());
  EXPECT_TRUE(MatchesParity(file, group + "/rotmat", rotations));
  EXPECT_TRUE(MatchesParity(file, group + "/trans", translations));
  EXPECT_TRUE(MatchesParity(file, group + "/shape", betas));
}

void ExpectWorld(const ParityFile& file,
                 const std::string& root_path,
                 const std::string& translation_path,
                 const std::vector<BodyPose>& bodies) {
  std::vector<double> roots, translations;
  for (const BodyPose& body : bodies) {
    Append(&roots, body.root);
    Append(&translations, body.translation_m);
  }
  EXPECT_TRUE(MatchesParity(file, root_path, roots));
  EXPECT_TRUE(MatchesParity(file, translation_path, translations));
}

std::vector<double> JointsOf(const BodyModel& model,
                             const std::vector<BodyPose>& bodies,
                             const std::vector<BodyShape>& shapes) {
  std::vector<double> joints;
  for (size_t i = 0; i < bodies.size(); ++i) {
    for (const Vec3d& joint : PoseSkeleton(model, shapes[i], bodies[i]).joints_m) Append(&joints, joint);
  }
  return joints;
}

TEST(OutputParity, OutputStage) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  const BodyModel model = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  const ChunkSpan chunk{static_cast<int>(file.Attribute("output_stage", "start_frame")),
                        static_cast<int>(file.Attribute("output_stage", "num_frames"))};
  const double focal_ratio =
      file.Attribute("output_stage", "final_focal") / file.Attribute("output_stage", "old_focal");
  const std::vector<Rigid3d> cameras = CamerasOfAllFrames(
      file.Ints("output_stage/keyframes"), ReadRigids(file, "output_stage/keyframe_cam2w"), chunk.num_frames);
  EXPECT_TRUE(MatchesParity(file, "output_stage/cam2w", Flatten(cameras)));
  for (const std::string& name : file.Names("output_stage")) {
    if (name.rfind("track", 0) != 0) continue;
    const std::string in = "output_stage/" + name;
    const BodyTrack input = ReadTrack(file, in, file.Ints(in + "/frame"));
    const BodyTrack out = ReplaceByKeyframes(input, ReadOptimised(file, in), chunk, focal_ratio);
    EXPECT_TRUE(MatchesParity(file, in + "/out/frame", out.frames));
    ExpectBodies(file, in + "/out", out.bodies, out.shapes);
    EXPECT_TRUE(MatchesParity(file, in + "/out/joints", JointsOf(model, out.bodies, out.shapes)));

    const std::vector<BodyPose> world = PlaceInWorld(model, out, cameras, chunk.first_frame);
    ExpectWorld(file, in + "/world/root", in + "/world/trans", world);
    EXPECT_TRUE(MatchesParity(file, in + "/world/joints", JointsOf(model, world, out.shapes)));
    // Pelvis identity: posing in the world equals moving the posed body.
    for (size_t i = 0; i < world.size(); ++i) {
      const Rigid3d& camera = cameras[out.frames[i] - chunk.first_frame];
      const PosedSkeleton in_cam = PoseSkeleton(model, out.shapes[i], out.bodies[i]);
      const PosedSkeleton in_world = PoseSkeleton(model, out.shapes[i], world[i]);
      for (int k = 0; k < kNumJoints; ++k) {
        EXPECT_LT(Norm(in_world.joints_m[k] - camera * in_cam.joints_m[k]), 1e-12);
      }
    }
  }
}

ImageF ImageAt(const ParityFile& file, const std::string& path, size_t index, int channels) {
  const std::vector<float> values = file.Floats(path);
  ImageF image(file.Side(path, 2), file.Side(path, 1), channels);
  std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(index * image.data.size()),
              image.data.size(),
              image.data.begin());
  return image;
}

ChunkResult ReadChunk(const ParityFile& file, const std::string& group) {
  ChunkResult chunk;
  chunk.first_frame = static_cast<int>(file.Attribute(group, "start_frame"));
  const std::vector<double> k = file.Doubles(group + "/K");
  chunk.pinhole = {k[0], k[2], k[5]};
  chunk.world_from_cam = ReadRigids(file, group + "/cam2w");
  const std::vector<int> frames = file.Ints(group + "/keyframes");
  for (size_t i = 0; i < frames.size(); ++i) {
    chunk.keyframes.push_back({frames[i],
                               ImageAt(file, group + "/depth", i, 1),
                               ImageAt(file, group + "/conf", i, 1),
                               ImageAt(file, group + "/rgb", i, 3)});
  }
  return chunk;
}

TEST(OutputParity, ChainedChunks) {
  FOOTHOLD_REQUIRE_PARITY(kFile);
  const ParityFile file(kFile);
  const BodyModel model = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  const BodyTrack whole = ReadTrack(file, "aggregate/track", file.Ints("aggregate/track/frame"));
  std::vector<ChunkResult> chunks;
  std::vector<BodyTrack> tracks;
  for (const std::string& name : file.Names("aggregate")) {
    if (name.rfind("chunk", 0) != 0) continue;
    const std::string group = "aggregate/" + name;
    chunks.push_back(ReadChunk(file, group));
    std::vector<int> frames;
    for (const int frame : whole.frames) {
      const int relative = frame - chunks.back().first_frame;
      if (relative >= 0 && relative < static_cast<int>(chunks.back().world_from_cam.size())) {
        frames.push_back(frame);
      }
    }
    tracks.push_back(ReadTrack(file, group + "/track", frames));
  }

  const ChainedVideo video = ChainChunks(chunks);
  const Pinholed& camera = video.pinhole;
  EXPECT_TRUE(MatchesParity(
      file,
      "aggregate/out/K",
      std::vector<double>{
          camera.focal_px, 0, camera.center_x_px, 0, camera.focal_px, camera.center_y_px, 0, 0, 1}));
  EXPECT_TRUE(MatchesParity(file, "aggregate/out/cam2w", Flatten(video.world_from_cam)));
  EXPECT_TRUE(MatchesParity(file, "aggregate/out/keyframes", video.keyframes));
  EXPECT_TRUE(MatchesParity(file, "aggregate/out/points", Flatten(video.points_m)));
  std::vector<int> colors;
  for (const auto& color : video.colors) colors.insert(colors.end(), {color[0], color[1], color[2], 255});
  EXPECT_TRUE(MatchesParity(file, "aggregate/out/colors", colors));

  const BodyTrack chained = ChainTracks(whole, tracks);
  ExpectBodies(file, "aggregate/out", chained.bodies, chained.shapes);
  ExpectWorld(file,
              "aggregate/out/world_root",
              "aggregate/out/world_trans",
              PlaceInWorld(model, chained, video.world_from_cam, 0));
}

}  // namespace
}  // namespace foothold
