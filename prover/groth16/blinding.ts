// SPDX-License-Identifier: GPL-3.0-or-later
import { randomBytes } from 'node:crypto'

import { FIELD_BYTES, modulo, toFieldBytes } from '../binfile/field'

/**
 * The two uniform numbers that hide the witness in a proof, 32 little-endian bytes each. Who learns them, or sees two
 * proofs made with the same, learns about the witness: use them once, then overwrite them.
 */
export function drawBlinding(): Uint8Array {
  const out = new Uint8Array(2 * FIELD_BYTES)
  for (const at of [0, FIELD_BYTES]) {
    // 512 bits modulo a 254-bit prime: the bias is below 2^-258.
    const random = randomBytes(64)
    toFieldBytes(modulo(BigInt(`0x${random.toString('hex')}`)), out, at)
    random.fill(0)
  }
  return out
}
