// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <opencv2/videoio.hpp>
#include <thread>
#include <utility>

#include "foothold/base/error.h"
#include "foothold/base/pulse.h"
#include "foothold/base/timer.h"
#include "foothold/video/opencv_io.h"
#include "foothold/video/video.h"

namespace foothold {
namespace {

constexpr size_t kDecodedAhead = 8;

[[noreturn]] void ThrowEnded(const Clip& clip, int frame) {
  throw Error(ErrorKind::kBadInput,
              clip.source_path + ": ends before frame " + std::to_string(frame) +
                  " of the clip; the file changed since it was probed, or is damaged")
      .WithReason("video_truncated");
}

}  // namespace

// An open file, and how many of its frames are decoded.
struct OpenVideoFile {
  cv::VideoCapture capture;
  int position = 0;
};

// Decodes ahead on a thread of its own, up to kDecodedAhead frames.
struct FrameReader::Impl {
  Impl(const Clip& clip_in, std::unique_ptr<OpenVideoFile> file_in)
      : clip(clip_in), file(std::move(file_in)), clip_id(ErrorContext::ClipId()) {
    thread = std::thread([this] { Run(); });
  }
  ~Impl() { Stop(); }

  void Stop() {
    {
      const std::lock_guard lock(mutex);
      stop = true;
    }
    changed.notify_all();
    if (thread.joinable()) thread.join();
  }

  void Run() {
    const ErrorContext context(clip_id);
    try {
      DecodeAll();
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
    {
      const std::lock_guard lock(mutex);
      ended = true;
    }
    changed.notify_all();
  }

  void DecodeAll() {
    if (file == nullptr) {
      file = std::make_unique<OpenVideoFile>();
      file->capture = video_internal::OpenVideo(clip.source_path);
    }
    // Decoded and dropped: seeking lands on wrong frames in cut, damaged and transport-stream files.
    for (; file->position < clip.first_frame; ++file->position) {
      if (Stopped()) return;
      if (!file->capture.grab()) ThrowEnded(clip, file->position - clip.first_frame);
      Pulse();
    }
    for (int frame = 0; frame < clip.num_frames(); ++frame) {
      if (!Push(Decode(frame))) return;
    }
  }

  ImageU8 Decode(int frame) {
    cv::Mat bgr;
    if (!file->capture.read(bgr)) ThrowEnded(clip, frame);
    ++file->position;
    const ImageTransform& transform = clip.working_from_source;
    const bool size_known = transform.source_width > 0;
    if (size_known && (bgr.cols != transform.source_width || bgr.rows != transform.source_height)) {
      throw Error(ErrorKind::kBadInput,
                  clip.source_path + ": frame " + std::to_string(frame) + " of the clip is " +
                      std::to_string(bgr.cols) + "x" + std::to_string(bgr.rows) + ", not " +
                      std::to_string(transform.source_width) + "x" + std::to_string(transform.source_height))
          .WithReason("video_size_changes");
    }
    Pulse();
    return video_internal::RgbFromBgr(bgr);
  }

  bool Stopped() {
    const std::lock_guard lock(mutex);
    return stop;
  }

  bool Push(ImageU8 image) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return stop || decoded.size() < kDecodedAhead; });
    if (stop) return false;
    decoded.push_back(std::move(image));
    lock.unlock();
    changed.notify_all();
    return true;
  }

  bool Pop(ImageU8* image) {
    const Timer timer;
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return ended || !decoded.empty(); });
    waited_s += timer.Seconds();
    if (decoded.empty()) {
      if (failure) std::rethrow_exception(failure);
      return false;
    }
    *image = std::move(decoded.front());
    decoded.pop_front();
    lock.unlock();
    changed.notify_all();
    return true;
  }

  const Clip clip;
  std::unique_ptr<OpenVideoFile> file;
  std::string clip_id;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<ImageU8> decoded;
  std::exception_ptr failure;
  bool stop = false, ended = false;
  double waited_s = 0;
  std::thread thread;
};

FrameReader::FrameReader(const Clip& clip) : FrameReader(clip, nullptr) {}

FrameReader::FrameReader(const Clip& clip, std::unique_ptr<OpenVideoFile> file) {
  video_internal::PrepareOpencv();
  impl_ = std::make_unique<Impl>(clip, std::move(file));
}

FrameReader::~FrameReader() = default;

bool FrameReader::Next(ImageU8* rgb) { return impl_->Pop(rgb); }
double FrameReader::waited_s() const { return impl_->waited_s; }

std::unique_ptr<OpenVideoFile> FrameReader::Release() {
  impl_->Stop();
  if (impl_->failure) return nullptr;
  return std::move(impl_->file);
}

FrameReaders::FrameReaders() = default;
FrameReaders::~FrameReaders() = default;

std::unique_ptr<FrameReader> FrameReaders::Make(const Clip& clip) {
  // The one that stands nearest before the clip has the least to skip.
  auto best = idle_.end();
  for (auto it = idle_.begin(); it != idle_.end(); ++it) {
    const bool usable = it->path == clip.source_path && it->file->position <= clip.first_frame;
    if (usable && (best == idle_.end() || it->file->position > best->file->position)) best = it;
  }
  std::unique_ptr<OpenVideoFile> file;
  if (best != idle_.end()) {
    file = std::move(best->file);
    idle_.erase(best);
  }
  return std::make_unique<FrameReader>(clip, std::move(file));
}

void FrameReaders::Expect(std::vector<Clip> clips) { expected_ = std::move(clips); }

std::unique_ptr<FrameReader> FrameReaders::Take(const Clip& clip) {
  std::unique_ptr<FrameReader> reader =
      prepared_ != nullptr && prepared_id_ == clip.id ? std::move(prepared_) : Make(clip);
  prepared_ = nullptr;
  const auto at = std::find_if(
      expected_.begin(), expected_.end(), [&](const Clip& expected) { return expected.id == clip.id; });
  if (at != expected_.end() && at + 1 != expected_.end()) {
    prepared_ = Make(*(at + 1));
    prepared_id_ = (at + 1)->id;
  }
  return reader;
}

void FrameReaders::Return(std::unique_ptr<FrameReader> reader, const Clip& clip) {
  std::unique_ptr<OpenVideoFile> file = reader->Release();
  if (file == nullptr) return;
  idle_.push_back({clip.source_path, std::move(file)});
  if (idle_.size() > kIdle) idle_.erase(idle_.begin());
}

}  // namespace foothold
