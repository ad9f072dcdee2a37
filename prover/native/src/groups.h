// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "batch.h"

namespace zkml {

/** Which point of an array, and its sign: index·2 + (1 if it is to be negated). */
using Entry = uint32_t;

/** Points of one array that belong together. */
struct Groups {
  std::vector<Entry> entries;
  /** Group g has the entries from start[g] up to start[g + 1]. */
  std::vector<uint32_t> start;

  std::size_t count() const { return start.size() - 1; }
};

/**
 * Sums many groups of points at once: all neighbours of all groups are added pairwise in batches, and again, until one
 * point a group is left. A group of k points takes k − 1 affine additions, whatever the sizes of the others.
 */
template <class F>
class GroupSums {
 public:
  /** out[g] = Σ of group g; infinity for an empty one. */
  void sum(const char* points, const Groups& groups, Affine<F>* out) {
    active_.clear();
    for (std::size_t g = 0; g < groups.count(); g++) {
      uint32_t from = groups.start[g], size = groups.start[g + 1] - from;
      if (size == 0)
        out[g] = Affine<F>::infinity();
      else if (size == 1)
        out[g] = read<F>(term(points, groups.entries[from]));
      else
        active_.push_back({static_cast<uint32_t>(g), from, size});
    }
    round([&](uint32_t i) { return term(points, groups.entries[i]); }, out);
    while (!active_.empty()) {
      std::swap(source_, target_);
      const char* base = reinterpret_cast<const char*>(source_.data());
      round([&](uint32_t i) { return Term{base + std::size_t{i} * sizeof(Affine<F>), false}; }, out);
    }
  }

 private:
  struct Active {
    uint32_t group, from, size;
  };

  Batch<F> batch_;
  std::vector<Active> active_;
  std::vector<Affine<F>> source_, target_;
  std::vector<Term> a_ = std::vector<Term>(Batch<F>::capacity), b_ = a_;
  std::vector<char*> to_ = std::vector<char*>(Batch<F>::capacity);

  static Term term(const char* points, Entry entry) {
    return {points + std::size_t{entry >> 1} * sizeof(Affine<F>), (entry & 1) != 0};
  }

  /** Halves every active group, from what termAt names into target_, or into out where one point is left. */
  template <class TermAt>
  void round(const TermAt& termAt, Affine<F>* out) {
    std::size_t total = 0;
    for (const Active& group : active_) total += (group.size + 1) / 2;
    if (target_.size() < total) target_.resize(total);
    std::size_t queued = 0, kept = 0;
    uint32_t cursor = 0;
    auto flush = [&] {
      batch_.add(queued, a_.data(), b_.data(), to_.data());
      queued = 0;
    };
    for (std::size_t k = 0; k < active_.size(); k++) {
      const Active group = active_[k];
      const uint32_t half = (group.size + 1) / 2;
      Affine<F>* target = half == 1 ? out + group.group : target_.data() + cursor;
      for (uint32_t i = 0; i < group.size / 2; i++) {
        a_[queued] = termAt(group.from + 2 * i);
        b_[queued] = termAt(group.from + 2 * i + 1);
        // The batch is read when it is full: by then they have come from memory.
        __builtin_prefetch(a_[queued].point);
        __builtin_prefetch(b_[queued].point);
        to_[queued] = reinterpret_cast<char*>(target + i);
        if (++queued == Batch<F>::capacity) flush();
      }
      if (group.size % 2 == 1) target[half - 1] = read<F>(termAt(group.from + group.size - 1));
      if (half == 1) continue;
      active_[kept++] = {group.group, cursor, half};
      cursor += half;
    }
    flush();
    active_.resize(kept);
  }
};

}  // namespace zkml
