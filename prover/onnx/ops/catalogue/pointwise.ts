// SPDX-License-Identifier: GPL-3.0-or-later
import { smooth } from '../activation'
import { bitShift, bitwiseAnd, bitwiseNot, bitwiseOr, bitwiseXor } from '../bitwise'
import { castLike } from '../cast'
import { isInf, isNaN } from '../comparison'
import { mod, reciprocal } from '../division'
import { acos, acosh, asin, atanh, log, tan } from '../functions'
import {
  celu,
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  mish,
  pRelu,
  selu,
  softplus,
  softsign,
  thresholdedRelu,
} from '../gates'
import { and, not, or, xor } from '../logic'
import { pow } from '../power'
import { abs, ceil, floor, round, sign } from '../rounding'
import { max, mean, min, sum } from '../variadic'
import { ROOT, TABLE, type Operator } from './operator'

const WITH_TAIL = `b + 2 and ${TABLE}`
const ZERO_DIVISOR = 'a divisor that is 0 counts as the smallest positive number there is'

/** Functions of single elements, logic and comparisons. */
export const POINTWISE: readonly Operator[] = [
  { name: 'Abs', rule: abs, cost: 'b + 3 an element' },
  {
    name: 'Acos',
    rule: acos,
    cost: `b + 2, ${ROOT} and ${TABLE}`,
    restrictions: 'arguments are clamped to [−1, 1]',
  },
  {
    name: 'Acosh',
    since: 9,
    rule: acosh,
    cost: `${ROOT} and ${TABLE}`,
    restrictions: 'arguments are clamped to 1 and more',
  },
  { name: 'And', rule: and, cost: '1 an element' },
  {
    name: 'Asin',
    rule: asin,
    cost: `b + 2, ${ROOT} and ${TABLE}`,
    restrictions: 'arguments are clamped to [−1, 1]',
  },
  { name: 'Asinh', since: 9, rule: smooth('asinh'), cost: TABLE },
  { name: 'Atan', rule: smooth('atan'), cost: TABLE },
  {
    name: 'Atanh',
    since: 9,
    rule: atanh,
    cost: `twice ${ROOT} and ${TABLE}`,
    restrictions: 'arguments are clamped to one unit within (−1, 1)',
  },
  {
    name: 'BitShift',
    since: 11,
    rule: bitShift,
    cost: 'about 3b an element by a constant, and w + 5b + 1 by a variable, for a type of w bits',
    restrictions: 'shifting by the width of the type or more gives 0',
  },
  {
    name: 'BitwiseAnd',
    since: 18,
    rule: bitwiseAnd,
    cost: '3b + 2 an element; 9b + 17 with signs',
  },
  {
    name: 'BitwiseNot',
    since: 18,
    rule: bitwiseNot,
    cost: 'none: affine',
    restrictions: 'not of uint64',
  },
  { name: 'BitwiseOr', since: 18, rule: bitwiseOr, cost: '3b + 2 an element; 9b + 17 with signs' },
  { name: 'BitwiseXor', since: 18, rule: bitwiseXor, cost: '3b + 2 an element; 9b + 17 with signs' },
  {
    name: 'CastLike',
    since: 15,
    rule: castLike,
    cost: 'as Cast',
    restrictions: 'as Cast',
  },
  { name: 'Ceil', rule: ceil, cost: 'b + 3 an element' },
  { name: 'Celu', since: 12, rule: celu, cost: WITH_TAIL, restrictions: 'alpha is positive' },
  { name: 'Cos', rule: smooth('cos'), cost: TABLE, restrictions: 'arguments reach to 2^10' },
  { name: 'Cosh', since: 9, rule: smooth('cosh'), cost: TABLE },
  { name: 'Elu', rule: elu, cost: WITH_TAIL },
  { name: 'Erf', since: 9, rule: smooth('erf'), cost: TABLE },
  { name: 'Floor', rule: floor, cost: 'b + 2 an element' },
  { name: 'Gelu', since: 20, rule: gelu, cost: WITH_TAIL },
  { name: 'HardSigmoid', rule: hardSigmoid, cost: '2·(b + 2) an element for α·x + β of b bits' },
  { name: 'HardSwish', since: 14, rule: hardSwish, cost: WITH_TAIL },
  { name: 'IsInf', since: 10, rule: isInf, cost: 'none', restrictions: 'only of constants can it be true' },
  { name: 'IsNaN', since: 9, rule: isNaN, cost: 'none', restrictions: 'only of constants can it be true' },
  {
    name: 'Log',
    rule: log,
    cost: `${ROOT} and ${TABLE}`,
    restrictions: 'arguments below the smallest positive number there is count as that',
  },
  { name: 'Max', rule: max, cost: '(n − 1)·(b + 3) an element for n operands' },
  { name: 'Mean', rule: mean, cost: 'none: affine' },
  { name: 'Min', rule: min, cost: '(n − 1)·(b + 3) an element for n operands' },
  { name: 'Mish', since: 18, rule: mish, cost: WITH_TAIL },
  {
    name: 'Mod',
    since: 10,
    rule: mod,
    cost: 'q + 2d + 7 an element for a quotient of q bits and a divisor of d, and 3d + 7 more for a divisor with a sign',
    restrictions: ZERO_DIVISOR,
  },
  { name: 'Not', rule: not, cost: 'none: affine' },
  { name: 'Or', rule: or, cost: '1 an element' },
  {
    name: 'Pow',
    rule: pow,
    cost: 'a product and its rounding for each squaring of a whole exponent; a root for 0.5; else a table',
    restrictions:
      'the exponent is constant; whole ones beyond 16 and fractions need a positive base, and others are clamped to it; integers take whole exponents from 0 to 16',
  },
  { name: 'PRelu', rule: pRelu, cost: 'b + 2 an element; by a variable slope b + 3 and the rounding of both' },
  {
    name: 'Reciprocal',
    rule: reciprocal,
    cost: 'q + 2d + b + 5 an element for a quotient of q bits and a divisor of d',
    restrictions: ZERO_DIVISOR,
  },
  { name: 'Round', since: 11, rule: round, cost: 'b + 6 an element' },
  { name: 'Selu', rule: selu, cost: WITH_TAIL },
  { name: 'Sign', since: 9, rule: sign, cost: 'b + 4 an element' },
  { name: 'Sin', rule: smooth('sin'), cost: TABLE, restrictions: 'arguments reach to 2^10' },
  { name: 'Sinh', since: 9, rule: smooth('sinh'), cost: TABLE },
  { name: 'Softplus', rule: softplus, cost: WITH_TAIL },
  {
    name: 'Softsign',
    rule: softsign,
    cost: 'q + 2d + b + 5 an element for a quotient of q bits and a divisor of d, and the rounding of the divisor',
  },
  { name: 'Sum', rule: sum, cost: 'none: affine' },
  {
    name: 'Tan',
    rule: tan,
    cost: 'two tables and a division an element',
    restrictions: 'arguments reach to 2^10; at a pole the result is the largest there is',
  },
  { name: 'ThresholdedRelu', since: 10, rule: thresholdedRelu, cost: 'b + 3 an element' },
  { name: 'Xor', rule: xor, cost: '1 an element' },
]
