// SPDX-License-Identifier: GPL-3.0-or-later

import type { Case, CaseTensor } from './archive'

/** Operators that round a real number to an integer: rounding inputs first may move a result to its neighbour. */
const ROUNDING = new Set(['QuantizeLinear', 'QLinearConv', 'QLinearMatMul'])

/** The case's tolerance is widened to this share of the output's range, or to this distance where that is larger. */
const RANGE_SHARE = 0.01
const LEAST_TOLERANCE = 2 ** -8

/**
 * Compares an output with that of the case.
 *
 * @returns A sentence about the element furthest off, or nothing when all are within the tolerance.
 */
export function compareOutput(testCase: Case, expected: CaseTensor, actual: Float64Array): string | undefined {
  const tolerance = toleranceOf(testCase, expected)
  let worst: { readonly at: number; readonly excess: number } | undefined
  for (let at = 0; at < expected.data.length; at++) {
    const excess = Math.abs(actual[at]! - expected.data[at]!) / tolerance(expected.data[at]!)
    // Equal numbers are fine where nothing else is; NaN never is.
    if (actual[at] === expected.data[at] || excess <= 1) continue
    if (worst === undefined || !(excess <= worst.excess)) worst = { at, excess }
  }
  if (worst === undefined) return undefined
  const { at } = worst
  const allowed = tolerance(expected.data[at]!)
  return `output "${expected.name}"[${at}] is ${actual[at]}, not ${expected.data[at]} ± ${allowed}`
}

function toleranceOf({ op, rtol, atol }: Case, { type, data }: CaseTensor): (value: number) => number {
  if (!/float/.test(type) && !ROUNDING.has(op)) return () => 0
  const finite = data.filter(Number.isFinite)
  const range = finite.reduce((x, y) => Math.max(x, y), -Infinity) - finite.reduce((x, y) => Math.min(x, y), Infinity)
  const widened = Math.max(RANGE_SHARE * range, LEAST_TOLERANCE)
  return (value) => Math.max(atol + rtol * Math.abs(value), widened)
}
