// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "curve.h"

namespace zkml {

/** 9 + u, of which w is a sixth root. */
inline Fq2 sexticNonResidue() { return {Fq::fromSmall(9), Fq::one()}; }

/** x·(9 + u). */
inline Fq2 timesNonResidue(const Fq2& x) {
  auto nine = [](const Fq& y) { return y.doubled().doubled().doubled() + y; };
  return {nine(x.c0) - x.c1, nine(x.c1) + x.c0};
}

inline Fq2 conjugate(const Fq2& x) { return {x.c0, -x.c1}; }

inline Fq2 power(Fq2 base, const Int256& exponent) {
  Fq2 result = Fq2::one();
  for (int i = static_cast<int>(exponent.bitLength()) - 1; i >= 0; i--) {
    result = result.square();
    if ((exponent.word[i / 64] >> (i % 64) & 1) != 0) result = result * base;
  }
  return result;
}

/** Σ c[i]·w^i with w^6 = 9 + u: the field in which pairings take their values. */
struct Fq12 {
  Fq2 c[6];

  static Fq12 one() {
    Fq12 out{};
    out.c[0] = Fq2::one();
    return out;
  }

  bool operator==(const Fq12& other) const {
    for (int i = 0; i < 6; i++)
      if (!(c[i] == other.c[i])) return false;
    return true;
  }

  Fq12 operator*(const Fq12& other) const {
    Fq2 product[11] = {};
    for (int i = 0; i < 6; i++)
      for (int j = 0; j < 6; j++) product[i + j] = product[i + j] + c[i] * other.c[j];
    return reduce(product);
  }

  Fq12 square() const {
    Fq2 product[11] = {};
    for (int i = 0; i < 6; i++) {
      product[2 * i] = product[2 * i] + c[i].square();
      for (int j = i + 1; j < 6; j++) product[i + j] = product[i + j] + (c[i] * c[j]).doubled();
    }
    return reduce(product);
  }

  /** Times a + b·w + d·w³. */
  Fq12 timesLine(const Fq& a, const Fq2& b, const Fq2& d) const {
    Fq2 product[11] = {};
    for (int i = 0; i < 6; i++) {
      product[i] = product[i] + c[i] * a;
      product[i + 1] = product[i + 1] + c[i] * b;
      product[i + 3] = product[i + 3] + c[i] * d;
    }
    return reduce(product);
  }

  /** The power of q^6: w to −w. */
  Fq12 conjugated() const {
    Fq12 out = *this;
    for (int i = 1; i < 6; i += 2) out.c[i] = -c[i];
    return out;
  }

  /** 1/x through x·x̄, a polynomial in w² over Fq2. */
  Fq12 inverse() const {
    const Fq12 conjugate = conjugated(), norm = *this * conjugate;
    const Fq2 &a = norm.c[0], &b = norm.c[2], &d = norm.c[4];
    const Fq2 x = a.square() - timesNonResidue(b * d);
    const Fq2 y = timesNonResidue(d.square()) - a * b;
    const Fq2 z = b.square() - a * d;
    const Fq2 inverse = (a * x + timesNonResidue(d * y + b * z)).inverse();
    Fq12 perNorm{};
    perNorm.c[0] = x * inverse;
    perNorm.c[2] = y * inverse;
    perNorm.c[4] = z * inverse;
    return conjugate * perNorm;
  }

 private:
  static Fq12 reduce(const Fq2 product[11]) {
    Fq12 out;
    for (int i = 0; i < 6; i++) out.c[i] = i < 5 ? product[i] + timesNonResidue(product[i + 6]) : product[i];
    return out;
  }
};

/** The optimal ate pairing of BN254 (Vercauteren 2010; EIP-197's curve), a product of several at once. */
class Pairing {
 public:
  struct Pair {
    G1 p;
    G2 q;
  };

  Pairing() {
    Int256 exponent;
    subtract(BaseParameters::modulus, {{1, 0, 0, 0}}, exponent);
    // (q − 1)/6.
    u64 rest = 0;
    for (int i = 3; i >= 0; i--) {
      u128 value = (u128{rest} << 64) | exponent.word[i];
      exponent.word[i] = static_cast<u64>(value / 6);
      rest = static_cast<u64>(value % 6);
    }
    frobenius_[0] = Fq2::one();
    frobenius_[1] = power(sexticNonResidue(), exponent);
    for (int i = 2; i < 6; i++) frobenius_[i] = frobenius_[i - 1] * frobenius_[1];
  }

