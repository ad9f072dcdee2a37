// SPDX-License-Identifier: GPL-3.0-or-later
import { toFieldBytes } from '../../prover/binfile/field'
import { FIELD_Q, type G1Point, type G2Point } from '../../prover/groth16/curve'

const coordinates = (values: readonly bigint[]): Uint8Array => {
  const out = new Uint8Array(values.length * 32)
  values.forEach((value, i) => toFieldBytes((value << 256n) % FIELD_Q, out, i * 32))
  return out
}

/** A point as `.zkey` and `.ptau` files hold it. */
export const encodeG1 = ({ x, y }: G1Point): Uint8Array => coordinates([x, y])
export const encodeG2 = ({ x, y }: G2Point): Uint8Array => coordinates([...x, ...y])
