// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/josh.h"

namespace foothold {

const OptionTable& JoshOptions::Table() {
  static const OptionTable table =
      OptionTableBuilder<JoshOptions>("josh", "Joint optimisation of cameras, scene and people.")
          .Add("mode",
               &JoshOptions::mode,
               {"calibrated", "released"},
               "Objective: our own, or that of the released JOSH with its weights (for comparison).")
          .Add("device",
               &JoshOptions::device,
               {"cpu", "cuda"},
               "Where mode released solves; calibrated solves on the CPU. Bytes differ between the two.")
          .Add("match_weight", &JoshOptions::match_weight, 0, 1e6, "Weight of the correspondence terms.")
          .Add("contact_scale_weight",
               &JoshOptions::contact_scale_weight,
               0,
               1e6,
               "Weight of the term that puts the scene at the depth of touching bodies; 0 switches it off.")
          .Add("contact_static_weight",
               &JoshOptions::contact_static_weight,
               0,
               1e6,
               "Weight of the term that holds planted feet in place; 0 switches it off.")
          .Add("prior_weight",
               &JoshOptions::prior_weight,
               1e-6,
               1e6,
               "Weight of the priors on bodies, cameras and focal length.")
          .Add("box_weight",
               &JoshOptions::box_weight,
               0,
               1e6,
               "Weight of the heights of people's boxes; 0 switches the term off.")
          .Add("smooth_weight", &JoshOptions::smooth_weight, 0, 1e6, "Weight of the accelerations of joints.")
          .Add("optimize_focal", &JoshOptions::optimize_focal, "Whether the focal length may change.")
          .Add("optimize_bodies", &JoshOptions::optimize_bodies, "Whether bodies may move.")
          .Add("optimize_all_joints",
               &JoshOptions::optimize_all_joints,
               "Whether all joints turn, or only hips, knees and ankles.")
          .Add("refine_depth",
               &JoshOptions::refine_depth,
               "Whether each keyframe's depths are corrected, smoothly over the image, by what other "
               "keyframes see.")
          .Add("steady_poses",
               &JoshOptions::steady_poses,
               "Whether slow errors are taken out of perception's rotations first.")
          .Add("max_iterations", &JoshOptions::max_iterations, 1, 10000, "Most iterations of each stage.")
          .Add("min_point_confidence",
               &JoshOptions::min_point_confidence,
               0,
               1,
               "Depths with less confidence give no scene points and no contacts.")
          .Add("match_memory_mb",
               &JoshOptions::match_memory_mb,
               0,
               1 << 24,
               "Memory for the matches of one clip; those beyond it lie in a file in spill_dir.")
          .DoesNotAffectLabels()
          .Add("spill_dir",
               &JoshOptions::spill_dir,
               {},
               "Folder for matches beyond match_memory_mb, on a local disk. Empty: $TMPDIR, else /var/tmp.")
          .DoesNotAffectLabels()
          .Build();
  return table;
}

}  // namespace foothold
