// SPDX-License-Identifier: GPL-3.0-or-later

import { exactFunction, resolve, type FunctionSpec } from './evaluate'
import { absolute, fromDouble, GUARD, PRECISION } from './fixed-point'

/** Beyond this a function counts as not saturating. */
const REACH = 2 ** 64

/**
 * Where f becomes constant: for x ≤ `below` and for x ≥ `above`, f(x) is within 2^-bits of its limit on that side. At
 * most 1/64 wider than need be; undefined on a side without a limit, or with one that is not reached before 2^64.
 * Found by exact evaluation, so it is the same on every machine.
 */
export function saturation(spec: FunctionSpec, bits: number): { readonly below?: number; readonly above?: number } {
  const { definition, parameters } = resolve(spec)
  const limits = definition.limits(...parameters)
  const from = definition.fallsFrom(...parameters)
  const exact = exactFunction(spec)
  const tolerance = (1n << PRECISION) >> BigInt(bits)
  const reach = (limit: bigint | undefined, side: 1 | -1) => {
    if (limit === undefined) return undefined
    const flat = (size: number) => absolute(exact(fromDouble(side * size, PRECISION)) - (limit >> GUARD)) <= tolerance
    return bisect(flat, from)
  }
  const below = reach(limits.below, -1)
  const above = reach(limits.above, 1)
  return { ...(below !== undefined && { below: 0 - below }), ...(above !== undefined && { above }) }
}

/** The least size ≥ from that is flat, where all sizes above a flat one are; a little above it rather than below. */
function bisect(flat: (size: number) => boolean, from: number): number | undefined {
  if (flat(from)) return from
  let hi = Math.max(from, 1)
  while (!flat(hi)) {
    hi *= 2
    if (hi > REACH) return undefined
  }
  let lo = from
  while (hi - lo > hi / 64) {
    const middle = (lo + hi) / 2
    if (flat(middle)) hi = middle
    else lo = middle
  }
  return hi
}
