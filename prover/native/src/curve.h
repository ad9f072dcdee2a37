// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "field.h"

namespace zkml {

/** c0 + c1·u with u² = −1: the coordinates of G2. */
struct Fq2 {
  Fq c0, c1;

  static constexpr Fq2 zero() { return {Fq::zero(), Fq::zero()}; }
  static constexpr Fq2 one() { return {Fq::one(), Fq::zero()}; }
  bool isZero() const { return c0.isZero() && c1.isZero(); }
  bool operator==(const Fq2& other) const { return c0 == other.c0 && c1 == other.c1; }
  Fq2 operator+(const Fq2& other) const { return {c0 + other.c0, c1 + other.c1}; }
  Fq2 operator-(const Fq2& other) const { return {c0 - other.c0, c1 - other.c1}; }
  Fq2 operator-() const { return {-c0, -c1}; }
  Fq2 operator*(const Fq2& other) const {
    Fq v0 = c0 * other.c0, v1 = c1 * other.c1;
    return {v0 - v1, (c0 + c1) * (other.c0 + other.c1) - v0 - v1};
  }
  Fq2 operator*(const Fq& factor) const { return {c0 * factor, c1 * factor}; }
  Fq2 square() const { return {(c0 + c1) * (c0 - c1), (c0 * c1).doubled()}; }
  Fq2 doubled() const { return {c0.doubled(), c1.doubled()}; }
  Fq2 inverse() const {
    Fq norm = (c0.square() + c1.square()).inverse();
    return {c0 * norm, -(c1 * norm)};
  }
};

/** A point as `.zkey` and `.ptau` files hold it; infinity is all zeros, which is on neither curve. */
template <class F>
struct Affine {
  F x, y;

  static constexpr Affine infinity() { return {F::zero(), F::zero()}; }
  bool isInfinity() const { return x.isZero() && y.isZero(); }
  Affine operator-() const { return {x, -y}; }
  bool operator==(const Affine& other) const { return x == other.x && y == other.y; }
};

static_assert(sizeof(Affine<Fq>) == 64 && sizeof(Affine<Fq2>) == 128, "points lie in files as they lie in memory");

/** X/ZZ, Y/ZZZ with ZZ³ = ZZZ²; formulas named as in the Explicit-Formulas Database, curves y² = x³ + b. */
template <class F>
struct Extended {
  F x, y, zz, zzz;

  static constexpr Extended infinity() { return {F::zero(), F::zero(), F::zero(), F::zero()}; }
  static Extended from(const Affine<F>& p) {
    return p.isInfinity() ? infinity() : Extended{p.x, p.y, F::one(), F::one()};
  }
  bool isInfinity() const { return zz.isZero(); }

  /** dbl-2008-s-1. */
  Extended doubled() const {
    F u = y.doubled(), v = u.square(), w = u * v, s = x * v, xx = x.square();
    F m = xx.doubled() + xx;
    F x3 = m.square() - s.doubled();
    return {x3, m * (s - x3) - w * y, v * zz, w * zzz};
  }

  /** madd-2008-s, all exceptional cases included. */
  Extended operator+(const Affine<F>& q) const {
    if (q.isInfinity()) return *this;
    if (isInfinity()) return from(q);
    F p = q.x * zz - x, r = q.y * zzz - y;
    if (p.isZero()) return r.isZero() ? from(q).doubled() : infinity();
    F pp = p.square(), ppp = p * pp, v = x * pp;
    F x3 = r.square() - ppp - v.doubled();
    return {x3, r * (v - x3) - y * ppp, zz * pp, zzz * ppp};
  }

  /** add-2008-s, all exceptional cases included. */
  Extended operator+(const Extended& q) const {
    if (q.isInfinity()) return *this;
    if (isInfinity()) return q;
    F u1 = x * q.zz, s1 = y * q.zzz;
    F p = q.x * zz - u1, r = q.y * zzz - s1;
    if (p.isZero()) return r.isZero() ? doubled() : infinity();
    F pp = p.square(), ppp = p * pp, v = u1 * pp;
    F x3 = r.square() - ppp - v.doubled();
    return {x3, r * (v - x3) - s1 * ppp, zz * q.zz * pp, zzz * q.zzz * ppp};
  }

  Affine<F> toAffine() const {
    if (isInfinity()) return Affine<F>::infinity();
    // 1/zz = (zz/zzz)².
    F inverse = zzz.inverse(), root = zz * inverse;
    return {x * root.square(), y * inverse};
  }
};

using G1 = Affine<Fq>;
using G2 = Affine<Fq2>;

/** The constant b of the curve of a group. */
template <class F>
F curveConstant();

template <>
inline Fq curveConstant<Fq>() {
  return Fq::fromSmall(3);
}

/** 3/(9 + u), as EIP-197 has it. */
template <>
inline Fq2 curveConstant<Fq2>() {
  return Fq2{Fq::fromSmall(9), Fq::one()}.inverse() * Fq::fromSmall(3);
}

inline bool isCanonical(const Fq& x) { return x.value.isBelow(BaseParameters::modulus); }
inline bool isCanonical(const Fq2& x) { return isCanonical(x.c0) && isCanonical(x.c1); }

/** Whether coordinates are reduced and the point is infinity or on its curve. */
template <class F>
bool isValid(const Affine<F>& p, const F& b) {
  if (!isCanonical(p.x) || !isCanonical(p.y)) return false;
  return p.isInfinity() || p.y.square() == p.x.square() * p.x + b;
}

/** scalar·P by double-and-add. */
template <class F>
Extended<F> multiply(const Affine<F>& p, const Int256& scalar) {
  Extended<F> sum = Extended<F>::infinity();
  for (int i = static_cast<int>(scalar.bitLength()) - 1; i >= 0; i--) {
    sum = sum.doubled();
    if ((scalar.word[i / 64] >> (i % 64) & 1) != 0) sum = sum + p;
  }
  return sum;
}

}  // namespace zkml
