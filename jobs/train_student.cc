// SPDX-License-Identifier: Apache-2.0
#include "jobs/train_student_job.h"

int main(int argc, char** argv) {
  return static_cast<int>(foothold::RunTrainStudent(
      argc, argv, [](const foothold::ProgramOptions& options, const foothold::BodyModel& body) {
        return foothold::LabelSamples(options.data, body);
      }));
}
