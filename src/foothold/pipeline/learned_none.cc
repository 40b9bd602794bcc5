// SPDX-License-Identifier: Apache-2.0
// Of programs without LibTorch.
#include "foothold/base/sibling_program.h"
#include "foothold/pipeline/learned_perception.h"
#include "foothold/pipeline/loop/evaluate.h"
#include "foothold/pipeline/student_solver.h"

namespace foothold {
namespace {

[[noreturn]] void BecomeStudentProgram() {
  BecomeSibling(
      "student",
      "this build is without LibTorch; run scripts/install_torch.sh, then configure and build again "
      "with FOOTHOLD_TORCH=ON");
}

}  // namespace

void EnterStudentProgram() { BecomeStudentProgram(); }
ClipSolver MakeStudentSolver(const PredictOptions&, const BodyModel&) { BecomeStudentProgram(); }
ClipSolver MakeStudentStart(const PredictOptions&, const BodyModel&) { BecomeStudentProgram(); }

std::optional<PerceptionMaker> MakeLearnedPerception(const LabelOptions& options) {
  if (options.perception.name != "networks") return std::nullopt;
  BecomeStudentProgram();
}
std::string LearnedPerceptionIdentity(const LabelOptions& options) {
  if (options.perception.name != "networks") return "";
  BecomeStudentProgram();
}

void EvaluateRound(const ProgramOptions&, const BodyModel&) { BecomeStudentProgram(); }

}  // namespace foothold
