// SPDX-License-Identifier: GPL-3.0-or-later
import { randomFillSync } from 'node:crypto'

import { FIELD_BYTES, isScalar, wordsOf } from '../binfile/field'

/**
 * The two uniform numbers that hide the witness in a proof, 32 little-endian bytes each. Who learns them, or sees two
 * proofs made with the same, learns about the witness: use them once, then overwrite them. There is no other copy.
 */
export function drawBlinding(): Uint8Array {
  const out = new Uint8Array(2 * FIELD_BYTES)
  for (const at of [0, FIELD_BYTES]) {
    // 254 random bits until they are below r, as three of four draws are.
    do {
      randomFillSync(out, at, FIELD_BYTES)
      out[at + FIELD_BYTES - 1]! &= 0x3f
    } while (!isScalar(wordsOf(out), at / 4))
  }
  return out
}
