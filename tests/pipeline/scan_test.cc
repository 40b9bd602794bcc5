// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/scan/scan.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "foothold/base/atomic_file.h"
#include "foothold/corpus/manifest.h"
#include "foothold/pipeline/scan/probe_worker.h"
#include "foothold/pipeline/scan/scan_journal.h"
#include "support/expect_error.h"
#include "support/tar_text.h"
#include "support/temporary_folder.h"
#include "video/test_frames.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

class Scan : public testing::Test {
 protected:
  Scan() {
    request_.sources = {folder_.File("v")};
    request_.manifest_path = folder_.File("run/corpus.manifest.jsonl");
    request_.scan.people = false;  // Looked for in the tests that are about it.
    request_.threads = 2;
    request_.worker_command = {FOOTHOLD_BINARY_DIR "/bin/foothold", "corpus", "probe-worker"};
    fs::create_directories(folder_.File("v"));
  }
  std::string Video(const std::string& name, const std::vector<ImageU8>& frames) {
    const std::string path = folder_.File("v/" + name);
    WriteVideo(path, 30, frames);
    return path;
  }
  std::vector<ImageU8> Moving(int seed, int count = 60, int width = 224, int height = 128) {
    return test::SlidingScene(static_cast<uint64_t>(seed)).Frames(count, width, height);
  }
  std::map<std::string, ManifestRow> Rows() {
    const Manifest manifest(request_.manifest_path);
    std::map<std::string, ManifestRow> rows;
    for (size_t i = 0; i < manifest.size(); ++i) rows[manifest.At(i).id] = manifest.RowAt(i);
    return rows;
  }
  std::map<std::string, std::string> Reasons() {
    std::map<std::string, std::string> reasons;
    for (const auto& [id, row] : Rows()) reasons[id] = row.unit.rejected_reason;
    return reasons;
  }

  TemporaryFolder folder_;
  ScanRequest request_;
};

TEST_F(Scan, EveryVideoGetsFactsAndAVerdict) {
  const std::string good = Video("good.mp4", Moving(1));
  Video("still.avi", std::vector<ImageU8>(40, Moving(2, 1)[0]));
  Video("small.mp4", Moving(3, 40, 160, 96));
  Video("tiny.mp4", Moving(3, 40, 64, 32));
  Video("short.mp4", Moving(4, 5));
  fs::copy_file(good, folder_.File("v/the same.mp4"));
  folder_.Write("v/empty.mkv", "");
  folder_.Write("v/text.mp4", "not a video");
  fs::create_symlink("loop.mp4", folder_.File("v/loop.mp4"));
  mkfifo(folder_.File("v/pipe.mp4").c_str(), 0644);
  folder_.Write("v/shard.tar", TarEntry("in.mp4", ReadFile(Video("temporary.mp4", Moving(5)))) + TarEnd());
  fs::remove(folder_.File("v/temporary.mp4"));
  const ScanSummary summary = ScanCorpus(request_);
  EXPECT_EQ(Reasons(),
            (std::map<std::string, std::string>{{"good.mp4", ""},
                                                {"still.avi", "static_image"},
                                                {"small.mp4", "picture_too_small"},
                                                {"tiny.mp4", "picture_too_small"},
                                                {"short.mp4", "video_too_short"},
                                                {"the same.mp4", "duplicate"},
                                                {"empty.mkv", "video_empty"},
                                                {"text.mp4", "video_unreadable"},
                                                {"loop.mp4", "video_missing"},
                                                {"pipe.mp4", "video_unreadable"},
                                                {"shard.tar/in.mp4", ""}}));
  EXPECT_EQ(summary.num_videos, 11);
  EXPECT_EQ(summary.rejected.at("video_unreadable"), 2);
  const auto rows = Rows();
  EXPECT_EQ(rows.at("the same.mp4").duplicate_of, "good.mp4");
  const VideoFacts& facts = rows.at("good.mp4").facts;
  EXPECT_EQ(facts.width, 224);
  EXPECT_EQ(facts.height, 128);
  EXPECT_EQ(facts.num_frames, 60);
  EXPECT_NEAR(facts.frame_rate_hz, 30, 0.01);
  EXPECT_NEAR(facts.duration_s, 2, 0.01);
  EXPECT_EQ(facts.size_bytes, static_cast<int64_t>(fs::file_size(good)));
  EXPECT_GT(rows.at("good.mp4").unit.cost_s, 0);
  EXPECT_EQ(rows.at("shard.tar/in.mp4").facts.num_frames, 60);
  EXPECT_FALSE(fs::exists(request_.manifest_path + ".journal"));
}

