// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "foothold/cli/command.h"
#include "foothold/cli/output.h"
#include "foothold/pipeline/sidecar.h"
#include "foothold/video/video.h"
#include "labels/label.h"
#include "labels/observation_file.h"

namespace foothold::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kExamples[] =
    "Examples:\n"
    "  foothold inspect labels/walk.h5\n"
    "  foothold inspect clip.observations.h5 --json\n"
    "  foothold inspect walk.mp4\n"
    "  foothold inspect labels                       (a table of all labels in a folder)\n\n"
    "A video is decoded once from start to end; nothing is taken from its header.";

struct Arguments {
  std::vector<std::string> paths;
  bool json = false, times = false;
};

Json ToJson(const Clip& clip) {
  const ImageTransform& image = clip.working_from_source;
  return {{"name", clip.name},
          {"id", clip.id},
          {"source", clip.source_path},
          {"source_hash", clip.source_hash},
          {"first_frame", clip.first_frame},
          {"frames", clip.num_frames()},
          {"duration_s", clip.time_s.empty() ? 0.0 : clip.time_s.back() - clip.time_s.front()},
          {"frame_rate_hz", clip.frame_rate_hz},
          {"source_size_px", {image.source_width, image.source_height}},
          {"working_size_px", {image.width, image.height}}};
}

Json Inspect(const labels::Label& label) {
  const Reconstruction& scene = label.reconstruction;
  Json json = {{"kind", label.kind}, {"clip", ToJson(label.clip)}};
  json["camera"] = {{"focal_px", scene.pinhole.focal_px},
                    {"center_px", {scene.pinhole.center_x_px, scene.pinhole.center_y_px}},
                    {"k1", scene.distortion.k1},
                    {"k2", scene.distortion.k2},
                    {"gravity_known", scene.gravity_known}};
  json["keyframes"] = scene.keyframes.size();
  json["scene_points"] = scene.points.size();
  json["flags"] = scene.flags;
  json["people"] = Json::array();
  for (const PersonInWorld& person : scene.people) {
    json["people"].push_back({{"id", person.id},
                              {"frames", person.frames.size()},
                              {"first_frame", person.frames.empty() ? -1 : person.frames.front()},
                              {"last_frame", person.frames.empty() ? -1 : person.frames.back()},
                              {"flags", person.flags}});
  }
  Json terms = Json::array();
  for (const auto& term : label.summary.terms) {
    terms.push_back({{"name", term.name},
                     {"weight", term.weight},
                     {"before", term.initial},
                     {"after", term.final},
                     {"residuals", term.num_residuals}});
  }
  json["optimisation"] = {{"termination", NameOf(label.summary.termination)},
                          {"message", label.summary.message},
                          {"iterations", label.summary.iterations.size()},
                          {"terms", terms}};
  json["provenance"] = {{"program", label.provenance.program},
                        {"perception", label.provenance.perception},
                        {"body_model_hash", label.provenance.body_model_hash},
                        {"options", label.provenance.options}};
  return json;
}

Json Inspect(const Observations& observations) {
  size_t num_matches = 0;
  for (const KeyframePair& pair : observations.pairs) num_matches += pair.matches.size();
  Json json = {{"kind", "observations"}, {"clip", ToJson(observations.clip)}};
  json["perception"] = observations.source;
  json["camera"] = {{"focal_px", observations.camera.pinhole.focal_px},
                    {"focal_fixed", observations.camera.focal_fixed},
                    {"focal_observable", observations.camera.focal_observable},
                    {"k1", observations.camera.distortion.k1},
                    {"k2", observations.camera.distortion.k2},
                    {"poses_fixed", observations.camera.poses_fixed},
                    {"metric", observations.camera.metric}};
  json["ground_known"] = observations.ground.known;
  json["keyframes"] = observations.keyframes.size();
  json["keyframe_pairs"] = observations.pairs.size();
  json["matches"] = num_matches;
  json["flags"] = observations.flags;
  json["people"] = Json::array();
  for (const PersonObservations& person : observations.people) {
    json["people"].push_back({{"id", person.id},
                              {"frames", person.frames.size()},
                              {"contacts", person.contacts.size()},
                              {"flags", person.flags}});
  }
  return json;
}

Json Inspect(const VideoProbe& probe, bool with_times) {
  Json json = {{"kind", "video"},
               {"path", probe.path},
               {"content_hash", probe.content_hash},
               {"size_px", {probe.width, probe.height}},
               {"rotation_deg", probe.rotation_deg},
               {"frames", probe.time_s.size()},
               {"frames_claimed", probe.container_frames},
               {"duration_s", probe.time_s.empty() ? 0.0 : probe.time_s.back() - probe.time_s.front()},
               {"frame_rate_hz", probe.frame_rate_hz},
               {"variable_rate", probe.variable_rate},
               {"cuts", probe.cuts},
               {"flags", probe.flags}};
  if (with_times) json["time_s"] = probe.time_s;
  return json;
}

