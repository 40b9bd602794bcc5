// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/scan/scan.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <numeric>
#include <unordered_set>
#include <utility>

#include "foothold/base/error.h"
#include "foothold/base/parallel.h"
#include "foothold/base/progress.h"
#include "foothold/corpus/manifest.h"
#include "foothold/corpus/sources.h"
#include "foothold/pipeline/label_video.h"
#include "foothold/pipeline/scan/parts.h"
#include "foothold/pipeline/scan/probe_worker.h"
#include "foothold/pipeline/scan/scan_journal.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

Error ManifestExists(const std::string& path) {
  return Error(
      ErrorKind::kUsage,
      path + ": there is a manifest already, and it never changes; choose another name, or --replace");
}

std::string OptionsText(ScanRequest request) {
  OptionSet set;
  set.Bind(&request.scan);
  set.Bind(&request.video);
  return set.Dump();
}

std::vector<ManifestRow> ListedRows(const std::vector<std::string>& sources) {
  std::vector<ManifestRow> rows;
  for (SourceRow& source : ReadSources(sources)) {
    ManifestRow row;
    row.unit = std::move(source.unit);
    row.unit.path = fs::absolute(row.unit.path).string();  // The run may start elsewhere.
    row.begin_s = source.begin_s;
    row.end_s = source.end_s;
    row.caption = std::move(source.caption);
    row.licence = std::move(source.licence);
    rows.push_back(std::move(row));
  }
  return rows;
}

// Ranges of one file side by side: the process that looks at it decodes it once.
std::vector<std::vector<size_t>> GroupByPath(const std::vector<ManifestRow>& rows) {
  std::vector<size_t> order(rows.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(
      order.begin(), order.end(), [&](size_t a, size_t b) { return rows[a].unit.path < rows[b].unit.path; });
  std::vector<std::vector<size_t>> groups;
  for (const size_t i : order) {
    if (groups.empty() || rows[groups.back().front()].unit.path != rows[i].unit.path) groups.emplace_back();
    groups.back().push_back(i);
  }
  return groups;
}

// Looks at all files; returns how many rows an earlier scan knew.
int ProbeAll(const ScanRequest& request, ScanJournal* journal, std::vector<ManifestRow>* rows) {
  const std::vector<std::vector<size_t>> groups = GroupByPath(*rows);
  Progress progress("scan", static_cast<long>(rows->size()));
  std::atomic<size_t> next{0};
  std::atomic<int> num_known{0};
  const int threads = std::max(1, std::min(request.threads, static_cast<int>(groups.size())));
  ParallelFor(threads, threads, [&](int) {
    ProbeChild child(request.worker_command, request.scan, request.video);
    for (size_t group = next++; group < groups.size(); group = next++) {
      for (const size_t i : groups[group]) {
        ManifestRow& row = (*rows)[i];
        if (journal->IsKnown(i)) {
          ++num_known;
        } else if (row.unit.rejected_reason.empty()) {
          child.Probe(&row);
          journal->Add(i, row);
        }
        progress.Advance();
      }
    }
  });
  progress.Finish();
  return num_known;
}

// Of two with the same content and range, the first by id stays.
void RejectDuplicates(std::vector<ManifestRow>* rows) {
  std::map<std::string, std::string> first_id;
  for (ManifestRow& row : *rows) {
    Unit& unit = row.unit;
    if (!unit.rejected_reason.empty() || row.facts.content.empty()) continue;
    const std::string key =
        row.facts.content + " " + std::to_string(unit.begin) + " " + std::to_string(unit.end);
    const auto [first, is_new] = first_id.emplace(key, unit.id);
    if (is_new) continue;
    row.duplicate_of = first->second;
    unit.rejected_reason = "duplicate";
    unit.rejected_message = "the same content and range as '" + first->second + "'";
    unit.cost_s = 0;
  }
}

// Ids of parts must not be those of other videos.
void CheckPartIds(const std::vector<ManifestRow>& units, const std::unordered_set<std::string>& ids) {
  for (const ManifestRow& row : units) {
    if (row.unit.kind != Unit::Kind::kPart || ids.count(row.unit.id) == 0) continue;
    throw Error(
        ErrorKind::kBadInput,
        "the id '" + row.unit.id + "' is that of a video and of a part of a long one; rename the video");
  }
}

}  // namespace

ScanSummary ScanCorpus(const ScanRequest& request) {
  const std::string& path = request.manifest_path;
  std::error_code error;
  if (!request.replace && fs::exists(path, error)) throw ManifestExists(path);
  std::vector<ManifestRow> rows = ListedRows(request.sources);
  fs::create_directories(fs::absolute(path).parent_path(), error);
  if (error) throw StorageError(path, "its folder cannot be made", error.value());

  const std::string options = OptionsText(request);
  ScanJournal journal(path + ".journal", options, &rows);
  ScanSummary summary;
  summary.num_known = ProbeAll(request, &journal, &rows);
  RejectDuplicates(&rows);

  std::unordered_set<std::string> ids;
  for (const ManifestRow& row : rows) {
    if (row.unit.id.find('#') != std::string::npos) ids.insert(row.unit.id);
  }
  ManifestWriter writer(path, {ProgramVersion(), options, request.sources});
  for (const ManifestRow& row : rows) {
    const std::vector<ManifestRow> units = CutIntoParts(row, request.scan);
    CheckPartIds(units, ids);
    for (const ManifestRow& unit : units) writer.Add(unit);
    ++summary.num_videos;
    summary.num_units += static_cast<int>(units.size());
    summary.num_long += units.size() > 1;
    if (!row.unit.rejected_reason.empty()) ++summary.rejected[row.unit.rejected_reason];
  }
  if (!writer.Commit(request.replace)) throw ManifestExists(path);
  journal.Remove();
  return summary;
}

}  // namespace foothold
