// SPDX-License-Identifier: GPL-3.0-or-later
import type { Operator } from './operator'

/** Operators that move, pick and arrange elements. */
export const LAYOUT: readonly Operator[] = []
