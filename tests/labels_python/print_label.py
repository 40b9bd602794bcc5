# SPDX-License-Identifier: Apache-2.0
"""print_label.py LABEL: what foothold_labels reads, one value per line as "name numbers...", for
python_package_test.cc to compare with the C++ reader."""

import sys

import numpy as np

from foothold_labels import FramePairs, open_label


def show(name, values):
    values = np.asarray(values, "f8").reshape(-1)
    print(name, *(f"{value:.17g}" for value in values))


with open_label(sys.argv[1]) as label:
    clip, camera = label.clip, label.camera
    print("text", label.kind, clip.id, clip.name, clip.source_path, *label.flags)
    show("time_s", clip.time_s)
    show("working_size_px", clip.working_size_px)
    show("world_from_cam", camera.world_from_cam)
    show("intrinsics", camera.intrinsics)
    show("distortion", camera.distortion)
    for p, person in enumerate(label.people):
        show(f"person{p}.id", person.id)
        show(f"person{p}.frame", person.frame)
        show(f"person{p}.rotation", person.rotation)
        show(f"person{p}.translation", person.translation_m)
        show(f"person{p}.shape", person.shape)
        show(f"person{p}.joints", person.joints_in_world_m)
        show(f"person{p}.confidence", person.confidence)
        show(f"person{p}.contact", [] if person.foot_contact is None else person.foot_contact)
        show(f"person{p}.box", [] if person.box_px is None else person.box_px)
        show(f"person{p}.student", [] if person.student_distance_m is None else person.student_distance_m)
        show(f"person{p}.source_pixels", label.source_pixels(person.joints_in_world_m[0], person.frame[0]))
    for k, depth in enumerate(label.depths()):
        show(f"keyframe{k}.frame", depth.frame)
        show(f"keyframe{k}.depth", depth.depth_m)
        show(f"keyframe{k}.confidence", depth.confidence)
        show(f"keyframe{k}.points", depth.points_in_cam(camera))
    show("scene_points", label.scene_points()[0])

pairs = FramePairs([sys.argv[1]], gap=1, min_confidence=0, min_point_confidence=0.3)
show("num_pairs", len(pairs))
for index in range(len(pairs)):
    sample = pairs[index]
    for name, value in sample.items():
        show(f"pair{index}.{name}", value)
