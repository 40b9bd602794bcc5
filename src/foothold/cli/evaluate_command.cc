// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "foothold/cli/command.h"
#include "foothold/cli/output.h"
#include "foothold/evaluate/evaluation.h"
#include "labels/label.h"

namespace foothold::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kExamples[] =
    "Examples:\n"
    "  foothold evaluate labels/synth_1.h5 demo/synth_1.truth.h5\n"
    "  foothold evaluate mine.h5 yours.h5 --json       (one label measured against another)\n\n"
    "docs/metrics.md defines every metric.";

struct Arguments {
  std::string label, truth;
  std::string body_path;
  bool json = false;
};

Json ToJson(const EvaluationReport& report) {
  Json json;
  json["metrics"] = Json::object();
  for (const MetricValue& metric : report.metrics) {
    json["metrics"][metric.name] = {{"value", metric.value ? Json(*metric.value) : Json()},
                                    {"unit", metric.unit}};
  }
  json["people"] = Json::array();
  for (const PersonEvaluation& person : report.people) {
    json["people"].push_back({{"truth_id", person.truth_id},
                              {"label_ids", person.label_ids},
                              {"visible_frames", person.visible_frames},
                              {"matched_frames", person.matched_frames}});
  }
  json["false_label_ids"] = report.false_label_ids;
  return json;
}

void Print(const EvaluationReport& report) {
  size_t width = 0;
  for (const MetricValue& metric : report.metrics) width = std::max(width, metric.name.size());
  for (const MetricValue& metric : report.metrics) {
    const std::string value = metric.value ? Fixed(*metric.value, 3) : "not defined";
    std::cout << metric.name << std::string(width + 2 - metric.name.size(), ' ')
              << std::string(12 - std::min<size_t>(12, value.size()), ' ') << value;
    if (metric.value && metric.unit != "1") std::cout << " " << metric.unit;
    std::cout << "\n";
  }
  for (const PersonEvaluation& person : report.people) {
    std::cout << "person " << person.truth_id << ": ";
    if (person.label_ids.empty()) {
      std::cout << "not found\n";
    } else {
      std::cout << "found in " << person.matched_frames << " of " << Count(person.visible_frames, "frame")
                << (person.label_ids.size() > 1 ? ", track broken" : "") << "\n";
    }
  }
  if (!report.false_label_ids.empty()) {
    std::cout << Count(static_cast<long>(report.false_label_ids.size()), "labelled person")
              << " without counterpart in the truth\n";
  }
}

ExitCode Run(const Arguments& arguments) {
  const labels::Label label = labels::ReadLabel(arguments.label);
  const labels::Label truth = labels::ReadLabel(arguments.truth);
  const EvaluationReport report = EvaluateLabel(label, truth, LoadBody(arguments.body_path));
  if (arguments.json) {
    PrintJson(ToJson(report));
  } else {
    Print(report);
  }
  return ExitCode::kOk;
}

}  // namespace

void AddEvaluateCommand(CLI::App* app, Action* action) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app->add_subcommand("evaluate", "Measure a label against truth, or against another label.");
  command->add_option("label", arguments->label, "The label.")->type_name("LABEL")->required();
  command->add_option("truth", arguments->truth, "Truth file, or the label to compare with.")
      ->type_name("TRUTH")
      ->required();
  command->add_flag("--json", arguments->json, "Print as JSON.");
  AddBodyOption(command, &arguments->body_path);
  command->footer(kExamples);
  command->callback([=] { *action = [=] { return Run(*arguments); }; });
}

}  // namespace foothold::cli