TEST_F(Scan, PeopleAreLookedFor) {
  Video("landscape.mp4", Moving(1));
  request_.scan.people = true;
  ScanCorpus(request_);
  EXPECT_EQ(Reasons().at("landscape.mp4"), "no_people");
  EXPECT_EQ(Rows().at("landscape.mp4").facts.people, 0);
}

TEST_F(Scan, RealPedestriansAreFound) {
  const char* path = FOOTHOLD_SOURCE_DIR "/../shared/data/video/promenade.mp4";
  if (!fs::exists(path)) GTEST_SKIP() << "NOT TESTED: " << path << " is absent";
  request_.sources = {path};
  request_.scan.people = true;
  ScanCorpus(request_);
  EXPECT_EQ(Reasons().at("promenade.mp4"), "");
  EXPECT_GE(Rows().at("promenade.mp4").facts.people, 3);
}

TEST_F(Scan, RangesInSecondsBecomeFrames) {
  Video("v.mp4", Moving(1, 90));
  request_.sources = {folder_.Write("l.csv",
                                    "id,path,begin_s,end_s,caption,licence,priority\n"
                                    "a,v/v.mp4,1,2,hello,CC0,4\nb,v/v.mp4,2.5,,,,\nc,v/v.mp4,7,8,,,\n"
                                    "d,v/v.mp4,0.01,0.05,,,\n")};
  ScanCorpus(request_);
  const auto rows = Rows();
  EXPECT_EQ(rows.at("a").unit.begin, 30);
  EXPECT_EQ(rows.at("a").unit.end, 60);
  EXPECT_EQ(rows.at("a").begin_s, 1);
  EXPECT_EQ(rows.at("a").caption, "hello");
  EXPECT_EQ(rows.at("a").licence, "CC0");
  EXPECT_EQ(rows.at("a").unit.priority, 4);
  EXPECT_EQ(rows.at("b").unit.begin, 75);
  EXPECT_EQ(rows.at("b").unit.end, -1);
  EXPECT_EQ(rows.at("c").unit.rejected_reason, "frame_range");
  EXPECT_EQ(rows.at("d").unit.rejected_reason, "video_too_short");
}

TEST_F(Scan, LongVideosComeInPartsBeforeTheirJoin) {
  Video("long.mp4", Moving(1, 150));
  Video("short.mp4", Moving(2, 30));
  request_.scan.part_minutes = 1.0 / 60;
  const ScanSummary summary = ScanCorpus(request_);
  EXPECT_EQ(summary.num_long, 1);
  EXPECT_EQ(summary.num_units, 7);
  const Manifest manifest(request_.manifest_path);
  ASSERT_EQ(manifest.size(), 7u);
  EXPECT_EQ(manifest.At(0).id, "long.mp4#0001");
  EXPECT_EQ(manifest.At(0).end, 30);
  EXPECT_EQ(manifest.At(1).begin, 30);
  EXPECT_EQ(manifest.KindOf(5), Unit::Kind::kJoin);
  EXPECT_EQ(manifest.At(5).num_parts, 5);
  EXPECT_EQ(manifest.At(6).id, "short.mp4");
}

TEST_F(Scan, GivesTheSameBytesAgainAndIsNeverReplacedUnasked) {
  for (int seed = 0; seed < 4; ++seed) Video(std::to_string(seed) + ".mp4", Moving(seed, 20));
  ScanCorpus(request_);
  const std::string first = ReadFile(request_.manifest_path);
  ExpectError(ErrorKind::kUsage, {"corpus.manifest.jsonl", "--replace"}, [&] { ScanCorpus(request_); });
  request_.replace = true;
  request_.threads = 1;
  ScanCorpus(request_);
  EXPECT_EQ(ReadFile(request_.manifest_path), first);
}

