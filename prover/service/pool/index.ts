// SPDX-License-Identifier: GPL-3.0-or-later

/** Processes that run models and prove, and the forms in which inputs come to them. */
export * from './encode'
export * from './errors'
export { createProverPool, defaultProvers, type PoolOptions } from './pool'
export * from './types'
