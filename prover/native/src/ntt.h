// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "lanes.h"
#include "parallel.h"

namespace zkml {

/** snarkjs' primitive 2^power-th root of unity: 5^((r − 1)/2^power), 5 being the least quadratic non-residue. */
inline Fr rootOfUnity(unsigned power) {
  Int256 exponent;
  subtract(ScalarParameters::modulus, {{1, 0, 0, 0}}, exponent);
  for (unsigned i = 0; i < power; i++) {
    for (int j = 0; j < 3; j++) exponent.word[j] = exponent.word[j] >> 1 | exponent.word[j + 1] << 63;
    exponent.word[3] >>= 1;
  }
  return Fr::fromSmall(5).power(exponent);
}

inline std::size_t reverseBits(std::size_t value, unsigned width) {
  std::size_t out = 0;
  for (unsigned i = 0; i < width; i++) out |= (value >> i & 1) << (width - 1 - i);
  return out;
}

/**
 * Number-theoretic transforms over the powers of an n-th root of unity. Element e of a polynomial is in lane e / m of
 * vector e mod m, where m = n / lanes: the first butterflies are between lanes (one small transform and one product a
 * vector), and all others between whole vectors, with the same twiddle factor in every lane.
 *
 * Decimation in frequency leaves coefficients in bit-reversed order and decimation in time takes them so; nothing is
 * ever reordered.
 */
class Domain {
 public:
  using L = Lanes<ScalarParameters>;
  static constexpr std::size_t lanes = L::count;
  using Polynomial = std::vector<L>;

  /** The least power of two that lanes allow. */
  static constexpr unsigned minPower = lanes == 1 ? 0 : 3;

  explicit Domain(unsigned power)
      : power(power), size(std::size_t{1} << power), vectors(size / lanes),
        forward_(*this, rootOfUnity(power)), backward_(*this, rootOfUnity(power).inverse()) {
    // Coefficient k, wherever the first transform leaves it, is divided by n and multiplied by the k-th power of a root of
    // twice the order.
    const Fr root = rootOfUnity(power + 1), perSize = Fr::fromSmall(size).inverse();
    std::vector<Fr> shift(size);
    Fr value = perSize;
    for (std::size_t k = 0; k < size; k++) {
      shift[reverseBits(k, power)] = value;
      value = value * root;
    }
    shift_.resize(vectors);
    for (std::size_t p = 0; p < vectors; p++) shift_[p] = factorsAt(shift, p);
  }

  const unsigned power;
  const std::size_t size, vectors;

  /** Reads n elements (32 reduced bytes, Montgomery form) from memory. */
  Polynomial load(const Fr* values, Control& control) const {
    Polynomial out(vectors);
    parallelSlices(control, vectors, 256, [&](std::size_t from, std::size_t to) {
      for (std::size_t p = from; p < to; p++) {
        Fr lane[lanes];
        for (std::size_t l = 0; l < lanes; l++) lane[l] = values[l * vectors + p];
        out[p] = L::fromArray(lane);
      }
    });
    return out;
  }

  /** Calls use(element, value) for every element, with reduced values. */
  template <class Use>
  void store(const Polynomial& values, Control& control, const Use& use) const {
    parallelSlices(control, vectors, 256, [&](std::size_t from, std::size_t to) {
      for (std::size_t p = from; p < to; p++) {
        Fr lane[lanes];
        values[p].reduced().toArray(lane);
        for (std::size_t l = 0; l < lanes; l++) use(l * vectors + p, lane[l]);
      }
    });
  }

  /** From values at ω^i to values at ω^i·ζ, ζ² = ω: interpolates, shifts, evaluates. */
  void toOddCoset(Polynomial& x, Control& control) const {
    backward_.frequency(x, control);
    parallelSlices(control, vectors, 256, [&](std::size_t from, std::size_t to) {
      for (std::size_t p = from; p < to; p++) x[p] = x[p] * shift_[p];
    });
    forward_.time(x, control);
  }

 private:
  /** Vectors in a block that stays in the second-level cache. */
  static constexpr std::size_t block = lanes == 1 ? 8192 : 1024;

  static L factorsAt(const std::vector<Fr>& values, std::size_t p) {
    const std::size_t vectors = values.size() / lanes;
    Fr lane[lanes];
    for (std::size_t l = 0; l < lanes; l++) lane[l] = values[l * vectors + p];
    return L::factors(lane);
  }

