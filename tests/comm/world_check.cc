// SPDX-License-Identifier: Apache-2.0
// Run by mpirun with the number of ranks as argument; exit code 0 when World behaves on every rank.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "foothold/base/error.h"
#include "foothold/comm/world.h"

namespace {

int failures = 0;

void Expect(bool condition, const char* what, int rank) {
  if (condition) return;
  ++failures;
  std::printf("rank %d: wrong: %s\n", rank, what);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace foothold;
  const std::string argument = argc > 1 ? argv[1] : "";
  World world;
  const int rank = world.rank();
  if (argument == "abort") {
    if (rank == 1) world.Abort(6);
    world.Max(0);  // Rank 1 never arrives: only the abort ends this.
    return 0;
  }
  const int size = std::atoi(argument.c_str());
  Expect(world.size() == size, "size", rank);
  Expect(world.local_rank() == rank, "local rank on one host", rank);
  Expect(world.local_size() == size, "local size on one host", rank);
  Expect(world.Max(rank) == size - 1, "max", rank);
  Expect(world.Sum({rank, 1})[0] == size * (size - 1) / 2, "sum", rank);
  Expect(world.Sum({rank, 1})[1] == size, "sum of ones", rank);
  world.Agree("options", "the same everywhere");
  if (size > 1) {
    std::string message;
    try {
      world.Agree("corpus", rank == size - 1 ? "different" : "same");
    } catch (const Error& error) {
      message = error.what();
      Expect(error.kind() == ErrorKind::kNetwork, "kind of the error", rank);
    }
    const std::string expected = "about the corpus: rank " + std::to_string(size - 1) + " differs";
    Expect(message.find(expected) != std::string::npos, "disagreement names the rank", rank);
  }
  return world.Max(failures) == 0 ? 0 : 1;
}
