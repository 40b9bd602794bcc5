// SPDX-License-Identifier: Apache-2.0
#include "foothold/train/trainer.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "foothold/base/atomic_file.h"
#include "foothold/base/error.h"
#include "foothold/base/hash.h"
#include "foothold/base/log.h"

namespace foothold {
namespace {

constexpr char kWeights[] = "model/";  // Prefix of the network's tensors in a checkpoint.

// Running means of batch norms as they were before a step, for steps that turn out bad.
class SavedBuffers {
 public:
  explicit SavedBuffers(const ParameterSet& parameters) : parameters_(parameters) {
    for (const NamedTensor& entry : parameters.entries()) {
      if (!entry.is_parameter) values_.push_back(entry.tensor.clone());
    }
  }
  void Restore() const {
    const c10::NoGradGuard no_gradients;
    auto value = values_.begin();
    for (const NamedTensor& entry : parameters_.entries()) {
      if (!entry.is_parameter) entry.tensor.copy_(*value++);
    }
  }

 private:
  const ParameterSet& parameters_;
  std::vector<at::Tensor> values_;
};

// Translation x, y, z in metres and the six numbers of the rotation.
Scalars NumbersOf(const MeanMotion& motion) {
  Scalars numbers;
  const auto add = [&](const std::string& name, const at::Tensor& values) {
    for (int64_t i = 0; i < values.size(0); ++i)
      numbers.emplace_back(name + "_" + std::to_string(i), values[i].item<double>());
  };
  add("rel_translation", motion.rel_translation);
  add("rel_rotation", motion.rel_rotation);
  return numbers;
}

std::string Format(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

}  // namespace

Trainer::Trainer(const TrainerInputs& inputs)
    : inputs_(inputs),
      pass_(inputs.options, inputs.network, *inputs.body, inputs.device, inputs.sums, inputs.messages),
      guard_(inputs.options),
      checkpoints_(inputs.options.output + "/checkpoints", inputs.options.keep_checkpoints) {
  const TrainOptions& options = inputs_.options;
  ParameterSet& parameters = pass_.main().parameters;
  layout_ = MakeLayout(parameters, options, inputs.network.backbone.encoder_depth);
  weights_ = at::zeros({Optimizer::PaddedSize(layout_, inputs.sums->size())},
                       at::dtype(at::kFloat).device(inputs.device));
  parameters.Initialise(static_cast<uint64_t>(options.seed));
  pass_.Bind(layout_, weights_);
  header_.identity = TrainingIdentity(options) + "samples = " + inputs.training->Fingerprint() + "\n";
  header_.network = ToJson(inputs.network);
  header_.torch_version = TorchVersion();
  if (inputs_.held_out != nullptr) {
    held_out_start_ = inputs_.held_out->Position();
    mean_motion_ = MeasureMeanMotion(inputs_.training, options.validation_batches, inputs_.messages);
  }

  CheckRanksAgree("options, network or samples", header_.identity + header_.network);
  const std::vector<int64_t> steps = checkpoints_.Steps();
  CheckRanksAgree("latest checkpoint in " + options.output,
                  std::to_string(steps.empty() ? -1 : steps.back()));
  if (steps.empty()) LoadInitial();
  optimizer_.emplace(options, &layout_, weights_, inputs.sums, inputs.messages);
  if (!steps.empty()) Resume();
  first_step_ = header_.step;
  if (!is_first_rank()) return;
  log_ = std::make_unique<TrainingLog>(options.output);
  if (inputs_.held_out != nullptr) log_->Numbers("mean_motion", header_.step, NumbersOf(mean_motion_));
}

void Trainer::LoadInitial() {
  if (inputs_.options.initial.empty()) return;
  ParameterSet& parameters = pass_.main().parameters;
  const SafetensorsFile file(inputs_.options.initial);
  const bool whole_student = file.tensors().count("rel_trans_head.head_layers.0.0.weight") > 0;
  if (whole_student) {
    parameters.Load(file, "", {"smpl."});
    return;
  }
  // MASt3R alone, under its own names. Its copy here shares the weights of the student.
  ParameterSet backbone;
  const Mast3r network(Scope(&backbone), inputs_.network.backbone);
  backbone.Load(file);
  const c10::NoGradGuard no_gradients;
  for (const NamedTensor& entry : backbone.entries()) {
    parameters.Entry("mast3r." + entry.name).tensor.copy_(entry.tensor);
  }
}

void Trainer::Resume() {
  const int64_t step = checkpoints_.Steps().back();
  const StoredCheckpoint stored = checkpoints_.Open(step);
  RequireSameRun(stored.header, header_, stored.tensors_path);
  const SafetensorsFile file(stored.tensors_path);
  pass_.main().parameters.Load(file, kWeights);
  optimizer_->Load(file, stored.header.num_updates);
  inputs_.training->Seek(stored.header.position);
  guard_.Restore(stored.header.guard);
  header_ = stored.header;
  last_saved_step_ = step;
  if (is_first_rank()) LogInfo("training goes on from step " + std::to_string(step));
}

void Trainer::CheckRanksAgree(const std::string& what, const std::string& text) const {
  const std::string own = HashText(text);
  std::string all(own.size() * static_cast<size_t>(inputs_.messages->size()), ' ');
  inputs_.messages->GatherBytes(own.data(), own.size(), all.data());
  for (size_t begin = 0; begin < all.size(); begin += own.size()) {
    if (all.compare(begin, own.size(), all, 0, own.size()) == 0) continue;
    throw Error(ErrorKind::kNetwork,
                "rank " + std::to_string(begin / own.size()) + " and rank 0 disagree about the " + what);
  }
}

std::string Trainer::WhatIsNotFinite(const TrainingBatch& batch) const {
  constexpr size_t kLength = 32;
  std::string own = FirstNonFinite(batch.targets);
  own.resize(kLength, '\0');
  std::string all(kLength * static_cast<size_t>(inputs_.messages->size()), '\0');
  inputs_.messages->GatherBytes(own.data(), kLength, all.data());
  std::string names;
  for (size_t begin = 0; begin < all.size(); begin += kLength) {
    const std::string name = all.c_str() + begin;
    if (!name.empty()) {
      names += "; rank " + std::to_string(begin / kLength) + "'s labels hold a value that is not finite in " +
               name;
    }
  }
  return names;
}

Trainer::StepOutcome Trainer::Step(const std::function<bool()>& drain) {
  StepOutcome outcome;
  Timer timer;
  const TrainingBatch batch = inputs_.training->Next();
  outcome.data_s = timer.Seconds();
  const SavedBuffers buffers(pass_.main().parameters);
  const double scale = guard_.loss_scale();
  timer = Timer();
  outcome.losses = pass_.Run(batch, scale, drain());
  outcome.pass_s = timer.Seconds();
  timer = Timer();
  const at::Tensor& gradients = pass_.main().gradients;
  const double scaled_norm = optimizer_->GradientNorm(gradients);
  outcome.norm = scaled_norm / scale;
  outcome.rate = LearningRateAt(inputs_.options, header_.step);
  outcome.skipped = guard_.Judge(outcome.losses.total, scaled_norm);
  if (outcome.skipped.empty()) {
    const double limit = inputs_.options.clip_norm;
    const double clip = limit > 0 && outcome.norm > limit ? limit / outcome.norm : 1;
    optimizer_->Step(gradients, clip / scale, outcome.rate);
  } else {
    buffers.Restore();
    if (!std::isfinite(outcome.losses.total)) outcome.skipped += WhatIsNotFinite(batch);
  }
  outcome.update_s = timer.Seconds();
  ++header_.step;
  return outcome;
}

void Trainer::Log(const StepOutcome& outcome) {
  if (!is_first_rank()) return;
  const TrainOptions& options = inputs_.options;
  const int64_t step = header_.step;
  if (!outcome.skipped.empty()) {
    LogWarning("step " + std::to_string(step) + " skipped: " + outcome.skipped);
    log_->Text("skipped", step, outcome.skipped);
  }
  if (step % options.log_every != 0 && step != options.steps) return;
  const double seconds = since_start_.Seconds();
  const double steps_per_s = static_cast<double>(step - first_step_) / std::max(seconds, 1e-9);
  Scalars numbers = {{"loss", outcome.losses.total},
                     {"gradient_norm", outcome.norm},
                     {"learning_rate", outcome.rate},
                     {"loss_scale", guard_.loss_scale()},
                     {"pairs_per_s", steps_per_s * options.global_batch},
                     {"data_s", outcome.data_s},
                     {"pass_s", outcome.pass_s},
                     {"backward_s", outcome.losses.backward_s},
                     {"exposed_communication_s", outcome.losses.exposed_s},
                     {"update_s", outcome.update_s}};
  for (const TermValue& term : outcome.losses.terms) numbers.emplace_back("term_" + term.name, term.value);
  log_->Numbers("train", step, numbers);
  LogInfo("step " + std::to_string(step) + "/" + std::to_string(options.steps) + ", loss " +
          Format("%.5g", outcome.losses.total) + ", " + Format("%.3g", steps_per_s * options.global_batch) +
          " pairs/s, " + FormatDuration(static_cast<double>(options.steps - step) / steps_per_s) + " left");
}

void Trainer::WithAveragedWeights(const std::function<void()>& use) {
  const c10::NoGradGuard no_gradients;
  const at::Tensor own = weights_.clone();
  weights_.copy_(optimizer_->AveragedWeights());
  use();
  weights_.copy_(own);
}

void Trainer::Validate() {
  ValidationScores scores;
  inputs_.held_out->Seek(held_out_start_);
  WithAveragedWeights(
      [&] { scores = pass_.Validate(inputs_.held_out, inputs_.options.validation_batches, mean_motion_); });
  const BatchLosses& losses = scores.losses;
  if (std::isfinite(losses.total) && (header_.best_step < 0 || losses.total < header_.best_loss)) {
    header_.best_step = header_.step;
    header_.best_loss = losses.total;
  }
  if (!is_first_rank()) return;
  Scalars numbers = {{"loss", losses.total}};
  for (const TermValue& term : losses.terms) numbers.emplace_back("term_" + term.name, term.value);
  for (const TermValue& error : scores.errors) numbers.emplace_back(error.name, error.value);
  log_->Numbers("validation", header_.step, numbers);
  LogInfo("step " + std::to_string(header_.step) + ": validation loss " + Format("%.5g", losses.total) +
          (header_.best_step == header_.step ? ", the best so far" : ""));
}

void Trainer::SaveCheckpoint() {
  if (last_saved_step_ == header_.step) return;
  // Ranks whose weights have drifted apart would go on unnoticed.
  CheckRanksAgree("weights after step " + std::to_string(header_.step),
                  HashBytes(weights_.cpu().const_data_ptr(), weights_.nbytes()));
  std::map<std::string, at::Tensor> tensors = optimizer_->State();
  last_saved_step_ = header_.step;
  if (!is_first_rank()) return;
  for (auto& [name, tensor] : pass_.main().parameters.Snapshot()) tensors[kWeights + name] = tensor;
  header_.position = inputs_.training->Position();
  header_.num_updates = optimizer_->num_updates();
  header_.guard = guard_.state();
  checkpoints_.Start(header_, std::move(tensors));
}

void Trainer::SaveModel() {
  WithAveragedWeights([&] {
    if (!is_first_rank()) return;
    pass_.main().parameters.Save(
        inputs_.options.output + "/model.safetensors", {{"config", header_.network}}, /*replace=*/true);
  });
}

bool Trainer::Run(const std::function<bool()>& drain) {
  const TrainOptions& options = inputs_.options;
  since_start_ = Timer();
  while (header_.step < options.steps) {
    const StepOutcome outcome = Step(drain);
    Log(outcome);
    const bool last = header_.step == options.steps;
    if (inputs_.held_out != nullptr && (last || header_.step % options.validate_every == 0)) Validate();
    const bool due = header_.step % options.checkpoint_every == 0 || header_.best_step == header_.step;
    if (last || outcome.losses.flag || due) SaveCheckpoint();
    if (outcome.losses.flag && !last) {
      checkpoints_.Wait();
      return false;
    }
  }
  checkpoints_.Wait();
  SaveModel();
  return true;
}

}  // namespace foothold
