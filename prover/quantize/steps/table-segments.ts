// SPDX-License-Identifier: GPL-3.0-or-later

import { doubleFunction, type FunctionSpec } from '../../functions'

/** Bits of a table's segments that calibration starts with: 64 segments cost less than a table of 256 entries. */
export const SEGMENT_BITS = 6
/** What circuits/table/table.circom takes. */
const MOST_SEGMENT_BITS = 12
/** Largest error of segments, as a share of the range of the values seen. */
const TOLERANCE = 0.8 * 2 ** -9
/** Of sines and cosines, which tangents divide by. */
const PERIODIC_TOLERANCE = TOLERANCE / 8
/** Arguments of a segment at which its error is looked at, besides the first. */
const SAMPLES = 8

type Range = { readonly lo: number; readonly hi: number }

/** Arguments lo, lo + 1, … lo + 2^bits − 1, in units of 2^-argumentExponent. */
type Domain = {
  readonly fn: FunctionSpec
  readonly lo: number
  readonly bits: number
  readonly argumentExponent: number
}

/** The fewest segments that are close enough to the function at the arguments seen; more where it is steep and bends. */
export function segmentBitsFor(domain: Domain, seen: Range): number {
  const { fn, lo, bits, argumentExponent } = domain
  const f = doubleFunction(fn)
  const unit = 2 ** -argumentExponent
  const first = Math.min(Math.max(Math.floor(seen.lo / unit) - lo, 0), 2 ** bits - 1)
  const last = Math.max(Math.min(Math.ceil(seen.hi / unit) - lo, 2 ** bits - 1), first)
  const at = (index: number) => f((lo + index) * unit)
  const values = Array.from({ length: 1025 }, (_, i) => at(first + ((last - first) * i) / 1024)).filter(Number.isFinite)
  const range = Math.max(...values) - Math.min(...values)
  const tolerance = (fn.name === 'sin' || fn.name === 'cos' ? PERIODIC_TOLERANCE : TOLERANCE) * range
  const most = Math.min(MOST_SEGMENT_BITS, bits)
  for (let segmentBits = SEGMENT_BITS; segmentBits < most; segmentBits++)
    if (segmentError(at, { first, last }, 2 ** (bits - segmentBits)) <= tolerance) return segmentBits
  return most
}

/** Largest error from the first to the last argument of segments of a width: chords, moved to halve their distance. */
function segmentError(at: (index: number) => number, { first, last }: { first: number; last: number }, width: number) {
  let worst = 0
  for (let start = Math.floor(first / width) * width; start <= last; start += width) {
    const [from, to] = [at(start), at(start + width - 1)]
    const distances = Array.from({ length: SAMPLES + 1 }, (_, i) => {
      const index = start + Math.floor(((width - 1) * i) / SAMPLES)
      const chord = from + ((to - from) * (index - start)) / (width - 1)
      return { index, distance: at(index) - chord }
    })
    const least = distances.reduce((low, { distance }) => Math.min(low, distance), 0)
    const most = distances.reduce((high, { distance }) => Math.max(high, distance), 0)
    for (const { index, distance } of distances)
      if (index >= first && index <= last) worst = Math.max(worst, Math.abs(distance - (least + most) / 2))
  }
  return worst
}
