#!/bin/sh
# The final stage of both recipes: what the programs load, and nothing for building. A test compares the
# list with the programs.
set -eu
packages="
  libboost-program-options1.74.0 libfmt9 libhdf5-103-1 libopenmpi3 libxxhash0 zlib1g
  libopencv-core406 libopencv-imgproc406 libopencv-imgcodecs406 libopencv-video406 libopencv-videoio406
  libopencv-calib3d406 libopencv-objdetect406
"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
# shellcheck disable=SC2086
apt-get -qq install -y --no-install-recommends $packages
rm -rf /var/lib/apt/lists/*
