// SPDX-License-Identifier: Apache-2.0
#include "foothold/student/label_dataset.h"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <system_error>

#include "foothold/base/atomic_file.h"
#include "foothold/base/error.h"
#include "foothold/base/log.h"
#include "foothold/base/parallel.h"
#include "foothold/base/tar.h"
#include "labels/label.h"
#include "labels/signed_file.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

Error BadLabel(const std::string& path, const std::string& what, const std::string& remedy) {
  return Error(ErrorKind::kBadInput, path + ": " + what + "; " + remedy);
}

bool IsLabelName(const std::string& name, const std::string& kind) {
  if (!name.ends_with(".h5") || name.starts_with(".") || name.ends_with(".observations.h5")) return false;
  return name.ends_with(".truth.h5") == (kind == "truth");
}

std::vector<std::string> LabelsInFolder(const std::string& folder, const std::string& kind) {
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (IsLabelName(entry->path().filename().string(), kind)) paths.push_back(entry->path().string());
  }
  if (error) throw BadLabel(folder, "cannot be read: " + error.message(), "check data.labels");
  return paths;
}

std::vector<std::string> LabelsInList(const std::string& list) {
  std::vector<std::string> paths;
  std::istringstream lines(ReadFile(list));
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find_first_not_of(" \t\r"), last = line.find_last_not_of(" \t\r");
    if (first == std::string::npos || line[first] == '#') continue;
    paths.push_back((fs::path(list).parent_path() / line.substr(first, last - first + 1)).string());
  }
  return paths;
}

std::string PackFolder(const LoaderOptions& options) {
  if (!options.packs.empty()) return options.packs;
  const fs::path labels(options.labels);
  return ((fs::is_directory(labels) ? labels : labels.parent_path()) / "student_packs").string();
}

std::string PackPath(const LoaderOptions& options,
                     const std::string& label_path,
                     const std::string& checksum) {
  const std::string name = fs::path(label_path).stem().string() + "_" + checksum.substr(0, 12) + "_" +
                           std::to_string(options.width) + "x" + std::to_string(options.height) + ".pack";
  return (fs::path(PackFolder(options)) / name).string();
}

std::string FindVideo(const LoaderOptions& options,
                      const std::string& label_path,
                      const std::string& source_path) {
  const fs::path name = fs::path(source_path).filename();
  const std::string beside = (fs::path(label_path).parent_path() / name).string();
  const std::vector<std::string> places =
      options.videos.empty() ? std::vector<std::string>{source_path, beside}
                             : std::vector<std::string>{(fs::path(options.videos) / name).string()};
  for (const std::string& place : places) {
    if (FindFile(place).has_value()) return place;
  }
  std::string looked_at;
  for (const std::string& place : places) looked_at += (looked_at.empty() ? "'" : ", '") + place + "'";
  throw BadLabel(label_path,
                 "its video (clip/source_path) is missing, looked at " + looked_at,
                 "put it there or set data.videos to its folder")
      .WithReason("video_missing");
}

}  // namespace

std::vector<std::string> FindLabels(const LoaderOptions& options) {
  if (options.labels.empty()) {
    throw Error(ErrorKind::kUsage,
                "data.labels is empty; give a folder of labels, a label or a list of labels");
  }
  if (!fs::exists(options.labels)) {
    throw BadLabel(options.labels, "does not exist", "check data.labels").WithReason("file_missing");
  }
  std::vector<std::string> paths;
  if (fs::is_directory(options.labels)) {
    paths = LabelsInFolder(options.labels, options.kind);
  } else if (options.labels.ends_with(".h5")) {
    paths = {options.labels};
  } else {
    paths = LabelsInList(options.labels);
  }
  std::sort(paths.begin(), paths.end());
  if (paths.empty()) {
    throw BadLabel(options.labels,
                   "holds no file of kind " + options.kind,
                   "make labels with 'foothold label', or check data.labels and data.kind")
        .WithReason("dataset_empty");
  }
  return paths;
}

struct LabelDataset::Shard {
  std::string label_path, checksum, pack_path;
  std::mutex mutex;  // Of the rest.
  std::shared_ptr<const StudentPack> pack;
  bool pixels_verified = false;
};

