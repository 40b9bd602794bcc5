// SPDX-License-Identifier: Apache-2.0
#include "labels/quality_group.h"

#include <cmath>
#include <string>

#include "labels/groups.h"

namespace foothold::labels {
namespace {

std::string PersonQualityGroup(size_t p) { return "quality/" + PersonGroup(p); }

}  // namespace

void WriteQuality(Hdf5Writer* writer, const Quality& quality) {
  if (!quality.known) return;
  std::vector<int32_t> num_matches;
  std::vector<float> shares, medians;
  for (const KeyframeQuality& keyframe : quality.keyframes) {
    num_matches.push_back(keyframe.num_matches);
    shares.push_back(keyframe.match_inlier_share);
    medians.push_back(keyframe.match_median_px);
  }
  writer->Write("quality/num_matches", num_matches, {num_matches.size()});
  writer->Write("quality/match_inlier_share", shares, {shares.size()});
  writer->Write("quality/match_median_px", medians, {medians.size()});
  writer->WriteScalar("quality/focal_sigma", quality.focal_sigma);
  writer->WriteScalar("quality/focal_from_prior", quality.focal_from_prior);
  writer->WriteScalar("quality/condition", quality.condition);
  if (quality.student.known) {
    writer->WriteScalar("quality/student_turn_rad", quality.student.turn_rad);
    writer->WriteScalar("quality/student_scale", quality.student.scale);
  }
  writer->CreateGroup("quality/people");
  for (size_t p = 0; p < quality.people.size(); ++p) {
    const PersonQuality& person = quality.people[p];
    const std::string group = PersonQualityGroup(p);
    writer->Write(group + "/keyframe",
                  std::vector<int32_t>(person.keyframe.begin(), person.keyframe.end()),
                  {person.keyframe.size()});
    writer->Write(group + "/contact_log", person.contact_log, {person.contact_log.size()});
    writer->WriteScalar(group + "/contact_spread", person.contact_spread);
    writer->WriteScalar(group + "/contact_trend", person.contact_trend);
    if (quality.student.known) writer->WriteScalar(group + "/student_distance_m", person.student_distance_m);
  }
}

Quality ReadQuality(const Hdf5Reader& reader) {
  Quality quality;
  if (!reader.Has("quality")) return quality;
  quality.known = true;
  RequireKnown(reader,
               "quality",
               {"num_matches",
                "match_inlier_share",
                "match_median_px",
                "focal_sigma",
                "focal_from_prior",
                "condition",
                "student_turn_rad",
                "student_scale",
                "people"});
  const auto num_matches = reader.Read<int32_t>("quality/num_matches");
  const Hdf5Shape shape = {num_matches.size()};
  const auto shares = reader.Read<float>("quality/match_inlier_share", shape);
  const auto medians = reader.Read<float>("quality/match_median_px", shape);
  for (size_t k = 0; k < num_matches.size(); ++k) {
    quality.keyframes.push_back({num_matches[k], shares[k], medians[k]});
  }
  quality.focal_sigma = reader.ReadScalar<double>("quality/focal_sigma");
  quality.focal_from_prior = reader.ReadScalar<double>("quality/focal_from_prior");
  quality.condition = reader.ReadScalar<double>("quality/condition");
  quality.student.known = reader.Has("quality/student_scale");
  if (quality.student.known) {
    quality.student.turn_rad = reader.ReadScalar<double>("quality/student_turn_rad");
    quality.student.scale = reader.ReadScalar<double>("quality/student_scale");
  }
  for (const std::string& name : reader.Names("quality/people")) {
    const std::string group = "quality/people/" + name;
    RequireKnown(
        reader, group, {"keyframe", "contact_log", "contact_spread", "contact_trend", "student_distance_m"});
    PersonQuality person;
    person.keyframe = reader.Read<int32_t>(group + "/keyframe");
    person.contact_log = reader.Read<float>(group + "/contact_log", {person.keyframe.size()});
    person.contact_spread = reader.ReadScalar<float>(group + "/contact_spread");
    person.contact_trend = reader.ReadScalar<float>(group + "/contact_trend");
    if (quality.student.known)
      person.student_distance_m = reader.ReadScalar<float>(group + "/student_distance_m");
    quality.people.push_back(std::move(person));
  }
  return quality;
}

void RequireQuality(const Quality& quality, const Reconstruction& reconstruction, ProblemList* list) {
  if (!quality.known) return;
  const int keyframes = static_cast<int>(reconstruction.keyframes.size());
  list->RequireSize("quality/num_matches", quality.keyframes.size(), keyframes);
  list->RequireSize("quality/people", quality.people.size(), reconstruction.people.size());
  for (size_t k = 0; k < quality.keyframes.size(); ++k) {
    const KeyframeQuality& keyframe = quality.keyframes[k];
    list->RequireConfidence("quality/match_inlier_share", k, keyframe.match_inlier_share);
    if (!(std::isfinite(keyframe.match_median_px) && keyframe.match_median_px >= 0 &&
          keyframe.num_matches >= 0)) {
      list->Add("quality/match_median_px", "entry " + std::to_string(k) + " is negative or not finite");
    }
  }
  for (const double value : {quality.focal_sigma, quality.focal_from_prior, quality.condition}) {
    list->RequireFinite("quality/focal_sigma, focal_from_prior or condition", value);
  }
  const StudentAgreement& student = quality.student;
  if (!(std::isfinite(student.turn_rad) && student.turn_rad >= 0))
    list->Add("quality/student_turn_rad", "is negative or not finite");
  if (!(std::isfinite(student.scale) && student.scale > 0))
    list->Add("quality/student_scale", "is not a positive number");
  for (size_t p = 0; p < quality.people.size(); ++p) {
    const PersonQuality& person = quality.people[p];
    const std::string group = PersonQualityGroup(p);
    if (!(std::isfinite(person.student_distance_m) && person.student_distance_m >= 0))
      list->Add(group + "/student_distance_m", "is negative or not finite");
    list->RequireAscending(group + "/keyframe", person.keyframe, keyframes);
    list->RequireSize(group + "/contact_log", person.contact_log.size(), person.keyframe.size());
    const std::vector<double> logs(person.contact_log.begin(), person.contact_log.end());
    list->RequireFinite(group + "/contact_log", logs.data(), logs.size());
    list->RequireFinite(group + "/contact_spread", person.contact_spread);
    list->RequireFinite(group + "/contact_trend", person.contact_trend);
  }
}

}  // namespace foothold::labels
