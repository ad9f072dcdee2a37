// SPDX-License-Identifier: GPL-3.0-or-later
import type { Operator } from './operator'

/** Recurrent layers, control flow and quantised operators. */
export const SEQUENCE: readonly Operator[] = []
