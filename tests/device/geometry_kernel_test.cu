// SPDX-License-Identifier: Apache-2.0
// Runs src/foothold/geometry in a kernel and compares with the host. Exit code 77: no GPU here, unless
// FOOTHOLD_REQUIRE_DEVICE is set, which makes that a failure.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "foothold/base/random.h"
#include "foothold/device/device.h"
#include "foothold/geometry/camera.h"
#include "foothold/geometry/robust_kernel.h"
#include "foothold/geometry/transform.h"

namespace foothold {
namespace {

constexpr int kInputs = 14;
constexpr int kOutputs = 40;

// One case: numbers in, everything that the headers compute out.
template <class T>
FOOTHOLD_HD void Evaluate(const T* in, T* out) {
  int n = 0;
  const Vec<T, 3> w{in[0], in[1], in[2]}, v{in[3], in[4], in[5]}, t{in[6], in[7], in[8]};
  const Quaternion<T> q = ExpQuaternion(w);
  const Quaternion<T> r = ExpQuaternion(v);
  const Vec<T, 3> back = LogQuaternion(q * r);
  const Mat<T, 3, 3> jacobian = RightJacobianSo3(w);
  const Quaternion<T> from_matrix = QuaternionFromMatrix(MatrixFromQuaternion(q));
  const Rigid<T> rigid = Inverse(Rigid<T>{q, t}) * Rigid<T>{r, v};
  const Similarity<T> similarity = Inverse(Similarity<T>{in[9], q, t}) * Similarity<T>{T(2), r, v};
  for (int i = 0; i < 3; ++i) out[n++] = back[i];
  for (int i = 0; i < 9; ++i) out[n++] = jacobian.data[i];
  out[n++] = from_matrix.w;
  out[n++] = from_matrix.x;
  out[n++] = from_matrix.y;
  out[n++] = from_matrix.z;
  const Vec<T, 3> moved = rigid * w, resized = similarity * w;
  for (int i = 0; i < 3; ++i) out[n++] = moved[i];
  for (int i = 0; i < 3; ++i) out[n++] = resized[i];
  const Rigid<T> between = Interpolate(Rigid<T>{q, t}, Rigid<T>{r, v}, T(0.3));
  const Vec<T, 3> interpolated = between * t;
  for (int i = 0; i < 3; ++i) out[n++] = interpolated[i];

  const Pinhole<T> camera{T(400), T(255.5), T(191.5)};
  const Vec<T, 2> pixel = Project(camera, Vec<T, 3>{in[0], in[1], T(3) + in[9]});
  const Vec<T, 3> ray = Unproject(camera, pixel);
  const RadialDistortion<T> lens{T(0.1) * in[10], T(0.02) * in[11]};
  const Vec<T, 2> straight = Undistort(lens, Distort(lens, Vec<T, 2>{ray[0], ray[1]}));
  for (int i = 0; i < 2; ++i) out[n++] = pixel[i];
  for (int i = 0; i < 3; ++i) out[n++] = ray[i];
  for (int i = 0; i < 2; ++i) out[n++] = straight[i];

  const RobustKernel<T> kernel = RobustKernel<T>::FromGamma(in[12]);
  out[n++] = kernel.offset;
  out[n++] = kernel.Value(in[13]);
  out[n++] = kernel.Slope(in[13]);
  out[n++] = kernel.Weight(in[13], T(0.01));
  while (n < kOutputs) out[n++] = T(0);
}

template <class T>
__global__ void EvaluateKernel(const T* in, T* out, int count) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < count) Evaluate(in + i * kInputs, out + i * kOutputs);
}

// Returns the number of values further apart than `tolerance` relative to max(1, |value|).
template <class T>
int Compare(const char* name, double tolerance) {
  const int count = 4096;
  RandomStream random(1, "geometry_kernel");
  std::vector<T> in(count * kInputs), device_out(count * kOutputs), host_out(count * kOutputs);
  for (int i = 0; i < count; ++i) {
    const double size = i % 8 == 0 ? 1e-6 : 1;  // The branches near zero, too.
    T* row = &in[i * kInputs];
    for (int k = 0; k < 9; ++k) row[k] = static_cast<T>(size * random.Uniform(-1.2, 1.2));
    row[9] = static_cast<T>(random.Uniform(0.5, 2));
    for (int k = 10; k < 12; ++k) row[k] = static_cast<T>(random.Uniform(-1, 1));
    row[12] = i % 2 == 0 ? T(0.4) : T(1.1);
    row[13] = static_cast<T>(random.Uniform(0, 2));
    Evaluate(row, &host_out[i * kOutputs]);
  }
  DeviceStream stream;
  DeviceBuffer<T> device_in(in.size()), result(device_out.size());
  device_in.Upload(in.data(), in.size(), stream);
  EvaluateKernel<T><<<count / 128, 128, 0, static_cast<cudaStream_t>(stream.handle())>>>(
      device_in.data(), result.data(), count);
  FOOTHOLD_CHECK_LAUNCH(EvaluateKernel);
  result.Download(device_out.data(), device_out.size(), stream);
  stream.Synchronize();

  int wrong = 0;
  double worst = 0;
  for (size_t i = 0; i < host_out.size(); ++i) {
    const double host = host_out[i], device = device_out[i];
    const double error = std::fabs(host - device) / std::fmax(1, std::fabs(host));
    worst = std::fmax(worst, error);
    if (!(error <= tolerance) && ++wrong <= 5) {
      std::printf("%s output %zu: host %.17g, device %.17g\n", name, i % kOutputs, host, device);
    }
  }
  std::printf("%s: %zu values, largest relative difference %.3g (allowed %.3g)\n",
              name,
              host_out.size(),
              worst,
              tolerance);
  return wrong;
}

}  // namespace
}  // namespace foothold

int main() {
  using namespace foothold;
  if (DeviceCount() == 0) {
    std::printf("SKIPPED, NO GPU: %s\n", WhyNoDevice().c_str());
    return std::getenv("FOOTHOLD_REQUIRE_DEVICE") != nullptr ? 1 : 77;
  }
  try {
    std::printf("%s\n", DescribeDevice(SelectDevice(0)).c_str());
    // Libraries of host and device differ in the last bits; the conditioning of Log near pi and of
    // Undistort near its turning point does the rest.
    return Compare<double>("double", 1e-11) + Compare<float>("float", 1e-3) == 0 ? 0 : 1;
  } catch (const Error& error) {
    std::printf("%s\n", error.what());
    return static_cast<int>(error.exit_code());
  }
}
