// SPDX-License-Identifier: Apache-2.0
#include "foothold/student/pair_loader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <set>

#include "foothold/base/atomic_file.h"
#include "foothold/student/label_dataset.h"
#include "labels/label_format.h"
#include "labels/signed_file.h"
#include "student/student_clips.h"
#include "support/expect_error.h"
#include "support/tar_text.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

bool SameBatch(const LoadedBatch& a, const LoadedBatch& b) {
  return a.sample_seeds == b.sample_seeds && at::equal(a.batch.images, b.batch.images) &&
         at::equal(a.batch.boxes_px, b.batch.boxes_px) &&
         at::equal(a.targets.rel_translation, b.targets.rel_translation) &&
         at::equal(a.targets.pose, b.targets.pose) && at::equal(a.targets.points, b.targets.points) &&
         at::equal(a.targets.points_mask, b.targets.points_mask) &&
         at::equal(a.targets.contact, b.targets.contact) &&
         at::equal(a.targets.scene_mask, b.targets.scene_mask);
}

std::vector<LoadedBatch> Take(PairLoader* loader, int count) {
  std::vector<LoadedBatch> batches;
  for (int i = 0; i < count; ++i) batches.push_back(loader->Next());
  return batches;
}

TEST(PairLoader, ThreadsAndPrefetchChangeNothing) {
  const StudentClips clips(2);
  LoaderOptions options = clips.Loader();
  options.prefetch = 0;
  PairLoader plain(options, clips.body(), 0, 1);
  EXPECT_TRUE(FirstNonFinite(plain.Next().targets).empty());
  plain.Seek({});
  const std::vector<LoadedBatch> expected = Take(&plain, 8);
  for (const auto& [threads, prefetch] : {std::pair{1, 1}, {3, 2}, {4, 9}}) {
    options.threads = threads;
    options.prefetch = prefetch;
    PairLoader loader(options, clips.body(), 0, 1);
    for (int i = 0; i < 8; ++i) EXPECT_TRUE(SameBatch(loader.Next(), expected[i])) << threads << " " << i;
    EXPECT_EQ(loader.position(), plain.position());
  }
}

// Every rank's slices side by side are the batch of one rank, also where they differ in size.
TEST(PairLoader, RanksShareTheGlobalBatch) {
  const StudentClips clips(2);
  const LoaderOptions options = clips.Loader();
  PairLoader whole(options, clips.body(), 0, 1);
  const std::vector<LoadedBatch> expected = Take(&whole, 5);
  for (const int size : {2, 3, 4}) {
    std::vector<std::vector<LoadedBatch>> parts;
    for (int rank = 0; rank < size; ++rank) {
      PairLoader loader(options, clips.body(), rank, size);
      parts.push_back(Take(&loader, 5));
      EXPECT_EQ(loader.position(), whole.position());
      EXPECT_EQ(loader.Fingerprint(), whole.Fingerprint());
    }
    for (int step = 0; step < 5; ++step) {
      std::vector<at::Tensor> images, motions;
      std::vector<uint64_t> seeds;
      for (const auto& part : parts) {
        images.push_back(part[step].batch.images);
        motions.push_back(part[step].targets.rel_translation);
        seeds.insert(seeds.end(), part[step].sample_seeds.begin(), part[step].sample_seeds.end());
      }
      EXPECT_TRUE(at::equal(at::cat(images), expected[step].batch.images)) << size;
      EXPECT_TRUE(at::equal(at::cat(motions), expected[step].targets.rel_translation)) << size;
      EXPECT_EQ(seeds, expected[step].sample_seeds) << size;
    }
  }
}

TEST(PairLoader, ContinuesFromAPosition) {
  const StudentClips clips(2);
  const LoaderOptions options = clips.Loader();
  PairLoader first(options, clips.body(), 0, 1);
  Take(&first, 3);
  const PairLoader::Position position = first.position();
  const std::vector<LoadedBatch> expected = Take(&first, 4);
  PairLoader second(options, clips.body(), 0, 1);
  Take(&second, 1);  // Batches ahead of it must be forgotten.
  second.Seek(position);
  EXPECT_EQ(second.position(), position);
  for (const LoadedBatch& batch : expected) EXPECT_TRUE(SameBatch(second.Next(), batch));
  ExpectError(ErrorKind::kUsage, {"loader position", "checkpoint"}, [&] {
    second.Seek({0, second.samples_per_epoch()});
  });
}

