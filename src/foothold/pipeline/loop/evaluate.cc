// SPDX-License-Identifier: Apache-2.0
#include "foothold/pipeline/loop/evaluate.h"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "foothold/base/atomic_file.h"
#include "foothold/base/log.h"
#include "foothold/base/median.h"
#include "foothold/corpus/run_progress.h"
#include "foothold/corpus/units_file.h"
#include "foothold/evaluate/evaluation.h"
#include "foothold/pipeline/loop/plan.h"
#include "foothold/pipeline/loop/table.h"
#include "foothold/pipeline/student_solver.h"
#include "foothold/student/label_dataset.h"
#include "foothold/student/pair_sampler.h"
#include "labels/label.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// A metric over clips; those for which it is not defined do not count.
class Mean {
 public:
  void Add(const std::optional<double>& value) {
    if (!value) return;
    sum_ += *value;
    ++count_;
  }
  Json json() const { return count_ > 0 ? Json(sum_ / count_) : Json(); }

 private:
  double sum_ = 0;
  int count_ = 0;
};

class RoundEvaluation {
 public:
  RoundEvaluation(const ProgramOptions& options, const BodyModel& body)
      : options_(options), body_(body), data_(options.data) {
    data_.labels = options.train.labels;
    PredictOptions predict = options.predict;
    predict.model = options.train.output + "/model.safetensors";
    solver_ = MakeStudentSolver(predict, body);
    evaluation_ = fs::path(options.train.output).parent_path() / "evaluation";
    FindTruth();
  }

  Json Run() {
    for (const std::string& path : FindLabels(data_)) {
      const labels::Label label = labels::ReadLabel(path);
      AddStart(label.quality);
      if (IsHeldOut(label.clip.source_hash, data_.held_out_share)) Compare(path, label);
    }
    if (num_held_out_ == 0)
      throw Error(ErrorKind::kUsage,
                  "no labelled video is held out of " + data_.labels +
                      "; raise data.held_out_share in another loop.output, or add videos");
    if (num_predicted_ == 0)
      throw Error(ErrorKind::kBadInput,
                  "none of the held-out clips could be predicted; the messages above say why");
    Json summary = {{"held_out_clips", num_predicted_},
                    {"not_predicted", num_held_out_ - num_predicted_},
                    {"label_w_mpjpe_mm", label_to_truth_.json()},
                    {"student_w_mpjpe_mm", student_to_truth_.json()},
                    {"agreement_w_mpjpe_mm", student_to_label_.json()},
                    {"people_found_percent", found_.json()},
                    {"start_distance_m", start_m_.empty() ? Json() : Json(UpperMedian(start_m_))}};
    return summary;
  }

  // People at keyframes that training uses, and why it leaves out the others.
  Json CountPairs() const {
    const LabelDataset dataset(data_, body_, 0, 1);
    std::map<std::string, int64_t> left_out;
    int64_t kept = 0, lost = 0;
    for (int shard = 0; shard < dataset.num_shards(); ++shard) {
      const StudentClip clip = dataset.ReadClip(shard);
      if (!IsHeldOut(clip.source_hash, data_.held_out_share))
        kept += static_cast<int64_t>(AnchorsOf(clip, shard, data_, &left_out).size());
    }
    for (const auto& [reason, count] : left_out) lost += count;
    return {{"pairs_kept", kept},
            {"pairs_kept_percent", kept + lost > 0 ? Json(100.0 * kept / (kept + lost)) : Json()},
            {"pairs_left_out", left_out}};
  }

 private:
  void FindTruth() {
    if (options_.loop.truth.empty()) return;
    std::error_code error;
    constexpr std::string_view kSuffix = ".truth.h5";
    for (const auto& entry : fs::recursive_directory_iterator(options_.loop.truth, error)) {
      const std::string name = entry.path().filename().string();
      if (name.ends_with(kSuffix))
        truth_[name.substr(0, name.size() - kSuffix.size())] = entry.path().string();
    }
    if (truth_.empty())
      throw Error(ErrorKind::kBadInput, options_.loop.truth + ": no <video>.truth.h5 there (loop.truth)");
  }

  void AddStart(const Quality& quality) {
    if (!quality.student.known) return;
    for (const PersonQuality& person : quality.people) start_m_.push_back(person.student_distance_m);
  }

