// SPDX-License-Identifier: GPL-3.0-or-later
import { loadPlainCurve } from './bn254-code'

/** A pair of points as `.zkey` files hold them, of G1 and of the subgroup of order r. */
export type Pair = readonly [g1: Uint8Array, g2: Uint8Array]

export const isInfinity = (point: Uint8Array): boolean => point.every((byte) => byte === 0)

/** Whether the product of pairings is one. ffjavascript's Miller loop is wrong at infinity, where e(P, Q) is one. */
export async function isPairingOne(...pairs: readonly Pair[]): Promise<boolean> {
  const finite = pairs.filter(([g1, g2]) => !isInfinity(g1) && !isInfinity(g2))
  return (await loadPlainCurve()).pairingEq(...finite.flat())
}

/** Whether a·Q = b·P, c·S = d·R hold with one factor: none of the points is infinity, and e(a, d) = e(b, c). */
export async function isSameRatio(g1: Pair, g2: Pair): Promise<boolean> {
  const [from1, to1] = g1
  const [from2, to2] = g2
  if ([from1, to1, from2, to2].some(isInfinity)) return false
  const { G1 } = await loadPlainCurve()
  return isPairingOne([from1, to2], [G1.neg(to1), from2])
}
