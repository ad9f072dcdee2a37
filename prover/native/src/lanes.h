// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "curve.h"

#if defined(ZKML_IFMA)
#include <immintrin.h>
#endif

/**
 * Several field elements at a time, one a lane. Lanes hold representatives below twice the modulus ("loose") unless said
 * otherwise; memory holds reduced ones in Montgomery form with R = 2^256, as files do.
 *
 * The vector form multiplies with R' = 2^260 (five limbs of 52 bits). It reads the same integers, so that it sees x·R as
 * (x/16)·R': everything it computes is about numbers that are a sixteenth of those in memory. Sums and differences do not
 * mind. Who multiplies must count: a quotient of two loaded numbers is right, a product of two is 16 times too small.
 */
namespace zkml {

using LaneMask = uint8_t;

#if defined(ZKML_IFMA)

using Vector = __m512i;

/** Eight lanes of 64 bits: rows of a matrix become its columns. */
inline void transpose(Vector row[8]) {
  Vector a[8], b[8];
  for (int i = 0; i < 4; i++) {
    a[2 * i] = _mm512_unpacklo_epi64(row[2 * i], row[2 * i + 1]);
    a[2 * i + 1] = _mm512_unpackhi_epi64(row[2 * i], row[2 * i + 1]);
  }
  for (int i = 0; i < 2; i++) {
    for (int j = 0; j < 2; j++) {
      b[4 * i + j] = _mm512_shuffle_i64x2(a[4 * i + j], a[4 * i + 2 + j], 0x88);
      b[4 * i + 2 + j] = _mm512_shuffle_i64x2(a[4 * i + j], a[4 * i + 2 + j], 0xdd);
    }
  }
  for (int j = 0; j < 4; j++) {
    row[j] = _mm512_shuffle_i64x2(b[j], b[4 + j], 0x88);
    row[4 + j] = _mm512_shuffle_i64x2(b[j], b[4 + j], 0xdd);
  }
}

template <class P>
struct Lanes {
  using Scalar = Field<P>;
  static constexpr int count = 8;
  /** R'/R. */
  static constexpr u64 ratio = 16;
  static constexpr u64 limbMask = (u64{1} << 52) - 1;

  Vector limb[5];

  /** Limb i of multiple·modulus. */
  static constexpr u64 modulusLimb(int i, unsigned multiple) {
    u64 word[5] = {0, 0, 0, 0, 0};
    u128 carry = 0;
    for (int j = 0; j < 4; j++) {
      carry += u128{P::modulus.word[j]} * multiple;
      word[j] = static_cast<u64>(carry);
      carry >>= 64;
    }
    word[4] = static_cast<u64>(carry);
    int from = 52 * i;
    u64 low = word[from / 64] >> (from % 64);
    if (from % 64 > 12 && from / 64 < 4) low |= word[from / 64 + 1] << (64 - from % 64);
    return low & limbMask;
  }
  static constexpr u64 negatedInverse = P::negatedInverse & limbMask;

  static Vector constant(u64 value) { return _mm512_set1_epi64(static_cast<long long>(value)); }