  /** Whether ∏ e(p, q) = 1. Points are on their curves, those of G2 in the subgroup of order r. */
  bool isOne(const std::vector<Pair>& pairs) const { return finalPower(millerLoop(pairs)) == Fq12::one(); }

 private:
  /** 6x + 2 for BN254's x = 4965661367192848881, below its highest bit 2^64. */
  static constexpr u64 loopBits = 0x9d797039be763ba8;

  /** (9 + u)^(i·(q − 1)/6): w^i to the q-th power is w^i times this. */
  Fq2 frobenius_[6];

  /** A pair on its way through the loop: the multiple of q that has been reached. */
  struct State {
    G1 p;
    G2 q, t;
  };

  Fq12 millerLoop(const std::vector<Pair>& pairs) const {
    std::vector<State> states;
    for (const Pair& pair : pairs)
      if (!pair.p.isInfinity() && !pair.q.isInfinity()) states.push_back({pair.p, pair.q, pair.q});
    Fq12 f = Fq12::one();
    for (int bit = 63; bit >= 0; bit--) {
      f = f.square();
      step(states, f, [](const State& s) { return s.t; });
      if ((loopBits >> bit & 1) != 0) step(states, f, [](const State& s) { return s.q; });
    }
    // The points (q, π(q)) and −π²(q) of the twist.
    step(states, f, [&](const State& s) {
      return G2{conjugate(s.q.x) * frobenius_[2], conjugate(s.q.y) * frobenius_[3]};
    });
    step(states, f, [&](const State& s) {
      // conj(γ)·γ is in Fq; that of w³ is −1, and the point is negated.
      return G2{s.q.x * (conjugate(frobenius_[2]) * frobenius_[2]), s.q.y};
    });
    return f;
  }

  /** t becomes t + s for every pair, and f is multiplied by the line through both; tangents where they are equal. */
  template <class Other>
  static void step(std::vector<State>& states, Fq12& f, const Other& other) {
    std::vector<G2> points;
    std::vector<Fq2> numerators, denominators, prefixes;
    Fq2 product = Fq2::one();
    for (const State& state : states) {
      const G2 s = other(state);
      const bool isTangent = s == state.t;
      const Fq2 xx = state.t.x.square();
      points.push_back(s);
      numerators.push_back(isTangent ? xx.doubled() + xx : s.y - state.t.y);
      denominators.push_back(isTangent ? state.t.y.doubled() : s.x - state.t.x);
      prefixes.push_back(product);
      product = product * denominators.back();
    }
    Fq2 inverse = product.inverse();
    for (std::size_t i = states.size(); i-- > 0;) {
      State& state = states[i];
      const Fq2 slope = numerators[i] * inverse * prefixes[i];
      inverse = inverse * denominators[i];
      f = f.timesLine(state.p.y, -(slope * state.p.x), slope * state.t.x - state.t.y);
      const Fq2 x = slope.square() - state.t.x - points[i].x;
      state.t = {x, slope * (state.t.x - x) - state.t.y};
    }
  }

  Fq12 toFrobeniusSquare(const Fq12& x) const {
    Fq12 out;
    for (int i = 0; i < 6; i++) out.c[i] = x.c[i] * (frobenius_[i] * conjugate(frobenius_[i]));
    return out;
  }

  /** The power (q^12 − 1)/r = (q^6 − 1)·(q² + 1)·((q^4 − q² + 1)/r). */
  Fq12 finalPower(const Fq12& f) const {
    const Fq12 g = f.conjugated() * f.inverse();
    const Fq12 base = toFrobeniusSquare(g) * g;
    Fq12 table[16];
    table[0] = Fq12::one();
    for (int i = 1; i < 16; i++) table[i] = table[i - 1] * base;
    Fq12 result = Fq12::one();
    for (int i = 11; i >= 0; i--) {
      for (int nibble = 15; nibble >= 0; nibble--) {
        for (int k = 0; k < 4; k++) result = result.square();
        result = result * table[hardExponent[i] >> (4 * nibble) & 15];
      }
    }
    return result;
  }

  /** (q^4 − q² + 1)/r. */
  static constexpr u64 hardExponent[12] = {
      0xe81bb482ccdf42b1, 0x5abf5cc4f49c36d4, 0xf1154e7e1da014fd, 0xdcc7b44c87cdbacf,
      0xaaa441e3954bcf8a, 0x6b887d56d5095f23, 0x79581e16f3fd90c6, 0x3b1b1355d189227d,
      0x4e529a5861876f6b, 0x6c0eb522d5b12278, 0x331ec15183177faf, 0x01baaa710b0759ad};
};

}  // namespace zkml
