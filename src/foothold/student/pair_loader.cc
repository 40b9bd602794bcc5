// SPDX-License-Identifier: Apache-2.0
#include "foothold/student/pair_loader.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "foothold/base/error.h"
#include "foothold/base/hash.h"
#include "foothold/base/log.h"
#include "foothold/student/label_dataset.h"
#include "foothold/student/pair_sampler.h"

namespace foothold {
namespace {

using Position = PairLoader::Position;

void CheckOptions(const LoaderOptions& options, int rank, int size) {
  LoaderOptions copy = options;
  OptionSet set;
  set.Bind(&copy);
  set.CheckOrThrow();
  const auto fail = [](const std::string& what) { throw Error(ErrorKind::kUsage, what); };
  if (options.width % 16 != 0 || options.height % 16 != 0) {
    fail("data.width = " + std::to_string(options.width) +
         " and data.height = " + std::to_string(options.height) + " must be multiples of 16");
  }
  if (options.min_gap_frames > options.max_gap_frames) {
    fail("data.min_gap_frames = " + std::to_string(options.min_gap_frames) +
         " is more than data.max_gap_frames = " + std::to_string(options.max_gap_frames));
  }
  if (options.batch_size < size) {
    fail("data.batch_size = " + std::to_string(options.batch_size) + " is less than the number of ranks, " +
         std::to_string(size) + "; every rank needs a pair");
  }
  FOOTHOLD_CHECK(rank >= 0 && rank < size, "rank " + std::to_string(rank) + " of " + std::to_string(size));
}

// All anchors of a dataset and their order per epoch.
class AnchorList {
 public:
  AnchorList(const LabelDataset& dataset, const LoaderOptions& options) : options_(options) {
    std::string text;
    for (int shard = 0; shard < dataset.num_shards(); ++shard) {
      const StudentClip clip = dataset.ReadClip(shard);
      text += clip.clip_id + dataset.checksum(shard) + "\n";
      const bool held_out = IsHeldOut(clip.source_hash, options.held_out_share);
      if (options.subset != "all" && held_out != (options.subset == "held_out")) continue;
      ++num_clips_;
      const std::vector<PairAnchor> anchors = AnchorsOf(clip, shard, options, &left_out_);
      anchors_.insert(anchors_.end(), anchors.begin(), anchors.end());
    }
    fingerprint_ = HashText(text + FilterText());
    if (anchors_.empty()) {
      throw Error(ErrorKind::kBadInput,
                  options.labels + ": no pair is left of " + std::to_string(num_clips_) + " clips (subset " +
                      options.subset + "; left out: " + LeftOutText() +
                      "); give more labels or loosen the filters of section data")
          .WithReason("dataset_empty");
    }
  }

  int64_t size() const { return static_cast<int64_t>(anchors_.size()); }
  const PairAnchor& operator[](int anchor) const { return anchors_[anchor]; }
  const std::map<std::string, int64_t>& left_out() const { return left_out_; }
  const std::string& fingerprint() const { return fingerprint_; }

  std::string Summary() const {
    return std::to_string(anchors_.size()) + " pairs per epoch of " + std::to_string(num_clips_) +
           " clips (subset " + options_.subset + "); left out: " + LeftOutText();
  }

  // Anchor at a position of the sequence. For any thread.
  int AnchorAt(const Position& position) {
    const std::lock_guard<std::mutex> lock(mutex_);
    auto found = orders_.find(position.epoch);
    if (found == orders_.end()) {
      if (orders_.size() >= 3) orders_.erase(orders_.begin());  // Batches ahead reach into the next epoch.
      found = orders_
                  .emplace(position.epoch,
                           EpochOrder(anchors_, options_.window_shards, options_.seed, position.epoch))
                  .first;
    }
    return found->second[static_cast<size_t>(position.index)];
  }

 private:
  std::string LeftOutText() const {
    std::string text;
    for (const auto& [reason, count] : left_out_) {
      text += (text.empty() ? "" : ", ") + reason + " " + std::to_string(count);
    }
    return text.empty() ? "nothing" : text;
  }
  // Options that the sequence depends on: not places, batches and threads.
  std::string FilterText() const {
    LoaderOptions copy = options_;
    const LoaderOptions defaults;
    copy.labels = copy.videos = copy.packs = "";
    copy.batch_size = defaults.batch_size;
    OptionSet set;
    set.Bind(&copy);
    return set.Dump(/*labels_only=*/true);
  }

  const LoaderOptions options_;
  std::vector<PairAnchor> anchors_;
  std::map<std::string, int64_t> left_out_;
  int num_clips_ = 0;
  std::string fingerprint_;
  std::mutex mutex_;  // Of the next one.
  std::map<int64_t, std::vector<int>> orders_;
};

Position Advance(const Position& from, int64_t count, int64_t per_epoch) {
  const int64_t index = from.index + count;
  return {from.epoch + index / per_epoch, index % per_epoch};
}

}  // namespace

// Workers make batches `given_ + 0 .. prefetch - 1`, counted from the position of the last Seek; each batch
// is made by one of them, and Next hands them out in order.
struct PairLoader::Impl {
  struct Made {
    LoadedBatch batch;
    std::exception_ptr error;
  };