// A folder in the way of the index: everything is known, nothing could be written.
TEST_F(Scan, ContinuesWhereItStopped) {
  for (int seed = 0; seed < 3; ++seed) Video(std::to_string(seed) + ".mp4", Moving(seed, 20));
  const std::string in_the_way = ManifestIndexPath(request_.manifest_path) + "/x";
  fs::create_directories(in_the_way);
  ExpectError(ErrorKind::kStorage, {"corpus.manifest.index"}, [&] { ScanCorpus(request_); });
  EXPECT_FALSE(fs::exists(request_.manifest_path));
  fs::remove_all(ManifestIndexPath(request_.manifest_path));
  request_.worker_command = {"/no/such/program"};
  EXPECT_EQ(ScanCorpus(request_).num_known, 3);
  EXPECT_EQ(Rows().at("2.mp4").facts.num_frames, 20);
  EXPECT_FALSE(fs::exists(request_.manifest_path + ".journal"));
}

TEST(ScanJournal, KnowsWhatDidNotChange) {
  const TemporaryFolder folder;
  std::vector<ManifestRow> listed(4);
  for (size_t i = 0; i < listed.size(); ++i) {
    listed[i].unit.id = std::to_string(i);
    listed[i].unit.path = folder.Write("v" + std::to_string(i), "x");
  }
  const std::string path = folder.File("journal");
  {
    std::vector<ManifestRow> rows = listed;
    ScanJournal journal(path, "options", &rows);
    for (size_t i = 0; i < 3; ++i) {
      rows[i].facts.people = 7;
      journal.Add(i, rows[i]);
    }
  }
  const std::string text = ReadFile(path);
  folder.Write("journal", text.substr(0, text.size() - 5));  // The last line is torn.
  folder.Write("v0", "changed");
  const auto known = [&](const std::string& options) {
    std::vector<ManifestRow> rows = listed;
    const ScanJournal journal(path, options, &rows);
    std::string result;
    for (size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(journal.IsKnown(i), rows[i].facts.people == 7);
      result += journal.IsKnown(i) ? '1' : '0';
    }
    return result;
  };
  EXPECT_EQ(known("options"), "0100");
  EXPECT_EQ(known("other options"), "0000");
}

// A worker in Python: dies on "crash", stands still on "hang", answers anything else with the row itself.
constexpr char kFakeWorker[] = R"(
import os, signal, socket, struct, time
link = socket.socket(fileno=3)
def hear():
    size = link.recv(8, socket.MSG_WAITALL)
    if len(size) < 8: os._exit(0)
    return link.recv(struct.unpack("<Q", size)[0], socket.MSG_WAITALL)
def say(message):
    link.sendall(struct.pack("<Q", len(message)) + message)
hear()
say(b"ready")
while True:
    row = hear()
    if b"crash" in row: os.kill(os.getpid(), signal.SIGSEGV)
    say(b".")
    if b"hang" in row: time.sleep(30)
    say(b".")
    say(row)
)";

TEST(ProbeChild, CrashesAndHangsBecomeVerdicts) {
  const TemporaryFolder folder;
  ScanOptions options;
  options.file_timeout_s = 2;
  ProbeChild child({"/usr/bin/python3", folder.Write("worker.py", kFakeWorker)}, options, {});
  std::map<std::string, std::string> reasons;
  for (const std::string name : {"a", "crash", "b", "hang", "c", "crash 2", "d"}) {
    ManifestRow row;
    row.unit.id = row.unit.path = name;
    child.Probe(&row);
    reasons[name] = row.unit.rejected_reason;
    if (name == "crash") {
      EXPECT_NE(row.unit.rejected_message.find("signal 11"), std::string::npos);
    }
  }
  EXPECT_EQ(reasons,
            (std::map<std::string, std::string>{{"a", ""},
                                                {"b", ""},
                                                {"c", ""},
                                                {"d", ""},
                                                {"crash", "decoder_crash"},
                                                {"crash 2", "decoder_crash"},
                                                {"hang", "probe_timeout"}}));
}

TEST(ProbeChild, AWorkerThatCannotStartIsAnError) {
  ProbeChild child({"/no/such/program"}, {}, {});
  ManifestRow row;
  row.unit.id = row.unit.path = "a";
  ExpectError(ErrorKind::kContract, {"/no/such/program", "No such file"}, [&] { child.Probe(&row); });
}

}  // namespace
}  // namespace foothold
