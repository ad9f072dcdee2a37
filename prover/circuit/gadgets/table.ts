// SPDX-License-Identifier: GPL-3.0-or-later

import { below, one, type Gadget, type Interval } from './gadget'

/** `values` has 2^bits entries; the output lies between the smallest and the largest. */
export function table(bits: number, values: readonly number[]): Gadget {
  const low = Math.ceil(bits / 2)
  const range = { lo: BigInt(Math.min(...values)), hi: BigInt(Math.max(...values)) }
  return {
    template: 'Table',
    file: 'table/table.circom',
    parameters: [bits, values],
    inputs: [one('index')],
    outputs: [one('out')],
    requires: [{ coefficients: [1n], ...below(bits) }],
    guarantees: [range],
    rows: 2 * 2 ** (bits - low) + 2 ** low + 2,
    digits: bits,
  }
}

/**
 * `values` and `slopes` have 2^bits entries: index = high·2^lowBits + low gives values[high] + slopes[high]·low, which
 * lies between the smallest and the largest of the segments' ends.
 */
export function tableLinear(
  bits: number,
  lowBits: number,
  values: readonly number[],
  slopes: readonly number[],
): Gadget {
  const run = 2 ** (bits === 2 ? 1 : Math.floor(bits / 2) + 1)
  const varied = variedRuns(values, run) + variedRuns(slopes, run)
  return {
    template: 'TableLinear',
    file: 'table/table_linear.circom',
    parameters: [bits, lowBits, values, slopes],
    inputs: [one('index')],
    outputs: [one('out')],
    requires: [{ coefficients: [1n], ...below(bits + lowBits) }],
    guarantees: [segmentRange(lowBits, values, slopes)],
    rows: 2 ** bits / run + run + lowBits + 2 + varied,
    digits: bits + lowBits,
  }
}

function segmentRange(lowBits: number, values: readonly number[], slopes: readonly number[]): Interval {
  const last = below(lowBits).hi
  const starts = values.map(BigInt)
  const ends = starts.map((value, i) => value + BigInt(slopes[i]!) * last)
  const [first = 0n] = starts
  const least = (x: bigint, y: bigint) => (x < y ? x : y)
  const most = (x: bigint, y: bigint) => (x > y ? x : y)
  return { lo: [...starts, ...ends].reduce(least, first), hi: [...starts, ...ends].reduce(most, first) }
}

/** How many of the runs of `length` entries are not constant: a constant one takes no row. */
function variedRuns(entries: readonly number[], length: number): number {
  let varied = 0
  for (let start = 0; start < entries.length; start += length) {
    if (entries.slice(start, start + length).some((entry) => entry !== entries[start])) varied++
  }
  return varied
}
