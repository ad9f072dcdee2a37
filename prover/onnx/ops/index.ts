// SPDX-License-Identifier: GPL-3.0-or-later
import type { Rule } from '../node-scope'
import { BASIC } from './catalogue/basic'
import { LAYOUT } from './catalogue/layout'
import { LEARNING } from './catalogue/learning'
import { MICROSOFT } from './catalogue/microsoft'
import { NETWORK } from './catalogue/network'
import type { Operator } from './catalogue/operator'
import { POINTWISE } from './catalogue/pointwise'
import { SEQUENCE } from './catalogue/sequence'

/** Every supported operator. */
export const OPERATORS: readonly Operator[] = [
  ...BASIC,
  ...POINTWISE,
  ...LAYOUT,
  ...NETWORK,
  ...SEQUENCE,
  ...LEARNING,
  ...MICROSOFT,
]

/** The rule of every supported operator, by its ONNX name; those of other domains have theirs before it, as "ai.onnx.ml.". */
export const RULES: ReadonlyMap<string, Rule> = new Map(
  OPERATORS.map(({ name, domain, rule }) => [domain === undefined ? name : `${domain}.${name}`, rule]),
)
