// SPDX-License-Identifier: Apache-2.0
#include "foothold/corpus/corpus.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <utility>

#include "foothold/base/error.h"
#include "foothold/base/hash.h"
#include "foothold/corpus/sources.h"

namespace foothold {

namespace fs = std::filesystem;

std::string Unit::Key() const {
  std::string readable;
  for (const char c : id.substr(0, 80)) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    readable += plain ? c : '_';
  }
  return readable + "-" + HashText(id).substr(0, 16);
}

std::string Corpus::Fingerprint() const {
  std::string text;
  for (const Unit& unit : units) {
    text += unit.id + "\t" + unit.path + "\t" + std::to_string(unit.begin) + ":" + std::to_string(unit.end) +
            "\n";
  }
  return text;
}

bool HasVideoExtension(const std::string& path) {
  static constexpr std::array<const char*, 14> kExtensions = {".mp4",
                                                              ".m4v",
                                                              ".mov",
                                                              ".mkv",
                                                              ".webm",
                                                              ".avi",
                                                              ".mpg",
                                                              ".mpeg",
                                                              ".ts",
                                                              ".mts",
                                                              ".wmv",
                                                              ".flv",
                                                              ".3gp",
                                                              ".ogv"};
  std::string extension = fs::path(path).extension().string();
  std::transform(
      extension.begin(), extension.end(), extension.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

Corpus ReadCorpus(const std::string& list) {
  Corpus corpus;
  for (SourceRow& row : ReadSources({list})) {
    if (row.begin_s >= 0 || row.end_s >= 0) {
      throw Error(ErrorKind::kBadInput,
                  row.origin + ": a range in seconds needs a manifest; make one with foothold corpus scan");
    }
    corpus.units.push_back(std::move(row.unit));
  }
  return corpus;
}

}  // namespace foothold
