// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "foothold/scene/body.h"
#include "labels/label.h"

namespace foothold {

struct MetricValue {
  std::string name;
  std::optional<double> value;  // Empty: not defined for this clip (docs/metrics.md says when).
  std::string unit;             // "mm", "m", "%", "1", ...
};

struct PersonEvaluation {
  int truth_id = 0;
  std::vector<int> label_ids;  // Empty: not found. Several: the track broke.
  int visible_frames = 0;      // Of the label's frames; at least half of the joints in the image.
  int matched_frames = 0;
};

struct EvaluationReport {
  std::vector<MetricValue> metrics;  // Always the same names in the same order.
  std::vector<PersonEvaluation> people;
  std::vector<int> false_label_ids;  // Labelled people that are no true person.
};
// The value of a metric by name; throws Error(kContract) for an unknown name.
std::optional<double> ValueOf(const EvaluationReport& report, const std::string& name);

// Compares a label with the truth of the same video (a truth file, or another label taken as truth).
// Errors of people are means over the frames of all matched people; people that were not found do not
// enter them but are counted. `body` poses both. Throws Error(kBadInput) when the two share no frame or
// were made with another body model.
EvaluationReport EvaluateLabel(const labels::Label& label, const labels::Label& truth, const BodyModel& body);

}  // namespace foothold
