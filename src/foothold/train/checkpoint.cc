// SPDX-License-Identifier: Apache-2.0
#include "foothold/train/checkpoint.h"

#include <torch/version.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <set>
#include <sstream>

#include "foothold/base/atomic_file.h"
#include "foothold/base/error.h"
#include "foothold/base/hash.h"
#include "foothold/base/log.h"
#include "foothold/networks/json_reader.h"

namespace foothold {
namespace {

constexpr char kFormat[] = "foothold-checkpoint-1";
constexpr char kHeaderEnd[] = ".json", kTensorsEnd[] = ".safetensors";

std::string Exact(double value) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.17g", value);
  return text;
}

// First line in which two texts differ: "a = 1" and "a = 2".
std::string FirstDifference(const std::string& stored, const std::string& now) {
  std::istringstream a(stored), b(now);
  for (std::string line_a, line_b;;) {
    const bool more_a = static_cast<bool>(std::getline(a, line_a));
    const bool more_b = static_cast<bool>(std::getline(b, line_b));
    if (!more_a && !more_b) return "nothing";
    if (!more_a) line_a = "(nothing)";
    if (!more_b) line_b = "(nothing)";
    if (line_a != line_b) return "then '" + line_a + "', now '" + line_b + "'";
  }
}

int64_t WholeNumber(JsonReader* json) {
  const double number = json->Number();
  if (number != static_cast<double>(static_cast<int64_t>(number))) json->Fail("not a whole number");
  return static_cast<int64_t>(number);
}

}  // namespace

std::string TorchVersion() { return TORCH_VERSION; }

std::string FormatHeader(const CheckpointHeader& header, const std::string& tensors_checksum) {
  std::string losses;
  for (const double loss : header.guard.recent_losses) losses += (losses.empty() ? "" : ", ") + Exact(loss);
  const std::string json =
      std::string("{\"format\": \"") + kFormat + "\", \"step\": " + std::to_string(header.step) +
      ", \"num_updates\": " + std::to_string(header.num_updates) +
      ", \"position\": " + QuoteJson(header.position) + ", \"identity\": " + QuoteJson(header.identity) +
      ", \"network\": " + QuoteJson(header.network) +
      ", \"torch_version\": " + QuoteJson(header.torch_version) +
      ", \"loss_scale\": " + Exact(header.guard.loss_scale) +
      ", \"good_steps\": " + std::to_string(header.guard.good_steps) +
      ", \"skipped_in_row\": " + std::to_string(header.guard.skipped_in_row) + ", \"recent_losses\": [" +
      losses + "], \"best_step\": " + std::to_string(header.best_step) +
      ", \"best_loss\": " + Exact(header.best_loss) + ", \"tensors_xxh3\": " + QuoteJson(tensors_checksum) +
      "}\n";
  return json + "xxh3 " + HashText(json) + "\n";
}

CheckpointHeader ParseHeader(const std::string& text,
                             const std::string& origin,
                             std::string* tensors_checksum) {
  const size_t end = text.find('\n');
  const std::string json_text = text.substr(0, end == std::string::npos ? 0 : end + 1);
  if (json_text.empty() || text.substr(json_text.size()) != "xxh3 " + HashText(json_text) + "\n") {
    throw Error(ErrorKind::kBadInput,
                origin +
                    ": the checksum does not match, the file is damaged; remove it to go on from the "
                    "checkpoint before");
  }
  CheckpointHeader header;
  std::string format;
  JsonReader json(json_text, origin);
  const std::map<std::string, std::function<void()>> fields = {
      {"format", [&] { format = json.String(); }},
      {"step", [&] { header.step = WholeNumber(&json); }},
      {"num_updates", [&] { header.num_updates = WholeNumber(&json); }},
      {"position", [&] { header.position = json.String(); }},
      {"identity", [&] { header.identity = json.String(); }},
      {"network", [&] { header.network = json.String(); }},
      {"torch_version", [&] { header.torch_version = json.String(); }},
      {"loss_scale", [&] { header.guard.loss_scale = json.Number(); }},
      {"good_steps", [&] { header.guard.good_steps = static_cast<int>(WholeNumber(&json)); }},
      {"skipped_in_row", [&] { header.guard.skipped_in_row = static_cast<int>(WholeNumber(&json)); }},
      {"recent_losses", [&] { json.Array([&] { header.guard.recent_losses.push_back(json.Number()); }); }},
      {"best_step", [&] { header.best_step = WholeNumber(&json); }},
      {"best_loss", [&] { header.best_loss = json.Number(); }},
      {"tensors_xxh3", [&] { *tensors_checksum = json.String(); }}};
  std::set<std::string> missing;
  for (const auto& [name, read] : fields) missing.insert(name);
  json.Object([&](const std::string& key) {
    const auto field = fields.find(key);
    if (field == fields.end()) json.Fail("unknown field '" + key + "'");
    field->second();
    missing.erase(key);
  });
  json.Finish();
  if (!missing.empty()) json.Fail("field '" + *missing.begin() + "' is missing");
  if (format != kFormat) json.Fail("format '" + format + "' is not " + kFormat);
  return header;
}

