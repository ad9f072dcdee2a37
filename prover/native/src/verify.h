// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "digits.h"
#include "pairing.h"
#include "prove.h"

namespace zkml {

/** α, β, γ, δ and the points of the public signals, the constant one first: as in a key, one after another. */
struct VerifyingKey {
  G1 alpha;
  G2 beta, gamma, delta;
  std::vector<G1> inputs;
};

/** Whether r·P is infinity. */
inline bool isInSubgroup(const G2& p) { return multiply(p, ScalarParameters::modulus).isInfinity(); }

/**
 * e(A, B) = e(α, β)·e(Σ signal·IC, γ)·e(C, δ) (Groth 2016), for signals below r and points that are reduced, on their
 * curves and, in G2, in the subgroup; false otherwise. The key has been checked.
 */
inline bool verify(const VerifyingKey& key, const char* signals, const Proof& proof) {
  if (!isValid(proof.a, curveConstant<Fq>()) || !isValid(proof.c, curveConstant<Fq>())) return false;
  if (!isValid(proof.b, curveConstant<Fq2>()) || !isInSubgroup(proof.b)) return false;
  Extended<Fq> sum = Extended<Fq>::from(key.inputs[0]);
  for (std::size_t i = 1; i < key.inputs.size(); i++) {
    const Int256 signal = loadInteger(signals + 32 * (i - 1));
    if (!signal.isBelow(ScalarParameters::modulus)) return false;
    sum = sum + multiply(key.inputs[i], signal);
  }
  return Pairing().isOne({{-proof.a, proof.b}, {key.alpha, key.beta}, {sum.toAffine(), key.gamma}, {proof.c, key.delta}});
}

}  // namespace zkml
