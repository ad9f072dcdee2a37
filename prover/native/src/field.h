// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace zkml {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files are little-endian, and are read as they are");

using u64 = uint64_t;
using u128 = unsigned __int128;

/** a + b + carry, and the new carry. */
inline u64 addWithCarry(u64 a, u64 b, unsigned long long& carry) {
#if defined(__x86_64__)
  unsigned long long sum;
  carry = _addcarry_u64(static_cast<unsigned char>(carry), a, b, &sum);
  return sum;
#else
  u128 sum = u128{a} + b + carry;
  carry = static_cast<u64>(sum >> 64);
  return static_cast<u64>(sum);
#endif
}

/** a − b − borrow, and the new borrow. */
inline u64 subtractWithBorrow(u64 a, u64 b, unsigned long long& borrow) {
#if defined(__x86_64__)
  unsigned long long difference;
  borrow = _subborrow_u64(static_cast<unsigned char>(borrow), a, b, &difference);
  return difference;
#else
  u128 difference = u128{a} - b - borrow;
  borrow = static_cast<u64>(difference >> 64) & 1;
  return static_cast<u64>(difference);
#endif
}

/** A 256-bit integer, least significant word first: the form of every iden3 file on a little-endian machine. */
struct Int256 {
  u64 word[4];

  bool operator==(const Int256& other) const { return std::memcmp(word, other.word, sizeof word) == 0; }
  bool isZero() const { return (word[0] | word[1] | word[2] | word[3]) == 0; }

  bool isBelow(const Int256& bound) const {
    for (int i = 3; i >= 0; i--)
      if (word[i] != bound.word[i]) return word[i] < bound.word[i];
    return false;
  }

  /** Position of the highest set bit plus one; 0 for zero. */
  unsigned bitLength() const {
    for (int i = 3; i >= 0; i--)
      if (word[i] != 0) return 64 * i + 64 - static_cast<unsigned>(__builtin_clzll(word[i]));
    return 0;
  }

  /** `width` ≤ 32 bits from bit `from` on; bits beyond the 256th are zero. */
  uint32_t bits(unsigned from, unsigned width) const {
    if (from >= 256) return 0;
    u64 value = word[from / 64] >> (from % 64);
    if (from % 64 + width > 64 && from / 64 < 3) value |= word[from / 64 + 1] << (64 - from % 64);
    return static_cast<uint32_t>(value & ((u64{1} << width) - 1));
  }
};

/** a − b, and whether it borrowed. */
inline bool subtract(const Int256& a, const Int256& b, Int256& out) {
  unsigned long long borrow = 0;
  for (int i = 0; i < 4; i++) out.word[i] = subtractWithBorrow(a.word[i], b.word[i], borrow);
  return borrow != 0;
}

/** mask is all ones or zero: no branch, whose outcome could not be foretold, is taken. */
inline Int256 select(u64 mask, const Int256& yes, const Int256& no) {
  Int256 out;
  for (int i = 0; i < 4; i++) out.word[i] = (yes.word[i] & mask) | (no.word[i] & ~mask);
  return out;
}

/** BN254's base field: the coordinates of points. */
struct BaseParameters {
  static constexpr Int256 modulus{{0x3c208c16d87cfd47, 0x97816a916871ca8d, 0xb85045b68181585d, 0x30644e72e131a029}};
  /** −modulus^(−1) mod 2^64. */
  static constexpr u64 negatedInverse = 0x87d20782e4866389;
  /** 2^256 mod modulus. */
  static constexpr Int256 one{{0xd35d438dc58f0d9d, 0x0a78eb28f5c70b3d, 0x666ea36f7879462c, 0x0e0a77c19a07df2f}};
  /** 2^512 mod modulus. */
  static constexpr Int256 squared{{0xf32cfc5b538afa89, 0xb5e71911d44501fb, 0x47ab1eff0a417ff6, 0x06d89f71cab8351f}};
};

