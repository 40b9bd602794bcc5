// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "foothold/base/atomic_file.h"
#include "foothold/base/error.h"
#include "foothold/base/hash.h"
#include "foothold/corpus/manifest.h"
#include "fuzz/fuzz_targets.h"
#include "fuzz/scratch_file.h"

namespace foothold::fuzz {

namespace {

ManifestRow SampleRow() {
  ManifestRow row;
  row.unit.id = "a/b.mp4";
  row.unit.path = "/v/caf\xe9.mp4";
  row.unit.begin = 3;
  row.unit.end = 40;
  row.unit.kind = Unit::Kind::kJoin;
  row.unit.num_parts = 2;
  row.unit.priority = -1;
  row.unit.rejected_reason = "too_dark";
  row.unit.rejected_message = "dark";
  row.begin_s = 0.1;
  row.caption = "\"text\"\n";
  row.facts = {"ends:00", 12, 640, 480, 90, 29.97, 40, 1.3, "h264", 1};
  return row;
}

// What is read once is written and read as the same.
void RunRow(const std::string& data) {
  ManifestRow row;
  try {
    row = ParseManifestRow(data, "fuzz");
  } catch (const Error&) {
    return;
  }
  const std::string text = FormatManifestRow(row);
  const ManifestRow again = ParseManifestRow(text, "again");
  FOOTHOLD_CHECK(again.unit.path == row.unit.path && FormatManifestRow(again) == text, "a row changes");
}

std::vector<std::string> RowSeeds() {
  ManifestRow small;
  small.unit.id = small.unit.path = "x";
  return {FormatManifestRow(SampleRow()), FormatManifestRow(small)};
}

constexpr char kSeparator[] = "\n--index--\n";

void ReadAll(const std::string& rows, const std::string& index) {
  const std::string path = ScratchFile("f.manifest.jsonl", rows);
  ScratchFile("f.manifest.index", index);
  try {
    const Manifest manifest(path);
    for (size_t i = 0; i < std::min<size_t>(manifest.size(), 100); ++i) manifest.RowAt(i);
  } catch (const Error&) {
  }
}

// Both files; also with the index signed again, so that damage behind a good checksum is seen.
void RunFiles(const std::string& data) {
  const size_t separator = data.find(kSeparator);
  const std::string rows = data.substr(0, separator);
  std::string index = separator == std::string::npos ? "" : data.substr(separator + sizeof kSeparator - 1);
  ReadAll(rows, index);
  if (index.size() < 32) return;
  const size_t body = index.size() - 32;
  ReadAll(rows, index.replace(body, 32, HashBytes(index.data(), body)));
}

std::vector<std::string> FileSeeds() {
  const std::string path = ScratchFile("seed.manifest.jsonl", "");
  ManifestWriter writer(path, {"foothold", "[scan]\n", {"v"}});
  for (int i = 0; i < 3; ++i) writer.Add(SampleRow());
  writer.Commit(/*replace=*/true);
  const std::string good = ReadFile(path) + kSeparator + ReadFile(ManifestIndexPath(path));
  std::string bad_checksum = good;  // Found by fuzzing: bytes that are no text where a checksum should be.
  bad_checksum[good.find("FHINDEX1") + 32] = '\xff';
  return {good, bad_checksum};
}

}  // namespace

const FuzzTarget kManifestRow = {"manifest row", RunRow, RowSeeds};
const FuzzTarget kManifest = {"manifest", RunFiles, FileSeeds};

}  // namespace foothold::fuzz
