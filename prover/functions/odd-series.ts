// SPDX-License-Identifier: GPL-3.0-or-later

import { multiply } from './fixed-point'

/** Σ y^(2k+1)/(2k+1), artanh y (DLMF 4.38.5), for 0 ≤ y < 1; with alternating signs arctan y (DLMF 4.24.3). */
export function oddSeries(y: bigint, alternating: boolean): bigint {
  const square = multiply(y, y)
  let sum = 0n
  let subtract = false
  for (let power = y, k = 1n; power > 0n; k += 2n) {
    sum += subtract ? -(power / k) : power / k
    power = multiply(power, square)
    subtract = alternating && !subtract
  }
  return sum
}
