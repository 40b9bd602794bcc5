// SPDX-License-Identifier: Apache-2.0
#include "train/training_runs.h"

#include <stdlib.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

namespace foothold {
namespace {

constexpr char kNetwork[] = R"({"patch_size": 16, "enc_embed_dim": 16, "enc_depth": 1, "enc_num_heads": 2,
  "dec_embed_dim": 16, "dec_depth": 2, "dec_num_heads": 2, "mlp_ratio": 2.0, "norm_eps": 1e-06,
  "rope_base": 100.0, "hooks": [0, 1, 1, 2], "head_layer_dims": [4, 4, 8, 8], "head_feature_dim": 8,
  "head_last_dim": 8, "local_feature_hidden_factor": 0.5, "desc_dim": 4, "depth_mode": "exp",
  "conf_mode": "exp, vmin 1", "desc_conf_mode": "exp, vmin 0", "desc_mode": "norm",
  "roi_conv_channels": 4})";

std::string ReadBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

// The number behind `"name": ` in a line of JSON.
double NumberIn(const std::string& line, const std::string& name) {
  const size_t at = line.find("\"" + name + "\": ");
  return at == std::string::npos ? std::nan("") : std::atof(line.c_str() + at + name.size() + 4);
}

std::map<long, double> ReadLosses(const std::string& path) {
  std::map<long, double> losses;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.find("\"event\": \"train\"") == std::string::npos) continue;
    losses[std::lround(NumberIn(line, "step"))] = NumberIn(line, "loss");
  }
  return losses;
}

}  // namespace

TrainingRun RunTraining(const TrainingCase& training) {
  std::filesystem::create_directories(training.output);
  const std::string network = training.output + "/network.json";
  std::ofstream(network) << kNetwork;
  std::vector<std::string> command = {FOOTHOLD_TRAIN_CHECK,
                                      "--labels=made-up",
                                      "--output=" + training.output,
                                      "--train.network=" + network,
                                      "--train.global_batch=8",
                                      "--train.steps=" + std::to_string(training.steps),
                                      "--train.warmup_steps=2",
                                      "--train.learning_rate=0.0003",
                                      "--train.log_every=1",
                                      "--train.bucket_mb=0.02",
                                      "--train.collective_timeout_s=60"};
  command.insert(command.end(), training.more.begin(), training.more.end());
  setenv("FOOTHOLD_TEST_FAULT", training.fault.c_str(), 1);
  TrainingRun run;
  run.result = RunProgram(command, training.ranks);
  unsetenv("FOOTHOLD_TEST_FAULT");
  run.losses = ReadLosses(training.output + "/log.jsonl");
  run.model = ReadBytes(training.output + "/model.safetensors");
  return run;
}

double LargestDifference(const TrainingRun& a, const TrainingRun& b) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (a.losses.empty() || a.losses.size() != b.losses.size()) return kInfinity;
  double largest = 0;
  for (const auto& [step, loss] : a.losses) {
    const auto other = b.losses.find(step);
    if (other == b.losses.end() || !std::isfinite(loss)) return kInfinity;
    largest = std::max(largest, std::abs(other->second - loss) / std::abs(loss));
  }
  return largest;
}

bool TestAll() { return std::getenv("FOOTHOLD_TEST_ALL") != nullptr; }

}  // namespace foothold