TEST(PairLoader, AnEpochHasEverySampleOnce) {
  const StudentClips clips(2);
  LoaderOptions options = clips.Loader();
  options.batch_size = 1;
  PairLoader loader(options, clips.body(), 0, 1);
  const auto count = static_cast<int>(loader.samples_per_epoch());
  ASSERT_GE(count, 6);
  std::vector<uint64_t> seeds;
  for (const LoadedBatch& batch : Take(&loader, 2 * count)) seeds.push_back(batch.sample_seeds[0]);
  EXPECT_EQ(std::set<uint64_t>(seeds.begin(), seeds.begin() + count).size(), static_cast<size_t>(count));
  EXPECT_EQ(std::set<uint64_t>(seeds.begin(), seeds.end()).size(), static_cast<size_t>(2 * count));
  EXPECT_EQ(loader.position(), (PairLoader::Position{2, 0}));
  // Another seed: another order and other partners, the same anchors.
  options.seed = 2;
  PairLoader other(options, clips.body(), 0, 1);
  EXPECT_EQ(other.samples_per_epoch(), count);
  EXPECT_NE(other.Next().sample_seeds[0], seeds[0]);
  EXPECT_NE(other.Fingerprint(), loader.Fingerprint());
}

TEST(PairLoader, HeldOutAndTrainingVideosArePartsOfAll) {
  const StudentClips clips(4);
  LoaderOptions options = clips.Loader();
  options.batch_size = 1;
  options.held_out_share = 0.5;
  const PairLoader all(options, clips.body(), 0, 1);
  int64_t sum = 0;
  for (const char* subset : {"train", "held_out"}) {
    options.subset = subset;
    const PairLoader part(options, clips.body(), 0, 1);
    EXPECT_LT(part.samples_per_epoch(), all.samples_per_epoch());
    sum += part.samples_per_epoch();
  }
  EXPECT_EQ(sum, all.samples_per_epoch());
}

TEST(PairLoader, PacksAreMadeOnceAndAreDeterministic) {
  const StudentClips clips(1);
  LoaderOptions options = clips.Loader();
  const auto pack_bytes = [&] {
    const PairLoader loader(options, clips.body(), 0, 1);
    const fs::directory_entry entry = *fs::directory_iterator(clips.dir() + "/student_packs");
    return ReadFile(entry.path());
  };
  const std::string bytes = pack_bytes();
  const auto made = fs::last_write_time(*fs::directory_iterator(clips.dir() + "/student_packs"));
  pack_bytes();
  EXPECT_EQ(fs::last_write_time(*fs::directory_iterator(clips.dir() + "/student_packs")), made);
  fs::remove_all(clips.dir() + "/student_packs");
  EXPECT_EQ(pack_bytes(), bytes);
}

// ---- What can be wrong.

template <class... Parts>
void ExpectNoLoader(const StudentClips& clips, const LoaderOptions& options, ErrorKind kind, Parts... parts) {
  ExpectError(kind, {parts...}, [&] { PairLoader(options, clips.body(), 0, 1); });
}

TEST(PairLoaderErrors, OptionsAndPlaces) {
  const StudentClips clips(1);
  const LoaderOptions good = clips.Loader();
  LoaderOptions options = good;
  options.labels = "";
  ExpectNoLoader(clips, options, ErrorKind::kUsage, "data.labels");
  options.labels = clips.dir() + "/none";
  ExpectNoLoader(clips, options, ErrorKind::kBadInput, "none", "does not exist", "data.labels");
  options = good;
  options.kind = "label";
  ExpectNoLoader(
      clips, options, ErrorKind::kBadInput, clips.dir(), "holds no file of kind label", "foothold label");
  options = good;
  options.width = 100;
  ExpectNoLoader(clips, options, ErrorKind::kUsage, "data.width = 100", "multiples of 16");
  options = good;
  options.min_gap_frames = 9;
  ExpectNoLoader(clips, options, ErrorKind::kUsage, "data.min_gap_frames = 9");
  options = good;
  options.min_gap_frames = options.max_gap_frames = 5000;
  ExpectNoLoader(clips, options, ErrorKind::kBadInput, "no pair is left", "no_partner", "loosen");
  ExpectError(ErrorKind::kUsage, {"data.batch_size = 4", "5"}, [&] { PairLoader(good, clips.body(), 0, 5); });
}

