// SPDX-License-Identifier: Apache-2.0
// How long a manifest of many rows takes to write, open, look up and read, and the memory it needs.
//   manifest_bench [ROWS] [FOLDER]
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "foothold/base/random.h"
#include "foothold/base/timer.h"
#include "foothold/corpus/ledger.h"
#include "foothold/corpus/manifest.h"
#include "foothold/corpus/plan.h"

namespace {

using namespace foothold;

void Print(const char* what, double seconds) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("%-40s %9.3f s   peak memory %5ld MiB\n", what, seconds, usage.ru_maxrss / 1024);
}

ManifestRow SampleRow(int i) {
  ManifestRow row;
  row.unit.id = "shard-" + std::to_string(10000 + i / 1000) + ".tar/" + std::to_string(10000000 + i) + ".mp4";
  row.unit.path = "/data/corpora/web/" + row.unit.id;
  row.unit.cost_s = 10 + i % 997;
  row.caption = "two people walk along a street, the camera follows them";
  row.facts = {
      "ends:0123456789abcdef0123456789abcdef", 2345678, 1280, 720, 0, 29.97, 300 + i % 100, 10.01, "h264", 2};
  return row;
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 1000000;
  const std::string folder = argc > 2 ? argv[2] : std::filesystem::temp_directory_path().string();
  const std::string path = folder + "/bench.manifest.jsonl";
  Timer timer;
  {
    ManifestWriter writer(path, {"bench", "", {}});
    for (int i = 0; i < count; ++i) writer.Add(SampleRow(i));
    writer.Commit(/*replace=*/true);
  }
  Print(("write " + std::to_string(count) + " rows").c_str(), timer.Seconds());
  timer = Timer();
  const auto manifest = std::make_shared<const Manifest>(path);
  Print("open", timer.Seconds());
  timer = Timer();
  RandomStream random(1, "rows");
  for (int k = 0; k < 10000; ++k) manifest->At(static_cast<size_t>(random.UniformInt(0, count - 1)));
  Print("10,000 units in random order", timer.Seconds());
  timer = Timer();
  const UnitIndex index(*manifest);
  Print("the ledger's index of all units", timer.Seconds());
  timer = Timer();
  MakePlan(*manifest, folder + "/none");
  Print("plan (every row read and checked)", timer.Seconds());
  std::filesystem::remove(path);
  std::filesystem::remove(ManifestIndexPath(path));
}
