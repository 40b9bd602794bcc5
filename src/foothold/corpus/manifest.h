// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "foothold/base/atomic_file.h"
#include "foothold/base/hash.h"
#include "foothold/corpus/manifest_row.h"
#include "foothold/corpus/unit_list.h"

namespace foothold {

// The immutable list of a corpus's units, <name>.manifest.jsonl (docs/corpus.md):
//
//   {"foothold_manifest":1,"program":...,"options":...,"sources":[...]}
//   one row per unit: by video id, the parts of a long video just before its join
//   {"rows":N,"xxh3-128":"checksum of all lines before"}
//
// Beside it <name>.manifest.index, binary, so that a million rows open without being read: for each row its
// place, hash, cost, priority and kind, behind a header that names the manifest's checksum. Every row is
// checked against its hash when it is read, the index when it is opened.
struct ManifestHeader {
  std::string program;
  std::string options;  // Of the scan, as a config file.
  std::vector<std::string> sources;
};

constexpr char kManifestSuffix[] = ".manifest.jsonl";
bool IsManifest(const std::string& path);
// Where a run keeps its manifest; a path of a manifest stays as it is.
std::string ManifestPathOf(const std::string& run_or_manifest);
std::string ManifestIndexPath(const std::string& manifest_path);

// Safe to read from several threads; memory is the index's pages that were touched.
class Manifest : public UnitList {
 public:
  // Throws Error(kBadInput) when either file is missing, of another version, or damaged.
  explicit Manifest(const std::string& path);
  ~Manifest() override;

  size_t size() const override;
  Unit At(size_t index) const override { return RowAt(index).unit; }
  double CostOf(size_t index) const override;
  int PriorityOf(size_t index) const override;
  uint64_t HashOf(size_t index) const override;
  Unit::Kind KindOf(size_t index) const override;
  std::string Fingerprint() const override;

  const ManifestHeader& header() const { return header_; }
  bool IsRejected(size_t index) const;
  // Throws Error(kBadInput) naming file and line, when the row is damaged.
  ManifestRow RowAt(size_t index) const;

 private:
  class Files;
  std::string ReadAt(uint64_t offset, size_t size) const;

  std::string path_;
  std::unique_ptr<Files> files_;
  ManifestHeader header_;
  std::string checksum_;
};

// Writes a manifest in order; nothing appears before Commit.
class ManifestWriter {
 public:
  // Throws Error(kStorage).
  ManifestWriter(const std::string& path, const ManifestHeader& header);
  ~ManifestWriter();
  void Add(const ManifestRow& row);
  // False, and nothing is written, when there is a manifest of that name; with `replace` it gives way.
  bool Commit(bool replace);

 private:
  void WriteLine(const std::string& line);

  std::string path_;
  AtomicFile rows_file_, index_file_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> rows_, index_;
  Hasher rows_hasher_;
  uint64_t offset_ = 0, count_ = 0;
};

}  // namespace foothold