  void Compare(const std::string& path, const labels::Label& label) {
    ++num_held_out_;
    const std::optional<labels::Label> predicted = Predict(path, label.clip);
    if (!predicted) return;
    ++num_predicted_;
    const EvaluationReport agreement = EvaluateLabel(*predicted, label, body_);
    student_to_label_.Add(ValueOf(agreement, "w_mpjpe"));
    found_.Add(ValueOf(agreement, "person_frames_found"));
    const auto truth_path = truth_.find(fs::path(label.clip.source_path).stem().string());
    if (truth_path == truth_.end()) return;
    const labels::Label truth = labels::ReadLabel(truth_path->second);
    student_to_truth_.Add(WMpjpe(*predicted, truth));
    label_to_truth_.Add(WMpjpe(label, truth));
  }

  std::optional<double> WMpjpe(const labels::Label& label, const labels::Label& truth) const {
    return ValueOf(EvaluateLabel(label, truth, body_), "w_mpjpe");
  }

  // Of the frames of one clip, in a folder like the label's.
  std::optional<labels::Label> Predict(const std::string& label_path, const Clip& clip) const {
    VideoTask task;
    task.path = clip.source_path;
    task.begin = clip.first_frame;
    task.end = clip.first_frame + clip.num_frames();
    const fs::path folder = fs::path(label_path).parent_path();
    task.output_dir = (evaluation_ / fs::relative(folder, data_.labels)).string();
    task.solver = &solver_;
    LabelOptions label = options_.label;
    label.run.overwrite = true;  // What a student predicted that was trained again since.
    for (const ClipOutcome& outcome : LabelVideo(task, body_, label)) {
      if (!outcome.label_path.empty() && outcome.reason.empty()) return labels::ReadLabel(outcome.label_path);
      LogWarning(clip.name + " is not predicted (" + outcome.reason + "): " + outcome.message);
    }
    return std::nullopt;
  }

  const ProgramOptions& options_;
  const BodyModel& body_;
  LoaderOptions data_;
  ClipSolver solver_;
  fs::path evaluation_;
  std::map<std::string, std::string> truth_;  // By the video's name.
  int num_held_out_ = 0, num_predicted_ = 0;
  Mean label_to_truth_, student_to_truth_, student_to_label_, found_;
  std::vector<double> start_m_;
};

Json CountLabels(const std::string& run) {
  RunProgress progress(run, UnitsOfRun(run));
  progress.Refresh();
  const RunStatus status = progress.Status(std::time(nullptr));
  return {{"videos", status.units},
          {"labels", status.labels},
          {"frames", status.frames},
          {"yield_percent", 100 * status.yield}};
}

// The last losses in the log of the training.
Json ReadLosses(const std::string& model) {
  Json losses;
  std::ifstream log(model + "/log.jsonl");
  for (std::string line; std::getline(log, line);) {
    const Json entry = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!entry.is_object() || !entry.contains("loss")) continue;
    if (entry.value("event", "") == "train") losses["train_loss"] = entry["loss"];
    if (entry.value("event", "") == "validation") losses["validation_loss"] = entry["loss"];
  }
  return losses;
}

// Rounds are told by their folder, which OptionsOfRound named.
int RoundOf(const ProgramOptions& options) {
  for (int round = 1; round <= options.loop.rounds; ++round)
    if (LoopFolders(options.loop.output, round).model == options.train.output) return round;
  throw Error(ErrorKind::kUsage,
              "these are not the options of a round: give round-N/round.conf of the loop (foothold loop plan "
              "writes it)");
}

}  // namespace

void EvaluateRound(const ProgramOptions& options, const BodyModel& body) {
  const int round = RoundOf(options);
  const LoopFolders folders(options.loop.output, round);
  RoundEvaluation evaluation(options, body);
  Json summary = {{"round", round}, {"init", options.label.start.init}};
  for (const Json& part :
       {CountLabels(folders.labels), evaluation.CountPairs(), ReadLosses(folders.model), evaluation.Run()}) {
    if (part.is_object()) summary.update(part);
  }
  WriteFileAtomically(folders.summary, summary.dump(2) + "\n");
  WriteFileAtomically(options.loop.output + "/loop.md", LoopTable(options.loop.output));
}

}  // namespace foothold
