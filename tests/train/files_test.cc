// SPDX-License-Identifier: Apache-2.0
// Event files, log and checkpoints as bytes.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "foothold/base/atomic_file.h"
#include "foothold/train/checkpoint.h"
#include "foothold/train/training_log.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace foothold {
namespace {

// RFC 3720, B.4.
TEST(EventFile, Crc32c) {
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43U);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283U);
}

// Bytes worked out by hand from the definitions of Event and Summary.
TEST(EventFile, Event) {
  const std::string event = FormatEvent(1.5, 300, {{"abc", 2.0}});
  // wall_time = 1.5, step = 300, summary of 12 bytes: value of 10 bytes: tag and number.
  const std::string wanted = std::string("\x09", 1) + std::string("\x00\x00\x00\x00\x00\x00\xf8\x3f", 8) +
                             "\x10\xac\x02" + "\x2a\x0c\x0a\x0a" +
                             "\x0a\x03"
                             "abc" +
                             std::string("\x15\x00\x00\x00\x40", 5);
  EXPECT_EQ(event, wanted);
}

TEST(EventFile, Records) {
  const TemporaryFolder folder;
  {
    EventFile file(folder.File("events"));
    file.Write(1, {{"loss", 0.5}});
  }
  const std::string bytes = ReadFile(folder.File("events"));
  size_t at = 0;
  int records = 0;
  while (at < bytes.size()) {
    const auto length = static_cast<uint8_t>(bytes[at]);  // All are short.
    const std::string data = bytes.substr(at + 12, length);
    EXPECT_EQ(FormatRecord(data), bytes.substr(at, 16u + length));
    at += 16u + length;
    ++records;
  }
  EXPECT_EQ(records, 2);
  EXPECT_NE(bytes.find("brain.Event:2"), std::string::npos);
}

TEST(TrainingLog, WhatIsNotFiniteIsNull) {
  const TemporaryFolder folder;
  {
    TrainingLog log(folder.path());
    log.Numbers("train", 3, {{"loss", 0.1}, {"norm", std::nan("")}});
    log.Text("skipped", 4, "a \"quoted\" reason");
  }
  EXPECT_EQ(ReadFile(folder.File("log.jsonl")),
            "{\"event\": \"train\", \"step\": 3, \"loss\": 0.10000000000000001, \"norm\": null}\n"
            "{\"event\": \"skipped\", \"step\": 4, \"text\": \"a \\\"quoted\\\" reason\"}\n");
}

TEST(TrainingLog, Durations) {
  EXPECT_EQ(FormatDuration(3723.4), "1:02:03");
  EXPECT_EQ(FormatDuration(-1), "0:00:00");
}

CheckpointHeader Header(int64_t step) {
  CheckpointHeader header;
  header.step = step;
  header.num_updates = step - 1;
  header.position = "sample 8";
  header.identity = "a = 1\nb = 2\n";
  header.network = "{\"n\": 1}";
  header.torch_version = "2";
  header.guard.recent_losses = {1.0 / 3, 2};
  return header;
}

TEST(Checkpoint, HeaderRoundTrip) {
  std::string checksum;
  const std::string text = FormatHeader(Header(7), "abc");
  const CheckpointHeader read = ParseHeader(text, "c", &checksum);
  EXPECT_EQ(checksum, "abc");
  EXPECT_EQ(FormatHeader(read, checksum), text);
  EXPECT_EQ(read.guard.recent_losses, Header(7).guard.recent_losses);
  for (const size_t at : {size_t{0}, text.size() / 2, text.size() - 2}) {
    std::string damaged = text;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    ExpectError(ErrorKind::kBadInput, {"c: ", "checksum"}, [&] { ParseHeader(damaged, "c", &checksum); });
  }
}

TEST(Checkpoint, KeepsTheLastAndTheBest) {
  const TemporaryFolder folder;
  CheckpointFolder checkpoints(folder.path(), 2);
  for (int64_t step = 1; step <= 5; ++step) {
    CheckpointHeader header = Header(step);
    header.best_step = 2;
    checkpoints.Start(header, {{"x", at::full({3}, static_cast<double>(step))}});
  }
  checkpoints.Wait();
  EXPECT_EQ(checkpoints.Steps(), (std::vector<int64_t>{2, 4, 5}));
  const StoredCheckpoint stored = checkpoints.Open(5);
  EXPECT_EQ(TensorFromView(SafetensorsFile(stored.tensors_path).Tensor("x"))[0].item<double>(), 5);
}

TEST(Checkpoint, FailureOfTheThreadIsThrown) {
  const TemporaryFolder folder;
  folder.Write("file", "");
  CheckpointFolder checkpoints(folder.path(), 2);
  std::filesystem::create_directories(folder.File("step-000000001.json"));  // In the way.
  checkpoints.Start(Header(1), {});
  ExpectError(ErrorKind::kStorage, {"step-000000001.json"}, [&] { checkpoints.Wait(); });
}

TEST(Checkpoint, OnlyTheSameRunGoesOn) {
  RequireSameRun(Header(1), Header(5), "c");
  CheckpointHeader other = Header(1);
  other.torch_version = "1";
  ExpectError(ErrorKind::kUsage, {"c: ", "LibTorch", "then '2', now '1'"}, [&] {
    RequireSameRun(Header(1), other, "c");
  });
  other = Header(1);
  other.network = "{}";
  ExpectError(ErrorKind::kUsage, {"another network"}, [&] { RequireSameRun(Header(1), other, "c"); });
}

}  // namespace
}  // namespace foothold
