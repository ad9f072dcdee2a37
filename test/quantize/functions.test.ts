// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { toolVersions } from '../../prover/circuit'
import { evaluateDouble, type FunctionName } from '../../prover/functions'
import { parseModel } from '../../prover/onnx'
import { buildProgram, inputRecipe, quantizedOutputs, quantizeProgram } from '../../prover/quantize'
import { initialRecipe } from '../../prover/quantize/initial-recipe'
import { buildModel, type AttributeSpec, type TensorSpec } from '../support/onnx-builder'

type Ramp = {
  readonly op: string
  readonly from: number
  readonly to: number
  readonly f: (x: number) => number
  readonly attributes?: Readonly<Record<string, AttributeSpec>>
  readonly constant?: number
}

const exact = (name: FunctionName, parameters?: readonly number[]) => (x: number) =>
  evaluateDouble({ name, ...(parameters && { parameters }) }, x)
const tailed = (name: FunctionName, parameters?: readonly number[]) => (x: number) =>
  Math.max(x, 0) + exact(name, parameters)(x)

/** Every function over the range it is used on. */
const RAMPS: readonly Ramp[] = [
  { op: 'Exp', from: -4, to: 4, f: Math.exp },
  { op: 'Log', from: 2 ** -8, to: 8, f: Math.log },
  { op: 'Sqrt', from: 0, to: 16, f: Math.sqrt },
  { op: 'Reciprocal', from: 0.125, to: 8, f: (x) => 1 / x },
  { op: 'Reciprocal', from: -8, to: -0.125, f: (x) => 1 / x },
  { op: 'Sigmoid', from: -8, to: 8, f: exact('sigmoid') },
  { op: 'Tanh', from: -4, to: 4, f: Math.tanh },
  { op: 'Erf', from: -4, to: 4, f: exact('erf') },
  { op: 'Sin', from: -8, to: 8, f: Math.sin },
  { op: 'Cos', from: -8, to: 8, f: Math.cos },
  { op: 'Tan', from: -1.25, to: 1.25, f: Math.tan },
  { op: 'Asin', from: -1, to: 1, f: Math.asin },
  { op: 'Acos', from: -1, to: 1, f: Math.acos },
  { op: 'Atan', from: -8, to: 8, f: Math.atan },
  { op: 'Sinh', from: -4, to: 4, f: Math.sinh },
  { op: 'Cosh', from: -4, to: 4, f: Math.cosh },
  { op: 'Asinh', from: -8, to: 8, f: Math.asinh },
  { op: 'Acosh', from: 1, to: 16, f: Math.acosh },
  { op: 'Atanh', from: -0.96875, to: 0.96875, f: Math.atanh },
  { op: 'Softplus', from: -8, to: 8, f: tailed('softplusTail') },
  { op: 'Softsign', from: -8, to: 8, f: (x) => x / (1 + Math.abs(x)) },
  { op: 'Gelu', from: -4, to: 4, f: tailed('geluTail') },
  { op: 'Gelu', from: -4, to: 4, f: tailed('geluTanhTail'), attributes: { approximate: 'tanh' } },
  { op: 'Mish', from: -8, to: 8, f: tailed('mishTail') },
  { op: 'HardSwish', from: -4, to: 4, f: tailed('hardSwishTail') },
  { op: 'Elu', from: -4, to: 4, f: tailed('eluTail', [2]), attributes: { alpha: 2 } },
  { op: 'Celu', from: -4, to: 4, f: tailed('celuTail', [0.5]), attributes: { alpha: 0.5 } },
  { op: 'Selu', from: -4, to: 4, f: (x) => 1.0507009873554805 * tailed('eluTail', [1.6732632423543772])(x) },
  { op: 'Pow', from: 0, to: 8, f: (x) => x ** 1.5, constant: 1.5 },
  { op: 'Pow', from: 0.25, to: 8, f: (x) => x ** -0.75, constant: -0.75 },
  { op: 'Pow', from: 0.25, to: 8, f: (x) => x ** -0.5, constant: -0.5 },
  { op: 'Pow', from: -4, to: 4, f: (x) => x ** 3, constant: 3 },
  { op: 'Pow', from: 0.25, to: 4, f: (x) => x ** -2, constant: -2 },
]

/** Points of a ramp, all of them digits of its input. */
const POINTS = 129

function outputsOf({ op, from, to, attributes, constant }: Ramp, x: Float64Array): Float64Array {
  const exponent: TensorSpec | undefined = constant === undefined ? undefined : { shape: [], data: [constant] }
  const inputs = exponent ? ['x', 'p'] : ['x']
  const graph = parseModel(
    buildModel({
      opset: 22,
      inputs: [{ name: 'x', shape: [POINTS] }],
      outputs: [{ name: 'y' }],
      nodes: [{ op, inputs, outputs: ['y'], name: 'f', ...(attributes && { attributes }) }],
      initializers: exponent ? { p: exponent } : {},
    }),
  )
  const program = buildProgram(graph)
  const input = inputRecipe('x', [x], { bits: 14, range: [Math.min(from, 0), Math.max(2 * to - from, 1)] })
  const recipe = initialRecipe(program, [input], [{ name: 'y', visibility: 'public' }], toolVersions(), [[x]])
  return quantizedOutputs(quantizeProgram(program, recipe), [x])[0]!
}

describe('functions at the precision that calibration starts with', () => {
  for (const ramp of RAMPS) {
    const { op, from, to, f, constant } = ramp
    const title = [op, ...(constant === undefined ? [] : [constant])].join(' ')
    it(`${title} from ${from} to ${to} is within 2^-9 of its range`, () => {
      const grid = (x: number) => Math.round(x * 2 ** 9) / 2 ** 9
      const x = Float64Array.from({ length: POINTS }, (_, i) => grid(from + ((to - from) * i) / (POINTS - 1)))
      const expected = x.map(f)
      const range = Math.max(...expected) - Math.min(...expected)
      outputsOf(ramp, x).forEach((y, i) => expect(y, `at ${x[i]}`).to.be.closeTo(expected[i]!, range * 2 ** -9))
    })
  }
})
