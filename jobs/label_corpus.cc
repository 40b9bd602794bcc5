// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "foothold/pipeline/learned_perception.h"
#include "foothold/pipeline/student_solver.h"
#include "jobs/isolated_labeller.h"

int main(int argc, char** argv) {
  using namespace foothold;
  LearnedParts learned;
  learned.make_start = [](const WorkerContext& context, const BodyModel& body) {
    return MakeStudentStart(context.predict, body);
  };
  learned.make_perception = MakeLearnedPerception;
  learned.perception_identity = LearnedPerceptionIdentity;
  const CorpusLabeller labeller = VideoLabeller(learned);
  if (IsUnitWorker(argc, argv)) return RunUnitWorker(labeller);
  try {
    // Before MPI starts: a process that has begun with it cannot become another.
    if (WantsLearnedParts(argc, argv)) EnterStudentProgram();
  } catch (const Error& error) {
    std::cerr << "label_corpus: " << error.what() << "\n";
    return static_cast<int>(error.exit_code());
  }
  return static_cast<int>(RunLabelCorpus(argc, argv, Isolated(labeller)));
}
