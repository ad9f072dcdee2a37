// SPDX-License-Identifier: GPL-3.0-or-later

import { decodeProofBlob, encodeProofBlob, type ProofPoints } from '../../prover/encodings'
import { FIELD_Q } from '../../prover/groth16/curve'

/** Another proof of the same statement, made without the witness: (−A, −B, C). */
export function twinOf([ax, ay, bx1, bx0, by1, by0, cx, cy]: ProofPoints): ProofPoints {
  return [ax, FIELD_Q - ay, bx1, bx0, FIELD_Q - by1, FIELD_Q - by0, cx, cy]
}

/** The blob with that proof. */
export function malleate(proof: string): string {
  const blob = decodeProofBlob(proof)
  return encodeProofBlob({ ...blob, points: twinOf(blob.points as ProofPoints) })
}

/** The blob with other points: the honest ones with one coordinate changed. */
export function forge(proof: string): string {
  const blob = decodeProofBlob(proof)
  const points = blob.points.map((word, index) => (index === 6 ? word ^ 1n : word))
  return encodeProofBlob({ ...blob, points })
}
