// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "foothold/base/hand_over.h"
#include "jobs/isolated_labeller.h"
#ifdef FOOTHOLD_HAVE_NETWORKS
#include "foothold/perception_networks/network_perception.h"
#endif

namespace foothold {
namespace {

#ifdef FOOTHOLD_HAVE_NETWORKS

CorpusLabeller Labeller() {
  LearnedPerception learned;
  learned.identity = [](const LabelOptions& options) {
    return options.perception.name == "networks" ? IdentityOfNetworks(options.networks) : std::string();
  };
  learned.make = [](const LabelOptions& options) -> std::optional<PerceptionMaker> {
    if (options.perception.name != "networks") return std::nullopt;
    return MakeNetworkPerception(options.networks);
  };
  return VideoLabeller(learned);
}

#else

CorpusLabeller Labeller() { return VideoLabeller(); }

#endif

}  // namespace
}  // namespace foothold

int main(int argc, char** argv) {
  using namespace foothold;
  if (IsUnitWorker(argc, argv)) return RunUnitWorker(Labeller());
#ifndef FOOTHOLD_HAVE_NETWORKS
  // The program beside this one that is linked with LibTorch; before MPI starts, as a process that has begun
  // with it cannot become another.
  try {
    if (PerceptionNameOf(argc, argv) == "networks") HandOverTo("label_corpus_networks");
  } catch (const Error& error) {
    std::cerr << "label_corpus: " << error.what() << "\n";
    return static_cast<int>(error.exit_code());
  }
#endif
  return static_cast<int>(RunLabelCorpus(argc, argv, Isolated(Labeller())));
}