  static Lanes fromWords(const Vector word[4]) {
    const Vector mask = constant(limbMask);
    Lanes out;
    out.limb[0] = _mm512_and_si512(word[0], mask);
    out.limb[1] =
        _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64(word[0], 52), _mm512_slli_epi64(word[1], 12)), mask);
    out.limb[2] =
        _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64(word[1], 40), _mm512_slli_epi64(word[2], 24)), mask);
    out.limb[3] =
        _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64(word[2], 28), _mm512_slli_epi64(word[3], 36)), mask);
    out.limb[4] = _mm512_srli_epi64(word[3], 16);
    return out;
  }

  void toWords(Vector word[4]) const {
    word[0] = _mm512_or_si512(limb[0], _mm512_slli_epi64(limb[1], 52));
    word[1] = _mm512_or_si512(_mm512_srli_epi64(limb[1], 12), _mm512_slli_epi64(limb[2], 40));
    word[2] = _mm512_or_si512(_mm512_srli_epi64(limb[2], 24), _mm512_slli_epi64(limb[3], 28));
    word[3] = _mm512_or_si512(_mm512_srli_epi64(limb[3], 36), _mm512_slli_epi64(limb[4], 16));
  }

  /** The same value in every lane. */
  static Lanes broadcast(const Scalar& x) {
    Vector word[4];
    for (int i = 0; i < 4; i++) word[i] = constant(x.value.word[i]);
    return fromWords(word);
  }

  /** A constant factor as products take it: x·R', so that lanes·factor is the product of the numbers meant. */
  struct Factor {
    u64 limb[5];
  };
  static Factor factor(const Scalar& x) {
    const Int256 value = (x * Scalar::fromSmall(ratio)).value;
    Factor out;
    for (int i = 0; i < 5; i++) {
      int from = 52 * i;
      u64 low = value.word[from / 64] >> (from % 64);
      if (from % 64 > 12 && from / 64 < 3) low |= value.word[from / 64 + 1] << (64 - from % 64);
      out.limb[i] = low & limbMask;
    }
    return out;
  }
  /** The same factor in every lane. */
  static Lanes broadcast(const Factor& x) {
    Lanes out;
    for (int i = 0; i < 5; i++) out.limb[i] = constant(x.limb[i]);
    return out;
  }
  /** A factor for each lane. */
  static Lanes factors(const Scalar x[count]) {
    Scalar scaled[count];
    for (int i = 0; i < count; i++) scaled[i] = x[i] * Scalar::fromSmall(ratio);
    return fromArray(scaled);
  }
  /** Lane i gets what lane i XOR distance held. */
  template <int distance>
  Lanes exchanged() const {
    Lanes out;
    for (int i = 0; i < 5; i++) {
      if (distance == 4) out.limb[i] = _mm512_shuffle_i64x2(limb[i], limb[i], 0x4e);
      if (distance == 2) out.limb[i] = _mm512_shuffle_i64x2(limb[i], limb[i], 0xb1);
      if (distance == 1) out.limb[i] = _mm512_shuffle_epi32(limb[i], _MM_PERM_BADC);
    }
    return out;
  }

  /** Reads two elements that follow one another, for each lane from its own address. */
  static void gather(const char* const address[count], Lanes& first, Lanes& second) {
    Vector row[8];
    for (int i = 0; i < 8; i++) row[i] = _mm512_loadu_si512(address[i]);
    transpose(row);
    first = fromWords(row);
    second = fromWords(row + 4);
  }

  /** Writes two reduced elements for the lanes of the mask. */
  static void scatter(char* const address[count], LaneMask mask, const Lanes& first, const Lanes& second) {
    Vector row[8];
    first.toWords(row);
    second.toWords(row + 4);
    transpose(row);
    for (int i = 0; i < 8; i++)
      if ((mask >> i & 1) != 0) _mm512_storeu_si512(address[i], row[i]);
  }

  static Lanes fromArray(const Scalar x[count]) {
    alignas(64) u64 column[4][8];
    for (int i = 0; i < 8; i++)
      for (int j = 0; j < 4; j++) column[j][i] = x[i].value.word[j];
    Vector word[4];
    for (int j = 0; j < 4; j++) word[j] = _mm512_load_si512(column[j]);
    return fromWords(word);
  }

  /** Of a reduced value. */
  void toArray(Scalar x[count]) const {
    Vector word[4];
    toWords(word);
    alignas(64) u64 column[4][8];
    for (int j = 0; j < 4; j++) _mm512_store_si512(column[j], word[j]);
    for (int i = 0; i < 8; i++)
      for (int j = 0; j < 4; j++) x[i].value.word[j] = column[j][i];
  }

  /** Lanes whose limbs are equal; of reduced values, lanes that are equal. */
  LaneMask equal(const Lanes& other) const {
    Vector difference = _mm512_setzero_si512();
    for (int i = 0; i < 5; i++)
      difference = _mm512_or_si512(difference, _mm512_xor_si512(limb[i], other.limb[i]));
    return _mm512_testn_epi64_mask(difference, difference);
  }
  LaneMask isZero() const {
    Vector any = _mm512_or_si512(_mm512_or_si512(limb[0], limb[1]), _mm512_or_si512(limb[2], limb[3]));
    any = _mm512_or_si512(any, limb[4]);
    return _mm512_testn_epi64_mask(any, any);
  }

  static Lanes select(LaneMask mask, const Lanes& yes, const Lanes& no) {
    Lanes out;
    for (int i = 0; i < 5; i++) out.limb[i] = _mm512_mask_blend_epi64(mask, no.limb[i], yes.limb[i]);
    return out;
  }

  /**
   * a·b/R'. For a < A·p and b < B·p, A·B ≤ 84, the result is loose: it is below a·b/R' + p, and R'/p > 84. Almost
   * Montgomery products with 52-bit limbs: Gueron and Krasnov, "Accelerating Big Integer Arithmetic Using Intel IFMA
   * Extensions", 2016.
   */
  Lanes operator*(const Lanes& b) const {
    Vector t[6];
    for (Vector& x : t) x = _mm512_setzero_si512();
    const Vector inverse = constant(negatedInverse);
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) {
#pragma GCC unroll 5
      for (int j = 0; j < 5; j++) t[j] = _mm512_madd52lo_epu64(t[j], limb[j], b.limb[i]);
      Vector m = _mm512_madd52lo_epu64(_mm512_setzero_si512(), t[0], inverse);
#pragma GCC unroll 5
      for (int j = 0; j < 5; j++) t[j + 1] = _mm512_madd52hi_epu64(t[j + 1], limb[j], b.limb[i]);
#pragma GCC unroll 5
      for (int j = 0; j < 5; j++) {
        t[j] = _mm512_madd52lo_epu64(t[j], m, constant(modulusLimb(j, 1)));
        t[j + 1] = _mm512_madd52hi_epu64(t[j + 1], m, constant(modulusLimb(j, 1)));
      }
      t[0] = _mm512_add_epi64(t[1], _mm512_srli_epi64(t[0], 52));
#pragma GCC unroll 4
      for (int j = 1; j < 5; j++) t[j] = t[j + 1];
      t[5] = _mm512_setzero_si512();
    }
    Lanes out;
    for (int i = 0; i < 5; i++) out.limb[i] = t[i];
    return out.carried();
  }
  Lanes square() const { return *this * *this; }

  /** Loose. */
  Lanes operator+(const Lanes& b) const {
    Lanes sum;
    for (int i = 0; i < 5; i++) sum.limb[i] = _mm512_add_epi64(limb[i], b.limb[i]);
    return sum.template reducedBy<2>();
  }
  /** Loose. */
  Lanes operator-(const Lanes& b) const {
    Lanes difference;
    for (int i = 0; i < 5; i++)
      difference.limb[i] =
          _mm512_add_epi64(_mm512_sub_epi64(limb[i], b.limb[i]), constant(modulusLimb(i, 2)));
    return difference.template reducedBy<2>();
  }
  /** a + b, below four times the modulus: an operand of one product. */
  static Lanes wideSum(const Lanes& a, const Lanes& b) {
    Lanes sum;
    for (int i = 0; i < 5; i++) sum.limb[i] = _mm512_add_epi64(a.limb[i], b.limb[i]);
    return sum.carried();
  }
  /** a − b + 2p, below four times the modulus: an operand of one product. */
  static Lanes wideDifference(const Lanes& a, const Lanes& b) {
    Lanes difference;
    for (int i = 0; i < 5; i++)
      difference.limb[i] =
          _mm512_add_epi64(_mm512_sub_epi64(a.limb[i], b.limb[i]), constant(modulusLimb(i, 2)));
    return difference.carried();
  }
  /** 4a, below eight times the modulus: an operand of one product. */
  Lanes quadrupled() const {
    Lanes out;
    for (int i = 0; i < 5; i++) out.limb[i] = _mm512_slli_epi64(limb[i], 2);
    return out.carried();
  }
  /** −a for the lanes of the mask; loose. */
  Lanes negatedWhere(LaneMask mask) const {
    Lanes out;
    for (int i = 0; i < 5; i++)
      out.limb[i] = _mm512_mask_sub_epi64(limb[i], mask, constant(modulusLimb(i, 2)), limb[i]);
    return out.carried();
  }
  /** Below the modulus. */
  Lanes reduced() const { return reducedBy<1>(); }

 private:
  /** Moves what exceeds 52 bits, or is negative, to the next limb. The value must be non-negative. */
  Lanes carried() const {
    const Vector mask = constant(limbMask);
    Lanes out;
    Vector carry = _mm512_setzero_si512();
    for (int i = 0; i < 4; i++) {
      Vector sum = _mm512_add_epi64(limb[i], carry);
      out.limb[i] = _mm512_and_si512(sum, mask);
      carry = _mm512_srai_epi64(sum, 52);
    }
    out.limb[4] = _mm512_add_epi64(limb[4], carry);
    return out;
  }

  /** Subtracts multiple·modulus where the result is not negative. */
  template <unsigned multiple>
  Lanes reducedBy() const {
    Lanes lower;
    const Vector mask = constant(limbMask);
    Vector carry = _mm512_setzero_si512();
    for (int i = 0; i < 4; i++) {
      Vector sum = _mm512_add_epi64(_mm512_sub_epi64(limb[i], constant(modulusLimb(i, multiple))), carry);
      lower.limb[i] = _mm512_and_si512(sum, mask);
      carry = _mm512_srai_epi64(sum, 52);
    }
    lower.limb[4] = _mm512_add_epi64(_mm512_sub_epi64(limb[4], constant(modulusLimb(4, multiple))), carry);
    return select(_mm512_movepi64_mask(lower.limb[4]), carried(), lower);
  }
};

