// SPDX-License-Identifier: GPL-3.0-or-later
import { convTranspose } from '../conv-transpose'
import { einsum } from '../einsum'
import {
  groupNormalization,
  instanceNormalization,
  layerNormalization,
  localResponseNormalization,
  lpNormalization,
  meanVarianceNormalization,
} from '../normalization'
import { reduceL1, reduceL2, reduceLogSum, reduceLogSumExp, reduceProd, reduceSumSquare } from '../reduce'
import { globalLpPool, globalMaxPool, lpPool } from '../pool'
import { logSoftmax } from '../softmax'
import { PRODUCTS, ROOT, type Operator } from './operator'

const NORMALIZATION = '2 products an element, the rounding of both, and about 200 a mean'

/** Layers of networks: products, reductions, norms and windows. */
export const NETWORK: readonly Operator[] = [
  {
    name: 'ConvTranspose',
    rule: convTranspose,
    cost: PRODUCTS,
  },
  {
    name: 'Einsum',
    since: 12,
    rule: einsum,
    cost: 'none with one variable; 1 a product of two, and the rounding of both',
  },
  {
    name: 'GlobalLpPool',
    rule: globalLpPool,
    cost: 'p − 1 products an element and their rounding, and a root or table a plane',
    restrictions: 'p is 1 to 16',
  },
  { name: 'GlobalMaxPool', rule: globalMaxPool, cost: '(n − 1)·(b + 3) a plane of n elements' },
  { name: 'LogSoftmax', rule: logSoftmax, cost: 'at most 90·n + 100 a group of n' },
  {
    name: 'LpPool',
    rule: lpPool,
    cost: 'p − 1 products an element and their rounding, and a root or table a window',
    restrictions: 'p is 1 to 16',
  },
  { name: 'GroupNormalization', since: 18, until: 17, rule: groupNormalization, cost: NORMALIZATION },
  { name: 'InstanceNormalization', rule: instanceNormalization, cost: NORMALIZATION },
  { name: 'LRN', rule: localResponseNormalization, cost: '2 products, a table and 3 roundings an element' },
  { name: 'LayerNormalization', since: 17, rule: layerNormalization, cost: NORMALIZATION },
  {
    name: 'LpNormalization',
    rule: lpNormalization,
    cost: '2 products an element, the rounding of both, and a division a vector',
  },
  { name: 'MeanVarianceNormalization', since: 9, rule: meanVarianceNormalization, cost: NORMALIZATION },
  { name: 'ReduceL1', rule: reduceL1, cost: 'b + 3 an element' },
  { name: 'ReduceL2', rule: reduceL2, cost: `1 an element and its rounding, and a group ${ROOT}` },
  {
    name: 'ReduceLogSum',
    rule: reduceLogSum,
    cost: 'a table a group',
    restrictions: 'a sum that is not positive counts as the least positive number of its scale',
  },
  { name: 'ReduceLogSumExp', rule: reduceLogSumExp, cost: 'a maximum and a table an element, and a table a group' },
  { name: 'ReduceProd', rule: reduceProd, cost: 'n − 1 a group of n, and the rounding of each factor' },
  { name: 'ReduceSumSquare', rule: reduceSumSquare, cost: '1 an element and its rounding' },
]
