// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "foothold/base/file_journal.h"
#include "foothold/scene/observations.h"

namespace foothold {

// What work on a video has found so far, in a folder, for the process that goes on when this one is killed:
//
//   <clip id>.<identity>.<process>.journal       finished pieces (base/file_journal.h)
//   <clip id>.<identity>.observations.h5         what perception saw, once that is complete
//
// `identity` is everything that the result follows from, besides the clip: options, program, body model.
// Without a folder nothing is kept. What cannot be written costs a warning and the safety, not the label.
class PartialWork {
 public:
  // `rung_note` (memory_rung.h) belongs to the identity of what is kept here, not to that of the parts of a
  // long video, which may be seen on several rungs.
  PartialWork(std::string folder,
              const std::string& identity,
              const std::string& rung_note,
              double interval_s);

  const std::string& folder() const { return folder_; }
  // 16 hex characters.
  const std::string& parts_identity() const { return parts_identity_; }

  // Null without a folder.
  std::unique_ptr<FileJournal> JournalOf(const std::string& clip_id) const;
  // False when there are none, or what is there is damaged.
  bool FindObservations(const std::string& clip_id, Observations* observations) const;
  void KeepObservations(const std::string& clip_id, const Observations& observations) const;
  // Work that took less is not worth a file.
  bool IsWorthKeeping(double seconds) const { return !folder_.empty() && seconds >= interval_s_; }
  // Removes what is kept of a clip, by any process and of any identity, and the folder once it is empty.
  void Remove(const std::string& clip_id) const;

 private:
  std::string ObservationsPath(const std::string& clip_id) const;

  std::string folder_, parts_identity_, identity_, identity_hash_;
  double interval_s_;
};

// Hash of the running executable: another build may find other bytes on the way.
const std::string& BuildHash();

}  // namespace foothold
