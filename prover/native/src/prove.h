// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "key.h"

namespace zkml {

struct Proof {
  G1 a;
  G2 b;
  G1 c;
};

/** The two numbers that hide the witness; uniform, secret, used once. */
struct Blinding {
  Int256 r, s;
};

/** A key and a witness on their way to a proof (Groth 2016, section 3.2, in snarkjs' form). */
class Prover {
 public:
  /** @param witness wires × 32 little-endian bytes below r. */
  Prover(const ProvingKey& key, const char* witness, Control& control)
      : key_(key), witness_(witness), control_(control) {}

  Proof prove(const Blinding& blinding) {
    const Digits wireDigits(witness_, key_.wires, control_);
    std::vector<Int256> quotient = quotientValues();
    const Digits rowDigits(reinterpret_cast<const char*>(quotient.data()), quotient.size(), control_);
    Msm<Fq> a({key_.a, 0, &key_.finiteA, &wireDigits});
    Msm<Fq> b1({key_.b1, 0, &key_.finiteB, &wireDigits});
    Msm<Fq2> b2({key_.b2, 0, &key_.finiteB, &wireDigits});
    Msm<Fq> c({key_.c, key_.publics + 1, &key_.finiteC, &wireDigits});
    Msm<Fq> h({key_.h, 0, nullptr, &rowDigits});
    wipe(quotient);
    sum(b2, {&a, &b1, &c, &h}, wireDigits, rowDigits);
    return assemble(a.result(), b1.result(), b2.result(), c.result() + h.result(), blinding);
  }

 private:
  const ProvingKey& key_;
  const char* const witness_;
  Control& control_;

  /** An addition in G2 takes as long as three in G1 (measured). */
  static constexpr std::size_t g2Weight = 3;

  /** (A·w)(B·w) − C·w at the odd powers of a root of twice the order: the scalars of the H points, see qap.ts. */
  std::vector<Int256> quotientValues() {
    std::vector<Fr> a(key_.domainSize, Fr::zero()), b(key_.domainSize, Fr::zero());
    applyRows(a, b);
    std::vector<Int256> out(key_.domainSize);
    if (key_.power < Domain::minPower) {
      smallQuotient(a, b, out);
      return out;
    }
    std::vector<Fr> c(key_.domainSize);
    parallelSlices(control_, c.size(), 1024, [&](std::size_t from, std::size_t to) {
      for (std::size_t i = from; i < to; i++) c[i] = a[i] * b[i];
    });
    const Domain& domain = *key_.domain;
    Domain::Polynomial x = shifted(a), y = shifted(b), z = shifted(c);
    // Products of two loaded values lack a factor (lanes.h); z and the outcome are given what makes up for it, and the
    // outcome leaves Montgomery form.
    using L = Domain::L;
    const L zFactor = L::broadcast(Fr::one()), outFactor = L::broadcast(leaveMontgomery());
    parallelSlices(control_, domain.vectors, 256, [&](std::size_t from, std::size_t to) {
      for (std::size_t p = from; p < to; p++) x[p] = (x[p] * y[p] - z[p] * zFactor) * outFactor;
    });
    domain.store(x, control_, [&](std::size_t i, const Fr& value) { out[i] = value.value; });
    return out;
  }

  /** Lanes multiply by R' = ratio·R: a·b·R²/R' times this, R'²/R² as an integer, over R' is a·b. */
  static Fr leaveMontgomery() { return {{{Domain::L::ratio * Domain::L::ratio, 0, 0, 0}}}; }

  Domain::Polynomial shifted(std::vector<Fr>& values) {
    Domain::Polynomial x = key_.domain->load(values.data(), control_);
    wipe(values);
    values = {};
    key_.domain->toOddCoset(x, control_);
    return x;
  }

  /** For domains with fewer elements than lanes. */
  void smallQuotient(const std::vector<Fr>& a, const std::vector<Fr>& b, std::vector<Int256>& out) const {
    const std::size_t n = a.size();
    const Fr root = rootOfUnity(key_.power), odd = rootOfUnity(key_.power + 1), perSize = Fr::fromSmall(n).inverse();
    // Value at ζ of the polynomial through values at ω^i: Σ values[i]·(1/n)·Σ_k (ζ/ω^i)^k.
    auto at = [&](auto&& value, const Fr& point) {
      Fr sum = Fr::zero(), power = Fr::one();
      for (std::size_t i = 0; i < n; i++) {
        const Fr ratio = point * power.inverse();
        Fr series = Fr::zero();
        for (std::size_t k = 0; k < n; k++) series = series * ratio + Fr::one();
        sum = sum + value(i) * series * perSize;
        power = power * root;
      }
      return sum;
    };
    Fr point = odd;
    for (std::size_t j = 0; j < n; j++) {
      const Fr x = at([&](std::size_t i) { return a[i]; }, point), y = at([&](std::size_t i) { return b[i]; }, point);
      const Fr z = at([&](std::size_t i) { return a[i] * b[i]; }, point);
      out[j] = (x * y - z).toInteger();
      point = point * root;
    }
  }

