// SPDX-License-Identifier: Apache-2.0
// The programs without LibTorch hand over to those with it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "foothold/networks/exported/exported_module.h"
#include "jobs/run_program.h"
#include "perception_networks/stub_networks.h"

namespace foothold {
namespace {

namespace fs = std::filesystem;

ProgramResult RunLine(const std::string& command) {
  return RunProgram({"/bin/sh", "-c", FOOTHOLD_BINARY_DIR "/bin/" + command});
}

std::string Options(const NetworkOptions& options) {
  return " --perception.name networks --networks.modules " + options.modules + " --networks.mast3r " +
         options.mast3r + " --networks.window 2 --josh.max_iterations 2 ";
}

std::string OnlyLabelBelow(const std::string& folder) {
  std::string bytes;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".h5") continue;
    EXPECT_TRUE(bytes.empty());
    std::ostringstream text;
    text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    bytes = text.str();
  }
  return bytes;
}

TEST(NetworkPrograms, LabelOneVideoAndACorpusAlike) {
  const TemporaryFolder folder;
  const std::string video = WriteSmallVideo(folder.File("videos"), {.num_frames = 13});
  const NetworkOptions options = WriteStubNetworks(folder, {});
  const ProgramResult one =
      RunLine("foothold label " + video + " -o " + folder.File("one") + Options(options));
  ASSERT_EQ(one.exit_code, 0) << one.output;
  const ProgramResult corpus =
      RunLine("label_corpus --corpus " + video + " --output " + folder.File("corpus") + Options(options));
  ASSERT_EQ(corpus.exit_code, 0) << corpus.output;
  const std::string label = OnlyLabelBelow(folder.File("one"));
  EXPECT_FALSE(label.empty());
  EXPECT_EQ(label, OnlyLabelBelow(folder.File("corpus/labels")));
  // What was labelled with other networks is not taken for done.
  WriteTinyMast3r(options.mast3r, 9);
  const ProgramResult other =
      RunLine("label_corpus --corpus " + video + " --output " + folder.File("corpus") + Options(options));
  EXPECT_EQ(other.exit_code, 2) << other.output;
}

// The cards that scripts/write_module_card.py writes; where FOOTHOLD_TORCH_PYTHON names a Python that can
// import torch and compile, also modules that it exported.
TEST(NetworkPrograms, ReadCardsAndModulesThatPythonWrote) {
  if (std::system("python3 --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "no python3";
  const TemporaryFolder folder;
  const NetworkOptions options = WriteStubNetworks(folder, {});
  std::string detect_axes = "N,3,H,W", body = options.modules + "/body.pt", body_device = "any",
              body_batch = "N";
  const char* torch_python = std::getenv("FOOTHOLD_TORCH_PYTHON");
  if (torch_python != nullptr) {
    fs::remove_all(options.modules);
    fs::create_directories(options.modules);
    const std::string command = std::string(torch_python) +
                                " " FOOTHOLD_SOURCE_DIR "/tests/perception_networks/export_modules.py " +
                                options.modules;
    ASSERT_EQ(std::system(command.c_str()), 0);
    detect_axes = "N,3,96,160";
    body += "2";
    body_device = "cpu";
    body_batch = "4";
  } else {
    std::cerr << "FOOTHOLD_TORCH_PYTHON names no Python with a whole torch: cards alone are tested\n";
  }
  const std::string write = "python3 " FOOTHOLD_SOURCE_DIR "/scripts/write_module_card.py ";
  const std::string version = " --torch " + TorchVersion();
  for (const std::string& arguments :
       {options.modules + "/detect.pt --role detect --input images:F32:" + detect_axes +
            " --output boxes:F32:N,D,4 --output scores:F32:N,D --setting multiple_px=16 --note 'a stub'",
        body + " --role body --device " + body_device + " --input crops:F32:" + body_batch +
            ",3,64,64 --output rotations:F32:" + body_batch + ",24,3,3 --output shape:F32:" + body_batch +
            ",10 --output camera:F32:" + body_batch + ",3"}) {
    ASSERT_EQ(std::system((write + arguments + version + " > /dev/null").c_str()), 0) << arguments;
  }
  const std::string video = WriteSmallVideo(folder.File("videos"), {.num_frames = 13});
  const ProgramResult result =
      RunLine("foothold label " + video + " -o " + folder.File("labels") + Options(options));
  EXPECT_EQ(result.exit_code, 0) << result.output;
  const std::string wrong = write + body + " --role body --input crops:F31:N --output a:F32:N" + version;
  EXPECT_NE(std::system((wrong + " 2> /dev/null").c_str()), 0);
}

TEST(NetworkPrograms, SayWhatIsMissing) {
  const TemporaryFolder folder;
  const std::string video = folder.Write("video.mp4", "none");
  for (const std::string& command : {"foothold label " + video + " -o " + folder.File("labels"),
                                     "label_corpus --corpus " + video + " --output " + folder.File("out")}) {
    const ProgramResult result = RunLine(command + " --perception.name networks");
    EXPECT_EQ(result.exit_code, 2) << command;
    EXPECT_NE(result.output.find("networks.mast3r is missing"), std::string::npos) << result.output;
  }
}

}  // namespace
}  // namespace foothold
