// SPDX-License-Identifier: GPL-3.0-or-later
import type { Rule } from '../../node-scope'

/** Cost of a smooth function. */
export const TABLE = 'about 30 to 190 an element, by the bits its argument needs, and the rounding of that'

/** Cost of a root. */
export const ROOT = '3·r + 3 for a root of r bits'

/** Cost of what is linear in its weights. */
export const PRODUCTS = 'none with constant weights; else 1 a product of two variables, and the rounding of both'

/** An operator as docs/operators.md lists it. */
export type Operator = {
  readonly name: string
  /** Absent for the standard operators. */
  readonly domain?: 'ai.onnx.ml' | 'com.microsoft'
  /** The opset that has it first, where that is after the first one supported. */
  readonly since?: number
  /** The last opset that has it. */
  readonly until?: number
  readonly rule: Rule
  /** Constraints, by size of the operands; b is the bits of an element. */
  readonly cost: string
  /** What of the operator is not supported, or clamped; absent when nothing is. */
  readonly restrictions?: string
}