TEST(PairLoaderErrors, MissingLabelOfAList) {
  const StudentClips clips(1);
  LoaderOptions options = clips.Loader();
  options.labels = clips.dir() + "/list.txt";
  WriteFileAtomically(options.labels, "# two labels\n" + clips.Name(0) + ".truth.h5\n\n  lost.truth.h5 \n");
  ExpectNoLoader(clips, options, ErrorKind::kBadInput, "lost.truth.h5", "cannot be opened");
  WriteFileAtomically(options.labels, "  " + clips.Name(0) + ".truth.h5\r\n");
  EXPECT_GT(PairLoader(options, clips.body(), 0, 1).samples_per_epoch(), 0);
}

TEST(PairLoaderErrors, DamagedLabel) {
  const StudentClips clips(1);
  std::string bytes = ReadFile(clips.Truth(0));
  bytes[bytes.size() / 2] ^= 1;
  WriteFileAtomically(clips.Truth(0), bytes);
  ExpectNoLoader(clips,
                 clips.Loader(),
                 ErrorKind::kBadInput,
                 clips.Truth(0),
                 "checksum differs",
                 "label the video again");
}

// Signed by a program that does not check: numbers that no writer of ours would let pass.
TEST(PairLoaderErrors, NotANumberInALabel) {
  const StudentClips clips(1);
  labels::Label label = labels::ReadLabel(clips.Truth(0));
  label.reconstruction.people[0].body_in_world[3].translation_m[1] = std::numeric_limits<double>::quiet_NaN();
  labels::Hdf5Writer writer(labels::kSignatureBytes);
  fs::remove(clips.Truth(0));
  labels::CommitSigned(&labels::PackLabel(label, &writer), labels::kLabelFormat, clips.Truth(0));
  ExpectNoLoader(clips,
                 clips.Loader(),
                 ErrorKind::kBadInput,
                 clips.Truth(0),
                 "people/0000/body_in_world_translation_m",
                 "label the video again");
}

TEST(PairLoaderErrors, VideoMissingOrAnother) {
  const StudentClips clips(2);
  const LoaderOptions options = clips.Loader();
  fs::rename(clips.Video(0), clips.dir() + "/elsewhere.mp4");
  ExpectNoLoader(clips, options, ErrorKind::kBadInput, clips.Truth(0), "clip/source_path", "data.videos");
  fs::copy_file(clips.Video(1), clips.Video(0));
  ExpectNoLoader(clips, options, ErrorKind::kBadInput, clips.Video(0), "clip/source_hash");
  // Found in data.videos, whatever the label says.
  fs::create_directory(clips.dir() + "/videos");
  fs::rename(clips.dir() + "/elsewhere.mp4", clips.dir() + "/videos/" + clips.Name(0) + ".mp4");
  fs::copy_file(clips.Video(1), clips.dir() + "/videos/" + clips.Name(1) + ".mp4");
  LoaderOptions elsewhere = options;
  elsewhere.videos = clips.dir() + "/videos";
  EXPECT_GT(PairLoader(elsewhere, clips.body(), 0, 1).samples_per_epoch(), 0);
  // An archive is as good as a folder.
  std::string archive;
  for (int clip = 0; clip < 2; ++clip) {
    const std::string name = clips.Name(clip) + ".mp4";
    archive += TarEntry(name, ReadFile(clips.dir() + "/videos/" + name));
  }
  elsewhere.videos = clips.dir() + "/videos.tar";
  WriteFileAtomically(elsewhere.videos, archive + TarEnd());
  fs::remove_all(clips.dir() + "/student_packs");
  EXPECT_GT(PairLoader(elsewhere, clips.body(), 0, 1).samples_per_epoch(), 0);
}

