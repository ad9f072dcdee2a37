// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "lanes.h"

namespace zkml {

/** A point to be read, with the sign to give it. The address needs no alignment: files are mapped as they are. */
struct Term {
  const char* point;
  bool isNegative;
};

/** The point that a term stands for. */
template <class F>
Affine<F> read(const Term& term) {
  Affine<F> point;
  std::memcpy(&point, term.point, sizeof point);
  return term.isNegative ? -point : point;
}

/**
 * Affine additions and doublings of many points that share one field inversion (Montgomery 1987), so that an addition
 * costs six multiplications instead of the ten or more of projective coordinates.
 *
 * A batch is read as a whole before any of it is written: outputs may overlap inputs of the same batch.
 */
template <class F>
class Batch {
 public:
  using L = typename LanesOf<F>::Type;
  static constexpr int lanes = L::count;
  /** Points in a batch; what is kept of each stays in the second-level cache. */
  static constexpr std::size_t capacity = sizeof(F) == sizeof(Fq) ? 2048 : 1024;

  Batch() : groups_((capacity + lanes - 1) / lanes) {}

  /** out[i] = a[i] + b[i] for i < count ≤ capacity, every exceptional case included. */
  void add(std::size_t count, const Term* a, const Term* b, char* const* out) {
    run<false>(count, a, b, out);
  }

  /** out[i] = 2·a[i] for i < count ≤ capacity. */
  void doubleAll(std::size_t count, const Term* a, char* const* out) { run<true>(count, a, a, out); }

 private:
  /** What is remembered of a vector of additions between the two passes. */
  struct Group {
    L denominator, numerator, prefix, x1, xSum, y1;
    LaneMask regular;
  };
  struct Exception {
    char* out;
    Affine<F> point;
  };

  /** Chains of products that do not wait for one another. */
  static constexpr std::size_t chains = lanes == 1 ? 1 : 4;

  std::vector<Group> groups_;
  std::vector<Exception> exceptions_;

  template <bool isDoubling>
  void run(std::size_t count, const Term* a, const Term* b, char* const* out) {
    if (count == 0) return;
    const std::size_t groupCount = (count + lanes - 1) / lanes;
    L product[chains];
    for (L& p : product) p = L::broadcast(F::one());
    exceptions_.clear();
    for (std::size_t g = 0; g < groupCount; g++) {
      Group& group = groups_[g];
      read<isDoubling>(group, count - g * lanes, a + g * lanes, b + g * lanes, out + g * lanes);
      L& chain = product[g % chains];
      group.prefix = chain;
      chain = chain * group.denominator;
    }
    invert<isDoubling>(product);
    for (std::size_t g = groupCount; g-- > 0;) {
      Group& group = groups_[g];
      L& chain = product[g % chains];
      // A quarter of the slope (vector form, where numbers are a sixteenth of themselves): its square then is a sixteenth
      // of the slope's square, as x3 wants it.
      L slope = group.numerator * (chain * group.prefix);
      chain = chain * group.denominator;
      L x3 = slope.square() - group.xSum;
      L step = group.x1 - x3;
      if (L::ratio == 16) step = step.quadrupled();
      L y3 = step * slope - group.y1;
      group.x1 = x3.reduced();
      group.y1 = y3.reduced();
    }
    for (std::size_t g = 0; g < groupCount; g++)
      scatterPoints(out + g * lanes, groups_[g].regular, groups_[g].x1, groups_[g].y1);
    for (const Exception& e : exceptions_) std::memcpy(e.out, &e.point, sizeof e.point);
  }

  template <bool isDoubling>
  void read(Group& group, std::size_t rest, const Term* a, const Term* b, char* const* out) {
    const std::size_t used = rest < lanes ? rest : lanes;
    const char* address[lanes];
    LaneMask negative = 0;
    auto look = [&](const Term* terms, L& x, L& y) -> LaneMask {
      negative = 0;
      for (std::size_t i = 0; i < lanes; i++) {
        const Term& term = terms[i < used ? i : 0];
        address[i] = term.point;
        negative |= static_cast<LaneMask>(term.isNegative) << i;
      }
      gatherPoints(address, x, y);
      return x.isZero() & y.isZero();
    };
    L x1, y1, x2, y2;
    LaneMask exceptional = look(a, x1, y1);
    y1 = y1.negatedWhere(negative);
    if constexpr (isDoubling) {
      exceptional |= y1.isZero();
      L square = x1.square();
      group.denominator = y1 + y1;
      group.numerator = square + square + square;
      group.xSum = x1 + x1;
    } else {
      exceptional |= look(b, x2, y2);
      y2 = y2.negatedWhere(negative);
      exceptional |= x1.equal(x2);
      group.denominator = x2 - x1;
      group.numerator = y2 - y1;
      group.xSum = x1 + x2;
    }
    group.x1 = x1;
    group.y1 = y1;
    group.regular = static_cast<LaneMask>(((1u << used) - 1) & ~exceptional);
    if (group.regular == static_cast<LaneMask>((1u << lanes) - 1)) return;
    group.denominator = L::select(group.regular, group.denominator, L::broadcast(F::one()));
    for (std::size_t i = 0; i < used; i++) {
      if ((group.regular >> i & 1) != 0) continue;
      exceptions_.push_back({out[i], exceptionalSum(zkml::read<F>(a[i]), zkml::read<F>(b[i]))});
    }
  }

  /** The sum of points that are equal, opposite, or of which one is infinity. */
  static Affine<F> exceptionalSum(const Affine<F>& a, const Affine<F>& b) {
    if (a.isInfinity()) return b;
    if (b.isInfinity()) return a;
    return (Extended<F>::from(a) + b).toAffine();
  }

  /** Replaces the products of the chains by their inverses, times what the vector form is owed (see lanes.h). */
  template <bool isDoubling>
  void invert(L product[chains]) {
    constexpr std::size_t total = chains * lanes;
    F value[total], prefix[total];
    F all = F::one();
    for (std::size_t c = 0; c < chains; c++) product[c].reduced().toArray(value + c * lanes);
    for (std::size_t i = 0; i < total; i++) {
      prefix[i] = all;
      all = all * value[i];
    }
    all = all.inverse();
    // The integer that stands for d in lanes is dR' there and (dR'/R)·R here; 1/d in lanes is R'/d = (R'/R)²·(R/(dR'/R)).
    // Slopes of additions are wanted quartered, those of doublings, whose numerator is a square, fourfold.
    const Fq owed = Fq::fromSmall(L::ratio == 1 ? 1 : isDoubling ? 16 * 16 * 4 : 16 * 16 / 4);
    for (std::size_t i = total; i-- > 0;) {
      F inverse = all * prefix[i];
      all = all * value[i];
      value[i] = inverse * owed;
    }
    for (std::size_t c = 0; c < chains; c++) product[c] = L::fromArray(value + c * lanes);
  }
};

}  // namespace zkml
