// SPDX-License-Identifier: GPL-3.0-or-later
import { dataSlice, id } from 'ethers'

/**
 * Proof systems whose setup serves every circuit up to a size: one powers-of-tau file, and nothing of the circuit that
 * a ceremony would have to contribute to. Both are those of snarkjs, which calls its FFLONK a beta.
 */
export type UniversalSystem = 'plonk' | 'fflonk'

/** Every proof system that keys and proofs can be of. */
export type ProofSystem = 'groth16' | UniversalSystem

export const UNIVERSAL_SYSTEMS: readonly UniversalSystem[] = ['plonk', 'fflonk']

/** Name, curve and version: what a proof file says, and what the ERC-7992 id is made of. */
export const SYSTEM_NAMES: Readonly<Record<ProofSystem, string>> = {
  groth16: 'groth16-bn254-v1',
  plonk: 'plonk-bn254-v1',
  fflonk: 'fflonk-bn254-v1',
}

/** ERC-7992 id of a system: the first four bytes of keccak256 of its name. */
export function proofSystemId(system: ProofSystem): string {
  return dataSlice(id(SYSTEM_NAMES[system]), 0, 4)
}