CheckpointFolder::CheckpointFolder(std::string folder, int keep) : folder_(std::move(folder)), keep_(keep) {}

CheckpointFolder::~CheckpointFolder() {
  try {
    Wait();
  } catch (const std::exception& error) {
    LogError(error.what());
  }
}

std::string CheckpointFolder::PathOf(int64_t step, const char* extension) const {
  char name[40];
  std::snprintf(name, sizeof(name), "/step-%09lld", static_cast<long long>(step));
  return folder_ + name + extension;
}

std::vector<int64_t> CheckpointFolder::Steps() const {
  std::vector<int64_t> steps;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("step-", 0) != 0 || entry.path().extension() != kHeaderEnd) continue;
    steps.push_back(std::atoll(name.c_str() + 5));
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

StoredCheckpoint CheckpointFolder::Open(int64_t step) const {
  const std::string header_path = PathOf(step, kHeaderEnd);
  StoredCheckpoint stored;
  stored.tensors_path = PathOf(step, kTensorsEnd);
  std::string expected;
  stored.header = ParseHeader(ReadFile(header_path), header_path, &expected);
  const std::string actual = HashFile(stored.tensors_path);
  if (actual != expected) {
    throw Error(ErrorKind::kBadInput,
                stored.tensors_path + ": the checksum is " + actual + ", not " + expected +
                    ": the file is damaged; remove " + header_path + " to go on from the checkpoint before");
  }
  return stored;
}

void CheckpointFolder::Write(const CheckpointHeader& header,
                             const std::map<std::string, at::Tensor>& tensors) const {
  std::map<std::string, TensorView> views;
  for (const auto& [name, tensor] : tensors) views[name] = ViewOf(tensor);
  const std::string path = PathOf(header.step, kTensorsEnd);
  WriteSafetensors(path, views, {{"config", header.network}}, /*replace=*/true);
  // What is read back, not what was meant to be written.
  WriteFileAtomically(PathOf(header.step, kHeaderEnd), FormatHeader(header, HashFile(path)));
}

void CheckpointFolder::RemoveOld(int64_t best_step) const {
  std::vector<int64_t> steps = Steps();
  if (steps.size() <= static_cast<size_t>(keep_)) return;
  steps.resize(steps.size() - static_cast<size_t>(keep_));
  for (const int64_t step : steps) {
    if (step == best_step) continue;
    std::error_code ignored;  // What cannot be removed is only in the way.
    std::filesystem::remove(PathOf(step, kHeaderEnd), ignored);
    std::filesystem::remove(PathOf(step, kTensorsEnd), ignored);
  }
}

void CheckpointFolder::Start(CheckpointHeader header, std::map<std::string, at::Tensor> tensors) {
  Wait();
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) throw StorageError(folder_, "cannot make the folder", error.value());
  writer_ = std::thread([this, header = std::move(header), tensors = std::move(tensors)] {
    try {
      Write(header, tensors);
      RemoveOld(header.best_step);
    } catch (...) {
      failure_ = std::current_exception();
    }
  });
}

void CheckpointFolder::Wait() {
  if (writer_.joinable()) writer_.join();
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void RequireSameRun(const CheckpointHeader& stored, const CheckpointHeader& now, const std::string& origin) {
  const auto require = [&](const std::string& then, const std::string& today, const std::string& what) {
    if (then == today) return;
    throw Error(ErrorKind::kUsage,
                origin + ": this run began with " + what + ": " + FirstDifference(then, today) +
                    "; use the same, or another train.output");
  };
  require(stored.torch_version, now.torch_version, "another version of LibTorch");
  require(stored.network, now.network, "another network");
  require(stored.identity, now.identity, "other options");
}

}  // namespace foothold
