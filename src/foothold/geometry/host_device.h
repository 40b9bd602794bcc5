// SPDX-License-Identifier: Apache-2.0
#pragma once

// FOOTHOLD_HD marks functions that CUDA kernels call as well as host code. FOOTHOLD_UNROLL stands
// before loops over small arrays that a kernel must keep in registers.
#ifdef __CUDACC__
#define FOOTHOLD_HD __host__ __device__ inline
#define FOOTHOLD_UNROLL _Pragma("unroll")
#else
#define FOOTHOLD_HD inline
#define FOOTHOLD_UNROLL
#endif
