// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "foothold/cli/corpus_command.h"
#include "foothold/cli/output.h"
#include "foothold/corpus/plan.h"

namespace foothold::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  foothold corpus plan run\n"
    "  foothold corpus plan all.manifest.jsonl --ranks 64 --ranks 512 --json\n\n"
    "Hours are those of CPU ranks with classical perception; once the run has finished units, estimates are\n"
    "scaled by what those took, whatever they ran on.";

struct Arguments {
  std::string run;
  std::vector<int> ranks = {1, 8, 64, 512};
  bool json = false;
};

std::string LengthName(size_t i) {
  const auto text = [](double s) { return s < 60 ? Fixed(s, 0) + " s" : Fixed(s / 60, 0) + " min"; };
  if (i == kLengthBounds_s.size()) return "from " + text(kLengthBounds_s.back());
  return "below " + text(kLengthBounds_s[i]);
}

void PrintPlanAsJson(const CorpusPlan& plan, const Arguments& arguments) {
  nlohmann::ordered_json json = {
      {"videos", plan.num_videos},
      {"units", plan.num_units},
      {"long_videos", plan.num_long},
      {"rejected", plan.num_rejected},
      {"rejected_by_reason", plan.rejected},
      {"frames", plan.num_frames},
      {"hours_of_video", plan.duration_s / 3600},
      {"lengths", nlohmann::ordered_json::array()},
      {"rank_hours", plan.Hours(1)},
      {"longest_unit_hours", plan.longest_unit_s * plan.measured_over_estimate / 3600},
      {"measured_units", plan.num_measured},
      {"measured_over_estimate", plan.measured_over_estimate},
      {"hours", nlohmann::ordered_json::array()}};
  for (size_t i = 0; i < plan.num_of_length.size(); ++i) {
    json["lengths"].push_back({{"below_s", nullptr}, {"videos", plan.num_of_length[i]}});
    if (i < kLengthBounds_s.size()) json["lengths"].back()["below_s"] = kLengthBounds_s[i];
  }
  for (const int ranks : arguments.ranks)
    json["hours"].push_back({{"ranks", ranks}, {"hours", plan.Hours(ranks)}});
  PrintJson(json);
}

void PrintPlanAsText(const CorpusPlan& plan, const Arguments& arguments) {
  std::cout << Count(plan.num_videos, "video") << ", " << plan.num_rejected << " rejected, "
            << Count(plan.num_units, "unit") << " to do (" << plan.num_long << " long videos in parts), "
            << Fixed(plan.duration_s / 3600, 2) << " h of video, " << plan.num_frames << " frames\n";
  for (const auto& [reason, count] : plan.rejected)
    std::cout << "  rejected " << reason << ": " << count << "\n";
  std::cout << "lengths\n";
  const long most = std::max(1L, *std::max_element(plan.num_of_length.begin(), plan.num_of_length.end()));
  for (size_t i = 0; i < plan.num_of_length.size(); ++i) {
    const long count = plan.num_of_length[i];
    std::cout << "  " << LengthName(i) << std::string(15 - LengthName(i).size(), ' ')
              << std::string(static_cast<size_t>((40 * count + most - 1) / most), '#') << " " << count
              << "\n";
  }
  std::cout << "estimated hours";
  if (plan.num_measured > 0) {
    std::cout << ", scaled by " << Fixed(plan.measured_over_estimate, 2) << " from "
              << Count(plan.num_measured, "finished unit");
  }
  std::cout << " (longest unit " << Fixed(plan.longest_unit_s * plan.measured_over_estimate / 60, 1)
            << " min)\n";
  for (const int ranks : arguments.ranks) {
    std::cout << "  " << Count(ranks, "rank") << ": " << Fixed(plan.Hours(ranks), 2) << " h\n";
  }
}

ExitCode Run(const Arguments& arguments) {
  const std::string path = ManifestPathOf(arguments.run);
  const Manifest manifest(path);
  const std::filesystem::path run = std::filesystem::path(path).parent_path();
  const CorpusPlan plan = MakePlan(manifest, (run / "ledger" / "records").string());
  if (arguments.json) {
    PrintPlanAsJson(plan, arguments);
  } else {
    PrintPlanAsText(plan, arguments);
  }
  return ExitCode::kOk;
}

}  // namespace

void AddCorpusPlan(CLI::App* corpus, Action* action) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      corpus->add_subcommand("plan", "Units, rejections, lengths and hours of a scanned corpus.");
  command->add_option("run", arguments->run, "A run's folder with a manifest, or a manifest.")
      ->type_name("RUN_OR_MANIFEST")
      ->required();
  command->add_option("--ranks", arguments->ranks, "Numbers of ranks (GPUs or cores) to estimate hours for.")
      ->type_name("N")
      ->check(CLI::Range(1, 1000000));
  command->add_flag("--json", arguments->json, "Print the plan as JSON.");
  command->footer(kExamples);
  command->callback([=] { *action = [=] { return Run(*arguments); }; });
}

}  // namespace foothold::cli
