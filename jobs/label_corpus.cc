// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "foothold/pipeline/student_solver.h"
#include "jobs/isolated_labeller.h"

int main(int argc, char** argv) {
  using namespace foothold;
  const CorpusLabeller labeller = VideoLabeller([](const WorkerContext& context, const BodyModel& body) {
    return MakeStudentStart(context.predict, body);
  });
  if (IsUnitWorker(argc, argv)) return RunUnitWorker(labeller);
  try {
    if (WantsStudent(argc, argv)) EnterStudentProgram();
  } catch (const Error& error) {
    std::cerr << "label_corpus: " << error.what() << "\n";
    return static_cast<int>(error.exit_code());
  }
  return static_cast<int>(RunLabelCorpus(argc, argv, Isolated(labeller)));
}