/** The order of BN254's groups: wires, coefficients, public signals. */
struct ScalarParameters {
  static constexpr Int256 modulus{{0x43e1f593f0000001, 0x2833e84879b97091, 0xb85045b68181585d, 0x30644e72e131a029}};
  static constexpr u64 negatedInverse = 0xc2e1f593efffffff;
  static constexpr Int256 one{{0xac96341c4ffffffb, 0x36fc76959f60cd29, 0x666ea36f7879462e, 0x0e0a77c19a07df2f}};
  static constexpr Int256 squared{{0x1bb8e645ae216da7, 0x53fe3ab1e35c59e3, 0x8c49833d53bb8085, 0x0216d0b17f4e44a5}};
};

/** A field element in Montgomery form, R = 2^256, always below the modulus. */
template <class P>
struct Field {
  Int256 value;

  static constexpr Field zero() { return {{{0, 0, 0, 0}}}; }
  static constexpr Field one() { return {P::one}; }
  /** Takes any 256-bit integer, reduced modulo the modulus. */
  static Field fromInteger(const Int256& integer) { return Field{P::squared} * Field{integer}; }
  static Field fromSmall(u64 integer) { return fromInteger({{integer, 0, 0, 0}}); }
  Int256 toInteger() const { return (*this * Field{{{1, 0, 0, 0}}}).value; }

  bool isZero() const { return value.isZero(); }
  bool operator==(const Field& other) const { return value == other.value; }

  Field operator+(const Field& other) const {
    // No carry: both are below 2^254.
    Int256 sum;
    unsigned long long carry = 0;
    for (int i = 0; i < 4; i++) sum.word[i] = addWithCarry(value.word[i], other.value.word[i], carry);
    return {reduceOnce(sum)};
  }

  Field operator-(const Field& other) const {
    Int256 difference;
    const u64 mask = -u64{subtract(value, other.value, difference)};
    unsigned long long carry = 0;
    for (int i = 0; i < 4; i++)
      difference.word[i] = addWithCarry(difference.word[i], P::modulus.word[i] & mask, carry);
    return {difference};
  }

  Field operator-() const { return zero() - *this; }
  Field operator*(const Field& other) const { return {montgomeryProduct(value, other.value)}; }
  Field square() const { return *this * *this; }
  Field doubled() const { return *this + *this; }

  Field power(const Int256& exponent) const {
    Field result = one();
    for (int i = static_cast<int>(exponent.bitLength()) - 1; i >= 0; i--) {
      result = result.square();
      if ((exponent.word[i / 64] >> (i % 64) & 1) != 0) result = result * *this;
    }
    return result;
  }

  /** 1/x; 0 for 0. By Fermat: inversions are shared by batches, so their own speed matters little. */
  Field inverse() const {
    Int256 exponent;
    subtract(P::modulus, {{2, 0, 0, 0}}, exponent);
    return power(exponent);
  }

 private:
  static Int256 reduceOnce(const Int256& value) {
    Int256 reduced;
    const u64 isBelow = -u64{subtract(value, P::modulus, reduced)};
    return select(isBelow, value, reduced);
  }

