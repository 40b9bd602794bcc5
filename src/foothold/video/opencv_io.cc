// SPDX-License-Identifier: Apache-2.0
#include "foothold/video/opencv_io.h"

#include <dlfcn.h>
#include <unistd.h>

#include <atomic>
#include <cstdarg>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgproc.hpp>

#include "foothold/base/error.h"

namespace foothold::video_internal {
namespace {

constexpr int kAvLogError = 16;  // AV_LOG_ERROR; smaller is worse.
std::atomic<int> decode_errors{0};

void CountAvErrors(void*, int level, const char*, va_list) {
  if ((level & 0xff) <= kAvLogError) ++decode_errors;
}

// Also silences FFmpeg. libavutil comes in with OpenCV, without headers of its own among our packages;
// where it is absent (another video back end) nothing is counted.
void ListenToFfmpeg() {
  using Callback = void (*)(void*, int, const char*, va_list);
  using SetCallback = void (*)(Callback);
  void* const symbol = dlsym(RTLD_DEFAULT, "av_log_set_callback");
  if (symbol != nullptr) reinterpret_cast<SetCallback>(symbol)(&CountAvErrors);
}

}  // namespace

void PrepareOpencv() {
  static std::once_flag once;
  std::call_once(once, [] {
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    cv::setNumThreads(1);
    ListenToFfmpeg();
  });
}

FilePiece FindVideo(const std::string& path) {
  const auto fail = [&](const std::string& what, const char* reason) {
    return Error(ErrorKind::kBadInput, path + ": " + what).WithReason(reason);
  };
  const std::optional<FilePiece> piece = FindFile(path);
  std::error_code error;
  if (!piece) {
    const auto type = std::filesystem::status(path, error).type();
    if (error == std::errc::permission_denied)
      throw fail("no permission to look at it", "video_no_permission");
    const bool exists = type != std::filesystem::file_type::not_found && !error;
    throw exists ? fail("is not a file", "video_unreadable") : fail("no such file", "video_missing");
  }
  if (access(piece->path.c_str(), R_OK) != 0) throw fail("no permission to read it", "video_no_permission");
  if (piece->size == 0) throw fail("the file is empty", "video_empty");
  return *piece;
}

namespace {

// FFmpeg follows a list of other files, whatever its name: then the file is not what is looked at.
bool IsPlaylist(const FilePiece& piece) {
  char head[16] = {};
  std::ifstream file(piece.path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(piece.offset));
  file.read(head, sizeof head);
  const std::string text(head, static_cast<size_t>(file.gcount()));
  return text.starts_with("#EXTM3U") || text.starts_with("ffconcat");
}

}  // namespace

cv::VideoCapture OpenVideo(const std::string& path) {
  const FilePiece piece = FindVideo(path);
  if (IsPlaylist(piece)) {
    throw Error(ErrorKind::kBadInput, path + ": is a playlist, not a video; list the videos themselves")
        .WithReason("video_unreadable");
  }
  // FFmpeg reads a member where it lies.
  const std::string url = piece.is_member
                              ? "subfile,,start," + std::to_string(piece.offset) + ",end," +
                                    std::to_string(piece.offset + piece.size) + ",,:file:" + piece.path
                              : "file:" + piece.path;
  cv::VideoCapture capture;
  try {
    capture.open(url, cv::CAP_FFMPEG);
  } catch (const cv::Exception&) {  // Reported below as any other refusal.
  }
  if (!capture.isOpened()) {
    throw Error(
        ErrorKind::kBadInput,
        path + ": not a video that FFmpeg can open; is it cut short, another kind of file, or sound only?")
        .WithReason("video_unreadable");
  }
  return capture;
}

DecodeErrorCounter::DecodeErrorCounter() : start_(decode_errors) {}
int DecodeErrorCounter::Count() const { return decode_errors - start_; }

ImageU8 RgbFromBgr(const cv::Mat& bgr) {
  ImageU8 rgb(bgr.cols, bgr.rows, 3);
  cv::Mat view(bgr.rows, bgr.cols, CV_8UC3, rgb.data.data());
  cv::cvtColor(bgr, view, cv::COLOR_BGR2RGB);
  return rgb;
}

}  // namespace foothold::video_internal
