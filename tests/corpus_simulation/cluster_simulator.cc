// SPDX-License-Identifier: Apache-2.0
#include "corpus_simulation/cluster_simulator.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <queue>

#include "corpus_simulation/memory_files.h"
#include "foothold/base/random.h"
#include "foothold/corpus/unit_queue.h"

namespace foothold {
namespace {

using Event = LedgerRecord::Event;

struct Rank {
  std::unique_ptr<Ledger> ledger;
  std::unique_ptr<UnitQueue> queue;
  std::unique_ptr<Ledger::Claim> claim;
  Backoff backoff{1};
  double speed = 1;
  double attempt_begun_s = 0;
  double last_end_s = 0;  // Of an attempt.
  bool dead = false;
};

class Simulator {
 public:
  explicit Simulator(const SimulatedCluster& cluster)
      : cluster_(cluster),
        random_(cluster.seed, "cluster_simulator"),
        files_(std::make_shared<MemoryFiles>()) {
    MakeUnits();
    MakeRanks();
  }

  SimulatedJob Run() {
    while (!events_.empty()) {
      const Moment moment = events_.top();
      events_.pop();
      files_->now_s = std::max(files_->now_s, moment.at_s);
      Rank& rank = ranks_[static_cast<size_t>(moment.rank)];
      if (rank.dead) continue;
      const long before = files_->operations;
      const double pause_s = Act(moment.what, &rank);
      const long operations = files_->operations - before;
      per_minute_[static_cast<long>(moment.at_s / 60)] += operations;
      if (pause_s >= 0) {
        const double own_s = static_cast<double>(operations) * cluster_.operation_s;
        events_.push({moment.at_s + own_s + pause_s, next_++, moment.rank, NextOf(moment.what, rank)});
      }
    }
    return Result();
  }

 private:
  enum class What { kStep, kEnd, kBeat, kDeath };
  struct Moment {
    double at_s;
    long order;  // Ties are settled by age.
    int rank;
    What what;
    bool operator<(const Moment& other) const {
      return at_s != other.at_s ? at_s > other.at_s : order > other.order;
    }
  };

  void MakeUnits() {
    Corpus corpus;
    const int count = cluster_.ranks * cluster_.units_per_rank;
    for (int i = 0; i < count; ++i) {
      Unit& unit = corpus.units.emplace_back();
      unit.id = "v" + std::to_string(i);
      unit.cost_s =
          cluster_.shortest_s * std::pow(cluster_.longest_s / cluster_.shortest_s, random_.Uniform());
      true_cost_s_.push_back(unit.cost_s * std::exp(cluster_.estimate_error * random_.Normal()));
    }
    units_ = MakeRunUnits(std::make_shared<UnitsInMemory>(std::move(corpus)));
  }

  void MakeRanks() {
    ranks_.resize(static_cast<size_t>(cluster_.ranks));
    double mean_s = 0;
    for (const double cost_s : true_cost_s_) mean_s += cost_s / cluster_.ranks;
    for (int i = 0; i < cluster_.ranks; ++i) {
      Rank& rank = ranks_[static_cast<size_t>(i)];
      rank.ledger = std::make_unique<Ledger>("", LedgerOptions(), "r" + std::to_string(i), units_, files_);
      rank.queue = std::make_unique<UnitQueue>(rank.ledger.get(), i, cluster_.ranks);
      rank.backoff = Backoff(cluster_.ranks);
      if (random_.Uniform() < cluster_.straggler_share) rank.speed = 0.5;
      const double start_s = random_.Uniform(0, 10);
      events_.push({start_s, next_++, i, What::kStep});
      events_.push({start_s + LedgerOptions().heartbeat_s, next_++, i, What::kBeat});
      if (random_.Uniform() < cluster_.death_share)
        events_.push({random_.Uniform(0, mean_s), next_++, i, What::kDeath});
    }
  }

