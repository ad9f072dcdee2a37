// SPDX-License-Identifier: GPL-3.0-or-later
import { fusedMatMul } from '../matmul'
import { dequantizeLinearOfMicrosoft, quantizeLinearOfMicrosoft } from '../quantized'
import {
  qLinearAdd,
  qLinearAveragePool,
  qLinearConcat,
  qLinearGlobalAveragePool,
  qLinearLeakyRelu,
  qLinearMul,
  qLinearSigmoid,
  qLinearSoftmax,
} from '../quantized-linear'
import { dynamicQuantizeMatMul, matMulIntegerToFloat, qGemm } from '../quantized-product'
import type { Operator } from './operator'

const domain = 'com.microsoft'

const SCALES = 'constant scales and zero points, one for a tensor'
const QUANTISED = '2·b + 10 an element of b bits'

/** What onnxruntime's quantiser and optimiser write besides the standard operators. */
export const MICROSOFT: readonly Operator[] = [
  {
    name: 'DequantizeLinear',
    domain,
    rule: dequantizeLinearOfMicrosoft,
    cost: 'none: affine',
    restrictions: 'constant scales and zero points',
  },
  {
    name: 'DynamicQuantizeMatMul',
    domain,
    rule: dynamicQuantizeMatMul,
    cost: 'about 4·b + 10 an element of the first factor, and a product an element of the result',
  },
  {
    name: 'FusedMatMul',
    domain,
    rule: fusedMatMul,
    cost: 'none with one variable; 1 a product of two, and the rounding of both',
    restrictions: 'no transBatchA, transBatchB',
  },
  { name: 'MatMulIntegerToFloat', domain, rule: matMulIntegerToFloat, cost: 'none with a constant factor' },
  {
    name: 'QGemm',
    domain,
    rule: qGemm,
    cost: QUANTISED,
    restrictions: 'constant scales and zero points',
  },
  { name: 'QLinearAdd', domain, rule: qLinearAdd, cost: QUANTISED, restrictions: SCALES },
  {
    name: 'QLinearAveragePool',
    domain,
    rule: qLinearAveragePool,
    cost: QUANTISED,
    restrictions: `${SCALES}; no channels_last`,
  },
  { name: 'QLinearConcat', domain, rule: qLinearConcat, cost: QUANTISED, restrictions: SCALES },
  {
    name: 'QLinearGlobalAveragePool',
    domain,
    rule: qLinearGlobalAveragePool,
    cost: QUANTISED,
    restrictions: `${SCALES}; no channels_last`,
  },
  {
    name: 'QLinearLeakyRelu',
    domain,
    rule: qLinearLeakyRelu,
    cost: 'b + 3 and 2·b + 10 an element of b bits',
    restrictions: SCALES,
  },
  { name: 'QLinearMul', domain, rule: qLinearMul, cost: `a product, and ${QUANTISED}`, restrictions: SCALES },
  { name: 'QLinearSigmoid', domain, rule: qLinearSigmoid, cost: `a table, and ${QUANTISED}`, restrictions: SCALES },
  {
    name: 'QLinearSoftmax',
    domain,
    rule: qLinearSoftmax,
    cost: `that of Softmax, and ${QUANTISED}`,
    restrictions: SCALES,
  },
  {
    name: 'QuantizeLinear',
    domain,
    rule: quantizeLinearOfMicrosoft,
    cost: QUANTISED,
    restrictions: 'constant scales and zero points',
  },
]