  /** Transforms with one root ω or its inverse. */
  class Transform {
   public:
    Transform(const Domain& domain, const Fr& root) : vectors_(domain.vectors) {
      // Butterflies of half-width h take the powers of a 2h-th root, at h to 2h − 1.
      const Fr step = root.power({{lanes, 0, 0, 0}});
      twiddle_.resize(std::max<std::size_t>(vectors_, 2));
      Fr level = step;
      for (std::size_t half = vectors_ / 2; half >= 1; half /= 2) {
        Fr value = Fr::one();
        for (std::size_t j = 0; j < half; j++) {
          twiddle_[half + j] = L::factor(value);
          value = value * level;
        }
        level = level.square();
      }
#if defined(ZKML_IFMA)
      // Lane l of vector p, after the transform between lanes, is owed ω^(reverse(l)·p).
      Fr powers[lanes], ratio[lanes];
      for (std::size_t l = 0; l < lanes; l++) {
        powers[l] = Fr::one();
        ratio[l] = root.power({{reverseBits(l, 3), 0, 0, 0}});
      }
      between_.resize(vectors_);
      L current = L::factors(powers);
      const L advance = L::factors(ratio);
      for (std::size_t p = 0; p < vectors_; p++) {
        between_[p] = current;
        current = current * advance;
      }
      const Fr eighth = root.power({{vectors_, 0, 0, 0}}), one = Fr::one();
      const Fr fourth = eighth.square();
      const Fr first[8] = {one, one, one, one, one, eighth, fourth, fourth * eighth};
      const Fr second[8] = {one, one, one, fourth, one, one, one, fourth};
      first_ = L::factors(first);
      second_ = L::factors(second);
#endif
    }

    /** Decimation in frequency: natural order to bit-reversed. */
    void frequency(Polynomial& x, Control& control) const {
#if defined(ZKML_IFMA)
      parallelSlices(control, vectors_, 256, [&](std::size_t from, std::size_t to) {
        for (std::size_t p = from; p < to; p++) {
          L v = butterfly<4>(x[p]) * first_;
          v = butterfly<2>(v) * second_;
          x[p] = butterfly<1>(v) * between_[p];
        }
      });
#endif
      std::size_t half = vectors_ / 2;
      for (; 2 * half > block; half /= 2) {
        parallelSlices(control, vectors_ / 2, 256, [&](std::size_t from, std::size_t to) {
          for (std::size_t k = from; k < to; k++) frequencyButterfly(x.data(), k, half);
        });
      }
      parallelFor(control, vectors_ / std::min(block, vectors_), [&](std::size_t i) {
        L* part = x.data() + i * block;
        const std::size_t count = std::min(block, vectors_);
        for (std::size_t h = count / 2; h >= 1; h /= 2)
          for (std::size_t k = 0; k < count / 2; k++) frequencyButterfly(part, k, h);
      });
    }

    /** Decimation in time: bit-reversed order to natural. */
    void time(Polynomial& x, Control& control) const {
      parallelFor(control, vectors_ / std::min(block, vectors_), [&](std::size_t i) {
        L* part = x.data() + i * block;
        const std::size_t count = std::min(block, vectors_);
        for (std::size_t h = 1; h < count; h *= 2)
          for (std::size_t k = 0; k < count / 2; k++) timeButterfly(part, k, h);
      });
      for (std::size_t half = block; half < vectors_; half *= 2) {
        parallelSlices(control, vectors_ / 2, 256, [&](std::size_t from, std::size_t to) {
          for (std::size_t k = from; k < to; k++) timeButterfly(x.data(), k, half);
        });
      }
#if defined(ZKML_IFMA)
      parallelSlices(control, vectors_, 256, [&](std::size_t from, std::size_t to) {
        for (std::size_t p = from; p < to; p++) {
          L v = butterfly<1>(x[p] * between_[p]);
          v = butterfly<2>(v * second_);
          x[p] = butterfly<4>(v * first_);
        }
      });
#endif
    }

   private:
    const std::size_t vectors_;
    std::vector<typename L::Factor> twiddle_;
#if defined(ZKML_IFMA)
    std::vector<L> between_;
    L first_, second_;

    /** (a, b) to (a + b, a − b) for lanes at a distance. */
    template <int distance>
    static L butterfly(const L& x) {
      constexpr LaneMask upper = distance == 4 ? 0xf0 : distance == 2 ? 0xcc : 0xaa;
      L other = x.template exchanged<distance>();
      return L::select(upper, other - x, x + other);
    }
#endif

    void frequencyButterfly(L* x, std::size_t k, std::size_t half) const {
      const std::size_t j = k & (half - 1);
      L* at = x + 2 * (k - j) + j;
      const L u = at[0], v = at[half];
      at[0] = u + v;
      at[half] = L::wideDifference(u, v) * L::broadcast(twiddle_[half + j]);
    }

    void timeButterfly(L* x, std::size_t k, std::size_t half) const {
      const std::size_t j = k & (half - 1);
      L* at = x + 2 * (k - j) + j;
      const L u = at[0], v = at[half] * L::broadcast(twiddle_[half + j]);
      at[0] = u + v;
      at[half] = u - v;
    }
  };

  const Transform forward_, backward_;
  std::vector<L> shift_;
};

}  // namespace zkml
