// SPDX-License-Identifier: Apache-2.0
// Run by mpirun with the number of ranks as argument; exit code 0 when the communicator behaves on every
// rank. With "hang", the last rank never comes and the others have to say so in time.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "foothold/base/error.h"
#include "foothold/comm/communicator.h"

namespace {

int failures = 0;

void Expect(bool condition, const char* what, int rank) {
  if (condition) return;
  ++failures;
  std::printf("rank %d: wrong: %s\n", rank, what);
}

// Two channels at once, finished in the other order.
void CheckSums(foothold::Communicator* a, foothold::Communicator* b) {
  const int rank = a->rank(), size = a->size();
  std::vector<float> ranks(1000, static_cast<float>(rank)), ones(300000, 1);
  auto first = a->StartSum(ranks.data(), ranks.size());
  auto second = b->StartSum(ones.data(), ones.size());
  second->Wait();
  first->Wait();
  const auto expected = static_cast<float>(size * (size - 1) / 2);
  Expect(ranks == std::vector<float>(1000, expected), "sum of ranks", rank);
  Expect(ones == std::vector<float>(300000, static_cast<float>(size)), "sum of ones", rank);
}

void CheckGathers(foothold::Communicator* a) {
  const int rank = a->rank(), size = a->size();
  std::vector<float> all(static_cast<size_t>(2 * size), -1), expected(all.size());
  std::iota(expected.begin(), expected.end(), 0.0f);
  const std::vector<float> mine = {static_cast<float>(2 * rank), static_cast<float>(2 * rank + 1)};
  a->Gather(mine.data(), 2, all.data());
  Expect(all == expected, "gather", rank);
  std::vector<float> in_place(all.size(), -1);
  std::memcpy(&in_place[static_cast<size_t>(2 * rank)], mine.data(), 2 * sizeof(float));
  a->Gather(&in_place[static_cast<size_t>(2 * rank)], 2, in_place.data());
  Expect(in_place == expected, "gather in place", rank);

  const char letter = static_cast<char>('a' + rank);
  std::string letters(static_cast<size_t>(size), ' ');
  a->GatherBytes(&letter, 1, letters.data());
  Expect(letters == std::string("abcdefgh").substr(0, letters.size()), "gather of bytes", rank);
  std::string text = rank == size - 1 ? "hello" : ".....";
  a->Broadcast(text.data(), text.size(), size - 1);
  Expect(text == "hello", "broadcast", rank);
  a->Barrier();
}

void CheckDeadline(foothold::World* world, foothold::Communicator* a) {
  if (a->rank() == a->size() - 1) pause();
  try {
    a->Barrier();
  } catch (const foothold::Error& error) {
    const bool good = error.kind() == foothold::ErrorKind::kNetwork && error.reason() == "collective_timeout";
    world->Abort(good ? 8 : 1);
  }
  world->Abort(1);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace foothold;
  const std::string argument = argc > 1 ? argv[1] : "";
  World world;
  const bool hang = argument == "hang";
  const auto a = MakeHostCommunicator(world, hang ? 1 : 60), b = MakeHostCommunicator(world, 60);
  if (hang) CheckDeadline(&world, a.get());
  Expect(a->size() == std::atoi(argument.c_str()), "size", a->rank());
  CheckSums(a.get(), b.get());
  CheckGathers(a.get());
  return world.Max(failures) == 0 ? 0 : 1;
}
