// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/train_options.h"

#include <set>

namespace foothold {
namespace {

using Builder = OptionTableBuilder<TrainOptions>;

void AddInputs(Builder* builder) {
  builder
      ->Add("labels",
            &TrainOptions::labels,
            {},
            "Folder of labels to learn from; synthetic: random pairs in memory, for trials of machine and "
            "options.")
      .Add("held_out", &TrainOptions::held_out, {}, "Folder of labels for validation; empty: none.")
      .Add("held_out_kind",
           &TrainOptions::held_out_kind,
           {"same", "label", "truth"},
           "What the validation is against: files of data.kind, labels, or truth of synthetic clips.")
      .Add("output", &TrainOptions::output, {}, "Folder for checkpoints, log and the trained model.")
      .Add("body", &TrainOptions::body, {}, "Body model; empty: the one that ships with Foothold.")
      .Add("network",
           &TrainOptions::network,
           {},
           "Size of the network: full (JOSH3R's), tiny, or a JSON file of its configuration.")
      .Add("initial",
           &TrainOptions::initial,
           {},
           "Weights to start from (.safetensors): a whole student, or MASt3R alone; empty: random.")
      .Add("device", &TrainOptions::device, {"cpu", "cuda"}, "Where to train.")
      .Add("precision",
           &TrainOptions::precision,
           {"fp32", "bf16", "fp16"},
           "Of the layers; weights, sums and losses are always float32.")
      .Add("threads", &TrainOptions::threads, 1, 1024, "Threads of each part of the batch on the CPU.")
      .Add("seed", &TrainOptions::seed, 0, 2147483647, "Of initial weights, order of samples and dropout.")
      .Add("steps", &TrainOptions::steps, 1, 2147483647, "Steps of the optimiser in the whole run.")
      .Add("global_batch",
           &TrainOptions::global_batch,
           1,
           1 << 20,
           "Pairs per step, over all ranks; a multiple of their number.")
      .Add("micro_shards",
           &TrainOptions::micro_shards,
           0,
           1 << 16,
           "Cut each batch into so many parts and add them up in their order, so that results are the same "
           "bits for every number of ranks that divides it; 0: one part per rank, which is faster.");
}

void AddOptimizer(Builder* builder) {
  builder->Add("learning_rate", &TrainOptions::learning_rate, 0, 10, "Learning rate after the warm-up.")
      .Add("min_learning_rate", &TrainOptions::min_learning_rate, 0, 10, "Where the cosine ends.")
      .Add("warmup_steps", &TrainOptions::warmup_steps, 0, 2147483647, "Steps of linear warm-up.")
      .Add("weight_decay", &TrainOptions::weight_decay, 0, 10, "AdamW's, on matrices and kernels.")
      .Add("beta1", &TrainOptions::beta1, 0, 0.99999, "Decay of AdamW's mean of gradients.")
      .Add("beta2", &TrainOptions::beta2, 0, 0.9999999, "Decay of AdamW's mean of squares.")
      .Add("epsilon", &TrainOptions::epsilon, 1e-15, 1, "AdamW's smallest divisor.")
      .Add("clip_norm", &TrainOptions::clip_norm, 0, 1e9, "Largest norm of the gradient; 0: any.")
      .Add("ema_decay",
           &TrainOptions::ema_decay,
           0,
           0.999999,
           "Decay of the running mean of the weights, which is validated and released; 0: none.")
      .Add("train_backbone", &TrainOptions::train_backbone, "Also train MASt3R; otherwise it is frozen.")
      .Add("backbone_rate",
           &TrainOptions::backbone_rate,
           0,
           10,
           "Learning rate of MASt3R over that of the rest.")
      .Add("layer_decay",
           &TrainOptions::layer_decay,
           0.01,
           1,
           "Learning rate of an encoder layer over that of the next.")
      .Add("second_points",
           &TrainOptions::second_points,
           {"own", "first"},
           "Camera in which the second image's points are compared: its own, as released, or the first.")
      .Add("rel_translation_weight",
           &TrainOptions::rel_translation_weight,
           0,
           1e6,
           "Weight of the loss of the relative translation (metres); 1: as released, as in the next four.")
      .Add("rel_rotation_weight",
           &TrainOptions::rel_rotation_weight,
           0,
           1e6,
           "Weight of the loss of the relative rotation, a mean square: at 1 an error of 6 degrees hardly "
           "counts "
           "beside a foot that slides by a centimetre.")
      .Add("contact_scale_weight",
           &TrainOptions::contact_scale_weight,
           0,
           1e6,
           "Weight of the distances from feet to the scene.")
      .Add(
          "contact_static_weight",
          &TrainOptions::contact_static_weight,
          0,
          1e6,
          "Weight of the way of feet that stand in both images. With gaps longer than a step it takes a foot "
          "that was set anew for one that stood.")
      .Add("depth_weight", &TrainOptions::depth_weight, 0, 1e6, "Weight of the loss of the pointmaps.")
      .Add("spike_sigma",
           &TrainOptions::spike_sigma,
           0,
           1e6,
           "Skip steps whose loss lies so many standard deviations above recent ones; 0: none.")
      .Add("max_skipped_steps",
           &TrainOptions::max_skipped_steps,
           1,
           1 << 30,
           "Skips in a row that end the run.");
}

void AddRunning(Builder* builder) {
  builder
      ->Add("bucket_mb",
            &TrainOptions::bucket_mb,
            0.001,
            4096,
            "Gradients summed over ranks at a time, megabytes.")
      .Add("shard_optimizer",
           &TrainOptions::shard_optimizer,
           "Each rank keeps and updates its share of the optimiser's state (ZeRO-1).")
      .Add("collective_timeout_s",
           &TrainOptions::collective_timeout_s,
           0.1,
           1e6,
           "A collective that takes longer ends the job with exit code 8.")
      .Add("rendezvous",
           &TrainOptions::rendezvous,
           {},
           "New file on a shared disk through which ranks on GPUs meet where there is no MPI launcher.")
      .Add("log_every", &TrainOptions::log_every, 1, 1 << 30, "Steps between lines of the log.")
      .Add("validate_every", &TrainOptions::validate_every, 1, 1 << 30, "Steps between validations.")
      .Add("validation_batches",
           &TrainOptions::validation_batches,
           1,
           1 << 20,
           "Global batches of a validation.")
      .Add("checkpoint_every", &TrainOptions::checkpoint_every, 1, 1 << 30, "Steps between checkpoints.")
      .Add("keep_checkpoints",
           &TrainOptions::keep_checkpoints,
           1,
           10000,
           "Latest checkpoints to keep, besides the best.");
}

OptionTable MakeTable() {
  Builder builder("train", "Training of the student (`train_student`).");
  AddInputs(&builder);
  AddOptimizer(&builder);
  AddRunning(&builder);
  OptionTable table = builder.Build();
  for (OptionField& field : table.fields) field.affects_labels = false;
  return table;
}

}  // namespace

const OptionTable& TrainOptions::Table() {
  static const OptionTable table = MakeTable();
  return table;
}

std::string TrainingIdentity(const TrainOptions& options) {
  static const std::set<std::string> elsewhere = {"labels",
                                                  "held_out",
                                                  "held_out_kind",
                                                  "output",
                                                  "body",
                                                  "initial",
                                                  "bucket_mb",
                                                  "shard_optimizer",
                                                  "collective_timeout_s",
                                                  "rendezvous",
                                                  "log_every",
                                                  "validate_every",
                                                  "validation_batches",
                                                  "checkpoint_every",
                                                  "keep_checkpoints"};
  std::string text;
  for (const OptionField& field : TrainOptions::Table().fields) {
    if (elsewhere.count(field.name) == 0) text += field.name + " = " + field.get(&options) + "\n";
  }
  return text;
}

}  // namespace foothold
