// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/label_commit.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>

namespace foothold {
namespace {

namespace fs = std::filesystem;

// What differs between an existing label and the one we would make; empty when nothing does.
std::string Difference(const labels::Label& existing, const Clip& clip, const labels::Provenance& ours) {
  if (existing.kind != "label") return "it is of kind '" + existing.kind + "'";
  if (existing.clip.id != clip.id) return "it is of another video or frame range";
  if (existing.provenance.program != ours.program) return "'" + existing.provenance.program + "' made it";
  if (existing.provenance.options != ours.options) return "other options made it";
  if (existing.provenance.body_model_hash != ours.body_model_hash) return "it uses another body model";
  return "";
}

}  // namespace

labels::Provenance MakeProvenance(const BodyModel& body, const LabelOptions& options) {
  LabelOptions copy = options;
  OptionSet set;
  copy.BindTo(&set);
  labels::Provenance provenance;
  provenance.program = ProgramVersion();
  provenance.options = set.Dump(/*labels_only=*/true);
  provenance.body_model_hash = body.content_hash;
  return provenance;
}

bool SettledByExistingLabel(const Clip& clip,
                            const labels::Provenance& provenance,
                            bool overwrite,
                            ClipOutcome* outcome) {
  if (!fs::exists(outcome->label_path)) return false;
  std::string reason, problem;
  try {
    const labels::Label existing = labels::ReadLabel(outcome->label_path);
    problem = Difference(existing, clip, provenance);
    if (problem.empty()) {
      outcome->status = ClipOutcome::Status::kAlreadyDone;
      outcome->num_people = static_cast<int>(existing.reconstruction.people.size());
      outcome->flags = existing.reconstruction.flags;
      return true;
    }
    reason = "label_exists";
  } catch (const Error& error) {
    problem = error.what();
    reason = "label_corrupt";
  }
  if (overwrite) return false;
  outcome->status = ClipOutcome::Status::kFailed;
  outcome->exit_code = ExitCode::kUsage;
  outcome->reason = reason;
  outcome->message = "'" + outcome->label_path + "' is in the way (" + problem +
                     "); choose another output directory, or pass --overwrite";
  return true;
}

void CommitLabel(const labels::Label& label, const std::string& path, bool overwrite) {
  if (!overwrite) {
    // False: another process finished the same clip first; labels are deterministic, so its is ours.
    labels::WriteLabel(label, path);
    return;
  }
  const std::string replacement = path + ".replacement-" + std::to_string(getpid());
  std::error_code error;
  fs::remove(replacement, error);
  labels::WriteLabel(label, replacement);
  fs::rename(replacement, path, error);
  if (error) {
    fs::remove(replacement, error);
    throw Error(ErrorKind::kStorage, "cannot replace '" + path + "': " + error.message());
  }
}

}  // namespace foothold
