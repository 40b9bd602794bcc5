// SPDX-License-Identifier: Apache-2.0
#include "support/parity_file.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

namespace foothold {

std::string ParityPath(const std::string& name) {
  const char* folder = std::getenv("FOOTHOLD_PARITY_DIR");
  if (folder != nullptr && *folder != '\0') return std::string(folder) + "/" + name;
  return FOOTHOLD_SOURCE_DIR "/../shared/data/parity/" + name;
}

bool HasParityFile(const std::string& name) { return std::filesystem::exists(ParityPath(name)); }

std::vector<std::string> ParityFilesLike(const std::string& prefix) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(ParityPath(""), error)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(prefix, 0) == 0 && entry.path().extension() == ".h5") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

double ParityFile::Tolerance(const std::string& path, double relative) const {
  double scale = 0;
  for (const double value : Doubles(path)) {
    if (std::isfinite(value)) scale = std::max(scale, std::abs(value));
  }
  const double rounding = HasAttribute(path, "float32_error") ? Attribute(path, "float32_error") : 0;
  return std::max(10 * rounding, relative * scale);
}

testing::AssertionResult MatchesParity(const ParityFile& file,
                                       const std::string& path,
                                       const std::vector<double>& actual) {
  const std::vector<double> expected = file.Doubles(path);
  if (actual.size() != expected.size()) {
    return testing::AssertionFailure()
           << path << ": " << actual.size() << " values, expected " << expected.size();
  }
  const double tolerance = file.Tolerance(path);
  double largest = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (!std::isfinite(expected[i]) || !std::isfinite(actual[i])) {
      const bool same = (std::isnan(expected[i]) && std::isnan(actual[i])) || expected[i] == actual[i];
      if (same) continue;
      return testing::AssertionFailure()
             << path << "[" << i << "]: " << actual[i] << ", expected " << expected[i];
    }
    const double difference = std::abs(actual[i] - expected[i]);
    largest = std::max(largest, difference);
    if (difference > tolerance) {
      return testing::AssertionFailure() << path << "[" << i << "]: " << actual[i] << ", expected "
                                         << expected[i] << " within " << tolerance;
    }
  }
  return testing::AssertionSuccess() << path << ": largest difference " << largest;
}

testing::AssertionResult MatchesParity(const ParityFile& file,
                                       const std::string& path,
                                       const std::vector<int>& actual) {
  const std::vector<int> expected = file.Ints(path);
  if (actual.size() != expected.size()) {
    return testing::AssertionFailure()
           << path << ": " << actual.size() << " values, expected " << expected.size();
  }
  for (size_t i = 0; i < expected.size(); ++i) {
    if (actual[i] != expected[i]) {
      return testing::AssertionFailure()
             << path << "[" << i << "]: " << actual[i] << ", expected " << expected[i];
    }
  }
  return testing::AssertionSuccess();
}

}  // namespace foothold
