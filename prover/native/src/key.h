// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>

#include "binfile.h"
#include "msm.h"
#include "ntt.h"

namespace zkml {

/** A Groth16 proving key (snarkjs' `.zkey`), checked once so that proofs can rely on it. */
class ProvingKey {
 public:
  /** One entry of the matrices A (0) and B (1): value·R² at (row, wire). */
  static constexpr std::size_t coefficientSize = 44;

  /** @param file Must outlive the key. */
  ProvingKey(Bytes file, Control& control) {
    const Sections sections(file, "zkey", 2);
    if (sections[1].u32(0) != 1) throw Error("BINFILE_UNSUPPORTED", "the key is not for Groth16");
    readHeader(sections[2]);
    coefficients_ = sections[4];
    a = points<Fq>(sections, 5, wires);
    b1 = points<Fq>(sections, 6, wires);
    b2 = points<Fq2>(sections, 7, wires);
    c = points<Fq>(sections, 8, wires - publics - 1);
    h = points<Fq>(sections, 9, domainSize);
    readCoefficients(control);
    finiteA = finitePoints<Fq>(a, wires, control);
    finiteB = finitePoints<Fq2>(b2, wires, control);
    finiteC = finitePoints<Fq>(c, wires - publics - 1, control);
    domain = std::make_unique<Domain>(power);
  }

  std::size_t wires = 0, publics = 0, domainSize = 0;
  unsigned power = 0;
  G1 alpha1, beta1, delta1;
  G2 beta2, delta2;
  const char *a = nullptr, *b1 = nullptr, *b2 = nullptr, *c = nullptr, *h = nullptr;
  Bitmap finiteA, finiteB, finiteC;
  std::unique_ptr<Domain> domain;

  std::size_t coefficientCount() const { return coefficients_.size / coefficientSize; }
  const char* coefficient(std::size_t i) const {
    return coefficients_.data + 4 + coefficientSize * (order_.empty() ? i : order_[i]);
  }
  static uint32_t matrixOf(const char* entry) { return word(entry, 0); }
  static uint32_t rowOf(const char* entry) { return word(entry, 4); }
  static uint32_t wireOf(const char* entry) { return word(entry, 8); }
  static Int256 valueOf(const char* entry) { return loadInteger(entry + 12); }

 private:
  Bytes coefficients_{nullptr, 0};
  /** The entries in the order of their rows, where the file has them in another. */
  std::vector<uint32_t> order_;

  static uint32_t word(const char* entry, std::size_t offset) {
    uint32_t out;
    std::memcpy(&out, entry + offset, sizeof out);
    return out;
  }

  void readHeader(Bytes header) {
    expectPrime<BaseParameters>(header, 0);
    expectPrime<ScalarParameters>(header, 36);
    wires = header.u32(72);
    publics = header.u32(76);
    domainSize = header.u32(80);
    // An index and a sign share 32 bits (groups.h).
    if (wires >= std::size_t{1} << 31) throw Error("BINFILE_UNSUPPORTED", "it has more than 2^31 wires");
    if (publics >= wires) throw Error("BINFILE_CORRUPT", "more wires would be public than there are");
    while (power < 28 && (std::size_t{1} << power) < domainSize) power++;
    if (power < 1 || power > 27 || (std::size_t{1} << power) != domainSize)
      throw Error("BINFILE_CORRUPT", "the domain size is not a power of two from 2 to 2^27");
    alpha1 = header.value<G1>(84);
    beta1 = header.value<G1>(148);
    beta2 = header.value<G2>(212);
    // γ, at 340, is of no use to a prover.
    delta1 = header.value<G1>(468);
    delta2 = header.value<G2>(532);
  }

  template <class F>
  static const char* points(const Sections& sections, uint32_t id, std::size_t count) {
    const Bytes content = sections[id];
    if (content.size != count * sizeof(Affine<F>))
      throw Error("BINFILE_CORRUPT", "section " + std::to_string(id) + " has " + std::to_string(content.size) +
                                         " bytes for " + std::to_string(count) + " points");
    return content.data;
  }

  /** Every entry names a row and a wire that exist. */
  void readCoefficients(Control& control) {
    const std::size_t count = coefficients_.u32(0);
    if (coefficients_.size != 4 + count * coefficientSize)
      throw Error("BINFILE_CORRUPT", "section 4 has another size than its number of coefficients says");
    std::atomic<bool> isInOrder{true};
    parallelSlices(control, count, 4096, [&](std::size_t from, std::size_t to) {
      uint32_t last = from == 0 ? 0 : rowOf(coefficient(from - 1));
      for (std::size_t i = from; i < to; i++) {
        const char* entry = coefficient(i);
        const uint32_t row = rowOf(entry);
        if (matrixOf(entry) > 1 || row >= domainSize || wireOf(entry) >= wires ||
            !valueOf(entry).isBelow(ScalarParameters::modulus))
          throw Error("BINFILE_CORRUPT", "coefficient " + std::to_string(i) + " names a row, wire or value that cannot be");
        if (row < last) isInOrder = false;
        last = row;
      }
    });
    if (isInOrder) return;
    std::vector<uint32_t> order(count);
    for (std::size_t i = 0; i < count; i++) order[i] = static_cast<uint32_t>(i);
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t x, uint32_t y) { return rowOf(coefficient(x)) < rowOf(coefficient(y)); });
    order_ = std::move(order);
  }

  template <class F>
  static Bitmap finitePoints(const char* points, std::size_t count, Control& control) {
    Bitmap finite(count);
    // Slices of whole words, so that no two threads write the same one.
    const std::size_t words = (count + 63) / 64;
    parallelSlices(control, words, 64, [&](std::size_t from, std::size_t to) {
      for (std::size_t i = from * 64; i < std::min(to * 64, count); i++) {
        Affine<F> point;
        std::memcpy(&point, points + i * sizeof point, sizeof point);
        if (!point.isInfinity()) finite.set(i);
      }
    });
    return finite;
  }
};

}  // namespace zkml