  // Returns the pause until the rank's next moment of this kind; negative: there is none.
  double Act(What what, Rank* rank) {
    switch (what) {
      case What::kStep:
        return Step(rank);
      case What::kEnd:
        return End(rank);
      case What::kBeat:
        rank->ledger->Beat();
        return rank->queue->all_finished() ? -1 : LedgerOptions().heartbeat_s;
      case What::kDeath:
        Die(rank);
        return -1;
    }
    return -1;
  }

  What NextOf(What what, const Rank& rank) const {
    if (what == What::kBeat) return What::kBeat;
    return rank.claim != nullptr ? What::kEnd : What::kStep;
  }

  double Step(Rank* rank) {
    rank->claim = rank->queue->Next();
    if (rank->claim == nullptr) return rank->queue->all_finished() ? -1 : rank->backoff.NextPause_s();
    ++attempts_;
    rank->backoff.Reset();
    rank->attempt_begun_s = files_->now_s;
    return true_cost_s_[rank->claim->unit_index()] / rank->speed;
  }

  double End(Rank* rank) {
    LedgerRecord record;
    const bool fails = random_.Uniform() < cluster_.failure_share;
    record.event = fails ? Event::kFailed : Event::kDone;
    const double length_s = true_cost_s_[rank->claim->unit_index()] / rank->speed;
    if (!fails) useful_s_ += length_s;
    rank->claim->Finish(record);
    rank->claim.reset();
    rank->last_end_s = files_->now_s;
    makespan_s_ = std::max(makespan_s_, files_->now_s);
    return 0;
  }

  void Die(Rank* rank) {
    rank->dead = true;
    ++deaths_;
    lived_s_ += files_->now_s;
    if (rank->claim != nullptr) rank->claim->Abandon();
    rank->claim.reset();
  }

  SimulatedJob Result() {
    SimulatedJob job;
    double tail_s = 0;
    for (const Rank& rank : ranks_) {
      if (rank.dead) continue;
      lived_s_ += makespan_s_;
      tail_s += makespan_s_ - rank.last_end_s;
      job.unfinished =
          std::max(job.unfinished, static_cast<long>(rank.ledger->state().Count(UnitStatus::kOpen)));
    }
    job.makespan_s = makespan_s_;
    job.efficiency = useful_s_ / lived_s_;
    job.idle_tail = tail_s / lived_s_;
    job.units = static_cast<long>(true_cost_s_.size());
    job.operations_per_unit = static_cast<double>(files_->operations) / static_cast<double>(job.units);
    for (const auto& [what, count] : {std::pair("creating", files_->for_creating),
                                      std::pair("writing", files_->for_writing),
                                      std::pair("stat", files_->for_stat),
                                      std::pair("listing", files_->for_listing),
                                      std::pair("reading", files_->for_reading),
                                      std::pair("replacing", files_->for_replacing),
                                      std::pair("heartbeats and clock", files_->for_touching)}) {
      job.operations_per_unit_for[what] = static_cast<double>(count) / static_cast<double>(job.units);
    }
    for (const auto& [minute, operations] : per_minute_)
      job.most_operations_per_s = std::max(job.most_operations_per_s, static_cast<double>(operations) / 60);
    job.deaths = deaths_;
    job.attempts = attempts_;
    return job;
  }

  SimulatedCluster cluster_;
  RandomStream random_;
  std::shared_ptr<MemoryFiles> files_;
  RunUnits units_;
  std::vector<double> true_cost_s_;
  std::vector<Rank> ranks_;
  std::priority_queue<Moment> events_;
  std::map<long, long> per_minute_;
  long next_ = 0, attempts_ = 0, deaths_ = 0;
  double useful_s_ = 0, lived_s_ = 0, makespan_s_ = 0;
};

}  // namespace

SimulatedJob Simulate(const SimulatedCluster& cluster) { return Simulator(cluster).Run(); }

}  // namespace foothold
