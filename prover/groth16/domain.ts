// SPDX-License-Identifier: GPL-3.0-or-later
import { ZkmlError } from '../errors'
import { publicCount, type R1cs } from '../binfile/r1cs'
import { TWO_ADICITY } from './scalar-math'

/** The circuit has more rows than BN254 has roots of unity for. */
export class CircuitTooLargeError extends ZkmlError {
  readonly code = 'GROTH16_CIRCUIT_TOO_LARGE'

  constructor(rows: number) {
    const limit = 2 ** (TWO_ADICITY - 1)
    super(
      `the circuit needs ${rows} rows, public signals included, and a key can hold ${limit}; make the model smaller`,
    )
  }
}

/** The evaluation domain of a circuit's key: 2^power ≥ rows. */
export type Domain = { readonly power: number; readonly size: number; readonly rows: number }

/**
 * The domain that snarkjs chooses: beside the constraints it holds one row for the constant wire and for each public
 * signal, which makes the A polynomials of those wires independent. The size is at least 2.
 */
export function domainOf(r1cs: Pick<R1cs, 'nConstraints' | 'nPubOut' | 'nPubIn'>): Domain {
  const rows = r1cs.nConstraints + publicCount(r1cs) + 1
  let power = 1
  while (2 ** power < rows) power++
  // The H points need the domain of twice the size; snarkjs special-cases 2^28, which no tool could use in practice.
  if (power >= TWO_ADICITY) throw new CircuitTooLargeError(rows)
  return { power, size: 2 ** power, rows }
}
