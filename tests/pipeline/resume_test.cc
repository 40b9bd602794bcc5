// SPDX-License-Identifier: Apache-2.0
// Work that is stopped after any of its pieces, and continued by another process, gives the same label.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>

#include "foothold/base/atomic_file.h"
#include "foothold/base/file_journal.h"
#include "foothold/pipeline/label_video.h"
#include "foothold/pipeline/synthetic_dataset.h"
#include "labels/body_file.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

// In memory; throws when `pieces_left` more were kept, as if the process died then.
class StoppingJournal : public Journal {
 public:
  bool Find(const std::string& key, std::string* bytes) override {
    const std::lock_guard lock(mutex_);
    const auto at = pieces_.find(key);
    if (at == pieces_.end()) return false;
    ++found;
    *bytes = at->second;
    return true;
  }
  void Keep(const std::string& key, std::string bytes) override {
    const std::lock_guard lock(mutex_);
    EXPECT_TRUE(pieces_.count(key) == 0 || pieces_[key] != bytes) << key << " was computed twice";
    pieces_[key] = std::move(bytes);
    if (--pieces_left == 0) throw Error(ErrorKind::kInterrupted, "stopped after " + key);
  }
  bool Due() override { return true; }
  void DropUnwritten(const std::string&) override {}

  int pieces_left = -1;
  int found = 0;
  std::set<std::string> Keys() const {
    std::set<std::string> keys;
    for (const auto& [key, bytes] : pieces_) keys.insert(key);
    return keys;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> pieces_;
};

struct Video {
  TemporaryFolder folder;
  BodyModel body = labels::ReadBodyModel(labels::DefaultBodyModelPath());
  LabelOptions options;
  std::string path;

  Video(const std::string& camera, int num_people, int num_frames) {
    SyntheticDataset dataset;
    dataset.dir = folder.File("videos");
    dataset.seed = 5;
    dataset.options.num_people = num_people;
    dataset.options.num_frames = num_frames;
    dataset.options.width = 320;
    dataset.options.height = 240;
    dataset.options.match_stride_px = 16;
    dataset.options.camera = camera;
    path = WriteSyntheticDataset(dataset, body, 2)[0];
    options.run.threads = 2;
    options.classical.people.detection_long_edge_px = 640;
    options.classical.people.static_detection_rate_hz = 10;
  }

  Clip TheClip() const { return MakeClips(ProbeVideo(path, options.video), 0, -1, options.video).at(0); }
  std::string BytesOf(const labels::Label& label) const {
    const std::string file = folder.File("label.h5");
    fs::remove(file);
    EXPECT_TRUE(labels::WriteLabel(label, file));
    return ReadFile(file);
  }
};

void ExpectSameLabelWhereverItStops(const Video& video) {
  const Clip clip = video.TheClip();
  const std::string expected = video.BytesOf(LabelClip(clip, video.body, video.options, nullptr));
  StoppingJournal whole;
  EXPECT_EQ(video.BytesOf(LabelClip(clip, video.body, video.options, nullptr, &whole)), expected);
  const std::set<std::string> keys = whole.Keys();
  EXPECT_EQ(keys.count("tracks"), 1u);
  EXPECT_EQ(keys.count("optimise/0/iteration"), 1u);
  EXPECT_EQ(keys.count("optimise/2"), 1u);

  // Stopped again and again, each time a few pieces further.
  StoppingJournal journal;
  std::string bytes;
  int stops = 0;
  while (bytes.empty()) {
    journal.pieces_left = 4 + stops % 3;
    try {
      bytes = video.BytesOf(LabelClip(clip, video.body, video.options, nullptr, &journal));
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), ErrorKind::kInterrupted) << error.what();
      ASSERT_LT(++stops, 200);
    }
  }
  EXPECT_EQ(bytes, expected);
  EXPECT_GT(stops, 3);
  // All is there now, and gives the same again.
  journal.pieces_left = -1;
  EXPECT_EQ(video.BytesOf(LabelClip(clip, video.body, video.options, nullptr, &journal)), expected);
}

TEST(Resume, MovingCamera) { ExpectSameLabelWhereverItStops(Video("moving", 1, 24)); }
TEST(Resume, StaticCamera) {
  if (std::getenv("FOOTHOLD_TEST_ALL") == nullptr) GTEST_SKIP() << "SKIPPED: set FOOTHOLD_TEST_ALL=1 for it";
  ExpectSameLabelWhereverItStops(Video("static", 2, 72));
}

bool HasFile(const std::string& folder, const std::string& part) {
  if (!fs::exists(folder)) return false;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(".") && name.find(part) != std::string::npos) return true;
  }
  return false;
}

// Killed once a file with `part` in its name is in the partial folder; false when it ended before that.
bool KilledAt(const std::string& part, const VideoTask& task, const Video& video) {
  const pid_t child = fork();
  if (child == 0) {
    LabelVideo(task, video.body, video.options);
    _exit(0);
  }
  while (!HasFile(task.partial_dir, part) && waitpid(child, nullptr, WNOHANG) == 0) usleep(1000);
  kill(child, SIGKILL);
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFSIGNALED(status);
}

// Partial results on the disk: used, and gone once the label is there.
TEST(Resume, PartialFolderServesTheNextProcess) {
  const Video video("moving", 1, 24);
  VideoTask task;
  task.path = video.path;
  task.output_dir = video.folder.File("whole");
  const ClipOutcome whole = LabelVideo(task, video.body, video.options).at(0);
  EXPECT_EQ(whole.times.seconds().count("people_detect"), 1u);

  task.output_dir = video.folder.File("resumed");
  task.partial_dir = video.folder.File("partial");
  task.checkpoint_s = 0;
  ASSERT_TRUE(KilledAt(".journal", task, video));
  ASSERT_TRUE(KilledAt(".observations.h5", task, video));
  const ClipOutcome resumed = LabelVideo(task, video.body, video.options).at(0);
  EXPECT_EQ(resumed.status, ClipOutcome::Status::kDone) << resumed.message;
  EXPECT_EQ(resumed.times.seconds().count("people_detect"), 0u);
  EXPECT_EQ(ReadFile(resumed.label_path), ReadFile(whole.label_path));
  EXPECT_FALSE(fs::exists(task.partial_dir));
}

// What other options left is not used.
TEST(Resume, OtherOptionsBeginAnew) {
  Video video("moving", 1, 24);
  VideoTask task;
  task.path = video.path;
  task.output_dir = video.folder.File("out");
  task.partial_dir = video.folder.File("partial");
  task.checkpoint_s = 0;
  ASSERT_TRUE(KilledAt(".observations.h5", task, video));
  video.options.classical.people.detection_long_edge_px = 660;
  const ClipOutcome outcome = LabelVideo(task, video.body, video.options).at(0);
  EXPECT_EQ(outcome.times.seconds().count("people_detect"), 1u);
}

}  // namespace
}  // namespace foothold
