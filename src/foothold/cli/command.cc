// SPDX-License-Identifier: Apache-2.0
#include "foothold/cli/command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>

#include "labels/body_file.h"

namespace foothold::cli {

namespace fs = std::filesystem;

void AddBodyOption(CLI::App* command, std::string* path) {
  command->add_option("--body", *path, "Body model (.h5 or SMPL's .npz) instead of the one that ships.")
      ->type_name("FILE");
}

BodyModel LoadBody(const std::string& path) {
  return labels::ReadBodyModel(path.empty() ? labels::DefaultBodyModelPath() : path);
}

std::vector<std::string> ExpandPaths(const std::vector<std::string>& paths, const std::string& suffix) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::exists(path, error)) {
      throw Error(ErrorKind::kBadInput, "'" + path + "' does not exist; check the path");
    }
    if (!fs::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    std::vector<std::string> found;
    fs::recursive_directory_iterator walk(path, fs::directory_options::skip_permission_denied, error);
    for (; !error && walk != fs::end(walk); walk.increment(error)) {
      const std::string name = walk->path().filename().string();
      if (walk->is_regular_file(error) && name.ends_with(suffix) && name[0] != '.') {
        found.push_back(walk->path().string());
      }
    }
    if (found.empty()) {
      throw Error(ErrorKind::kBadInput, "the folder '" + path + "' holds no " + suffix + " files");
    }
    std::sort(found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

}  // namespace foothold::cli
