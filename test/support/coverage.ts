// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * Whether contracts are instrumented: they are larger then, need more gas, and their code is not what the compiler makes
 * of their source. Tests of gas, size or code are skipped.
 */
export const IS_COVERAGE = process.env['SOLIDITY_COVERAGE'] !== undefined

/** `it`, but for tests of gas, size or code. */
export const itUninstrumented = IS_COVERAGE ? it.skip : it

/** `describe`, but for tests of gas, size or code. */
export const describeUninstrumented = IS_COVERAGE ? describe.skip : describe
