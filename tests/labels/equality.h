// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <type_traits>
#include <vector>

#include "foothold/scene/observations.h"
#include "foothold/scene/reconstruction.h"
#include "labels/label.h"

namespace foothold::labels {

// Every field, bit for bit (so that -0.0 and 0.0 differ).

template <class T>
void ExpectSameBits(const T& a, const T& b) {
  static_assert(std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>);
  EXPECT_EQ(std::memcmp(&a, &b, sizeof(T)), 0);
}

template <class T>
void ExpectSameBits(const std::vector<T>& a, const std::vector<T>& b) {
  static_assert(std::is_trivially_copyable_v<T>);
  ASSERT_EQ(a.size(), b.size());
  if (a.empty()) return;
  EXPECT_EQ(std::memcmp(a.data(), b.data(), sizeof(T) * a.size()), 0);
}

template <class T>
void ExpectSameImage(const Image<T>& a, const Image<T>& b) {
  EXPECT_EQ(a.width, b.width);
  EXPECT_EQ(a.height, b.height);
  EXPECT_EQ(a.channels, b.channels);
  ExpectSameBits(a.data, b.data);
}

inline void ExpectSameClip(const Clip& a, const Clip& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.source_path, b.source_path);
  EXPECT_EQ(a.source_hash, b.source_hash);
  EXPECT_EQ(a.first_frame, b.first_frame);
  ExpectSameBits(a.time_s, b.time_s);
  ExpectSameBits(a.frame_rate_hz, b.frame_rate_hz);
  ExpectSameBits(a.working_from_source, b.working_from_source);
}

inline void ExpectSamePerson(const PersonObservations& a, const PersonObservations& b) {
  EXPECT_EQ(a.id, b.id);
  ExpectSameBits(a.shape, b.shape);
  ASSERT_EQ(a.frames.size(), b.frames.size());
  for (size_t i = 0; i < a.frames.size(); ++i) {
    EXPECT_EQ(a.frames[i].frame, b.frames[i].frame);
    ExpectSameBits(a.frames[i].box_px, b.frames[i].box_px);
    ExpectSameBits(a.frames[i].confidence, b.frames[i].confidence);
    ExpectSameBits(a.frames[i].body_in_cam, b.frames[i].body_in_cam);
    ExpectSameBits(a.frames[i].pose_confidence, b.frames[i].pose_confidence);
  }
  ASSERT_EQ(a.contacts.size(), b.contacts.size());
  for (size_t c = 0; c < a.contacts.size(); ++c) {
    EXPECT_EQ(a.contacts[c].keyframe, b.contacts[c].keyframe);
    EXPECT_EQ(a.contacts[c].vertex, b.contacts[c].vertex);
    EXPECT_EQ(a.contacts[c].confidence, b.contacts[c].confidence);
    EXPECT_EQ(a.contacts[c].stationary, b.contacts[c].stationary);
  }
  EXPECT_EQ(a.flags, b.flags);
}

inline void ExpectSameObservations(const Observations& a, const Observations& b) {
  ExpectSameClip(a.clip, b.clip);
  ExpectSameBits(a.camera.world_from_cam, b.camera.world_from_cam);
  EXPECT_EQ(a.camera.poses_fixed, b.camera.poses_fixed);
  EXPECT_EQ(a.camera.metric, b.camera.metric);
  ExpectSameBits(a.camera.pinhole, b.camera.pinhole);
  EXPECT_EQ(a.camera.focal_fixed, b.camera.focal_fixed);
  EXPECT_EQ(a.camera.focal_observable, b.camera.focal_observable);
  ExpectSameBits(a.camera.distortion, b.camera.distortion);
  EXPECT_EQ(a.ground.known, b.ground.known);
  ExpectSameBits(a.ground.up_in_world, b.ground.up_in_world);
  ExpectSameBits(a.ground.offset_m, b.ground.offset_m);
  ASSERT_EQ(a.keyframes.size(), b.keyframes.size());
  for (size_t k = 0; k < a.keyframes.size(); ++k) {
    EXPECT_EQ(a.keyframes[k].frame, b.keyframes[k].frame);
    ExpectSameImage(a.keyframes[k].depth_m, b.keyframes[k].depth_m);
    ExpectSameImage(a.keyframes[k].confidence, b.keyframes[k].confidence);
    ExpectSameImage(a.keyframes[k].person_mask, b.keyframes[k].person_mask);
    ExpectSameImage(a.keyframes[k].color, b.keyframes[k].color);
  }
  ASSERT_EQ(a.pairs.size(), b.pairs.size());
  for (size_t p = 0; p < a.pairs.size(); ++p) {
    EXPECT_EQ(a.pairs[p].i, b.pairs[p].i);
    EXPECT_EQ(a.pairs[p].j, b.pairs[p].j);
    ExpectSameBits(a.pairs[p].matches, b.pairs[p].matches);
  }
  ASSERT_EQ(a.people.size(), b.people.size());
  for (size_t p = 0; p < a.people.size(); ++p) ExpectSamePerson(a.people[p], b.people[p]);
  EXPECT_EQ(a.flags, b.flags);
  EXPECT_EQ(a.source, b.source);
}

inline void ExpectSamePerson(const PersonInWorld& a, const PersonInWorld& b) {
  EXPECT_EQ(a.id, b.id);
  ExpectSameBits(a.shape, b.shape);
  EXPECT_EQ(a.frames, b.frames);
  ExpectSameBits(a.body_in_world, b.body_in_world);
  ExpectSameBits(a.confidence, b.confidence);
  ExpectSameBits(a.box_px, b.box_px);
  ExpectSameBits(a.foot_contact, b.foot_contact);
  ExpectSameBits(a.joints_in_world, b.joints_in_world);
  EXPECT_EQ(a.flags, b.flags);
}

