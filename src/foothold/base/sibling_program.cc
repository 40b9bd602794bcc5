// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/sibling_program.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

#include "foothold/base/error.h"

namespace foothold {

void BecomeSibling(const std::string& suffix, const std::string& remedy) {
  std::error_code error;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe", error).string() + "-" + suffix;
  std::vector<std::string> words;
  std::ifstream line("/proc/self/cmdline", std::ios::binary);
  for (std::string word; std::getline(line, word, '\0');) words.push_back(word);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(program.c_str(), argv.data());
  throw Error(ErrorKind::kUsage,
              program + " cannot be started (" + std::generic_category().message(errno) + "): " + remedy);
}

}  // namespace foothold