#else

/** One lane: the field itself. Values are always reduced, so that loose and wide mean nothing here. */
template <class P>
struct Lanes {
  using Scalar = Field<P>;
  static constexpr int count = 1;
  static constexpr u64 ratio = 1;

  Scalar x;

  static Lanes broadcast(const Scalar& value) { return {value}; }
  using Factor = Scalar;
  static Factor factor(const Scalar& value) { return value; }
  static Lanes factors(const Scalar value[1]) { return {value[0]}; }
  static void gather(const char* const address[1], Lanes& first, Lanes& second) {
    std::memcpy(&first.x, address[0], sizeof(Scalar));
    std::memcpy(&second.x, address[0] + sizeof(Scalar), sizeof(Scalar));
  }
  static void scatter(char* const address[1], LaneMask mask, const Lanes& first, const Lanes& second) {
    if (mask == 0) return;
    std::memcpy(address[0], &first.x, sizeof(Scalar));
    std::memcpy(address[0] + sizeof(Scalar), &second.x, sizeof(Scalar));
  }
  static Lanes fromArray(const Scalar value[1]) { return {value[0]}; }
  void toArray(Scalar value[1]) const { value[0] = x; }
  LaneMask equal(const Lanes& other) const { return x == other.x; }
  LaneMask isZero() const { return x.isZero(); }
  static Lanes select(LaneMask mask, const Lanes& yes, const Lanes& no) { return mask != 0 ? yes : no; }
  Lanes operator*(const Lanes& b) const { return {x * b.x}; }
  Lanes square() const { return {x.square()}; }
  Lanes operator+(const Lanes& b) const { return {x + b.x}; }
  Lanes operator-(const Lanes& b) const { return {x - b.x}; }
  static Lanes wideSum(const Lanes& a, const Lanes& b) { return a + b; }
  static Lanes wideDifference(const Lanes& a, const Lanes& b) { return a - b; }
  Lanes quadrupled() const { return {x.doubled().doubled()}; }
  Lanes negatedWhere(LaneMask mask) const { return mask != 0 ? Lanes{-x} : *this; }
  Lanes reduced() const { return *this; }
};

