// SPDX-License-Identifier: Apache-2.0
#include "foothold/comm/world.h"

#define OMPI_SKIP_MPICXX 1
#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "foothold/base/error.h"
#include "foothold/base/hash.h"
#include "foothold/comm/mpi_check.h"

extern "C" char** environ;

namespace foothold {
namespace {

std::map<std::string, std::string> ReadEnvironment() {
  std::map<std::string, std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (const char* equals = std::strchr(*variable, '=')) {
      environment[std::string(*variable, static_cast<size_t>(equals - *variable))] = equals + 1;
    }
  }
  return environment;
}

// Waits without keeping a core busy.
void WaitFor(MPI_Request* request) {
  auto pause = std::chrono::microseconds(50);
  for (int done = 0;;) {
    CheckMpi(MPI_Test(request, &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (done != 0) return;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::microseconds(100000));
  }
}

}  // namespace

void CheckMpi(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw Error(ErrorKind::kNetwork,
              std::string(call) + " failed: " + text + "; check the network and that every rank runs");
}

LaunchInfo ReadLaunchInfo(const std::map<std::string, std::string>& environment) {
  const auto number = [&environment](const char* name, int otherwise) {
    const auto entry = environment.find(name);
    return entry == environment.end() ? otherwise : std::atoi(entry->second.c_str());
  };
  const auto has = [&environment](const char* name) { return environment.count(name) > 0; };

  LaunchInfo info;
  if (has("OMPI_COMM_WORLD_SIZE") && number("OMPI_MCA_orte_enable_recovery", 0) != 0) {
    // mpirun --enable-recovery: survivors go on when a rank dies, and would wait for it in MPI for ever.
    info.kind = LaunchInfo::Kind::kIndependent;
    info.rank = number("OMPI_COMM_WORLD_RANK", 0);
    info.size = std::max(1, number("OMPI_COMM_WORLD_SIZE", 1));
    info.local_rank = number("OMPI_COMM_WORLD_LOCAL_RANK", 0);
    info.local_size = std::max(1, number("OMPI_COMM_WORLD_LOCAL_SIZE", 1));
  } else if (has("OMPI_COMM_WORLD_SIZE") || has("PMIX_RANK") || has("PMI_RANK") || has("MPI_LOCALRANKID")) {
    info.kind = LaunchInfo::Kind::kMpi;
    info.rank = number("OMPI_COMM_WORLD_RANK", number("PMIX_RANK", 0));
    info.size = number("OMPI_COMM_WORLD_SIZE", number("SLURM_STEP_NUM_TASKS", 0));
    info.local_rank = number("OMPI_COMM_WORLD_LOCAL_RANK", number("SLURM_LOCALID", -1));
    info.local_size = number("OMPI_COMM_WORLD_LOCAL_SIZE", -1);
  } else if (has("SLURM_STEP_ID") && has("SLURM_PROCID")) {
    // SLURM_PROCID alone also stands in the batch script's own environment, where nothing was launched.
    info.kind = LaunchInfo::Kind::kIndependent;
    info.rank = number("SLURM_PROCID", 0);
    info.size = std::max(1, number("SLURM_STEP_NUM_TASKS", number("SLURM_NTASKS", 1)));
    info.local_rank = number("SLURM_LOCALID", 0);
    // "4(x2),3": atoi reads the first host's number, near enough for sharing cores.
    info.local_size = std::max(1, number("SLURM_STEP_TASKS_PER_NODE", 1));
  }
  return info;
}

World::World() : info_(ReadLaunchInfo(ReadEnvironment())) {
  if (info_.kind != LaunchInfo::Kind::kMpi) return;
  int provided = 0;
  // One thread at a time: of a trainer, also those that run parts of a batch.
  CheckMpi(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided), "MPI_Init_thread");
  if (provided < MPI_THREAD_SERIALIZED) {
    throw Error(ErrorKind::kNetwork,
                "this MPI lets only one thread call it; use one with MPI_THREAD_SERIALIZED");
  }
  CheckMpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  const int expected_size = info_.size;
  CheckMpi(MPI_Comm_rank(MPI_COMM_WORLD, &info_.rank), "MPI_Comm_rank");
  CheckMpi(MPI_Comm_size(MPI_COMM_WORLD, &info_.size), "MPI_Comm_size");
  if (expected_size > 0 && expected_size != info_.size) {
    throw Error(ErrorKind::kNetwork,
                "the launcher started " + std::to_string(expected_size) + " ranks but MPI sees " +
                    std::to_string(info_.size) +
                    "; start with the mpirun of the MPI this program was built with");
  }
  if (info_.local_rank < 0 || info_.local_size < 0) {
    MPI_Comm host = MPI_COMM_NULL;
    CheckMpi(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, info_.rank, MPI_INFO_NULL, &host),
             "MPI_Comm_split_type");
    CheckMpi(MPI_Comm_rank(host, &info_.local_rank), "MPI_Comm_rank");
    CheckMpi(MPI_Comm_size(host, &info_.local_size), "MPI_Comm_size");
    MPI_Comm_free(&host);
  }
}

World::~World() {
  if (info_.kind == LaunchInfo::Kind::kMpi) MPI_Finalize();
}

void World::Agree(const std::string& what, const std::string& text) {
  if (info_.kind != LaunchInfo::Kind::kMpi) return;
  const std::string hash = HashText(text);
  std::string all(hash.size() * static_cast<size_t>(info_.size), '\0');
  const int length = static_cast<int>(hash.size());
  CheckMpi(MPI_Allgather(hash.data(), length, MPI_CHAR, all.data(), length, MPI_CHAR, MPI_COMM_WORLD),
           "MPI_Allgather");
  std::string different;
  for (int rank = 1; rank < info_.size; ++rank) {
    const size_t begin = hash.size() * static_cast<size_t>(rank);
    if (all.compare(begin, hash.size(), all, 0, hash.size()) != 0) {
      different += (different.empty() ? "" : ", ") + std::to_string(rank);
    }
  }
  if (different.empty()) return;
  throw Error(ErrorKind::kNetwork,
              "ranks disagree about the " + what + ": rank " + different +
                  " differs from rank 0; check that every host sees the same files, program and environment");
}

std::vector<long> World::Reduce(const std::vector<long>& values, Reduction reduction) {
  if (info_.kind != LaunchInfo::Kind::kMpi) return values;
  std::vector<long> result(values.size());
  MPI_Request request = MPI_REQUEST_NULL;
  CheckMpi(MPI_Iallreduce(values.data(),
                          result.data(),
                          static_cast<int>(values.size()),
                          MPI_LONG,
                          reduction == Reduction::kSum ? MPI_SUM : MPI_MAX,
                          MPI_COMM_WORLD,
                          &request),
           "MPI_Iallreduce");
  WaitFor(&request);
  return result;
}

std::vector<long> World::Sum(const std::vector<long>& values) { return Reduce(values, Reduction::kSum); }

int World::Max(int value) { return static_cast<int>(Reduce({value}, Reduction::kMax).front()); }

void World::Abort(int exit_code) {
  // Should MPI itself be stuck, the process ends all the same.
  std::thread([exit_code] {
    std::this_thread::sleep_for(std::chrono::seconds(10));
    std::_Exit(exit_code);
  }).detach();
  if (info_.kind == LaunchInfo::Kind::kMpi) MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

}  // namespace foothold