inline void ExpectSameReconstruction(const Reconstruction& a, const Reconstruction& b) {
  ExpectSameBits(a.pinhole, b.pinhole);
  ExpectSameBits(a.distortion, b.distortion);
  EXPECT_EQ(a.gravity_known, b.gravity_known);
  ExpectSameBits(a.world_from_cam, b.world_from_cam);
  ASSERT_EQ(a.keyframes.size(), b.keyframes.size());
  for (size_t k = 0; k < a.keyframes.size(); ++k) {
    EXPECT_EQ(a.keyframes[k].frame, b.keyframes[k].frame);
    ExpectSameBits(a.keyframes[k].scale, b.keyframes[k].scale);
    ExpectSameImage(a.keyframes[k].depth_m, b.keyframes[k].depth_m);
    ExpectSameImage(a.keyframes[k].confidence, b.keyframes[k].confidence);
  }
  ASSERT_EQ(a.people.size(), b.people.size());
  for (size_t p = 0; p < a.people.size(); ++p) ExpectSamePerson(a.people[p], b.people[p]);
  ASSERT_EQ(a.points.size(), b.points.size());
  for (size_t i = 0; i < a.points.size(); ++i) {
    ExpectSameBits(a.points[i].position_m, b.points[i].position_m);
    ExpectSameBits(a.points[i].confidence, b.points[i].confidence);
    ExpectSameBits(a.points[i].rgb, b.points[i].rgb);
  }
  EXPECT_EQ(a.flags, b.flags);
}

inline void ExpectSameSummary(const SolverSummary& a, const SolverSummary& b) {
  EXPECT_EQ(a.termination, b.termination);
  EXPECT_EQ(a.message, b.message);
  ASSERT_EQ(a.terms.size(), b.terms.size());
  for (size_t i = 0; i < a.terms.size(); ++i) {
    EXPECT_EQ(a.terms[i].name, b.terms[i].name);
    EXPECT_EQ(a.terms[i].weight, b.terms[i].weight);
    EXPECT_EQ(a.terms[i].initial, b.terms[i].initial);
    EXPECT_EQ(a.terms[i].final, b.terms[i].final);
    EXPECT_EQ(a.terms[i].num_residuals, b.terms[i].num_residuals);
  }
  ASSERT_EQ(a.iterations.size(), b.iterations.size());
  for (size_t i = 0; i < a.iterations.size(); ++i) {
    EXPECT_EQ(a.iterations[i].stage, b.iterations[i].stage);
    EXPECT_EQ(a.iterations[i].iteration, b.iterations[i].iteration);
    EXPECT_EQ(a.iterations[i].cost, b.iterations[i].cost);
    EXPECT_EQ(a.iterations[i].term_cost, b.iterations[i].term_cost);
    EXPECT_EQ(a.iterations[i].damping, b.iterations[i].damping);
    EXPECT_EQ(a.iterations[i].step_norm, b.iterations[i].step_norm);
    EXPECT_EQ(a.iterations[i].accepted, b.iterations[i].accepted);
  }
  EXPECT_EQ(a.num_keyframes, b.num_keyframes);
  EXPECT_EQ(a.num_parameters, b.num_parameters);
  EXPECT_EQ(a.num_rejected_steps, b.num_rejected_steps);
  EXPECT_EQ(a.num_non_finite_steps, b.num_non_finite_steps);
}

inline void ExpectSameQuality(const Quality& a, const Quality& b) {
  EXPECT_EQ(a.known, b.known);
  ASSERT_EQ(a.keyframes.size(), b.keyframes.size());
  for (size_t k = 0; k < a.keyframes.size(); ++k) {
    EXPECT_EQ(a.keyframes[k].num_matches, b.keyframes[k].num_matches);
    EXPECT_EQ(a.keyframes[k].match_inlier_share, b.keyframes[k].match_inlier_share);
    EXPECT_EQ(a.keyframes[k].match_median_px, b.keyframes[k].match_median_px);
  }
  ASSERT_EQ(a.people.size(), b.people.size());
  for (size_t p = 0; p < a.people.size(); ++p) {
    EXPECT_EQ(a.people[p].keyframe, b.people[p].keyframe);
    EXPECT_EQ(a.people[p].contact_log, b.people[p].contact_log);
    EXPECT_EQ(a.people[p].contact_spread, b.people[p].contact_spread);
    EXPECT_EQ(a.people[p].contact_trend, b.people[p].contact_trend);
    EXPECT_EQ(a.people[p].student_distance_m, b.people[p].student_distance_m);
  }
  EXPECT_EQ(a.student.known, b.student.known);
  EXPECT_EQ(a.student.turn_rad, b.student.turn_rad);
  EXPECT_EQ(a.student.scale, b.student.scale);
  EXPECT_EQ(a.focal_sigma, b.focal_sigma);
  EXPECT_EQ(a.focal_from_prior, b.focal_from_prior);
  EXPECT_EQ(a.condition, b.condition);
}

inline void ExpectSameLabel(const Label& a, const Label& b) {
  EXPECT_EQ(a.kind, b.kind);
  ExpectSameClip(a.clip, b.clip);
  ExpectSameReconstruction(a.reconstruction, b.reconstruction);
  ExpectSameSummary(a.summary, b.summary);
  ExpectSameQuality(a.quality, b.quality);
  EXPECT_EQ(a.provenance.program, b.provenance.program);
  EXPECT_EQ(a.provenance.perception, b.provenance.perception);
  EXPECT_EQ(a.provenance.options, b.provenance.options);
  EXPECT_EQ(a.provenance.body_model_hash, b.provenance.body_model_hash);
}

}  // namespace foothold::labels
