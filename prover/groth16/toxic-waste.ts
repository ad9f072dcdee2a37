// SPDX-License-Identifier: GPL-3.0-or-later
import { createHash, randomBytes } from 'node:crypto'

import { ZkmlError } from '../errors'
import { SCALAR_FIELD } from '../binfile/field'
import { powerModR, TWO_ADICITY } from './scalar-math'

/** The entropy given for a setup is too short to keep the toxic waste secret. */
export class EntropyTooShortError extends ZkmlError {
  readonly code = 'GROTH16_ENTROPY_TOO_SHORT'

  constructor(bytes: number) {
    super(`${bytes} bytes of entropy are not enough for a setup; give at least ${MIN_ENTROPY} bytes, or none`)
  }
}

/** The public seed of a bundled model's setup is empty. */
export class PublicSeedEmptyError extends ZkmlError {
  readonly code = 'GROTH16_SEED_EMPTY'

  constructor() {
    super('the public seed of a setup must not be empty; give the name and version of the bundled model')
  }
}

/**
 * The secrets of a Groth16 key (γ is 1, as in every snarkjs key). Whoever has them can forge any proof. Neither log
 * nor keep them.
 */
export type ToxicWaste = {
  readonly tau: bigint
  readonly alpha: bigint
  readonly beta: bigint
  readonly delta: bigint
}

export const MIN_ENTROPY = 32
const DOMAIN_SECRET = 'zkml/dev-setup/entropy/v1'
const DOMAIN_PUBLIC = 'zkml/dev-setup/public-seed/v1'

/**
 * Draws toxic waste from `entropy`, or from the operating system's generator when it is absent. Each value is 64
 * bytes modulo r, so uniform but for 2^−258. The same entropy gives the same values.
 */
export function drawToxicWaste(entropy?: Uint8Array): ToxicWaste {
  if (entropy !== undefined && entropy.byteLength < MIN_ENTROPY) throw new EntropyTooShortError(entropy.byteLength)
  const source = entropy ?? randomBytes(64)
  const waste = expand(DOMAIN_SECRET, source)
  if (entropy === undefined) source.fill(0)
  return waste
}

/**
 * Toxic waste from a seed that everybody knows: keys for bundled demo models only, which anyone can rebuild, and under
 * which anyone can forge proofs.
 */
export function publicToxicWaste(seed: string): ToxicWaste {
  if (seed === '') throw new PublicSeedEmptyError()
  return expand(DOMAIN_PUBLIC, new TextEncoder().encode(seed))
}

function expand(domain: string, source: Uint8Array): ToxicWaste {
  const draw = (name: string, isUsable: (value: bigint) => boolean): bigint => {
    for (let counter = 0; ; counter++) {
      const digest = createHash('sha512').update(`${domain}/${name}/${counter}\0`).update(source).digest()
      const value = BigInt(`0x${digest.toString('hex')}`) % SCALAR_FIELD
      digest.fill(0)
      if (isUsable(value)) return value
    }
  }
  const isNonZero = (value: bigint): boolean => value !== 0n
  // ±1 is a missing contribution, and δ = ±1 = ±γ is forgeable; a draw that is refused is drawn again, and no other one.
  const isContribution = (value: bigint): boolean => isNonZero(value) && value !== 1n && value !== SCALAR_FIELD - 1n
  const delta = draw('delta', isContribution)
  return {
    // In no evaluation domain, or the Lagrange basis would be degenerate at τ.
    tau: draw('tau', (value) => isNonZero(value) && powerModR(value, 1n << BigInt(TWO_ADICITY)) !== 1n),
    alpha: draw('alpha', isContribution),
    // β = ±γ and β = ±δ are forgeable, as in DESIGN 5.4.
    beta: draw('beta', (value) => isContribution(value) && value !== delta && value !== SCALAR_FIELD - delta),
    delta,
  }
}
