// SPDX-License-Identifier: Apache-2.0
#include "labels/body_file.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "foothold/base/atomic_file.h"
#include "foothold/base/error.h"
#include "foothold/base/hash.h"
#include "labels/hdf5.h"
#include "labels/npz.h"

namespace foothold::labels {
namespace {

constexpr size_t kNumPoseDirs = 9 * (kNumJoints - 1);
constexpr double kSoleHeight_m = 0.02;

// The arrays of a model file under SMPL's names. `pose_dirs` is empty when the file has none.
struct BodyArrays {
  NumericArray v_template, shape_dirs, pose_dirs, joint_regressor, weights, parents, faces;
};

[[noreturn]] void Fail(const std::string& origin, const std::string& message) {
  throw Error(ErrorKind::kBadInput, origin + ": " + message + " (docs/body_model.md describes the arrays)");
}

// `expected` 0 accepts any size of that side.
void CheckArray(const NumericArray& array,
                const std::vector<size_t>& expected,
                const std::string& name,
                const std::string& origin) {
  bool fits = array.shape.size() == expected.size();
  for (size_t d = 0; fits && d < expected.size(); ++d) {
    fits = expected[d] == 0 ? array.shape[d] > 0 : array.shape[d] == expected[d];
  }
  if (!fits) {
    Fail(origin,
         name + " has shape " + FormatShape(array.shape) + ", expected " + FormatShape(expected) +
             " (0: any size)");
  }
  for (const double value : array.values) {
    if (!std::isfinite(value)) Fail(origin, name + " holds a value that is not finite");
  }
}

Vec3f Row3(const NumericArray& array, size_t row) {
  return {static_cast<float>(array.values[3 * row]),
          static_cast<float>(array.values[3 * row + 1]),
          static_cast<float>(array.values[3 * row + 2])};
}

// [V, 3, S] with the direction last, as files have it, to vertex-major vectors; `count` directions
// per vertex of which those missing in the file are zero.
std::vector<Vec3f> Directions(const NumericArray& array, size_t count) {
  const size_t vertices = array.shape[0], stored = array.shape[2];
  std::vector<Vec3f> dirs(vertices * count, Vec3f::Zero());
  for (size_t v = 0; v < vertices; ++v) {
    for (size_t s = 0; s < std::min(count, stored); ++s) {
      for (size_t c = 0; c < 3; ++c) {
        dirs[v * count + s][static_cast<int>(c)] = static_cast<float>(array.values[(3 * v + c) * stored + s]);
      }
    }
  }
  return dirs;
}

void SetParents(const NumericArray& array, const std::string& origin, BodyModel* model) {
  model->parents[0] = -1;
  for (int k = 1; k < kNumJoints; ++k) {
    const double parent = array.values[static_cast<size_t>(k)];
    if (!(parent >= 0 && parent < k && parent == std::floor(parent))) {
      Fail(origin, "the parent of joint " + std::to_string(k) + " must come before it");
    }
    model->parents[k] = static_cast<int>(parent);
  }
}

void SetFaces(const NumericArray& array, const std::string& origin, BodyModel* model) {
  for (size_t f = 0; f < array.shape[0]; ++f) {
    std::array<int32_t, 3> face;
    for (size_t c = 0; c < 3; ++c) {
      const double vertex = array.values[3 * f + c];
      if (!(vertex >= 0 && vertex < model->num_vertices && vertex == std::floor(vertex))) {
        Fail(origin, "triangle " + std::to_string(f) + " names a vertex that does not exist");
      }
      face[c] = static_cast<int32_t>(vertex);
    }
    model->faces.push_back(face);
  }
}

// Keeps every influence, largest first, padded to the largest number that a vertex has.
void SetWeights(const NumericArray& array, const std::string& origin, BodyModel* model) {
  const size_t vertices = array.shape[0];
  std::vector<std::vector<int>> order(vertices);
  size_t width = 1;
  for (size_t v = 0; v < vertices; ++v) {
    const double* row = &array.values[v * kNumJoints];
    double sum = 0;
    for (int k = 0; k < kNumJoints; ++k) {
      if (row[k] < 0) Fail(origin, "vertex " + std::to_string(v) + " has a negative skinning weight");
      if (row[k] > 0) order[v].push_back(k);
      sum += row[k];
    }
    if (std::abs(sum - 1) > 1e-3) {
      Fail(origin, "the skinning weights of vertex " + std::to_string(v) + " do not sum to one");
    }
    std::stable_sort(order[v].begin(), order[v].end(), [row](int a, int b) { return row[a] > row[b]; });
    width = std::max(width, order[v].size());
  }
  model->skin_width = static_cast<int>(width);
  model->skin_weights.assign(vertices * width, 0.0f);
  model->skin_joints.assign(vertices * width, 0);
  for (size_t v = 0; v < vertices; ++v) {
    for (size_t i = 0; i < order[v].size(); ++i) {
      const int k = order[v][i];
      model->skin_joints[v * width + i] = static_cast<uint8_t>(k);
      model->skin_weights[v * width + i] =
          static_cast<float>(array.values[v * kNumJoints + static_cast<size_t>(k)]);
    }
  }
}

// The regressor is applied to the shaped template, so joints are linear in shape.
void SetRestJoints(const NumericArray& regressor, BodyModel* model) {
  const size_t vertices = static_cast<size_t>(model->num_vertices);
  for (size_t k = 0; k < kNumJoints; ++k) {
    model->joint_template_m[k] = Vec3d::Zero();
    model->joint_dirs_m[k].fill(Vec3d::Zero());
    for (size_t v = 0; v < vertices; ++v) {
      const double weight = regressor.values[k * vertices + v];
      if (weight == 0) continue;
      model->joint_template_m[k] = model->joint_template_m[k] + weight * model->template_m[v].Cast<double>();
      for (size_t s = 0; s < kNumShape; ++s) {
        model->joint_dirs_m[k][s] =
            model->joint_dirs_m[k][s] + weight * model->shape_dirs_m[v * kNumShape + s].Cast<double>();
      }
    }
  }
}

// The heel and toe vertices behind foot sliding, for the meshes we know; otherwise the sole's rearmost
// and foremost vertices.
std::array<int, 4> FootVertices(const BodyModel& model) {
  if (model.num_vertices == 6890) return {3387, 3216, 6787, 6617};     // SMPL.
  if (model.num_vertices == 13380) return {12815, 11551, 6218, 4933};  // makehuman_smpl24.
  const auto behind = [&model](int a, int b) { return model.template_m[a][2] < model.template_m[b][2]; };
  std::array<int, 4> feet;
  for (size_t side = 0; side < 2; ++side) {
    const std::vector<int>& sole = model.sole_vertices[side];
    const auto [heel, toe] = std::minmax_element(sole.begin(), sole.end(), behind);
    feet[2 * side] = *heel;
    feet[2 * side + 1] = *toe;
  }
  return feet;
}

// Sole: vertices that the ankle or foot joint carries most, within 2 cm of the lowest of them.
void SetFeet(const std::string& origin, BodyModel* model) {
  const std::array<std::array<int, 2>, 2> foot_joints = {
      {{kLeftAnkle, kLeftFoot}, {kRightAnkle, kRightFoot}}};
  for (size_t side = 0; side < 2; ++side) {
    std::vector<int> foot;
    float lowest = std::numeric_limits<float>::infinity();
    for (int v = 0; v < model->num_vertices; ++v) {
      const int main_joint = model->skin_joints[static_cast<size_t>(v) * model->skin_width];
      if (main_joint != foot_joints[side][0] && main_joint != foot_joints[side][1]) continue;
      foot.push_back(v);
      lowest = std::min(lowest, model->template_m[v][1]);
    }
    if (foot.empty())
      Fail(origin, "no vertex belongs to the " + std::string(side == 0 ? "left" : "right") + " foot");
    for (const int v : foot) {
      if (model->template_m[v][1] < lowest + kSoleHeight_m) model->sole_vertices[side].push_back(v);
    }
  }
  model->foot_vertices = FootVertices(*model);
}

std::string ContentHash(const BodyModel& model) {
  std::string bytes;
  const auto add = [&bytes](const auto& values) {
    bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(*values.data()));
  };
  add(model.template_m);
  add(model.shape_dirs_m);
  add(model.pose_dirs_m);
  add(model.skin_weights);
  add(model.skin_joints);
  add(model.faces);
  add(model.parents);
  add(model.joint_template_m);
  add(model.joint_dirs_m);
  return HashText(bytes);
}

BodyModel BuildModel(const BodyArrays& arrays, const std::string& origin) {
  CheckArray(arrays.v_template, {0, 3}, "v_template", origin);
  const size_t vertices = arrays.v_template.shape[0];
  if (vertices > 1'000'000) Fail(origin, "v_template has more than a million vertices");
  CheckArray(arrays.shape_dirs, {vertices, 3, 0}, "shapedirs", origin);
  CheckArray(arrays.joint_regressor, {kNumJoints, vertices}, "J_regressor", origin);
  CheckArray(arrays.weights, {vertices, kNumJoints}, "weights", origin);
  CheckArray(arrays.faces, {0, 3}, "faces", origin);
  if (arrays.parents.values.size() < kNumJoints) Fail(origin, "the parents of 24 joints are needed");

  BodyModel model;
  model.num_vertices = static_cast<int>(vertices);
  model.num_shape = static_cast<int>(std::min<size_t>(arrays.shape_dirs.shape[2], kNumShape));
  model.template_m.reserve(vertices);
  for (size_t v = 0; v < vertices; ++v) model.template_m.push_back(Row3(arrays.v_template, v));
  model.shape_dirs_m = Directions(arrays.shape_dirs, kNumShape);
  if (!arrays.pose_dirs.values.empty()) {
    CheckArray(arrays.pose_dirs, {vertices, 3, kNumPoseDirs}, "posedirs", origin);
    model.pose_dirs_m = Directions(arrays.pose_dirs, kNumPoseDirs);
  }
  SetParents(arrays.parents, origin, &model);
  SetFaces(arrays.faces, origin, &model);
  SetWeights(arrays.weights, origin, &model);
  SetRestJoints(arrays.joint_regressor, &model);
  SetFeet(origin, &model);
  model.content_hash = ContentHash(model);
  return model;
}

NumericArray ReadH5Array(const Hdf5Reader& file, const std::string& name) {
  if (!file.Has(name)) Fail(file.origin(), "has no dataset '" + name + "'");
  NumericArray array;
  array.shape = file.Shape(name);
  array.values = file.Read<double>(name);
  return array;
}

BodyModel ReadBodyH5(const Hdf5Reader& file) {
  BodyArrays arrays;
  arrays.v_template = ReadH5Array(file, "v_template");
  arrays.shape_dirs = ReadH5Array(file, "shapedirs");
  if (file.Has("posedirs")) arrays.pose_dirs = ReadH5Array(file, "posedirs");
  arrays.joint_regressor = ReadH5Array(file, "J_regressor");
  arrays.weights = ReadH5Array(file, "weights");
  arrays.parents = ReadH5Array(file, "parents");
  arrays.faces = ReadH5Array(file, "faces");
  return BuildModel(arrays, file.origin());
}

bool HasSuffix(const std::string& path, const std::string& suffix) {
  return path.size() >= suffix.size() &&
         path.compare(path.size() - suffix.size(), suffix.size(), suffix) == 0;
}

}  // namespace

