// SPDX-License-Identifier: Apache-2.0
#include "foothold/josh/pose_tree.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "foothold/base/error.h"

namespace foothold {
namespace {

using Adjacency = std::vector<std::vector<int>>;

struct ScoredEdge {
  double score;
  int i, j;
};

// Kruskal's algorithm; equal scores in row-major order of (i, j), i < j.
Adjacency SpanningTree(const std::vector<double>& scores, int num_nodes, double* total) {
  std::vector<ScoredEdge> edges;
  for (int i = 0; i < num_nodes; ++i) {
    for (int j = i + 1; j < num_nodes; ++j) {
      const double score = scores[static_cast<size_t>(i) * num_nodes + j];
      if (score > 0) edges.push_back({score, i, j});
    }
  }
  std::stable_sort(
      edges.begin(), edges.end(), [](const ScoredEdge& a, const ScoredEdge& b) { return a.score > b.score; });

  std::vector<int> component(num_nodes);
  std::iota(component.begin(), component.end(), 0);
  const auto find = [&component](int node) {
    while (component[node] != node) node = component[node] = component[component[node]];
    return node;
  };
  Adjacency neighbours(num_nodes);
  int joined = 1;
  for (const ScoredEdge& edge : edges) {
    const int a = find(edge.i), b = find(edge.j);
    if (a == b) continue;
    component[a] = b;
    neighbours[edge.i].push_back(edge.j);
    neighbours[edge.j].push_back(edge.i);
    *total += edge.score;
    ++joined;
  }
  if (joined < num_nodes) {
    throw Error(ErrorKind::kBadInput,
                "matches connect only some of the " + std::to_string(num_nodes) + " keyframes")
        .WithReason("views_disconnected");
  }
  return neighbours;
}

// Sorts so that a search visits neighbours with a larger index first (ascending), then those with a
// smaller index (ascending).
void OrderNeighbours(Adjacency* neighbours) {
  for (int node = 0; node < static_cast<int>(neighbours->size()); ++node) {
    std::sort((*neighbours)[node].begin(), (*neighbours)[node].end(), [node](int a, int b) {
      return std::pair(a < node, a) < std::pair(b < node, b);
    });
  }
}

// Edges (parent, child) in the order of a breadth-first search.
std::vector<std::array<int, 2>> BreadthFirst(const Adjacency& neighbours, int root) {
  std::vector<int> queue = {root};
  std::vector<bool> seen(neighbours.size(), false);
  seen[root] = true;
  std::vector<std::array<int, 2>> edges;
  for (size_t head = 0; head < queue.size(); ++head) {
    for (const int child : neighbours[queue[head]]) {
      if (seen[child]) continue;
      seen[child] = true;
      queue.push_back(child);
      edges.push_back({queue[head], child});
    }
  }
  return edges;
}

// Position of every node in the search from `root`, and the node visited last.
std::vector<int> VisitingRanks(const Adjacency& neighbours, int root, int* last) {
  std::vector<int> rank(neighbours.size(), 0);
  *last = root;
  int next = 1;
  for (const auto& edge : BreadthFirst(neighbours, root)) {
    rank[edge[1]] = next++;
    *last = edge[1];
  }
  return rank;
}

int MiddleNode(const Adjacency& neighbours) {
  int end_a = 0, end_b = 0, unused = 0;
  VisitingRanks(neighbours, 0, &end_a);
  const std::vector<int> from_a = VisitingRanks(neighbours, end_a, &end_b);
  const std::vector<int> from_b = VisitingRanks(neighbours, end_b, &unused);
  int root = 0, best = -1;
  for (int node = 0; node < static_cast<int>(neighbours.size()); ++node) {
    const int rank = std::min(from_a[node], from_b[node]);
    if (rank > best) {
      best = rank;
      root = node;
    }
  }
  return root;
}

}  // namespace

PoseTree BuildPoseTree(const std::vector<double>& scores, int num_nodes) {
  FOOTHOLD_CHECK(num_nodes > 0 && scores.size() == static_cast<size_t>(num_nodes) * num_nodes,
                 "scores of " + std::to_string(num_nodes) + " images");
  PoseTree tree;
  Adjacency neighbours = SpanningTree(scores, num_nodes, &tree.total_score);
  OrderNeighbours(&neighbours);
  tree.root = MiddleNode(neighbours);
  tree.edges = BreadthFirst(neighbours, tree.root);
  return tree;
}

}  // namespace foothold
