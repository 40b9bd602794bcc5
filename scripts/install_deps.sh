#!/usr/bin/env bash
# Installs what building Foothold needs on Debian 12 (or Ubuntu 24.04). Does nothing, without asking the
# network, when all is there. Needs root or sudo only if something is missing.
#   scripts/install_deps.sh           for building and labelling
#   scripts/install_deps.sh --tests   also for the tests: a Slurm to start and stop, none that runs by itself
set -euo pipefail

packages=(
  g++ cmake ninja-build ccache
  libeigen3-dev libspdlog-dev nlohmann-json3-dev libcli11-dev libboost-program-options-dev
  libhdf5-dev hdf5-tools zlib1g-dev libxxhash-dev
  libopenmpi-dev openmpi-bin
  libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev libopencv-video-dev libopencv-videoio-dev
  libopencv-calib3d-dev libopencv-features2d-dev libopencv-flann-dev libopencv-objdetect-dev
  libgtest-dev ffmpeg
  libceres-dev
  python3 python3-h5py python3-numpy python3-venv
)

test_packages=()
services=()
if [ "${1:-}" = "--tests" ]; then
  test_packages=(slurmctld slurmd slurm-client munge libpmix-dev)
  services=(slurmctld slurmd munge)
fi

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "install_deps: this is not a Debian system; install the equivalents of: ${packages[*]}" >&2
  exit 1
fi

missing=()
needed=0
for package in "${packages[@]}" "${test_packages[@]}"; do
  status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
  if [ "$status" != "install ok installed" ]; then missing+=("$package"); fi
  if [ "$package" = "${packages[-1]}" ]; then needed=${#missing[@]}; fi
done
packages+=("${test_packages[@]}")
if [ ${#missing[@]} -eq 0 ]; then
  echo "install_deps: all ${#packages[@]} packages are installed"
  exit 0
fi

if [ "$(id -u)" -eq 0 ]; then
  as_root=(env)
elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
  as_root=(sudo env)
elif [ "$needed" -eq 0 ]; then
  echo "install_deps: without ${missing[*]}, which only root or sudo can install, some tests skip"
  exit 0
else
  echo "install_deps: missing and not installable without root or sudo: ${missing[*]}" >&2
  echo "install_deps: ask an administrator to run: apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi

echo "install_deps: installing ${#missing[@]} of ${#packages[@]} packages: ${missing[*]}"
log=$(mktemp)
policy=/usr/sbin/policy-rc.d
made_policy=no
finish() {
  rm -f "$log"
  [ "$made_policy" = no ] || "${as_root[@]}" rm -f "$policy"
}
trap finish EXIT

# Packages with services would start them, now and at each boot; tests start their own.
new_services=()
for service in "${services[@]}"; do
  for package in "${missing[@]}"; do
    if [ "$package" = "$service" ]; then new_services+=("$service"); fi
  done
done
if [ ${#new_services[@]} -gt 0 ] && [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
  made_policy=yes
fi

apt() { "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" >>"$log" 2>&1; }
# The package lists of a fresh image are empty, those of an old one name versions that are gone.
if ! { apt update && apt install -y --no-install-recommends "${missing[@]}"; }; then
  tail -n 30 "$log" >&2
  echo "install_deps: apt-get failed (above); check the network and /etc/apt/sources.list" >&2
  exit 1
fi
if [ ${#new_services[@]} -gt 0 ] && command -v systemctl >/dev/null; then
  "${as_root[@]}" systemctl disable "${new_services[@]}" >>"$log" 2>&1 || true
fi
echo "install_deps: done"
