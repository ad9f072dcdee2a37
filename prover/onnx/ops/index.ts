// SPDX-License-Identifier: GPL-3.0-or-later
import type { Rule } from '../node-scope'
import { clip, leakyRelu, relu, smooth } from './activation'
import { binary, div, neg } from './arithmetic'
import { cast } from './cast'
import { equal, greater, greaterOrEqual, less, lessOrEqual, where } from './comparison'
import { constant, constantOfShape, gather, shapeOf, sizeOf, sqrt } from './constant'
import { conv } from './conv'
import { concat, transpose } from './layout'
import { gemm, matMul } from './matmul'
import { batchNormalization } from './normalization'
import { pad } from './pad'
import { averagePool, globalAveragePool, maxPool } from './pool'
import { reduceMax, reduceMean, reduceMin, reduceSum } from './reduce'
import { dropout, flatten, identity, reshape, squeeze, unsqueeze } from './reshape'
import { argMax, softmax } from './selection'
import { slice } from './slice'

/** The rule of every supported operator, by its ONNX name. */
export const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['Add', binary('Add')],
  ['ArgMax', argMax],
  ['AveragePool', averagePool],
  ['BatchNormalization', batchNormalization],
  ['Cast', cast],
  ['Clip', clip],
  ['Concat', concat],
  ['Constant', constant],
  ['ConstantOfShape', constantOfShape],
  ['Conv', conv],
  ['Div', div],
  ['Dropout', dropout],
  ['Equal', equal],
  ['Exp', smooth('exp')],
  ['Flatten', flatten],
  ['Gather', gather],
  ['Gemm', gemm],
  ['GlobalAveragePool', globalAveragePool],
  ['Greater', greater],
  ['GreaterOrEqual', greaterOrEqual],
  ['Identity', identity],
  ['LeakyRelu', leakyRelu],
  ['Less', less],
  ['LessOrEqual', lessOrEqual],
  ['MatMul', matMul],
  ['MaxPool', maxPool],
  ['Mul', binary('Mul')],
  ['Neg', neg],
  ['Pad', pad],
  ['ReduceMax', reduceMax],
  ['ReduceMean', reduceMean],
  ['ReduceMin', reduceMin],
  ['ReduceSum', reduceSum],
  ['Relu', relu],
  ['Reshape', reshape],
  ['Shape', shapeOf],
  ['Sigmoid', smooth('sigmoid')],
  ['Size', sizeOf],
  ['Slice', slice],
  ['Softmax', softmax],
  ['Sqrt', sqrt],
  ['Squeeze', squeeze],
  ['Sub', binary('Sub')],
  ['Tanh', smooth('tanh')],
  ['Transpose', transpose],
  ['Unsqueeze', unsqueeze],
  ['Where', where],
])

/** Names of the supported operators, sorted. */
export const SUPPORTED_OPERATORS: readonly string[] = [...RULES.keys()]