#endif

/** Lanes of Fq2. */
struct Lanes2 {
  using Base = Lanes<BaseParameters>;
  using Scalar = Fq2;
  static constexpr int count = Base::count;
  static constexpr u64 ratio = Base::ratio;

  Base c0, c1;

  static Lanes2 broadcast(const Fq2& x) { return {Base::broadcast(x.c0), Base::broadcast(x.c1)}; }
  static Lanes2 fromArray(const Fq2 x[count]) {
    Fq part0[count], part1[count];
    for (int i = 0; i < count; i++) part0[i] = x[i].c0, part1[i] = x[i].c1;
    return {Base::fromArray(part0), Base::fromArray(part1)};
  }
  void toArray(Fq2 x[count]) const {
    Fq part0[count], part1[count];
    c0.toArray(part0);
    c1.toArray(part1);
    for (int i = 0; i < count; i++) x[i] = {part0[i], part1[i]};
  }
  LaneMask equal(const Lanes2& other) const { return c0.equal(other.c0) & c1.equal(other.c1); }
  LaneMask isZero() const { return c0.isZero() & c1.isZero(); }
  static Lanes2 select(LaneMask mask, const Lanes2& yes, const Lanes2& no) {
    return {Base::select(mask, yes.c0, no.c0), Base::select(mask, yes.c1, no.c1)};
  }
  /** Loose for operands of which one is loose and the other at most eight times the modulus. */
  Lanes2 operator*(const Lanes2& b) const {
    Base v0 = c0 * b.c0, v1 = c1 * b.c1;
    // (8 + 8)·(2 + 2) = 64 ≤ 84.
    Base cross = sum(*this) * sum(b);
    return {v0 - v1, cross - v0 - v1};
  }
  /** Of loose operands. */
  Lanes2 square() const {
    Base product = c0 * c1;
    return {Base::wideSum(c0, c1) * Base::wideDifference(c0, c1), product + product};
  }
  Lanes2 operator+(const Lanes2& b) const { return {c0 + b.c0, c1 + b.c1}; }
  Lanes2 operator-(const Lanes2& b) const { return {c0 - b.c0, c1 - b.c1}; }
  Lanes2 quadrupled() const { return {c0.quadrupled(), c1.quadrupled()}; }
  Lanes2 negatedWhere(LaneMask mask) const { return {c0.negatedWhere(mask), c1.negatedWhere(mask)}; }
  Lanes2 reduced() const { return {c0.reduced(), c1.reduced()}; }

