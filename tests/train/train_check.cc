// SPDX-License-Identifier: Apache-2.0
// train_student on small synthetic pairs, with faults on demand: FOOTHOLD_TEST_FAULT = "kill STEP RANK" or
// "hang STEP RANK" when that rank wants the samples of that step (counted from 0), "nan INDEX" for a sample
// whose label is not a number.
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "foothold/train/synthetic_source.h"
#include "jobs/train_student_job.h"

namespace {

using namespace foothold;

struct Fault {
  std::string kind;
  int64_t number = -1;
  int rank = -1;
};

Fault ReadFault() {
  Fault fault;
  const char* text = std::getenv("FOOTHOLD_TEST_FAULT");
  std::istringstream words(text == nullptr ? "" : text);
  words >> fault.kind >> fault.number >> fault.rank;
  return fault;
}

class FaultySource : public BatchSource {
 public:
  FaultySource(std::unique_ptr<BatchSource> source, Fault fault, int batch)
      : source_(std::move(source)), fault_(std::move(fault)), batch_(batch) {}
  TrainingBatch Next() override {
    if (Position() == "sample " + std::to_string(fault_.number * batch_)) {
      if (fault_.kind == "kill") raise(SIGKILL);
      while (fault_.kind == "hang") pause();
      if (fault_.kind == "drain") raise(SIGUSR1);
    }
    return source_->Next();
  }
  std::string Fingerprint() const override { return source_->Fingerprint(); }
  std::string Position() const override { return source_->Position(); }
  void Seek(const std::string& position) override { source_->Seek(position); }

 private:
  std::unique_ptr<BatchSource> source_;
  Fault fault_;
  int batch_;
};

std::unique_ptr<BatchSource> Open(const TrainOptions& options, bool held_out, int rank, int size) {
  Fault fault = ReadFault();
  SyntheticPairs pairs;
  pairs.seed = held_out ? 99 : 7;
  pairs.num_samples = 24;
  pairs.rows_px = 32;
  pairs.columns_px = 48;
  if (fault.kind == "nan") pairs.bad_sample = fault.number;
  auto source = std::make_unique<SyntheticSource>(pairs, options.global_batch, rank, size);
  if (held_out || (fault.rank >= 0 && fault.rank != rank)) fault.number = -1;
  return std::make_unique<FaultySource>(std::move(source), fault, options.global_batch);
}

}  // namespace

int main(int argc, char** argv) {
  return static_cast<int>(
      foothold::RunTrainStudent(argc, argv, [](const auto&, const auto&) { return &Open; }));
}
