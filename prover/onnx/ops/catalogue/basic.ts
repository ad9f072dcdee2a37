// SPDX-License-Identifier: GPL-3.0-or-later
import { clip, leakyRelu, relu, smooth } from '../activation'
import { add, mul, neg, sub } from '../arithmetic'
import { cast } from '../cast'
import { equal, greater, greaterOrEqual, less, lessOrEqual, where } from '../comparison'
import { constant, constantOfShape, shapeOf, sizeOf } from '../constant'
import { conv } from '../conv'
import { div } from '../division'
import { concat, transpose } from '../layout'
import { gemm, matMul } from '../matmul'
import { batchNormalization } from '../normalization'
import { pad } from '../pad'
import { averagePool, globalAveragePool, maxPool } from '../pool'
import { sqrt } from '../power'
import { reduceMax, reduceMean, reduceMin, reduceSum } from '../reduce'
import { dropout, flatten, identity, reshape, squeeze, unsqueeze } from '../reshape'
import { slice } from '../slice'
import { softmax } from '../softmax'
import { PRODUCTS, ROOT, TABLE, type Operator } from './operator'

/** Operators of the first slice: what most networks are made of. */
export const BASIC: readonly Operator[] = [
  { name: 'Add', rule: add, cost: 'none: affine' },
  { name: 'AveragePool', rule: averagePool, cost: 'none: affine' },
  {
    name: 'BatchNormalization',
    rule: batchNormalization,
    cost: `none with constant parameters; else 1 an element, and for each channel ${ROOT} and a division of q + 2d + 3`,
  },
  {
    name: 'Cast',
    rule: cast,
    cost: 'none: affine; 2b + 6 an element from float to an integer, 3 to bool, q + 2w + 5 to a narrower integer of w bits',
    restrictions: 'to int32 and int64 integers do not wrap around',
  },
  { name: 'Clip', rule: clip, cost: 'at most 2·(b + 4) an element of b bits' },
  { name: 'Concat', rule: concat, cost: 'none: affine' },
  { name: 'Constant', rule: constant, cost: 'none: computed while compiling' },
  { name: 'ConstantOfShape', since: 9, rule: constantOfShape, cost: 'none: computed while compiling' },
  { name: 'Conv', rule: conv, cost: PRODUCTS },
  {
    name: 'Div',
    rule: div,
    cost: 'none of floats by a constant; else q + 2d + 7 an element for a quotient of q bits and a divisor of d, and b + 1 more for each operand with a sign; a float that divides several others takes one division, and they a product',
    restrictions: 'a divisor that is 0 counts as the smallest positive number there is',
  },
  { name: 'Dropout', rule: dropout, cost: 'none: affine' },
  { name: 'Equal', rule: equal, cost: '3 an element' },
  { name: 'Exp', rule: smooth('exp'), cost: TABLE },
  { name: 'Flatten', rule: flatten, cost: 'none: affine' },
  { name: 'Gemm', rule: gemm, cost: PRODUCTS },
  { name: 'GlobalAveragePool', rule: globalAveragePool, cost: 'none: affine' },
  { name: 'Greater', rule: greater, cost: 'b + 2 an element' },
  { name: 'GreaterOrEqual', since: 12, rule: greaterOrEqual, cost: 'b + 2 an element' },
  { name: 'Identity', rule: identity, cost: 'none: affine' },
  { name: 'LeakyRelu', rule: leakyRelu, cost: 'b + 3 an element of b bits' },
  { name: 'Less', rule: less, cost: 'b + 2 an element' },
  { name: 'LessOrEqual', since: 12, rule: lessOrEqual, cost: 'b + 2 an element' },
  { name: 'MatMul', rule: matMul, cost: PRODUCTS },
  {
    name: 'MaxPool',
    rule: maxPool,
    cost: '(k − 1)·(b + 3) a window of k elements, and (k − 1)·(b + 4) + k + 2 more for Indices',
  },
  {
    name: 'Mul',
    rule: mul,
    cost: 'none by a constant; 1 an element for two variables, and the rounding of both',
  },
  { name: 'Neg', rule: neg, cost: 'none: affine' },
  { name: 'Pad', rule: pad, cost: 'none: affine' },
  { name: 'ReduceMax', rule: reduceMax, cost: '(n − 1)·(b + 3) a group of n' },
  { name: 'ReduceMean', rule: reduceMean, cost: 'none: affine' },
  { name: 'ReduceMin', rule: reduceMin, cost: '(n − 1)·(b + 3) a group of n' },
  { name: 'ReduceSum', rule: reduceSum, cost: 'none: affine' },
  { name: 'Relu', rule: relu, cost: 'b + 2 an element of b bits, + 3 where it saturates' },
  { name: 'Reshape', rule: reshape, cost: 'none: affine' },
  { name: 'Shape', rule: shapeOf, cost: 'none: computed while compiling' },
  { name: 'Sigmoid', rule: smooth('sigmoid'), cost: TABLE },
  { name: 'Size', rule: sizeOf, cost: 'none: computed while compiling' },
  { name: 'Slice', rule: slice, cost: 'none: affine' },
  {
    name: 'Softmax',
    rule: softmax,
    cost: 'at most 90·n + 100 a group of n that no constant mask leaves out',
    restrictions: 'of a row that is masked as a whole it is some distribution',
  },
  {
    name: 'Sqrt',
    rule: sqrt,
    cost: `${ROOT} an element, and b + 2 where it may be negative`,
    restrictions: 'of a negative number it is 0',
  },
  { name: 'Squeeze', rule: squeeze, cost: 'none: affine' },
  { name: 'Sub', rule: sub, cost: 'none: affine' },
  { name: 'Tanh', rule: smooth('tanh'), cost: TABLE },
  { name: 'Transpose', rule: transpose, cost: 'none: affine' },
  { name: 'Unsqueeze', rule: unsqueeze, cost: 'none: affine' },
  { name: 'Where', since: 9, rule: where, cost: '1 an element; none where the condition is constant' },
]