LabelDataset::LabelDataset(const LoaderOptions& options, const BodyModel& body, int rank, int size)
    : options_(options), body_(body), max_open_(2 * static_cast<size_t>(options.window_shards)) {
  for (const std::string& path : FindLabels(options)) {
    auto shard = std::make_unique<Shard>();
    shard->label_path = path;
    shard->checksum = labels::StatedChecksum(path);
    shard->pack_path = PackPath(options, path, shard->checksum);
    shards_.push_back(std::move(shard));
  }
  std::error_code error;
  fs::create_directories(PackFolder(options), error);
  if (error) {
    throw Error(ErrorKind::kStorage,
                PackFolder(options) + ": cannot make the folder: " + error.message() + "; set data.packs");
  }
  const int count = num_shards(), first = static_cast<int>(static_cast<int64_t>(count) * rank / size);
  ParallelFor(count, options.threads, [&](int i) { MakePackIfMissing(*shards_[(first + i) % count]); });
}

LabelDataset::~LabelDataset() = default;

int LabelDataset::num_shards() const { return static_cast<int>(shards_.size()); }
const std::string& LabelDataset::label_path(int shard) const { return shards_[shard]->label_path; }
const std::string& LabelDataset::checksum(int shard) const { return shards_[shard]->checksum; }

void LabelDataset::MakePackIfMissing(const Shard& shard) const {
  if (fs::exists(shard.pack_path)) return;
  LogInfo("packing " + shard.label_path);
  labels::Label label;
  try {
    label = labels::ReadLabel(shard.label_path);
  } catch (const Error& error) {
    throw Error(error.kind(),
                std::string(error.what()) + "; label the video again, or take the file out of data.labels")
        .WithReason(error.reason());
  }
  if (label.kind != options_.kind) {
    throw BadLabel(shard.label_path,
                   "kind is '" + label.kind + "', data.kind asks for '" + options_.kind + "'",
                   "set data.kind or take the file out of data.labels");
  }
  if (label.provenance.body_model_hash != body_.content_hash) {
    throw BadLabel(shard.label_path,
                   "provenance/body_model_hash differs from the body model given",
                   "give the one that the labels were made with");
  }
  WriteStudentPack(label,
                   shard.checksum,
                   FindVideo(options_, shard.label_path, label.clip.source_path),
                   body_,
                   {options_.width, options_.height},
                   shard.pack_path);
}

void LabelDataset::CheckUnchanged(const Shard& shard) const {
  if (!fs::exists(shard.label_path)) {
    throw BadLabel(
        shard.label_path, "has gone since the run began", "put it back, or start a new run without it")
        .WithReason("file_missing");
  }
  if (labels::StatedChecksum(shard.label_path) != shard.checksum) {
    throw BadLabel(
        shard.label_path, "has changed since the run began", "put the old label back, or start a new run")
        .WithReason("label_changed");
  }
}

StudentClip LabelDataset::ReadClip(int shard) const {
  const Shard& entry = *shards_[shard];
  StudentClip clip = StudentPack(entry.pack_path).clip();
  if (clip.label_checksum != entry.checksum || clip.body_model_hash != body_.content_hash) {
    throw BadLabel(entry.pack_path,
                   "was made from another label or body model than " + entry.label_path,
                   "delete the pack, and it is made again");
  }
  return clip;
}

std::shared_ptr<const StudentPack> LabelDataset::Open(int shard) const {
  Shard& entry = *shards_[shard];
  std::shared_ptr<const StudentPack> pack;
  {
    const std::lock_guard<std::mutex> lock(entry.mutex);
    if (entry.pack == nullptr) {
      CheckUnchanged(entry);
      MakePackIfMissing(entry);
      const auto opened = std::make_shared<const StudentPack>(entry.pack_path);
      if (!entry.pixels_verified) opened->VerifyPixels();
      entry.pixels_verified = true;
      entry.pack = opened;
    }
    pack = entry.pack;
  }
  int closed = -1;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_.erase(std::remove(open_.begin(), open_.end(), shard), open_.end());
    open_.push_back(shard);
    if (open_.size() > max_open_) {
      closed = open_.front();
      open_.erase(open_.begin());
    }
  }
  if (closed >= 0) {
    const std::lock_guard<std::mutex> lock(shards_[closed]->mutex);
    shards_[closed]->pack = nullptr;
  }
  return pack;
}

}  // namespace foothold
