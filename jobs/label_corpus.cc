// SPDX-License-Identifier: Apache-2.0
#include "jobs/isolated_labeller.h"

int main(int argc, char** argv) {
  using namespace foothold;
  if (IsUnitWorker(argc, argv)) return RunUnitWorker(VideoLabeller());
  return static_cast<int>(RunLabelCorpus(argc, argv, Isolated(VideoLabeller())));
}