bool IsHdf5(const std::string& path) { return path.ends_with(".h5") || path.ends_with(".hdf5"); }

Json InspectFile(const std::string& path, bool with_times) {
  if (!IsHdf5(path)) return Inspect(ProbeVideo(path, VideoOptions()), with_times);
  if (path.ends_with(".observations.h5")) return Inspect(labels::ReadObservations(path));
  return Inspect(labels::ReadLabel(path));
}

// Numbers shortened for reading; --json has them in full.
std::string Short(const Json& value) {
  if (value.is_number_float()) return Fixed(value.get<double>(), 3);
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool IsList(const Json& value) { return value.is_array() && !value.empty() && value.front().is_object(); }

void PrintText(const Json& object, const std::string& indent) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_object()) {
      std::cout << indent << key << "\n";
      PrintText(value, indent + "  ");
    } else if (IsList(value)) {
      std::cout << indent << key << " (" << value.size() << ")\n";
      for (const Json& item : value) {
        std::cout << indent << " ";
        for (const auto& [name, field] : item.items()) std::cout << " " << name << " " << Short(field) << ";";
        std::cout << "\n";
      }
    } else if (value.is_string() && value.get<std::string>().find('\n') != std::string::npos) {
      std::cout << indent << key << ": see --json\n";
    } else {
      std::cout << indent << key << ": " << Short(value) << "\n";
    }
  }
}

// One line of the table about several labels.
Json Brief(const std::string& path) {
  const labels::Label label = labels::ReadLabel(path);
  const Timing timing = ReadTiming(path);
  return {{"path", path},
          {"clip", label.clip.name},
          {"frames", label.clip.num_frames()},
          {"people", label.reconstruction.people.size()},
          {"seconds", timing.total_s},
          {"frames_per_second", timing.total_s > 0 ? timing.num_frames / timing.total_s : 0.0},
          {"flags", label.reconstruction.flags}};
}

void PrintTable(const Json& rows) {
  size_t width = 4;
  for (const Json& row : rows) width = std::max(width, row["clip"].get<std::string>().size());
  const auto line =
      [width](const std::string& clip, const std::vector<std::string>& cells, const std::string& flags) {
        std::cout << clip << std::string(width - clip.size(), ' ');
        for (const std::string& cell : cells)
          std::cout << std::string(10 - std::min<size_t>(9, cell.size()), ' ') << cell;
        std::cout << "  " << flags << "\n";
      };
  line("clip", {"frames", "people", "seconds", "frames/s"}, "flags");
  for (const Json& row : rows) {
    const double seconds = row["seconds"].get<double>();
    line(row["clip"].get<std::string>(),
         {row["frames"].dump(),
          row["people"].dump(),
          seconds > 0 ? Fixed(seconds, 1) : "-",
          seconds > 0 ? Fixed(row["frames_per_second"].get<double>(), 2) : "-"},
         row["flags"].empty() ? "-" : Join(row["flags"].get<std::vector<std::string>>()));
  }
}

Json InspectAll(const std::vector<std::string>& paths) {
  Json rows = Json::array();
  for (const std::string& path : ExpandPaths(paths, ".h5")) {
    if (!path.ends_with(".observations.h5")) rows.push_back(Brief(path));
  }
  return rows;
}

ExitCode Run(const Arguments& arguments) {
  const bool several = arguments.paths.size() > 1 || std::filesystem::is_directory(arguments.paths.front());
  const Json json =
      several ? InspectAll(arguments.paths) : InspectFile(arguments.paths.front(), arguments.times);
  if (arguments.json) {
    PrintJson(json);
  } else if (several) {
    PrintTable(json);
  } else {
    PrintText(json, "");
  }
  return ExitCode::kOk;
}

}  // namespace

void AddInspectCommand(CLI::App* app, Action* action) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app->add_subcommand("inspect", "Say what is in a label, observation, truth or video file.");
  command
      ->add_option(
          "paths", arguments->paths, "One file for all about it; several labels or a folder for a table.")
      ->type_name("PATH")
      ->required();
  command->add_flag("--json", arguments->json, "Print as JSON.");
  command->add_flag("--times", arguments->times, "Of a video: also the time of every frame.");
  command->footer(kExamples);
  command->callback([=] { *action = [=] { return Run(*arguments); }; });
}

}  // namespace foothold::cli