TEST(PairLoaderErrors, AnotherBodyModel) {
  const StudentClips clips(1);
  BodyModel other = clips.body();
  other.content_hash = "another";
  ExpectError(ErrorKind::kBadInput, {clips.Truth(0), "provenance/body_model_hash"}, [&] {
    PairLoader(clips.Loader(), other, 0, 1);
  });
  PairLoader(clips.Loader(), clips.body(), 0, 1);  // Now there is a pack.
  ExpectError(ErrorKind::kBadInput, {".pack", "body model", "delete the pack"}, [&] {
    PairLoader(clips.Loader(), other, 0, 1);
  });
}

TEST(PairLoaderErrors, DamagedPack) {
  const StudentClips clips(1);
  const LoaderOptions options = clips.Loader();
  PairLoader(options, clips.body(), 0, 1);
  const std::string path = fs::directory_iterator(clips.dir() + "/student_packs")->path().string();
  const std::string bytes = ReadFile(path);
  // Facts stand before pixels of smaller items, which end the file.
  std::string damaged = bytes;
  damaged.back() ^= 1;
  WriteFileAtomically(path, damaged);
  PairLoader loader(options, clips.body(), 0, 1);
  ExpectError(ErrorKind::kBadInput, {path, "pixels_xxh3", "delete it"}, [&] { loader.Next(); });
  // Mended while the run waits: it goes on from the same batch.
  fs::remove(path);
  PairLoader expected(options, clips.body(), 0, 1);
  EXPECT_EQ(ReadFile(path), bytes);
  EXPECT_EQ(loader.position(), (PairLoader::Position{0, 0}));
  EXPECT_TRUE(SameBatch(loader.Next(), expected.Next()));
  damaged = bytes;
  const size_t header = 8 + static_cast<uint8_t>(bytes[0]) + 256 * static_cast<uint8_t>(bytes[1]);
  damaged[header + 3] ^= 1;  // In the first tensor of 8-byte numbers.
  WriteFileAtomically(path, damaged);
  ExpectNoLoader(clips, options, ErrorKind::kBadInput, path, "facts_xxh3");
  WriteFileAtomically(path, bytes.substr(0, bytes.size() - 5));
  ExpectNoLoader(clips, options, ErrorKind::kBadInput, path);
}

TEST(PairLoaderErrors, LabelsGoneOrChangedDuringTraining) {
  const StudentClips clips(4);
  LoaderOptions options = clips.Loader();
  options.window_shards = 1;  // Two packs stay open.
  options.batch_size = 2;
  PairLoader loader(options, clips.body(), 0, 1), expected(options, clips.body(), 0, 1);
  const int steps = static_cast<int>(loader.samples_per_epoch());
  for (int clip = 0; clip < 4; ++clip) fs::rename(clips.Truth(clip), clips.Truth(clip) + ".away");
  ExpectError(ErrorKind::kBadInput, {".truth.h5", "has gone since the run began", "put it back"}, [&] {
    Take(&loader, steps);
  });
  for (int clip = 0; clip < 4; ++clip) fs::rename(clips.Truth(clip) + ".away", clips.Truth(clip));
  const PairLoader::Position position = loader.position();
  expected.Seek(position);
  EXPECT_TRUE(SameBatch(loader.Next(), expected.Next()));
  // A pack alone that has gone is made again.
  fs::remove_all(clips.dir() + "/student_packs");
  fs::create_directory(clips.dir() + "/student_packs");
  Take(&loader, steps);
  // Another label under the same name is not what the run began with.
  const std::string other = ReadFile(clips.Truth(0));
  for (int clip = 1; clip < 4; ++clip) WriteFileAtomically(clips.Truth(clip), other);
  ExpectError(
      ErrorKind::kBadInput, {".truth.h5", "has changed since the run began"}, [&] { Take(&loader, steps); });
}

}  // namespace
}  // namespace foothold
