// SPDX-License-Identifier: GPL-3.0-or-later
import { branch, loop, scan } from '../control-flow'
import { convInteger, dequantizeLinear, matMulInteger, qLinearConv, qLinearMatMul, quantizeLinear } from '../quantized'
import { dynamicQuantizeLinear } from '../quantized-product'
import { gru, lstm, rnn } from '../recurrent'
import type { Operator } from './operator'

const SCALES = 'scales and zero points must be constant'
const RECURRENT = 'the length of the sequence is fixed, and sequence_lens constant'

/** Recurrent layers, control flow and quantised operators. */
export const SEQUENCE: readonly Operator[] = [
  {
    name: 'ConvInteger',
    since: 10,
    rule: convInteger,
    cost: 'none with constant weights; else 1 a product',
    restrictions: SCALES,
  },
  { name: 'DequantizeLinear', since: 10, rule: dequantizeLinear, cost: 'none: affine', restrictions: SCALES },
  {
    name: 'DynamicQuantizeLinear',
    since: 11,
    rule: dynamicQuantizeLinear,
    cost: 'two maxima and about 4·b + 10 an element',
    restrictions: 'a range below one unit of its scale counts as one unit',
  },
  {
    name: 'GRU',
    rule: gru,
    cost: '3 functions of Sigmoid or Tanh, 2 products and the rounding of their factors, a hidden element and step',
    restrictions: RECURRENT,
  },
  {
    name: 'If',
    rule: branch,
    cost: 'that of the branch for a constant condition; else both, and 1 an element of their results',
    restrictions: 'of a variable condition, both branches must give results of one shape',
  },
  {
    name: 'LSTM',
    rule: lstm,
    cost: '5 functions of Sigmoid or Tanh, 3 products and the rounding of their factors, a hidden element and step',
    restrictions: RECURRENT,
  },
  {
    name: 'Loop',
    rule: loop,
    cost: 'that of its subgraph, times the trip count',
    restrictions: 'trip count and conditions must be constant; results of a loop that never runs cannot be used',
  },
  {
    name: 'MatMulInteger',
    since: 10,
    rule: matMulInteger,
    cost: 'none with constant weights; else 1 a product',
    restrictions: `${SCALES}; no vectors`,
  },
  {
    name: 'QLinearConv',
    since: 10,
    rule: qLinearConv,
    cost: 'at most 2·b + 10 an element of b bits',
    restrictions: SCALES,
  },
  {
    name: 'QLinearMatMul',
    since: 10,
    rule: qLinearMatMul,
    cost: 'at most 2·b + 10 an element of b bits',
    restrictions: `${SCALES}; no vectors`,
  },
  {
    name: 'QuantizeLinear',
    since: 10,
    rule: quantizeLinear,
    cost: 'at most 2·b + 10 an element of b bits',
    restrictions: SCALES,
  },
  {
    name: 'RNN',
    rule: rnn,
    cost: '1 function of Sigmoid or Tanh a hidden element and step',
    restrictions: RECURRENT,
  },
  {
    name: 'Scan',
    since: 8,
    rule: scan,
    cost: 'that of its subgraph, times the length',
    restrictions: 'no sequence_lens',
  },
]
