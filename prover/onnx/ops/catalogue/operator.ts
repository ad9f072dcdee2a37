// SPDX-License-Identifier: GPL-3.0-or-later
import type { Rule } from '../../node-scope'

/** An operator as docs/operators.md lists it. */
export type Operator = {
  readonly name: string
  /** Absent for the standard operators. */
  readonly domain?: 'ai.onnx.ml'
  readonly rule: Rule
  /** Constraints, by size of the operands; b is the bits of an element. */
  readonly cost: string
  /** What of the operator is not supported, or clamped; absent when nothing is. */
  readonly restrictions?: string
}
