// SPDX-License-Identifier: Apache-2.0
// Every term: its gradient against central differences of its cost, and the changes of the world that
// must not change its value.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "foothold/objective/body_prior.h"
#include "foothold/objective/box_size.h"
#include "foothold/objective/camera_prior.h"
#include "foothold/objective/contact_scale.h"
#include "foothold/objective/contact_static.h"
#include "foothold/objective/match2d.h"
#include "foothold/objective/match3d.h"
#include "foothold/objective/smoothness.h"
#include "objective/small_problem.h"

namespace foothold {
namespace {

double TotalCost(const EnergyTerm& term, const Variables& variables, const std::vector<double>& values) {
  const ParameterView view{&variables.layout, values.data()};
  double sum = 0;
  for (int g = 0; g < term.num_groups(); ++g) sum += term.Evaluate(view, g, nullptr);
  return sum;
}

// Relative to costs and to the norm of the gradient.
struct Precision {
  double cost = 0, gradient = 1e-5;
  double step = 1e-6;  // Of the central differences.
};
constexpr Precision kDouble;
// Match terms add in float, eight at a time (match_kernel_test.cc checks the same code in double): costs
// to 1e-6, hence steps wide enough for their differences.
constexpr Precision kFloatLanes{1e-6, 2e-3, 1e-3};

void ExpectGradientMatches(const EnergyTerm& term,
                           const Variables& variables,
                           const std::vector<double>& values,
                           const Precision& precision = kDouble) {
  std::vector<double> gradient(variables.layout.num_tangent(), 0.0);
  const ParameterView view{&variables.layout, values.data()};
  GroupSystem system;
  for (int g = 0; g < term.num_groups(); ++g) {
    int size = 0;
    for (const int block : term.GroupBlocks(g)) size += variables.layout.block(block).dof;
    system.Reset(size);
    const double with_system = term.Evaluate(view, g, &system);
    EXPECT_NEAR(with_system, term.Evaluate(view, g, nullptr), precision.cost * with_system)
        << term.name() << " group " << g;
    const double largest = *std::max_element(system.hessian.begin(), system.hessian.end());
    int offset = 0;
    for (const int block : term.GroupBlocks(g)) {
      for (int d = 0; d < variables.layout.block(block).dof; ++d, ++offset) {
        gradient[variables.layout.block(block).tangent_offset + d] += system.gradient[offset];
        // A direction that a term does not see may round to either side of zero.
        EXPECT_GE(system.hessian[static_cast<size_t>(offset) * (size + 1)], -precision.cost * largest);
      }
    }
  }
  double norm = 0;
  for (const double g : gradient) norm += g * g;
  norm = std::sqrt(norm);
  ASSERT_GT(norm, 0) << term.name();
  const double step = precision.step;
  for (int i = 0; i < variables.layout.num_tangent(); ++i) {
    std::vector<double> delta(variables.layout.num_tangent(), 0.0), plus, minus;
    delta[i] = step;
    variables.layout.Plus(values, delta, &plus);
    delta[i] = -step;
    variables.layout.Plus(values, delta, &minus);
    const double numeric =
        (TotalCost(term, variables, plus) - TotalCost(term, variables, minus)) / (2 * step);
    EXPECT_NEAR(gradient[i], numeric, precision.gradient * norm) << term.name() << " tangent " << i;
  }
}

std::vector<ScaleContact> MakeScaleContacts(const Variables& variables) {
  std::vector<ScaleContact> contacts;
  for (int body = 0; body < static_cast<int>(variables.bodies.size()); ++body) {
    for (const int vertex : {SharedBody().foot_vertices[0], SharedBody().foot_vertices[3]}) {
      contacts.push_back({body, vertex, {1e-5 * (body + 1), 4e-4, 0.17}, 0.05, 0.5 + 0.1 * body});
    }
  }
  return contacts;
}

std::vector<StaticContact> MakeStaticContacts(const Variables& variables) {
  std::vector<StaticContact> contacts;
  for (const PersonVariables& person : variables.people) {
    for (size_t n = 1; n < person.bodies.size(); ++n) {
      for (const int vertex : {SharedBody().foot_vertices[1], SharedBody().foot_vertices[2]}) {
        contacts.push_back({person.bodies[n - 1], person.bodies[n], vertex, 0.8});
      }
    }
  }
  return contacts;
}

TEST(Terms, Match3dGradient) {
  const auto problem = MakeSmallProblem(1);
  Match3dTerm term(problem->variables, PackAlignments(problem->pairs), {});
  const std::vector<double> values = MovedValues(problem->variables, 1, 0.02);
  for (const double progress : {0.0, 0.5, 1.0}) {
    term.Anneal(progress);
    ExpectGradientMatches(term, problem->variables, values, kFloatLanes);
  }
}

TEST(Terms, MatchDistanceGradient) {
  const auto problem = MakeSmallProblem(1);
  Match3dOptions options;
  options.distance_only = true;
  Match3dTerm term(problem->variables, PackAlignments(problem->pairs), options);
  ExpectGradientMatches(term, problem->variables, MovedValues(problem->variables, 1, 0.02), kFloatLanes);
}

TEST(Terms, Match2dGradient) {
  const auto problem = MakeSmallProblem(2);
  Match2dTerm term(problem->variables, problem->pairs, {});
  const std::vector<double> values = MovedValues(problem->variables, 2, 0.02);
  for (const double progress : {0.0, 1.0}) {
    term.Anneal(progress);
    ExpectGradientMatches(term, problem->variables, values, kFloatLanes);
  }
}

TEST(Terms, Match2dBehindTheCameraIsFiniteAndDoesNotPull) {
  const auto problem = MakeSmallProblem(2);
  Variables& variables = problem->variables;
  Match2dTerm term(variables, problem->pairs, {});
  std::vector<double> delta(variables.layout.num_tangent(), 0.0);
  delta[variables.layout.block(variables.camera_blocks[1]).tangent_offset + 1] = 3;  // Look back.
  std::vector<double> values;
  variables.layout.Plus(variables.layout.initial_values(), delta, &values);
  const ParameterView view{&variables.layout, values.data()};
  GroupSystem system;
  system.Reset(2 * kCameraDof + 1);
  const double cost = term.Evaluate(view, 0, &system);  // Pair (0, 1).
  EXPECT_TRUE(std::isfinite(cost));
  EXPECT_GT(cost, 0);
  for (const double g : system.gradient) EXPECT_EQ(g, 0);
}

TEST(Terms, ContactScaleGradient) {
  const auto problem = MakeSmallProblem(3);
  ContactScaleTerm term(problem->variables, MakeScaleContacts(problem->variables), {});
  ExpectGradientMatches(term, problem->variables, MovedValues(problem->variables, 3, 0.02));
}

TEST(Terms, ContactScaleGradientWhereTheLogarithmIsContinued) {
  const auto problem = MakeSmallProblem(3);
  std::vector<ScaleContact> contacts{{0, SharedBody().foot_vertices[0], {0, 0, -0.2}, 0.05, 1}};
  ContactScaleTerm term(problem->variables, contacts, {});
  ExpectGradientMatches(term, problem->variables, MovedValues(problem->variables, 3, 0.02));
}

TEST(Terms, ContactStaticGradient) {
  const auto problem = MakeSmallProblem(4);
  ContactStaticTerm term(problem->variables, MakeStaticContacts(problem->variables), {});
  ExpectGradientMatches(term, problem->variables, MovedValues(problem->variables, 4, 0.02));
}

TEST(Terms, BodyPriorGradient) {
  const auto problem = MakeSmallProblem(5);
  BodyPriorTerm term(problem->variables, {});
  ExpectGradientMatches(term, problem->variables, MovedValues(problem->variables, 5, 0.1));
}

TEST(Terms, BodyPriorGradientBehindTheCamera) {
  const auto problem = MakeSmallProblem(5);
  BodyPriorTerm term(problem->variables, {});
  std::vector<double> values = MovedValues(problem->variables, 5, 0.1);
  values[problem->variables.layout.block(problem->variables.bodies[0].block).value_offset + 2] = -1;
  ExpectGradientMatches(term, problem->variables, values);
}

std::vector<BoxHeight> MakeBoxes(const Variables& variables) {
  std::vector<BoxHeight> boxes;
  for (int body = 0; body < static_cast<int>(variables.bodies.size()); ++body) {
    // Any high and any low vertex.
    boxes.push_back({body, 200, SharedBody().foot_vertices[0], 120.0 + 10 * body, 0.9});
  }
  return boxes;
}

TEST(Terms, BoxSizeGradient) {
  const auto problem = MakeSmallProblem(12);
  BoxSizeTerm term(problem->variables, MakeBoxes(problem->variables), {});
  std::vector<double> values = MovedValues(problem->variables, 12, 0.02);
  ExpectGradientMatches(term, problem->variables, values);
  // Behind the camera.
  values[problem->variables.layout.block(problem->variables.bodies[0].block).value_offset + 2] = -1;
  ExpectGradientMatches(term, problem->variables, values);
}

TEST(Terms, CameraPriorGradient) {
  const auto problem = MakeSmallProblem(6);
  CameraPriorTerm term(problem->variables, problem->variables.layout.initial_values(), {});
  ExpectGradientMatches(term, problem->variables, MovedValues(problem->variables, 6, 0.1));
}

TEST(Terms, SmoothnessGradient) {
  const auto problem = MakeSmallProblem(7);
  SmoothnessTerm term(problem->variables, {});
  ASSERT_EQ(term.num_groups(), 4);
  ExpectGradientMatches(term, problem->variables, MovedValues(problem->variables, 7, 0.05));
}

// The world turned and moved as a whole.
std::vector<double> MoveWorld(const Variables& variables, std::vector<double> values) {
  const Rigid3d motion{ExpQuaternion(Vec3d{0.4, -1.1, 0.3}), {3, -2, 7}};
  for (const int block : variables.camera_blocks) {
    double* value = &values[variables.layout.block(block).value_offset];
    const Rigid3d moved = motion * ReadRigid(value);
    const double numbers[7] = {moved.rotation.w,
                               moved.rotation.x,
                               moved.rotation.y,
                               moved.rotation.z,
                               moved.translation[0],
                               moved.translation[1],
                               moved.translation[2]};
    std::copy(numbers, numbers + 7, value);
  }
  return values;
}

// The scene's world scaled: camera centres and pointmap scales, not the bodies.
std::vector<double> ScaleWorld(const Variables& variables, std::vector<double> values, double factor) {
  for (const int block : variables.camera_blocks) {
    double* value = &values[variables.layout.block(block).value_offset];
    for (int i = 4; i < 7; ++i) value[i] *= factor;
    value[7] += std::log(factor);
  }
  return values;
}

TEST(Invariance, NoTermSeesWhereTheWorldIs) {
  const auto problem = MakeSmallProblem(8);
  const Variables& variables = problem->variables;
  const std::vector<double> values = MovedValues(variables, 8, 0.05);
  const std::vector<double> moved = MoveWorld(variables, values);
  const Match3dTerm match3d(variables, PackAlignments(problem->pairs), {});
  const Match2dTerm match2d(variables, problem->pairs, {});
  const ContactScaleTerm scale(variables, MakeScaleContacts(variables), {});
  const ContactStaticTerm planted(variables, MakeStaticContacts(variables), {});
  const BodyPriorTerm body(variables, {});
  const CameraPriorTerm camera(variables, variables.layout.initial_values(), {});
  const SmoothnessTerm smooth(variables, {});
  const BoxSizeTerm box(variables, MakeBoxes(variables), {});
  for (const EnergyTerm* term : std::initializer_list<const EnergyTerm*>{
           &box, &match3d, &match2d, &scale, &planted, &body, &camera, &smooth}) {
    const double before = TotalCost(*term, variables, values);
    EXPECT_NEAR(TotalCost(*term, variables, moved), before, kFloatLanes.cost * before) << term->name();
  }
}

TEST(Invariance, MatchesDoNotSeeTheScaleOfTheWorld) {
  const auto problem = MakeSmallProblem(9);
  const Variables& variables = problem->variables;
  const std::vector<double> values = MovedValues(variables, 9, 0.05);
  const std::vector<double> scaled = ScaleWorld(variables, values, 1.7);
  const Match3dTerm match3d(variables, PackAlignments(problem->pairs), {});
  const Match2dTerm match2d(variables, problem->pairs, {});
  const ContactScaleTerm scale(variables, MakeScaleContacts(variables), {});
  for (const EnergyTerm* term : std::initializer_list<const EnergyTerm*>{&match3d, &match2d}) {
    const double before = TotalCost(*term, variables, values);
    EXPECT_NEAR(TotalCost(*term, variables, scaled), before, kFloatLanes.cost * before) << term->name();
  }
  // The contacts do.
  const double before = TotalCost(scale, variables, values);
  EXPECT_GT(std::abs(TotalCost(scale, variables, scaled) - before), 0.1 * before);
}

// Planted feet may not care by which frame they are planted first.
TEST(Invariance, ContactStaticIsSymmetricInTime) {
  const auto problem = MakeSmallProblem(10);
  const Variables& variables = problem->variables;
  std::vector<StaticContact> contacts = MakeStaticContacts(variables);
  const ContactStaticTerm forward(variables, contacts, {});
  for (StaticContact& contact : contacts) std::swap(contact.first, contact.second);
  const ContactStaticTerm backward(variables, contacts, {});
  const std::vector<double> values = MovedValues(variables, 10, 0.05);
  const double cost = TotalCost(forward, variables, values);
  EXPECT_NEAR(TotalCost(backward, variables, values), cost, 1e-10 * cost);
}

// A body that moves at constant speed costs nothing, whatever the spacing of the keyframes.
TEST(Invariance, SmoothnessIsInRealTime) {
  auto problem = MakeSmallProblem(11);
  Variables& variables = problem->variables;
  variables.keyframe_time_s = {0, 0.1, 0.35, 0.4};
  std::vector<double> values = variables.layout.initial_values();
  RandomStream random(11, "walker");
  const BodyPose pose = RandomBody(&random);
  for (const BodyVariable& body : variables.bodies) {
    double* value = &values[variables.layout.block(body.block).value_offset];
    const double time_s = variables.keyframe_time_s[body.keyframe];
    value[0] = 1.3 * time_s;
    value[1] = 0.1;
    value[2] = 5 + 0.4 * time_s;
    const double* first = &values[variables.layout.block(variables.bodies[0].block).value_offset];
    std::copy(first + 3, first + 7 + 4 * variables.active_joints.size(), value + 3);
  }
  for (BodyVariable& body : variables.bodies) body.initial_in_cam.joints = pose.joints;
  for (const int block : variables.camera_blocks) {
    double* value = &values[variables.layout.block(block).value_offset];
    std::copy_n(std::initializer_list<double>{1, 0, 0, 0, 0, 0, 0}.begin(), 7, value);
  }
  const SmoothnessTerm term(variables, {});
  EXPECT_LT(TotalCost(term, variables, values), 1e-15);
}

}  // namespace
}  // namespace foothold
