// SPDX-License-Identifier: Apache-2.0
#include "labels/observation_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "labels/equality.h"
#include "labels/hdf5.h"
#include "labels/message_of.h"
#include "labels/observation_format.h"
#include "labels/sample_data.h"
#include "labels/temporary_folder.h"

namespace foothold::labels {
namespace {

TEST(ObservationFile, RoundTripIsBitExact) {
  const TemporaryFolder folder;
  const Observations observations = SampleObservations();
  ASSERT_TRUE(WriteObservations(observations, folder / "clip.observations.h5"));
  ExpectSameObservations(ReadObservations(folder / "clip.observations.h5"), observations);
}

TEST(ObservationFile, RoundTripsTheBareMinimum) {
  const TemporaryFolder folder;
  Observations observations = SampleObservations();
  observations.people.clear();
  observations.pairs.clear();
  observations.flags.clear();
  observations.source.clear();
  observations.ground = GroundPlane();
  for (Keyframe& keyframe : observations.keyframes) {
    keyframe.color = ImageU8();
    keyframe.person_mask = ImageU8();
  }
  ASSERT_TRUE(WriteObservations(observations, folder / "o.h5"));
  ExpectSameObservations(ReadObservations(folder / "o.h5"), observations);
}

TEST(ObservationFile, EqualObservationsGiveEqualBytes) {
  const TemporaryFolder folder;
  WriteObservations(SampleObservations(), folder / "a.h5");
  WriteObservations(SampleObservations(), folder / "b.h5");
  EXPECT_EQ(ReadBytes(folder / "a.h5"), ReadBytes(folder / "b.h5"));
}

TEST(ObservationFile, LeavesAnExistingFileAlone) {
  const TemporaryFolder folder;
  WriteBytes(folder / "o.h5", "mine");
  EXPECT_FALSE(WriteObservations(SampleObservations(), folder / "o.h5"));
  EXPECT_EQ(ReadBytes(folder / "o.h5"), "mine");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(ObservationFile, DoesNotWriteBrokenObservations) {
  const TemporaryFolder folder;
  Observations observations = SampleObservations();
  observations.camera.pinhole.focal_px = -1;
  EXPECT_NE(MessageOf([&] { WriteObservations(observations, folder / "o.h5"); }).find("camera/focal_px"),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder / "o.h5"));
}

TEST(ObservationFile, NamesUnusableFiles) {
  const TemporaryFolder folder;
  const auto reason_of = [&](const std::string& bytes) {
    WriteBytes(folder / "o.h5", bytes);
    return ReasonOf([&] { ReadObservations(folder / "o.h5"); });
  };
  WriteObservations(SampleObservations(), folder / "good.h5");
  const std::string good = ReadBytes(folder / "good.h5");
  EXPECT_EQ(ReasonOf([&] { ReadObservations(folder / "none.h5"); }), "file_missing");
  EXPECT_EQ(reason_of(""), "file_truncated");
  EXPECT_EQ(reason_of(good.substr(0, good.size() - 1)), "file_truncated");
  EXPECT_EQ(reason_of(good + "x"), "file_corrupt");
  EXPECT_EQ(reason_of(std::string(2000, 'x')), "file_format");
  std::string edited = good;
  edited[good.size() / 2] ^= 1;
  EXPECT_EQ(reason_of(edited), "file_corrupt");
  std::string newer = good;
  Resign({kObservationFormat.name, 99}, &newer);
  EXPECT_EQ(reason_of(newer), "file_version");
  std::string other = good;
  Resign({"foothold-label", 1}, &other);
  EXPECT_EQ(reason_of(other), "file_format");
  EXPECT_EQ(ReasonOf([&] { ReadObservations(folder.path()); }), "file_unreadable");
}

// As a user writes it: no signature, optional members left out, one member changed by `edit`.
std::string UnsignedBytes(const std::function<void(Hdf5Writer*)>& add) {
  const Observations sample = SampleObservations();
  Hdf5Writer writer;
  add(&writer);
  PackObservations(sample, &writer);
  return writer.Finish();
}

TEST(ObservationFile, AcceptsFilesWithoutSignature) {
  const TemporaryFolder folder;
  WriteBytes(folder / "o.h5", UnsignedBytes([](Hdf5Writer* writer) {
               writer->WriteScalar<double>("camera/extra/mine", 3);  // Users' own data.
               writer->WriteString("extra/note", "text");
             }));
  ExpectSameObservations(ReadObservations(folder / "o.h5"), SampleObservations());
}

TEST(ObservationFile, RefusesMisspeltNames) {
  const TemporaryFolder folder;
  WriteBytes(folder / "o.h5", UnsignedBytes([](Hdf5Writer* writer) {
               writer->Write<uint8_t>("keyframes/persn_mask", {1}, {1});
             }));
  EXPECT_NE(MessageOf([&] {
              ReadObservations(folder / "o.h5");
            }).find("keyframes/persn_mask: unknown name; did you mean 'person_mask'?"),
            std::string::npos);
}

}  // namespace
}  // namespace foothold::labels
