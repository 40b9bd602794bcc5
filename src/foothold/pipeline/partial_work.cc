// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/partial_work.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "foothold/base/error.h"
#include "foothold/base/hash.h"
#include "foothold/base/log.h"
#include "labels/observation_file.h"

namespace foothold {

namespace fs = std::filesystem;

const std::string& BuildHash() {
  static const std::string hash = HashFile("/proc/self/exe");
  return hash;
}

PartialWork::PartialWork(std::string folder,
                         const std::string& identity,
                         const std::string& rung_note,
                         double interval_s)
    : folder_(std::move(folder)), interval_s_(interval_s) {
  if (folder_.empty()) return;
  const std::string of_build = identity + "\n# build " + BuildHash();
  parts_identity_ = HashText(of_build).substr(0, 16);
  identity_ = of_build + "\n# " + rung_note;
  identity_hash_ = HashText(identity_).substr(0, 16);
}

std::unique_ptr<FileJournal> PartialWork::JournalOf(const std::string& clip_id) const {
  if (folder_.empty()) return nullptr;
  return std::make_unique<FileJournal>(folder_, clip_id, identity_, interval_s_);
}

std::string PartialWork::ObservationsPath(const std::string& clip_id) const {
  return folder_ + "/" + clip_id + "." + identity_hash_ + ".observations.h5";
}

bool PartialWork::FindObservations(const std::string& clip_id, Observations* observations) const {
  if (folder_.empty() || !fs::exists(ObservationsPath(clip_id))) return false;
  try {
    *observations = labels::ReadObservations(ObservationsPath(clip_id));
    return true;
  } catch (const Error& error) {
    LogWarning(std::string(error.what()) + "; perception runs again");
    std::error_code ignored;
    fs::remove(ObservationsPath(clip_id), ignored);
    return false;
  }
}

void PartialWork::KeepObservations(const std::string& clip_id, const Observations& observations) const {
  try {
    std::error_code ignored;
    fs::create_directories(folder_, ignored);
    labels::WriteObservations(observations, ObservationsPath(clip_id));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kStorage) throw;
    LogWarning(std::string(error.what()) + "; if this process dies, perception runs again");
  }
}

void PartialWork::Remove(const std::string& clip_id) const {
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder_, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    if (entry->path().filename().string().starts_with(clip_id + ".")) unlink(entry->path().c_str());
  }
  rmdir(folder_.c_str());
}

}  // namespace foothold