  /**
   * a·b/2^256 mod modulus, by coarsely integrated operand scanning (Koç, Acar, Kaliski 1996). The modulus leaves two bits
   * of the top word free, so the running sum never takes a sixth word. `b` may be any 256-bit integer; `a` must be below
   * the modulus.
   */
  static Int256 montgomeryProduct(const Int256& a, const Int256& b) {
#if defined(ZKML_ADX)
    u64 t0 = 0, t1 = 0, t2 = 0, t3 = 0, t4, low, high;
    const u64* x = a.word;
    // One round: t += a·b[i]; t = (t + m·modulus)/2^64, m chosen so that it divides. Two carry chains run side by side.
#define ZKML_ROUND(offset)                     \
  "movq " offset "(%[b]), %%rdx\n\t"           \
  "xorl %k[t4], %k[t4]\n\t"                    \
  "mulxq 0(%[a]), %[low], %[high]\n\t"         \
  "adoxq %[low], %[t0]\n\t"                    \
  "adcxq %[high], %[t1]\n\t"                   \
  "mulxq 8(%[a]), %[low], %[high]\n\t"         \
  "adoxq %[low], %[t1]\n\t"                    \
  "adcxq %[high], %[t2]\n\t"                   \
  "mulxq 16(%[a]), %[low], %[high]\n\t"        \
  "adoxq %[low], %[t2]\n\t"                    \
  "adcxq %[high], %[t3]\n\t"                   \
  "mulxq 24(%[a]), %[low], %[high]\n\t"        \
  "adoxq %[low], %[t3]\n\t"                    \
  "adcxq %[high], %[t4]\n\t"                   \
  "movl $0, %k[low]\n\t"                       \
  "adoxq %[low], %[t4]\n\t"                    \
  "movq %[inverse], %%rdx\n\t"                 \
  "imulq %[t0], %%rdx\n\t"                     \
  "xorl %k[low], %k[low]\n\t"                  \
  "mulxq 0(%[p]), %[low], %[high]\n\t"         \
  "adcxq %[t0], %[low]\n\t"                    \
  "movq %[high], %[t0]\n\t"                    \
  "adcxq %[t1], %[t0]\n\t"                     \
  "mulxq 8(%[p]), %[low], %[t1]\n\t"           \
  "adoxq %[low], %[t0]\n\t"                    \
  "adcxq %[t2], %[t1]\n\t"                     \
  "mulxq 16(%[p]), %[low], %[t2]\n\t"          \
  "adoxq %[low], %[t1]\n\t"                    \
  "adcxq %[t3], %[t2]\n\t"                     \
  "mulxq 24(%[p]), %[low], %[t3]\n\t"          \
  "adoxq %[low], %[t2]\n\t"                    \
  "movl $0, %k[low]\n\t"                       \
  "adcxq %[low], %[t3]\n\t"                    \
  "adoxq %[t4], %[t3]\n\t"
    asm(ZKML_ROUND("0") ZKML_ROUND("8") ZKML_ROUND("16") ZKML_ROUND("24")
        : [t0] "+&r"(t0), [t1] "+&r"(t1), [t2] "+&r"(t2), [t3] "+&r"(t3), [t4] "=&r"(t4), [low] "=&r"(low),
          [high] "=&r"(high)
        : [a] "r"(x), [b] "r"(b.word), [p] "r"(P::modulus.word), [inverse] "r"(P::negatedInverse),
          "m"(a), "m"(b), "m"(P::modulus)
        : "rdx", "cc");
#undef ZKML_ROUND
    return reduceOnce({{t0, t1, t2, t3}});
#else
    u64 t[5] = {0, 0, 0, 0, 0};
    for (int i = 0; i < 4; i++) {
      u64 carry = 0;
      for (int j = 0; j < 4; j++) {
        u128 part = u128{a.word[j]} * b.word[i] + t[j] + carry;
        t[j] = static_cast<u64>(part);
        carry = static_cast<u64>(part >> 64);
      }
      t[4] = carry;
      u64 m = t[0] * P::negatedInverse;
      carry = static_cast<u64>((u128{m} * P::modulus.word[0] + t[0]) >> 64);
      for (int j = 1; j < 4; j++) {
        u128 part = u128{m} * P::modulus.word[j] + t[j] + carry;
        t[j - 1] = static_cast<u64>(part);
        carry = static_cast<u64>(part >> 64);
      }
      t[3] = t[4] + carry;
    }
    return reduceOnce({{t[0], t[1], t[2], t[3]}});
#endif
  }
};

using Fq = Field<BaseParameters>;
using Fr = Field<ScalarParameters>;

}  // namespace zkml
