// SPDX-License-Identifier: Apache-2.0
// The true label_corpus on small rendered clips with recorded observations.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include "foothold/pipeline/synthetic_dataset.h"
#include "jobs/label_runs.h"
#include "labels/body_file.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

// Three clips, rendered once for all tests of this process.
const std::string& Videos() {
  static const TemporaryFolder folder;
  static const std::string path = [] {
    SyntheticDataset dataset;
    dataset.dir = folder.File("videos");
    dataset.num_clips = 3;
    dataset.seed = 5;
    dataset.options.num_frames = 16;
    dataset.options.width = 256;
    dataset.options.height = 192;
    dataset.options.num_people = 1;
    WriteSyntheticDataset(dataset, labels::ReadBodyModel(labels::DefaultBodyModelPath()), 2);
    return dataset.dir;
  }();
  return path;
}

const std::vector<std::string> kRecorded = {"--perception.name", "recorded"};

ProgramResult Label(const std::string& corpus, const std::string& output) {
  return RunLabelling(corpus, output, 2, 1, kRecorded);
}

TEST(RealLabels, SameBytesForAnyRanksAndThreads) {
  const TemporaryFolder folder;
  ExpectSameLabels(Videos(), kRecorded, {{1, 1}, {1, 2}, {2, 1}, {3, 2}}, 3, folder.path());
}

TEST(RealLabels, RepeatAddAndBadVideos) {
  const TemporaryFolder folder;
  const std::string corpus = folder.File("videos");
  fs::create_directories(corpus);
  for (const auto& entry : fs::directory_iterator(Videos())) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".mp4") || name.ends_with(".observations.h5"))
      fs::copy_file(entry.path(), corpus + "/" + name);
  }
  // Leave one clip for later.
  std::vector<fs::path> videos;
  for (const auto& entry : fs::directory_iterator(corpus)) {
    if (entry.path().extension() == ".mp4") videos.push_back(entry.path());
  }
  std::sort(videos.begin(), videos.end());
  ASSERT_EQ(videos.size(), 3u);
  fs::rename(videos[2], folder.File("later.mp4"));
  const std::string output = folder.File("out");
  EXPECT_EQ(Label(corpus, output).exit_code, 0);
  const auto before = LabelHashes(output);
  EXPECT_EQ(before.size(), 2u);

  const ProgramResult again = Label(corpus, output);
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_NE(again.output.find("nothing to do"), std::string::npos) << again.output;

  fs::rename(folder.File("later.mp4"), videos[2]);
  folder.Write("videos/text.mp4", "this is no video");
  folder.Write("videos/empty.avi", "");
  const ProgramResult third = Label(corpus, output);
  EXPECT_EQ(third.exit_code, 4) << third.output;
  EXPECT_NE(third.output.find("this run: 1 units, 1 clips"), std::string::npos) << third.output;
  EXPECT_NE(third.output.find("5 units: 3 labelled, 0 partly, 2 rejected"), std::string::npos)
      << third.output;
  auto after = LabelHashes(output);
  EXPECT_EQ(after.size(), 3u);
  for (const auto& [path, hash] : before) EXPECT_EQ(after[path], hash) << path;
}

// A file system of its own, smaller than the labels.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& path) : path_(path) {
    fs::create_directories(path);
    mounted_ = mount("tmpfs", path.c_str(), "tmpfs", 0, "size=400k") == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  bool MakeReadOnly() {
    return mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=400k") == 0;
  }

 private:
  std::string path_;
  bool mounted_;
};

TEST(RealLabels, FullAndReadOnlyDisksEndTheJobCleanly) {
  const TemporaryFolder folder;
  SmallDisk disk(folder.File("disk"));
  if (!disk.mounted()) GTEST_SKIP() << "SKIPPED: this test must be allowed to mount a tmpfs (root)";
  const std::string output = folder.File("disk/out");
  const ProgramResult full = Label(Videos(), output);
  EXPECT_EQ(full.exit_code, 6) << full.output;
  EXPECT_NE(full.output.find("No space left"), std::string::npos) << full.output;
  EXPECT_NE(full.output.find("3 open"), std::string::npos) << full.output;
  EXPECT_TRUE(LabelHashes(output).empty());
  for (const auto& entry : fs::recursive_directory_iterator(output)) {
    EXPECT_EQ(entry.path().filename().string().find(".tmp-"), std::string::npos) << entry.path();
  }
  ASSERT_TRUE(disk.MakeReadOnly());
  const ProgramResult read_only = Label(Videos(), output);
  EXPECT_EQ(read_only.exit_code, 6) << read_only.output;
  EXPECT_NE(read_only.output.find("Read-only"), std::string::npos) << read_only.output;
}

}  // namespace
}  // namespace foothold
