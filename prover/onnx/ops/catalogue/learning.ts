// SPDX-License-Identifier: GPL-3.0-or-later
import type { Operator } from './operator'

/** Classical machine learning: trees, linear models, support vectors. */
export const LEARNING: readonly Operator[] = []
