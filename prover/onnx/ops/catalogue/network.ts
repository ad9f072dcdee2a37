// SPDX-License-Identifier: GPL-3.0-or-later
import type { Operator } from './operator'

/** Layers of networks: products, reductions, norms and windows. */
export const NETWORK: readonly Operator[] = []