 private:
  static Base sum(const Lanes2& a) { return Base::wideSum(a.c0, a.c1); }
};

/** The lanes in which coordinates of a group are computed. */
template <class F>
struct LanesOf;
template <>
struct LanesOf<Fq> {
  using Type = Lanes<BaseParameters>;
};
template <>
struct LanesOf<Fq2> {
  using Type = Lanes2;
};

/** Reads a point for each lane; addresses need no alignment. */
inline void gatherPoints(const char* const address[], Lanes<BaseParameters>& x, Lanes<BaseParameters>& y) {
  Lanes<BaseParameters>::gather(address, x, y);
}
inline void gatherPoints(const char* const address[], Lanes2& x, Lanes2& y) {
  const char* half[Lanes2::count];
  for (int i = 0; i < Lanes2::count; i++) half[i] = address[i] + sizeof(Fq2);
  Lanes2::Base::gather(address, x.c0, x.c1);
  Lanes2::Base::gather(half, y.c0, y.c1);
}

/** Writes reduced points for the lanes of the mask. */
inline void scatterPoints(char* const address[], LaneMask mask, const Lanes<BaseParameters>& x,
                          const Lanes<BaseParameters>& y) {
  Lanes<BaseParameters>::scatter(address, mask, x, y);
}
inline void scatterPoints(char* const address[], LaneMask mask, const Lanes2& x, const Lanes2& y) {
  // Lanes that are not written may have no address.
  char* half[Lanes2::count] = {};
  for (int i = 0; i < Lanes2::count; i++)
    if ((mask >> i & 1) != 0) half[i] = address[i] + sizeof(Fq2);
  Lanes2::Base::scatter(address, mask, x.c0, x.c1);
  Lanes2::Base::scatter(half, mask, y.c0, y.c1);
}

}  // namespace zkml
