// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/hash.h"
#include "foothold/pipeline/student_solver.h"

namespace foothold {

std::string StudentIdentity(const PredictOptions& options) {
  if (options.model.empty()) {
    throw Error(ErrorKind::kUsage,
                "--predict.model is missing: give the weights of a trained student (.safetensors)");
  }
  std::string text = "# student " + HashFile(options.model) + "\n[predict]\n";
  for (const OptionField& field : PredictOptions::Table().fields) {
    if (field.name != "model") text += field.name + " = " + field.get(&options) + "\n";
  }
  return text;
}

}  // namespace foothold
