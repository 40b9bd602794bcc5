// SPDX-License-Identifier: Apache-2.0
#pragma once

// Marks functions that CUDA kernels call as well as host code.
#ifdef __CUDACC__
#define FOOTHOLD_HD __host__ __device__ inline
#else
#define FOOTHOLD_HD inline
#endif
