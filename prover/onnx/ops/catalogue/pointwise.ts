// SPDX-License-Identifier: GPL-3.0-or-later
import type { Operator } from './operator'

/** Functions of single elements, logic and comparisons. */
export const POINTWISE: readonly Operator[] = []
