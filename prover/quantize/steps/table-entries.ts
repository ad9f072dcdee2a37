// SPDX-License-Identifier: GPL-3.0-or-later

import { EXACT_DOUBLE } from '../ranges'
import { segmentValues, tableValues, type SegmentSpec } from '../tables'

/** Values at the first argument of each segment, and slopes where segments have more than one argument. */
export type TableEntries = {
  readonly values: Float64Array
  readonly slopes?: Float64Array
  /** Doubles compute every entry exactly; otherwise integers must. */
  readonly exactEntries: boolean
}

/** Calibration asks for the same tables in every trial, and exact ones take a while: this many are kept. */
const KEPT = 512
const known = new Map<string, TableEntries>()

/** Entries of a table; nobody may change them. */
export function tableEntries(spec: SegmentSpec): TableEntries {
  const key = JSON.stringify(spec)
  let entries = known.get(key)
  if (!entries) {
    const { segmentBits, lowBits, ...rest } = spec
    const made = lowBits === 0 ? { values: tableValues({ ...rest, bits: segmentBits }) } : segments(spec)
    entries = { ...made, exactEntries: isExact(made, lowBits) }
    const [oldest] = known.keys()
    if (known.size >= KEPT && oldest !== undefined) known.delete(oldest)
    known.set(key, entries)
  }
  return entries
}

/** Whether no entry, nor a part of one, is above 2^52. */
function isExact({ values, slopes }: Omit<TableEntries, 'exactEntries'>, low: number): boolean {
  const last = 2 ** low - 1
  return (
    values.every((value) => Math.abs(value) <= EXACT_DOUBLE) &&
    (slopes?.every((slope) => Math.abs(slope) * last <= EXACT_DOUBLE) ?? true)
  )
}

/** Values and slopes; entries of `decay` are at least 1 all over a segment, so that a sum of them can divide. */
function segments(spec: SegmentSpec): Required<Omit<TableEntries, 'exactEntries'>> {
  const { values, slopes } = segmentValues(spec)
  if (spec.fn.name === 'decay') {
    const last = 2 ** spec.lowBits - 1
    for (let i = 0; i < values.length; i++) {
      values[i] = Math.max(values[i]!, 1)
      if (values[i]! + slopes[i]! * last < 1) slopes[i] = -Math.floor((values[i]! - 1) / last)
    }
  }
  return { values, slopes }
}
