#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""josh_import_test.py FOOTHOLD: scripts/convert_josh_folder.py on folders in JOSH's layout. Ends with 77 where python3 has
no h5py."""

import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    import h5py
    import numpy as np
except ImportError as error:
    print(f"NOT TESTED: {error}; install python3-h5py to test the import of JOSH's folders")
    sys.exit(77)

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import josh_folder_writer as writer  # noqa: E402

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
FOOTHOLD = os.path.abspath(sys.argv.pop(1))
BODY = os.path.join(ROOT, "labels/data/makehuman_smpl24.h5")
FRAMES = 61


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})


def foothold(*arguments):
    result = run(FOOTHOLD, *arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


class Fixture:
    """A clip of two people and its truth, made once."""

    folder = None

    @classmethod
    def make(cls):
        if cls.folder is None:
            cls.folder = tempfile.TemporaryDirectory(prefix="josh-import-")
            foothold("synth", cls.path("clips"), "--clips", 1, "--seed", 4, f"--synthetic.num_frames={FRAMES}",
                     "--synthetic.num_people=2", "--synthetic.width=256", "--synthetic.height=192", "--run.threads=2")
            cls.truth = writer.Truth(cls.path("clips/synth_4.truth.h5"))
        return cls

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder.name, name)


class JoshImport(unittest.TestCase):
    def setUp(self):
        self.fixture = Fixture.make()
        self.work = tempfile.TemporaryDirectory(prefix="josh-import-")
        self.folder = os.path.join(self.work.name, "a tram [1]")  # As some people name them.
        os.mkdir(self.folder)
        self.video = os.path.join(self.work.name, "synth_4.mp4")
        shutil.copy(self.fixture.path("clips/synth_4.mp4"), self.video)

    def tearDown(self):
        self.work.cleanup()

    def write(self, chunks=((0, FRAMES - 1),), **options):
        writer.write_folder(self.fixture.truth, self.folder, chunks, BODY, **options)

    def convert(self, *more):
        return run(sys.executable, os.path.join(ROOT, "scripts/convert_josh_folder.py"), self.folder, self.video, "--body", BODY,
                   "--foothold", FOOTHOLD, *more)

    def observations(self):
        return h5py.File(os.path.join(self.work.name, "synth_4.observations.h5"), "r")

    def label(self, video):
        """W-MPJPE of the label of a video with recorded observations, millimetres."""
        output = os.path.join(os.path.dirname(video), "labels")
        foothold("label", video, "-o", output, "--perception", "recorded", "--threads", 2)
        label = os.path.join(output, "synth_4.h5")
        foothold("validate", label)
        report = json.loads(foothold("evaluate", label, self.fixture.path("clips/synth_4.truth.h5"), "--json"))
        self.assertEqual(report["metrics"]["people_found"]["value"], 2)
        return report["metrics"]["w_mpjpe"]["value"]

    def test_what_josh_saw_gives_a_label_as_good_as_recorded_observations(self):
        # Three chunks of which the later two have another scale, and a track with a dropped fragment.
        self.write(((0, 20), (20, 40), (40, 60)), dropped=16, scale_of_later=1.3)
        result = self.convert()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("2 people", result.stdout)
        imported = self.label(self.video)
        recorded = self.label(self.fixture.path("clips/synth_4.mp4"))
        print(f"W-MPJPE: imported {imported:.1f} mm, recorded {recorded:.1f} mm")
        self.assertLess(imported, recorded)
        # Exact observations (--perception synthetic) of this clip give 34 mm; what is left is the optimiser's.
        self.assertLess(imported, 45)

    def test_numbers_arrive_in_our_conventions(self):
        self.write(((0, 30), (30, 60)), scale_of_later=1.3)
        self.assertEqual(self.convert().returncode, 0)
        truth = self.fixture.truth
        with self.observations() as file:
            self.assertEqual(list(file["clip/working_size_px"]), [512, 384])
            self.assertEqual(list(file["keyframes/frame"]), list(truth.keyframes))
            np.testing.assert_allclose(file["camera/focal_px"][()], 2 * truth.focal)
            # The world is the first camera's, one scale for both chunks.
            expected = np.linalg.inv(truth.cameras[0]) @ truth.cameras
            np.testing.assert_allclose(file["camera/world_from_cam_translation_m"], expected[:, :3, 3], atol=2e-3)
            ratio = file["keyframes/depth_m"][-1][::2, ::2][truth.depth[-1] > 0] / truth.depth[-1][truth.depth[-1] > 0]
            np.testing.assert_allclose(ratio, 1, atol=2e-3)
            # Nothing is seen on people.
            mask = file["keyframes/person_mask"][3] == 255
            self.assertTrue(mask.any())
            self.assertEqual(file["keyframes/confidence"][3][mask].max(), 0)
            for number, person in enumerate(truth.people):
                group = file[f"people/{number:04d}"]
                frames = person["frame"]
                self.assertEqual(list(group["frame"]), list(frames))
                np.testing.assert_allclose(group["box_px"], person["box_px"] * 2 + [0.5, 0.5, 0, 0], atol=1e-2)
                # The pelvis is where the truth has it, in our focal length.
                rest = person["joints_in_world_m"][0, 0] - person["body_in_world_translation_m"][0]
                cam_from_world = np.linalg.inv(truth.cameras[frames])
                pelvis = (cam_from_world[:, :3, :3] @ person["joints_in_world_m"][:, 0, :, None])[..., 0] + cam_from_world[:, :3, 3]
                np.testing.assert_allclose(group["body_in_cam_translation_m"] + rest, pelvis, atol=1e-3)
            # Matches are where the scene is: the later pixel's depth is the earlier point's.
            self.assertGreater(len(file["pairs/match_px"]), 1000)

    def test_boxes_are_those_of_the_frames(self):
        self.write(dropped=16)
        result = self.convert()
        self.assertEqual(result.returncode, 0, result.stderr)
        person = self.fixture.truth.people[1]
        with self.observations() as file:
            self.assertEqual(file["people/0001/frame"][0], person["frame"][16])
            np.testing.assert_allclose(file["people/0001/box_px"][0], person["box_px"][16] * 2 + [0.5, 0.5, 0, 0], atol=1e-2)

    def test_contacts_seen_in_boxes_of_other_frames_are_left_out(self):
        self.write()
        path = self.track(1)
        record = np.load(path, allow_pickle=True).item()
        record["boxes"] = np.concatenate([record["boxes"][:3] + 500, record["boxes"]])  # Three rows of somebody elsewhere.
        np.save(path, record)
        result = self.convert()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("contacts of", result.stderr)
        with self.observations() as file:
            self.assertNotIn(0, file["people/0001/contacts/keyframe"][()])

    def track(self, number):
        return os.path.join(self.folder, "tram", f"hps_track_{self.fixture.truth.people[number]['id']}.npy")

    def refuses(self, *parts):
        result = self.convert()
        self.assertEqual(result.returncode, 1, result.stdout)
        for part in parts:
            self.assertIn(part, result.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.work.name, "synth_4.observations.h5")))

    def test_missing_files_are_named(self):
        self.refuses("has no folder mask")
        self.write()
        for path in ("mask/000030.json", f"deco/{os.path.basename(self.track(0))}", "josh_0-60/scene.pkl"):
            away = os.path.join(self.work.name, "away")
            shutil.move(os.path.join(self.folder, path), away)
            # One frame less: the masks are counted first.
            self.refuses(*(["60 in mask/"] if path.startswith("mask") else [path.split("/")[0].split("_")[0]]))
            shutil.move(away, os.path.join(self.folder, path))
        shutil.rmtree(os.path.join(self.folder, "deco"))
        self.refuses("deco", "is missing")
        self.assertEqual(self.convert("--without-contacts").returncode, 0)

    def test_a_missing_chunk_is_an_error(self):
        self.write(((0, 20), (20, 40), (40, 60)))
        shutil.rmtree(os.path.join(self.folder, "josh_20-40"))
        self.refuses("begins with frame 40", "ends with 20")

    def change_track(self, **fields):
        path = self.track(1)
        record = np.load(path, allow_pickle=True).item()
        record.update(fields)
        np.save(path, record)

    def test_wrong_shapes_and_values_are_named(self):
        self.write()
        good = read_bytes(self.track(1))
        record = np.load(self.track(1), allow_pickle=True).item()
        broken = record["pred_trans"].copy()
        broken[5, 0, 1] = np.nan
        cases = (({"pred_trans": broken}, ("pred_trans", "not finite")),
                 ({"pred_rotmat": record["pred_rotmat"][:, :23]}, ("pred_rotmat has shape", "expected")),
                 ({"pred_rotmat": 2 * record["pred_rotmat"]}, ("pred_rotmat", "no rotations")),
                 ({"frame": record["frame"][::-1]}, ("frame does not ascend",)),
                 ({"boxes": record["boxes"][:, :3]}, ("boxes has shape",)),
                 ({"id": 77, "boxes": record["boxes"][:-1]}, ("person 77", "another run")))
        for fields, parts in cases:
            with self.subTest(parts=parts):
                self.change_track(**fields)
                self.refuses(os.path.basename(self.track(1)), *parts)
                with open(self.track(1), "wb") as file:
                    file.write(good)
        # DECO of another body.
        np.save(os.path.join(self.folder, "deco", os.path.basename(self.track(0))), np.zeros((FRAMES, 6890)))
        self.refuses("6890", "--body")

    def test_a_scene_that_broke_down_is_named(self):
        self.write()
        path = os.path.join(self.folder, "josh_0-60/scene.pkl")
        cameras = np.tile(np.eye(4), (FRAMES, 1, 1))
        scene = {"pred_cam": cameras, "intrinsics": np.eye(3), "depth_hw": np.ones((13, 16, 32), "f4"), "conf_hw": np.ones((13, 16, 32)),
                 "rgb_hw3": np.ones((13, 16, 32, 3)), "img_idx": list(range(0, 61, 5))}
        nan = cameras.copy()
        nan[7, 1, 2] = np.nan
        for fields, parts in (({"pred_cam": nan}, ("pred_cam", "not finite")),
                              ({"pred_cam": cameras[1:]}, ("60 frames", "says 61")),
                              ({"conf_hw": np.ones((13, 16, 31))}, ("conf_hw has shape",)),
                              ({"intrinsics": np.diag([1, 2, 1.0])}, ("focal lengths",)),
                              ({"img_idx": list(range(13))}, ("img_idx",)),
                              ({"depth_hw": np.zeros((13, 16, 32), "f4")}, ("depth_hw is positive",))):
            with self.subTest(parts=parts):
                with open(path, "wb") as file:
                    pickle.dump({**scene, **fields}, file)
                self.refuses("scene.pkl", *parts)
        with open(path, "wb") as file:
            pickle.dump({name: value for name, value in scene.items() if name != "pred_cam"}, file)
        self.refuses("has no 'pred_cam'")

    def test_pickles_run_nothing(self):
        self.write()
        evidence = os.path.join(self.work.name, "evidence")

        class Program:
            def __reduce__(self):
                return os.system, (f"touch '{evidence}'",)

        for path in ("josh_0-60/scene.pkl", f"tram/{os.path.basename(self.track(0))}"):
            with self.subTest(path=path):
                original = read_bytes(os.path.join(self.folder, path))
                if path.endswith(".npy"):
                    np.save(os.path.join(self.folder, path), np.array({"frame": Program()}, dtype=object))
                else:
                    with open(os.path.join(self.folder, path), "wb") as file:
                        pickle.dump({"pred_cam": Program()}, file)
                self.refuses(path, "posix.system, which is refused")
                with open(os.path.join(self.folder, path), "wb") as file:
                    file.write(original[:len(original) // 2])
                self.refuses(path)  # Cut off.
                with open(os.path.join(self.folder, path), "wb") as file:
                    file.write(original)
        self.assertFalse(os.path.exists(evidence))
        self.assertEqual(self.convert().returncode, 0)
        self.assertIn("exists already", self.convert().stderr)


if __name__ == "__main__":
    unittest.main()
