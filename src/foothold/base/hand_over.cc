// SPDX-License-Identifier: Apache-2.0
#include "foothold/base/hand_over.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

#include "foothold/base/error.h"

namespace foothold {

void HandOverTo(const std::string& name) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string program = (self.parent_path() / name).string();
  std::vector<std::string> words;
  std::ifstream line("/proc/self/cmdline", std::ios::binary);
  for (std::string word; std::getline(line, word, '\0');) words.push_back(word);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(program.c_str(), argv.data());
  throw Error(ErrorKind::kUsage,
              program + " cannot be started (" + std::generic_category().message(errno) +
                  "): this build is without LibTorch; run scripts/install_torch.sh, then configure and build "
                  "again with FOOTHOLD_TORCH=ON");
}

}  // namespace foothold
