// SPDX-License-Identifier: GPL-3.0-or-later

/** Bits that the largest weight and the largest activation of a layer start calibration with. */
export const START_BITS = 12

/** Exponent that tables and quotients start with. */
export const START_EXPONENT = 12

/** Largest absolute value; 0 for none. */
export function maxMagnitude(values: Float64Array): number {
  return values.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
}

/** ⌈log2⌉ of a positive number; 0 for 0. */
export function ceilLog2(value: number): number {
  return value === 0 ? 0 : Math.ceil(Math.log2(value))
}
