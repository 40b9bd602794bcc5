// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "foothold/base/journal.h"
#include "foothold/josh/josh.h"
#include "foothold/scene/body.h"
#include "foothold/scene/observations.h"
#include "foothold/scene/quality.h"
#include "foothold/scene/reconstruction.h"

namespace foothold {

// The observations with a student's prediction in the place of perception's cameras and of the bodies'
// places in them; the rest (depths, matches, contacts, poses, focal length) is perception's. The first camera
// stays where it is. What cannot be true (student_trust.h) is not taken: cameras (flag student_refused of the
// clip), or a person's places (flag of the person). Nor are cameras of a clip in which a pair of frames had
// nobody to tell how the camera moved (flag camera_unseen of the prediction). Fixed cameras stay.
Observations StartFromPrediction(Observations observations,
                                 const Reconstruction& prediction,
                                 const BodyModel& body);

// Fills the student's part of `quality`: how far `result` lies from the prediction, after a rigid alignment
// of all camera centres and pelvises. People are told by id.
void MeasureAgreement(const Reconstruction& prediction,
                      const Reconstruction& result,
                      const BodyModel& body,
                      Quality* quality);

// The joint optimisation from there, with both measured.
JoshResult OptimizeFromPrediction(Observations observations,
                                  const Reconstruction& prediction,
                                  const BodyModel& body,
                                  const JoshOptions& options,
                                  int threads,
                                  Journal* journal);

}  // namespace foothold
