// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "foothold/pipeline/label_video.h"
#include "foothold/pipeline/predict_options.h"

namespace foothold {

// Solvers that need a trained student, and so LibTorch, which takes a quarter of a second to load. Programs
// that link foothold_learned have them. Those that link foothold_learned_none instead become
// the program beside them that does, with the same arguments, when one of these is called; it is named
// <program>-student. Throws Error(kUsage) where there is none, and when predict.model is not given;
// Error(kBadInput) when that is no student, Error(kDevice).

// Nothing is optimised: the student's prediction is the result. `body` must outlive the solver.
ClipSolver MakeStudentSolver(const PredictOptions& options, const BodyModel& body);

// The joint optimisation, from the student's prediction (label.init = student, student_start.h).
ClipSolver MakeStudentStart(const PredictOptions& options, const BodyModel& body);

// Where it matters when a program becomes the other one: before MPI is initialised, say.
void EnterStudentProgram();

// What decides about predictions, as lines of a config file: options of the section [predict] except the path
// of the weights, and as a comment the hash of the weights. Throws Error(kUsage) without weights. Needs no
// LibTorch.
std::string StudentIdentity(const PredictOptions& options);

}  // namespace foothold