BodyModel ParseBodyNpz(std::vector<uint8_t> bytes, const std::string& origin) {
  const NpzArchive archive(std::move(bytes), origin);
  BodyArrays arrays;
  arrays.v_template = archive.Read("v_template");
  arrays.shape_dirs = archive.Read("shapedirs");
  if (archive.Has("posedirs")) arrays.pose_dirs = archive.Read("posedirs");
  arrays.joint_regressor = archive.Read("J_regressor");
  arrays.weights = archive.Read("weights");
  arrays.parents = archive.Read("kintree_table");  // Row 0: parents; the root's entry is not used.
  arrays.faces = archive.Read("f");
  if (arrays.parents.shape.size() != 2 || arrays.parents.shape[1] != kNumJoints) {
    Fail(origin,
         "kintree_table has shape " + FormatShape(arrays.parents.shape) +
             ", expected [2, 24]: only models with SMPL's 24 joints are supported");
  }
  return BuildModel(arrays, origin);
}

BodyModel ReadBodyModel(const std::string& path) {
  if (!std::filesystem::exists(path)) {
    throw Error(ErrorKind::kBadInput, path + ": no such body model; set FOOTHOLD_BODY_MODEL to one");
  }
  if (HasSuffix(path, ".npz")) {
    const std::string text = ReadFile(path);
    return ParseBodyNpz(std::vector<uint8_t>(text.begin(), text.end()), path);
  }
  if (HasSuffix(path, ".pkl")) {
    Fail(path, "is a Python pickle; convert it with scripts/convert_smpl_pkl.py");
  }
  return ReadBodyH5(Hdf5Reader(path));
}

std::string DefaultBodyModelPath() {
  constexpr const char* kName = "makehuman_smpl24.h5";
  if (const char* chosen = std::getenv("FOOTHOLD_BODY_MODEL"); chosen != nullptr && *chosen != '\0') {
    return chosen;
  }
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    const auto installed = program.parent_path().parent_path() / "share" / "foothold" / "body" / kName;
    if (std::filesystem::exists(installed, error)) return installed.string();
  }
  return std::string(FOOTHOLD_BODY_SOURCE_DIR) + "/" + kName;
}

}  // namespace foothold::labels
