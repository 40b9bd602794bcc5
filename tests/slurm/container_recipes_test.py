#!/usr/bin/env python3
"""Checks containers/ without Docker or Apptainer: what the recipes copy exists and suffices to configure,
images have a version, shell parts parse, and the packages of the final image are those the programs load.

    container_recipes_test.py SOURCE_FOLDER FOLDER_OF_PROGRAMS
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# In every Debian.
ESSENTIAL = {"libc6", "libgcc-s1", "libstdc++6"}
DOCKER_WORDS = {"ARG", "COPY", "ENTRYPOINT", "ENV", "FROM", "RUN", "WORKDIR"}


def docker_lines(text):
    joined = re.sub(r"\\\n", " ", text)
    return [line.split(None, 1) for line in joined.splitlines() if line.strip() and not line.startswith("#")]


def docker_copies(lines):
    """(source, destination) of what comes from the source folder."""
    copies = []
    for word, rest in lines:
        if word == "COPY" and "--from=" not in rest:
            *sources, destination = rest.split()
            copies += [(source, destination) for source in sources]
    return copies


def def_sections(text):
    """(section, lines) in order; headers of stages come as the section 'header'."""
    sections = [("header", [])]
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        if line.startswith("%"):
            sections.append((line[1:].strip(), []))
        elif line.startswith("Bootstrap:"):
            sections.append(("header", [line]))
        elif line.strip():
            sections[-1][1].append(line.strip())
    return sections


def shell_problem(script):
    run = subprocess.run(["sh", "-n", "-c", script], capture_output=True, text=True)
    return run.stderr


def packages_of(programs):
    """Debian packages of the libraries that the programs name."""
    names = set()
    for program in programs:
        dynamic = subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True).stdout
        names |= set(re.findall(r"NEEDED.*\[(.*)\]", dynamic))
    packages = set()
    for name in names - {"libcudart.so.13", "ld-linux-x86-64.so.2"}:  # The recipes build without CUDA.
        owner = subprocess.run(["dpkg-query", "-S", f"*-linux-gnu*/{name}"], capture_output=True, text=True).stdout
        packages |= {line.split(":")[0] for line in owner.splitlines() if not line.startswith("diversion")}
    return packages


def check(source_folder, program_folder):
    problems = []
    folder = source_folder / "containers"
    docker = docker_lines((folder / "Dockerfile").read_text())
    sections = def_sections((folder / "foothold.def").read_text())

    problems += [f"Dockerfile: unknown instruction {word}" for word, _ in docker if word not in DOCKER_WORDS]
    images = [rest.split()[0] for word, rest in docker if word == "FROM"]
    images += [line.split()[1] for name, lines in sections if name == "header" for line in lines
               if line.startswith("From:")]
    for image in images:
        if not re.fullmatch(r"[a-z/]+:[0-9][\w.-]*", image):
            problems.append(f"image {image} has no version")
    if len(set(images)) != 1:
        problems.append(f"the recipes use different images: {sorted(set(images))}")

    copies = docker_copies(docker)
    files = [tuple(line.split()) for name, lines in sections if name == "files" for line in lines]
    for recipe, pairs in (("Dockerfile", copies), ("foothold.def", files)):
        problems += [f"{recipe}: {source} does not exist" for source, _ in pairs
                     if not (source_folder / source).exists()]
    if {source for source, _ in copies} != {source for source, _ in files}:
        problems.append("the recipes copy different files")
    allowed = [line[1:] for line in (folder / "Dockerfile.dockerignore").read_text().splitlines()
               if line.startswith("!")]
    problems += [f"Dockerfile.dockerignore hides {source}" for source, _ in copies
                 if not any(source == path or source.startswith(path + "/") for path in allowed)]

    scripts = [(f"RUN {rest}", rest) for word, rest in docker if word == "RUN"]
    scripts += [(f"%{name}", "\n".join(lines)) for name, lines in sections if name in ("post", "test", "runscript")]
    scripts += [(path.name, path.read_text()) for path in folder.rglob("*")
                if path.is_file() and path.read_text().startswith("#!/bin/sh")]
    problems += [f"{name}: {shell_problem(script)}" for name, script in scripts if shell_problem(script)]
    if not any("scripts/install_deps.sh" in rest for word, rest in docker if word == "RUN"):
        problems.append("the build stage does not install what scripts/install_deps.sh lists")

    version = re.search(r"project\(foothold VERSION ([0-9.]+)", (source_folder / "CMakeLists.txt").read_text())[1]
    if f"-t foothold:{version}" not in (folder / "Dockerfile").read_text():
        problems.append(f"the Dockerfile's example does not name version {version}")

    listed = set(re.search(r'packages="(.*?)"', (folder / "install_runtime.sh").read_text(), re.S)[1].split())
    debian = pathlib.Path("/etc/debian_version")
    if debian.exists() and debian.read_text().startswith("12."):
        needed = packages_of([program_folder / "foothold", program_folder / "label_corpus"])
        problems += [f"the programs load {package}, which install_runtime.sh does not install"
                     for package in sorted(needed - listed - ESSENTIAL)]
        problems += [f"install_runtime.sh installs {package}, which no program loads"
                     for package in sorted(listed - needed)]
    else:
        print("RUNTIME PACKAGES NOT CHECKED: this is not Debian 12")
    return problems


def configure_from_copies(source_folder):
    """The files that the recipes copy are enough for CMake."""
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary) / "src"
        for source, destination in docker_copies(docker_lines((source_folder / "containers/Dockerfile").read_text())):
            if destination.startswith("/"):
                continue
            target = root / (destination + os.path.basename(source) if destination.endswith("/") else destination)
            if (source_folder / source).is_dir():
                shutil.copytree(source_folder / source, target)
            else:
                target = root / source if destination == "./" else target
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source_folder / source, target)
        flags = re.findall(r"-D\w+=\w+", (root / "containers/build.sh").read_text())
        run = subprocess.run(["cmake", "-S", root, "-B", f"{temporary}/build", "-G", "Ninja", *flags],
                             capture_output=True, text=True)
        if run.returncode != 0:
            return [f"CMake cannot configure what the recipes copy: {run.stderr[-2000:]}"]
        targets = subprocess.run(["ninja", "-C", f"{temporary}/build", "-t", "targets", "all"],
                                 capture_output=True, text=True, check=True).stdout
        wanted = re.search(r"--target (.*)", (root / "containers/build.sh").read_text())[1].split()
        return [f"build.sh builds {target}, which is no target" for target in wanted
                if not re.search(rf"^{target}: ", targets, re.M)]


def main():
    source_folder, program_folder = map(pathlib.Path, sys.argv[1:])
    problems = check(source_folder, program_folder) + configure_from_copies(source_folder)
    for problem in problems:
        print("wrong:", problem)
    print("all checks passed" if not problems else f"{len(problems)} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
