#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the architecture of docs/architecture.md on the source itself.

  scripts/check_architecture.py [ROOT]       check a tree (default: the one this script lies in)
  scripts/check_architecture.py --self-test  check that each kind of violation is caught

Rules:
  1. A module includes, and links in CMake, only itself and modules of strictly lower floors.
  2. The headers of a heavy library are included only by the module that owns it.
  3. A header that reaches a third-party header, directly or not, is private to its module. Headers that
     reach LibTorch alone are open to the other modules that are built on it.
  4. Includes in quotes are rooted (foothold/..., labels/..., jobs/...) and exist.
  5. Every source starts with its licence line; every header has #pragma once.
  6. Libraries of the tests (Ceres, a second opinion on the solver) are neither included nor linked.
"""

import pathlib
import re
import sys
import tempfile

FLOORS = [
    ["base"],
    ["config", "geometry", "device"],
    ["scene", "solver", "comm", "corpus"],
    ["video", "labels", "objective", "networks", "diffusion"],
    ["perception", "josh", "evaluate", "refine", "student"],
    ["perception_networks", "train"],
    ["pipeline"],
    ["jobs", "cli"],
]
FLOOR_OF = {module: floor for floor, modules in enumerate(FLOORS) for module in modules}

# (pattern of an include, library, modules that may include it). First match decides. Libraries that any
# module may use in its own sources have None.
LIBRARIES = [
    (r"spdlog/|fmt/", "spdlog", ["base"]),
    (r"xxhash\.h", "xxHash", ["base"]),
    (r"boost/", "Boost.Program_options", ["config"]),
    (r"cuda|nvtx|nvToolsExt", "CUDA runtime", ["device"]),
    (r"mpi\.h|nccl\.h", "MPI and NCCL", ["comm"]),
    (r"opencv2/videoio", "OpenCV videoio", ["video"]),
    (r"opencv2/imgcodecs", "OpenCV imgcodecs", ["pipeline"]),
    (r"opencv2/(calib3d|features2d|flann|objdetect|video)\b", "OpenCV vision", ["perception"]),
    (r"opencv2/(core|imgproc)\b", "OpenCV core and imgproc", ["video", "perception", "pipeline"]),
    (r"opencv2/", "OpenCV (other parts)", []),
    (r"hdf5|H5|hdf5_hl", "HDF5", ["labels"]),
    (r"zlib\.h", "zlib", ["labels"]),
    (r"CLI/", "CLI11", ["cli"]),
    (r"ceres/", "Ceres", ["tests alone"]),
    (r"torch/|ATen/|c10/", "LibTorch", ["networks", "diffusion", "student", "train", "perception_networks"]),
    (r"nlohmann/", "nlohmann_json", None),
    (r"Eigen/|unsupported/Eigen", "Eigen", None),
]

# Whose headers the owners may hand to one another: a network's interface is made of tensors.
OPEN_AMONG_OWNERS = {"LibTorch"}

TEST_LIBRARIES = re.compile(r"\b(Ceres|glog)::|\blib(ceres|glog)\b")  # In CMake.

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
# C++ and C library headers have no dot and no slash; POSIX ones are listed.
STANDARD = re.compile(
    r"^[a-z0-9_]+$|^(sys|netinet|arpa)/[a-z]+\.h$"
    r"|^(unistd|fcntl|dirent|errno|signal|stdlib|stdio|string|stdint|stddef|math|time|dlfcn|glob|pthread|poll|spawn|sched|limits"
    r"|fnmatch|utime|immintrin)\.h$")
SOURCES = {".h", ".cc", ".cu", ".cuh"}


def module_of(path):
    """Module of a path relative to the root, or None."""
    parts = pathlib.PurePosixPath(path).parts
    if parts[:2] == ("src", "foothold") and len(parts) > 3:
        return parts[2]
    return parts[0] if parts[0] in ("labels", "jobs") and len(parts) > 1 else None


def file_of_include(root, name):
    for candidate in (pathlib.PurePosixPath("src") / name, pathlib.PurePosixPath(name)):
        if module_of(candidate) and (root / candidate).is_file():
            return str(candidate)
    return None


def library_of(name):
    for pattern, library, owners in LIBRARIES:
        if re.match(pattern, name):
            return library, owners
    return None, None


class Checker:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.problems = []
        self.includes = {}  # Path -> [(line, own file or None, name)]
        self.third_party = {}  # Header -> names of the third-party headers that it includes directly.

    def run(self):
        for folder in ("src/foothold", "labels", "jobs"):
            for path in sorted((self.root / folder).rglob("*")):
                if path.suffix in SOURCES:
                    self.check_file(path.relative_to(self.root).as_posix(), path.read_text(encoding="utf-8"))
                elif path.name == "CMakeLists.txt":
                    self.check_links(path.relative_to(self.root).as_posix(), path.read_text(encoding="utf-8"))
        self.check_private_headers()
        return self.problems

    def add(self, path, line, text):
        self.problems.append(f"{path}:{line}: {text}")

    def check_file(self, path, text):
        module = module_of(path)
        if module not in FLOOR_OF:
            self.add(path, 1, f"module '{module}' has no floor; add it to scripts/check_architecture.py and docs/architecture.md")
            return
        if not text.startswith("// SPDX-License-Identifier: Apache-2.0\n"):
            self.add(path, 1, "the first line is not the licence line")
        if path.endswith((".h", ".cuh")) and "#pragma once" not in text:
            self.add(path, 1, "#pragma once is missing")
        for match in INCLUDE.finditer(text):
            self.check_include(path, module, text.count("\n", 0, match.start(2)) + 1, match.group(1), match.group(2))

    def check_include(self, path, module, line, quote, name):
        own = file_of_include(self.root, name) if quote == '"' else None
        self.includes.setdefault(path, []).append((line, own, name))
        if own:
            other = module_of(own)
            if other != module and FLOOR_OF.get(other, 99) >= FLOOR_OF[module]:
                self.add(path, line, f"{module} (floor {FLOOR_OF[module]}) includes {name} of {other} "
                                     f"(floor {FLOOR_OF.get(other, '?')}); only lower floors are allowed")
            return
        library, owners = library_of(name)
        if library is None:
            if quote == '"':
                self.add(path, line, f"\"{name}\" is not a file of this project; includes are rooted at foothold/, labels/ or jobs/")
            elif not STANDARD.match(name):
                self.add(path, line, f"<{name}> belongs to no known library; add its owner to scripts/check_architecture.py")
            return
        self.third_party.setdefault(path, []).append(name)
        if owners is not None and module not in owners:
            self.add(path, line, f"{library} belongs to {', '.join(owners) or 'nobody'}; {module} may not include {name}")

    def check_links(self, path, text):
        for match in TEST_LIBRARIES.finditer(re.sub(r"#.*", "", text)):
            self.add(path, text.count("\n", 0, match.start()) + 1, f"{match.group(1) or match.group(2)} belongs to tests alone")
        for call in re.finditer(r"foothold_module\s*\(\s*(\w+)([^)]*)\)", text):
            module = call.group(1)
            depends = re.search(r"\bDEPENDS\b((?:\s+[a-z]\w*)*)", call.group(2))
            for other in depends.group(1).split() if depends else []:
                if FLOOR_OF.get(other, 99) >= FLOOR_OF.get(module, -1):
                    line = text.count("\n", 0, call.start()) + 1
                    self.add(path, line, f"{module} links {other}, which is not on a lower floor")

    def reached_library(self, header, module, seen):
        """A third-party header that `header` reaches and `module` may not, or None."""
        for name in self.third_party.get(header, []):
            library, owners = library_of(name)
            if library not in OPEN_AMONG_OWNERS or module not in owners:
                return name
        seen.add(header)
        for _, own, _ in self.includes.get(header, []):
            if own and own not in seen:
                reached = self.reached_library(own, module, seen)
                if reached:
                    return reached
        return None

    def check_private_headers(self):
        for path, includes in sorted(self.includes.items()):
            for line, own, name in includes:
                if own and module_of(own) != module_of(path):
                    reached = self.reached_library(own, module_of(path), set())
                    if reached:
                        self.add(path, line, f"{name} reaches <{reached}>, so it is private to {module_of(own)}")


def self_test():
    """Each case is a small tree and the text that must be reported; None: nothing."""
    licence = "// SPDX-License-Identifier: Apache-2.0\n"
    header = licence + "#pragma once\n"
    cases = [
        ("downward include", {"src/foothold/scene/a.cc": licence + '#include "foothold/base/b.h"\n#include <vector>\n',
                              "src/foothold/base/b.h": header}, None),
        ("upward include", {"src/foothold/base/a.cc": licence + '\n#include "foothold/scene/b.h"\n',
                            "src/foothold/scene/b.h": header}, "src/foothold/base/a.cc:3: base (floor 0) includes"),
        ("same floor", {"src/foothold/scene/a.cc": licence + '#include "foothold/solver/b.h"\n',
                        "src/foothold/solver/b.h": header}, "only lower floors"),
        ("labels is a module", {"src/foothold/scene/a.cc": licence + '#include "labels/b.h"\n', "labels/b.h": header},
         "of labels (floor 3)"),
        ("jobs is a module", {"src/foothold/pipeline/a.cc": licence + '#include "jobs/b.h"\n', "jobs/b.h": header},
         "of jobs (floor 7)"),
        ("foreign library", {"src/foothold/josh/a.cc": licence + "#include <mpi.h>\n"}, "belongs to comm; josh may not"),
        ("OpenCV part", {"src/foothold/video/a.cc": licence + "#include <opencv2/calib3d.hpp>\n"}, "belongs to perception"),
        ("OpenCV without owner", {"src/foothold/perception/a.cc": licence + "#include <opencv2/dnn.hpp>\n"}, "nobody"),
        ("owner may", {"src/foothold/video/a.cc": licence + "#include <opencv2/videoio.hpp>\n#include <Eigen/Dense>\n"}, None),
        ("library in a private header", {"labels/a.h": header + "#include <hdf5.h>\n",
                                         "labels/a.cc": licence + '#include "labels/a.h"\n'}, None),
        ("library in a public header", {"labels/a.h": header + "#include <hdf5.h>\n",
                                        "labels/b.h": header + '#include "labels/a.h"\n',
                                        "src/foothold/josh/c.cc": licence + '#include "labels/b.h"\n'}, "private to labels"),
        ("LibTorch among its owners", {"src/foothold/networks/a.h": header + "#include <ATen/ATen.h>\n",
                                       "src/foothold/student/b.h": header + '#include "foothold/networks/a.h"\n'}, None),
        ("LibTorch elsewhere", {"src/foothold/networks/a.h": header + "#include <ATen/ATen.h>\n",
                                "src/foothold/perception/b.cc": licence + '#include "foothold/networks/a.h"\n'},
         "private to networks"),
        ("LibTorch and more", {"src/foothold/networks/a.h": header + "#include <ATen/ATen.h>\n#include <Eigen/Dense>\n",
                               "src/foothold/student/b.cc": licence + '#include "foothold/networks/a.h"\n'},
         "private to networks"),
        ("library of tests", {"src/foothold/solver/a.cc": licence + "#include <ceres/ceres.h>\n"},
         "Ceres belongs to tests alone; solver may not"),
        ("link of a library of tests", {"src/foothold/solver/CMakeLists.txt":
                                        "foothold_module(solver SOURCES a.cc LINK Ceres::ceres)\n"},
         "Ceres belongs to tests alone"),
        ("unknown library", {"src/foothold/josh/a.cc": licence + "#include <glog/logging.h>\n"}, "no known library"),
        ("relative include", {"src/foothold/josh/a.cc": licence + '#include "b.h"\n', "src/foothold/josh/b.h": header},
         "rooted at"),
        ("unknown module", {"src/foothold/misc/a.cc": licence}, "has no floor"),
        ("CMake link", {"src/foothold/scene/CMakeLists.txt": "foothold_module(scene DEPENDS base josh SOURCES a.cc)\n"},
         "scene links josh"),
        ("licence", {"src/foothold/base/a.cc": "int a;\n"}, "licence line"),
        ("pragma", {"src/foothold/base/a.h": licence}, "#pragma once"),
    ]
    failures = 0
    for name, files, expected in cases:
        with tempfile.TemporaryDirectory() as folder:
            for path, text in files.items():
                target = pathlib.Path(folder) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
            problems = Checker(folder).run()
        good = not problems if expected is None else len(problems) == 1 and expected in problems[0]
        if not good:
            failures += 1
            print(f"self-test '{name}': expected {expected!r}, got {problems}")
    print(f"{len(cases) - failures} of {len(cases)} self-tests passed")
    return 1 if failures else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
    checker = Checker(root)
    problems = checker.run()
    for problem in problems:
        print(problem)
    print(f"{len(checker.includes)} files checked, {len(problems)} problems")
    if not checker.includes:
        print(f"{root} holds no sources")
    return 1 if problems or not checker.includes else 0


if __name__ == "__main__":
    sys.exit(main())
