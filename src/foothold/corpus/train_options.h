// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/base/options.h"

namespace foothold {

// How the student is trained. Here and not with the trainer, which is built only where LibTorch is: every
// program reads every section of a config file.
struct TrainOptions {
  // What and where.
  std::string labels;
  std::string held_out;
  std::string held_out_kind = "same";
  std::string output;
  std::string body;
  std::string network = "full";
  std::string initial;
  std::string device = "cpu";
  std::string precision = "fp32";
  int threads = 1;
  int seed = 1;
  // Length and batches.
  int steps = 100000;
  int global_batch = 32;
  int micro_shards = 0;
  // Optimiser.
  double learning_rate = 1e-4;
  double min_learning_rate = 1e-6;
  int warmup_steps = 1000;
  double weight_decay = 0.05;
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
  double clip_norm = 1;
  double ema_decay = 0.999;
  bool train_backbone = true;
  double backbone_rate = 0.1;
  double layer_decay = 0.9;
  std::string second_points = "own";
  double rel_translation_weight = 1;
  double rel_rotation_weight = 1;
  double contact_scale_weight = 1;
  double contact_static_weight = 1;
  double depth_weight = 1;
  // Guard.
  double spike_sigma = 8;
  int max_skipped_steps = 50;
  // Ranks.
  double bucket_mb = 25;
  bool shard_optimizer = false;
  double collective_timeout_s = 600;
  std::string rendezvous;
  // Looking and keeping.
  int log_every = 10;
  int validate_every = 1000;
  int validation_batches = 16;
  int checkpoint_every = 500;
  int keep_checkpoints = 3;

  static const OptionTable& Table();
};

// The options that decide what the weights become, as text: a run continues only with the same ones. Paths,
// numbers of ranks and what is printed are not among them.
std::string TrainingIdentity(const TrainOptions& options);

}  // namespace foothold
