// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "foothold/solver/parameters.h"

namespace foothold {

// Dense Gauss-Newton system of one residual group: H ~ J^T W J, g = J^T W r over the tangents of the
// group's blocks, one after the other. Row-major; only the lower triangle of H is used.
struct GroupSystem {
  int size = 0;
  std::vector<double> hessian;   // size x size
  std::vector<double> gradient;  // size

  void Reset(int size_) {
    size = size_;
    hessian.assign(static_cast<size_t>(size) * size, 0.0);
    gradient.assign(size, 0.0);
  }
  // Adds weight * (J^T J, J^T r) of `rows` residuals; J is rows x size, row-major.
  void Add(int rows, const double* jacobian, const double* residual, double weight);
};

// One energy term: residuals in independent groups, each over a few parameter blocks. The groups are
// the unit of parallel work; their sums are always taken in index order.
class EnergyTerm {
 public:
  virtual ~EnergyTerm() = default;

  virtual std::string name() const = 0;
  virtual int num_residuals() const = 0;
  virtual int num_groups() const = 0;
  // The blocks of a group, each at most once: the layout of its GroupSystem.
  virtual const std::vector<int>& GroupBlocks(int group) const = 0;

  // Robust cost of a group, unweighted. With `system` (already reset to the group's size) also adds
  // the reweighted normal equations, whose gradient is the exact gradient of the cost. Must not
  // change state: groups are evaluated at the same time.
  virtual double Evaluate(const ParameterView& parameters, int group, GroupSystem* system) const = 0;

  // Continuation: 0 is the smoothest form of the term, 1 the form that counts.
  virtual void Anneal(double progress) { (void)progress; }
};

}  // namespace foothold
