// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "foothold/student/body_joints.h"
#include "foothold/train/batch_source.h"
#include "foothold/train/gradient_sums.h"
#include "foothold/train/part_exchange.h"
#include "foothold/train/validation_metrics.h"

namespace foothold {

// Parts that each of so many ranks cuts its samples of a batch into. Throws Error(kUsage) when a batch cannot
// be shared out evenly.
int PartsOfRank(const TrainOptions& options, int ranks);

// A network and the memory of its gradients.
struct Replica {
  Replica(const Josh3rConfig& config, at::Device device);
  ParameterSet parameters;
  std::unique_ptr<Josh3r> network;
  at::Tensor gradients;  // All trained ones, flat.
};

struct TermValue {
  std::string name;
  double value;
};

// Of the whole batch, the same on every rank.
struct BatchLosses {
  double total = 0;
  std::vector<TermValue> terms;
  bool flag = false;      // Some rank's.
  double backward_s = 0;  // Of this rank.
  double exposed_s = 0;   // After that, this rank waited so long for sums of gradients.
};

struct ValidationScores {
  BatchLosses losses;
  std::vector<TermValue> errors;  // validation_metrics.h
};

// From a batch to the gradient of its loss: forward, losses, backward, over all ranks. The loss is that of
// the whole batch, whose means are taken after sums and weights are added up; so the gradient of a part is
// simply a summand.
class GradientPass {
 public:
  GradientPass(const TrainOptions& options,
               const Josh3rConfig& config,
               const BodyModel& body,
               at::Device device,
               Communicator* sums,
               Communicator* messages);

  // The network whose weights are trained, with the values that it starts from: to be loaded before Bind.
  Replica& main() { return *replicas_[0]; }
  const Replica& main() const { return *replicas_[0]; }
  int num_parts() const { return static_cast<int>(replicas_.size()); }
  // Weights are flat from now on.
  void Bind(const ParameterLayout& layout, const at::Tensor& weights);

  // Fills main().gradients with loss_scale times the gradient. `flag` is for BatchLosses::flag.
  BatchLosses Run(const TrainingBatch& own_samples, double loss_scale, bool flag);
  // Without training.
  ValidationScores Validate(BatchSource* source, int num_batches, const MeanMotion& mean_motion);

 private:
  PairPrediction Predict(const Replica& replica, const TrainingBatch& batch, const ForwardMode& mode) const;
  PairLosses LossesOf(const PairPrediction& prediction, const PairTargets& targets) const;
  BatchLosses RunPart(int part, const TrainingBatch& batch, double loss_scale, bool flag);

  TrainOptions options_;
  at::Device device_;
  Communicator* sums_;
  BodyJoints body_;
  std::vector<std::unique_ptr<Replica>> replicas_;  // One per part of this rank.
  PartExchange exchange_;
  std::unique_ptr<GradientBuckets> buckets_;  // Where gradients are summed while backward runs.
};

}  // namespace foothold
