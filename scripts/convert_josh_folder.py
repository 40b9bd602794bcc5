#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes an observation file of the folder that JOSH worked in, so that the video can be labelled without running
perception again:

    python3 scripts/convert_josh_folder.py data/walk walk.mp4 --body smpl_neutral.npz
    foothold label walk.mp4 -o labels --perception recorded --body smpl_neutral.npz

Needs numpy and h5py, neither PyTorch nor joblib. Pickles in the folder can hold programs: nothing of what they name
is imported. docs/josh_import.md says what is read and what is put right.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys

try:
    import h5py  # noqa: F401
    import numpy  # noqa: F401
except ImportError as error:
    sys.exit(f"{error}; install them first: python3 -m pip install numpy h5py")

from josh_folder import Problem, body, folder, observations


def find_tool(given):
    built = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../build/bin/foothold")
    tool = given or (built if os.path.exists(built) else shutil.which("foothold"))
    if not tool:
        raise Problem("there is no program foothold, which reads the video; build it, or say where it is with --foothold")
    return tool


def run_tool(tool, *arguments):
    result = subprocess.run([tool, *arguments], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise Problem(result.stderr.strip() or result.stdout.strip() or f"{tool} ended with {result.returncode}")
    return result.stdout


def look_at_video(tool, path, josh_folder):
    video = json.loads(run_tool(tool, "inspect", path, "--json", "--times"))
    if video["kind"] != "video":
        raise Problem(f"{path}: is no video")
    pictures = len([name for name in os.listdir(os.path.join(josh_folder, "mask")) if name.endswith(".json")])
    if pictures != len(video["time_s"]):
        raise Problem(f"{path}: has {len(video['time_s'])} frames, the folder {pictures} in mask/; give the video that rgb/ was made "
                      "from, every frame of it")
    return video


def convert(arguments):
    say = lambda message: print(f"convert_josh_folder: {message}", file=sys.stderr)  # noqa: E731
    if not os.path.isdir(os.path.join(arguments.folder, "mask")):
        raise Problem(f"{arguments.folder}: has no folder mask; give the folder that JOSH worked in")
    tool = find_tool(arguments.foothold)
    chunks = folder.read_chunks(arguments.folder)
    model = body.Body(arguments.body)
    tracks = folder.read_tracks(arguments.folder, model, not arguments.without_contacts)
    video = look_at_video(tool, arguments.video, arguments.folder)
    converter = observations.Converter(video, chunks, tracks, folder.Instances(arguments.folder), model, say)
    output = arguments.output or os.path.splitext(arguments.video)[0] + ".observations.h5"
    observations.write(output, converter)
    run_tool(tool, "validate", output)

    whole = (converter.first, converter.last) == (0, len(video["time_s"]) - 1)
    frames = "" if whole else f" --frames {converter.first}:{converter.last + 1}"
    cuts = " --video.split_at_cuts false" if video["cuts"] else ""
    print(f"{output}: frames {converter.first} to {converter.last}, {len(converter.keyframes)} keyframes, {len(converter.people)} people, "
          f"{sum(len(person['contacts']) for person in converter.people)} contacts")
    given = "" if arguments.body == body.default_path() else f" --body {arguments.body}"
    print(f"next: foothold label {arguments.video} -o labels --perception recorded{given}{frames}{cuts}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="the folder that JOSH worked in: mask/, tram/, deco/, josh_<first>-<last>/")
    parser.add_argument("video", help="the video that rgb/ was made from")
    parser.add_argument("-o", "--output", help="default: <video>.observations.h5, where 'foothold label' looks for it")
    parser.add_argument("--body", default=body.default_path(),
                        help="the body model that JOSH used, .npz (scripts/convert_smpl_pkl.py) or .h5; default: FOOTHOLD_BODY_MODEL, "
                        "else the one that ships with Foothold")
    parser.add_argument("--without-contacts", action="store_true", help="do not read deco/")
    parser.add_argument("--foothold", help="the program foothold; default: build/bin/foothold, else that on the PATH")
    try:
        convert(parser.parse_args())
    except (Problem, OSError) as problem:
        sys.exit(f"convert_josh_folder: {problem}")


if __name__ == "__main__":
    main()