  Impl(const LoaderOptions& options_given, const BodyModel& body, int rank, int size)
      : options(options_given),
        dataset(options_given, body, rank, size),
        anchors(dataset, options_given),
        begin(static_cast<int64_t>(options_given.batch_size) * rank / size),
        end(static_cast<int64_t>(options_given.batch_size) * (rank + 1) / size) {}
  ~Impl() { Stop(); }

  Position PositionOf(int64_t number) const {
    return Advance(start, number * options.batch_size, anchors.size());
  }

  LoadedBatch Make(int64_t number) {
    const Position first = PositionOf(number);
    LoadedBatch batch = MakeEmptyBatch(end - begin, options.height, options.width);
    for (int64_t row = 0; row < end - begin; ++row) {
      const Position position = Advance(first, begin + row, anchors.size());
      const int index = anchors.AnchorAt(position);
      const PairAnchor& anchor = anchors[index];
      const std::shared_ptr<const StudentPack> pack = dataset.Open(anchor.shard);
      const uint64_t seed = SampleSeed(options.seed, position.epoch, index);
      FillSample(
          *pack, DrawPair(pack->clip(), anchor, options, seed), options.min_point_confidence, row, &batch);
      batch.sample_seeds[static_cast<size_t>(row)] = seed;
    }
    return batch;
  }

  Made MakeOrFail(int64_t number) {
    Made result;
    try {
      result.batch = Make(number);
    } catch (...) {
      result.error = std::current_exception();
    }
    return result;
  }

  void Work() {
    std::unique_lock<std::mutex> lock(mutex);
    while (true) {
      changed.wait(lock, [&] { return stopping || next < given + options.prefetch; });
      if (stopping) return;
      const int64_t number = next++;
      lock.unlock();
      Made result = MakeOrFail(number);
      lock.lock();
      made.emplace(number, std::move(result));
      changed.notify_all();
    }
  }

  void StartIfIdle() {
    if (options.prefetch == 0 || !workers.empty()) return;
    stopping = false;
    next = given;
    const int count = std::min(options.threads, options.prefetch);
    for (int i = 0; i < count; ++i) workers.emplace_back([this] { Work(); });
  }

  void Stop() {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      stopping = true;
    }
    changed.notify_all();
    for (std::thread& worker : workers) worker.join();
    workers.clear();
    made.clear();
  }

  LoadedBatch Next() {
    if (options.prefetch == 0) {
      LoadedBatch batch = Make(given);
      ++given;
      return batch;
    }
    StartIfIdle();
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return made.count(given) > 0; });
    const auto found = made.find(given);
    if (found->second.error != nullptr) {
      const std::exception_ptr error = found->second.error;
      lock.unlock();
      Stop();  // What comes is made anew once the cause is mended.
      std::rethrow_exception(error);
    }
    LoadedBatch batch = std::move(found->second.batch);
    made.erase(found);
    ++given;
    lock.unlock();
    changed.notify_all();
    return batch;
  }

  const LoaderOptions options;
  LabelDataset dataset;
  AnchorList anchors;
  const int64_t begin, end;  // This rank's part of a batch.

  Position start;     // Of batch 0.
  int64_t given = 0;  // Batches handed out since; also read by workers, under the mutex.
  std::vector<std::thread> workers;
  std::mutex mutex;  // Of the rest.
  std::condition_variable changed;
  int64_t next = 0;
  bool stopping = false;
  std::map<int64_t, Made> made;
};

PairLoader::PairLoader(const LoaderOptions& options, const BodyModel& body, int rank, int size) {
  CheckOptions(options, rank, size);
  impl_ = std::make_unique<Impl>(options, body, rank, size);
  if (rank == 0) LogInfo(options.labels + ": " + impl_->anchors.Summary());
}

PairLoader::~PairLoader() = default;

LoadedBatch PairLoader::Next() { return impl_->Next(); }

PairLoader::Position PairLoader::position() const { return impl_->PositionOf(impl_->given); }

void PairLoader::Seek(Position position) {
  if (position.epoch < 0 || position.index < 0 || position.index >= samples_per_epoch()) {
    throw Error(ErrorKind::kUsage,
                "loader position: epoch " + std::to_string(position.epoch) + ", sample " +
                    std::to_string(position.index) + " of " + std::to_string(samples_per_epoch()) +
                    "; the checkpoint belongs to other labels or filters");
  }
  impl_->Stop();
  impl_->start = position;
  impl_->given = 0;
}

int64_t PairLoader::samples_per_epoch() const { return impl_->anchors.size(); }
const std::map<std::string, int64_t>& PairLoader::left_out() const { return impl_->anchors.left_out(); }
std::string PairLoader::Fingerprint() const { return impl_->anchors.fingerprint(); }

}  // namespace foothold