  /** a = A·w, b = B·w, in Montgomery form. */
  void applyRows(std::vector<Fr>& a, std::vector<Fr>& b) {
    const std::size_t count = key_.coefficientCount();
    auto startOfRow = [&](std::size_t i) {
      while (i > 0 && i < count &&
             ProvingKey::rowOf(key_.coefficient(i)) == ProvingKey::rowOf(key_.coefficient(i - 1)))
        i--;
      return i;
    };
    parallelSlices(control_, count, 4096, [&](std::size_t from, std::size_t to) {
      // A row belongs to the slice in which it begins.
      const std::size_t end = startOfRow(to);
      for (std::size_t i = startOfRow(from); i < end; i++) {
        const char* entry = key_.coefficient(i);
        const std::size_t wire = ProvingKey::wireOf(entry), row = ProvingKey::rowOf(entry);
        // They were right when the key was opened; a mapped file may have been written to since.
        if (wire >= key_.wires || row >= key_.domainSize)
          throw Error("BINFILE_CORRUPT", "the proving key was changed while it was in use");
        const Int256 value = loadInteger(witness_ + 32 * wire);
        if (value.isZero()) continue;
        Fr& sum = (ProvingKey::matrixOf(entry) == 0 ? a : b)[row];
        // value·R² · w / R
        sum = sum + Fr{ProvingKey::valueOf(entry)} * Fr{value};
      }
    });
  }

  void sum(Msm<Fq2>& g2, const std::vector<Msm<Fq>*>& g1, const Digits& wireDigits, const Digits& rowDigits) {
    std::size_t total = 0;
    for (std::size_t w = 0; w < wireDigits.windows; w++) total += (3 + g2Weight) * wireDigits.entries(w);
    for (std::size_t w = 0; w < rowDigits.windows; w++) total += rowDigits.entries(w);
    control_.expect(total);
    const std::size_t grain = total / (control_.threads * 4) + 1;
    struct Task {
      std::size_t weight;
      Msm<Fq2>* g2;
      Msm<Fq2>::Piece piece2;
      Msm<Fq>* g1;
      Msm<Fq>::Piece piece1;
    };
    std::vector<Task> tasks;
    for (const auto& piece : g2.pieces(grain / g2Weight)) tasks.push_back({g2Weight * piece.weight, &g2, piece, nullptr, {}});
    for (Msm<Fq>* msm : g1)
      for (const auto& piece : msm->pieces(grain)) tasks.push_back({piece.weight, nullptr, {}, msm, piece});
    // The longest first, so that threads end together.
    std::stable_sort(tasks.begin(), tasks.end(), [](const Task& x, const Task& y) { return x.weight > y.weight; });
    parallelFor(control_, tasks.size(), [&](std::size_t i) {
      const Task& task = tasks[i];
      if (task.g2 != nullptr)
        task.g2->run(task.piece2);
      else
        task.g1->run(task.piece1);
      control_.advance(task.weight);
    });
  }

  Proof assemble(const Extended<Fq>& a, const Extended<Fq>& b1, const Extended<Fq2>& b2, const Extended<Fq>& ch,
                 const Blinding& blinding) const {
    const G1 piA = (a + key_.alpha1 + multiply(key_.delta1, blinding.r)).toAffine();
    const G2 piB = (b2 + key_.beta2 + multiply(key_.delta2, blinding.s)).toAffine();
    const G1 piB1 = (b1 + key_.beta1 + multiply(key_.delta1, blinding.s)).toAffine();
    const Int256 rs = (Fr::fromInteger(blinding.r) * Fr::fromInteger(blinding.s)).toInteger();
    const G1 offset = multiply(key_.delta1, rs).toAffine();
    const G1 piC = (ch + multiply(piA, blinding.s) + multiply(piB1, blinding.r) + -offset).toAffine();
    return {piA, piB, piC};
  }
};

}  // namespace zkml
