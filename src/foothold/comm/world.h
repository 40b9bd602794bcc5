// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace foothold {

// Which launcher started this process, read from its environment variables.
struct LaunchInfo {
  enum class Kind {
    kSingle,       // One process; MPI is not started.
    kMpi,          // mpirun, or srun --mpi=pmix.
    kIndependent,  // srun without MPI, or mpirun --enable-recovery: rank and size are known, but the
                   // ranks do not talk, so that none waits for a dead one.
  };
  Kind kind = Kind::kSingle;
  int rank = 0, size = 1, local_rank = 0, local_size = 1;  // Of kMpi: what the launcher said, else 0 or -1.
};
LaunchInfo ReadLaunchInfo(const std::map<std::string, std::string>& environment);

// The processes of one run. Ranks are independent while they work; MPI serves for rank, size,
// agreement at the start and one reduction at the end. Every MPI failure becomes Error(kNetwork).
class World {
 public:
  // Starts MPI when a launcher asks for it; works without. Call once, before any thread starts.
  World();
  // Ends MPI: waits for the other ranks.
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  int rank() const { return info_.rank; }
  int size() const { return info_.size; }
  int local_rank() const { return info_.local_rank; }  // Among the ranks of this host.
  int local_size() const { return info_.local_size; }  // Ranks of this host.
  // False for ranks without MPI; Agree and the reductions then see only this process.
  bool can_talk() const { return info_.kind != LaunchInfo::Kind::kIndependent; }

  // Throws Error(kNetwork) on every rank, naming the ranks that differ from rank 0, unless all ranks
  // pass the same `text`. `what` is for the message ("options"). Collective.
  void Agree(const std::string& what, const std::string& text);

  // Element-wise over all ranks. Collective; waiting ranks sleep instead of spinning, since others may
  // need minutes to arrive.
  std::vector<long> Sum(const std::vector<long>& values);
  int Max(int value);

  // Ends all ranks of the run at once with `exit_code`.
  [[noreturn]] void Abort(int exit_code);

 private:
  enum class Reduction { kSum, kMax };
  std::vector<long> Reduce(const std::vector<long>& values, Reduction reduction);

  LaunchInfo info_;
};

}  // namespace foothold
