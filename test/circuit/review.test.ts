// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { SCALAR_FIELD, type R1cs, type SparseRows } from '../../prover/binfile'
import { auditCircuit, auditWires, planProgram, toolVersions } from '../../prover/circuit'
import { literalList } from '../../prover/circuit/gadget-source'
import { firstUnsatisfiedRow, WitnessGenerator } from '../../prover/witness'
import { parseModel } from '../../prover/onnx'
import { compileModel } from '../../prover/pipeline'
import { evaluateProgram, toBigInts, type Recipe, type StepRecipe } from '../../prover/quantize'
import { encode } from '../support/gadget-lab'
import { linkModel, quantizeModel } from '../support/linked-model'
import { buildModel, type ModelSpec } from '../support/onnx-builder'

/** What reviews found once, so that it stays mended. */

const withStep =
  (name: string, step: StepRecipe) =>
  (recipe: Recipe): Recipe => ({ ...recipe, steps: { ...recipe.steps, [name]: step } })

const SIGMOID: ModelSpec = {
  inputs: [{ name: 'x', shape: [1, 2] }],
  outputs: [{ name: 'y', shape: [1, 2] }],
  nodes: [{ op: 'Sigmoid', name: 's', inputs: ['x'], outputs: ['y'] }],
}

describe('table values', () => {
  it('are written digit by digit, not as doubles print', () => {
    expect(literalList([2 ** 60, -(2 ** 60), 0, 1])).to.equal('[1152921504606846976, -1152921504606846976, 0, 1]')
  })

  for (const exponent of [51, 60, 128, -1]) {
    it(`are refused at exponent ${exponent}, where doubles could not follow the circuit`, () => {
      expect(() => quantizeModel(SIGMOID, { recipe: withStep('s', { exponent }) }))
        .to.throw(/a table's is from 0 to 50/)
        .with.property('code', 'RECIPE_INVALID')
    })
  }

  it('hold in the circuit at the largest exponent', async () => {
    const model = await linkModel(SIGMOID, { recipe: withStep('s', { exponent: 50 }) })
    const generator = await WitnessGenerator.create(model.circuit)
    for (const q of [-32, -1, 0, 5, 31]) {
      const { values } = generator.generate({ inputs: [Float64Array.of(q, 31 - q > 31 ? 0 : 31 - q)], context: 0n })
      expect(firstUnsatisfiedRow(model.circuit.r1cs, values)).to.equal(undefined)
    }
  })
})

describe('aliases of affine rows', () => {
  it('are read as often as whoever reads them: long rows get a wire instead of growing with depth', async () => {
    const size = 12
    const depth = 6
    const layers = Array.from({ length: depth }, (_, i) => i)
    const spec: ModelSpec = {
      inputs: [{ name: 'x0', shape: [1, size] }],
      outputs: [{ name: `x${depth}`, shape: [1, size] }],
      nodes: layers.flatMap((i) => [
        { op: 'MatMul', name: `mul${i}`, inputs: [`x${i}`, 'w'], outputs: [`m${i}`] },
        { op: 'Relu', name: `relu${i}`, inputs: [`m${i}`], outputs: [`x${i + 1}`] },
      ]),
      initializers: { w: { shape: [size, size], data: new Array<number>(size * size).fill(1) } },
    }
    const model = await linkModel(spec, {
      inputs: { x0: { bits: 2, lo: 0, exponent: 0 } },
      recipe: (recipe) => ({
        ...recipe,
        steps: Object.fromEntries(layers.map((i) => [`relu${i}`, { exponent: 0 }])),
      }),
    })
    const { r1cs } = model.circuit
    expect(model.circuit.instances.filter(({ gadget }) => gadget.gadget.template === 'RoundRelu')).to.have.lengthOf(0)
    expect(r1cs.c.wire.length).to.be.below(depth * size * (size + 2) + 4 * size * size)
    const generator = await WitnessGenerator.create(model.circuit)
    const { values } = generator.generate({ inputs: [new Float64Array(size).fill(3)], context: 0n })
    expect(firstUnsatisfiedRow(r1cs, values)).to.equal(undefined)
  })
})

describe('the audit of files that nobody tidied', () => {
  const rows = (...list: readonly (readonly (readonly [wire: number, coefficient: number])[])[]): SparseRows => ({
    start: Uint32Array.from([0, ...list.map((_, i) => list.slice(0, i + 1).flat().length)]),
    wire: Uint32Array.from(list.flat().map(([wire]) => wire)),
    coefficient: Uint32Array.from(list.flat().map(([, coefficient]) => coefficient)),
  })
  /** Rows over wires 1 (input) and 2, … (free); coefficients are indices into 0, 1, −1, 2, 3. */
  const system = (a: SparseRows, b: SparseRows, c: SparseRows, nWires = 3): R1cs => ({
    nWires,
    nPubOut: 0,
    nPubIn: 1,
    nPrvIn: 0,
    nLabels: nWires,
    nConstraints: a.start.length - 1,
    a,
    b,
    c,
    coefficients: [0n, 1n, SCALAR_FIELD - 1n, 2n, 3n],
    wireToLabel: Uint32Array.from({ length: nWires }, (_, wire) => wire),
  })

  const free: Readonly<Record<string, R1cs>> = {
    '0·0 = w − w': system(
      rows([]),
      rows([]),
      rows([
        [2, 1],
        [2, 2],
      ]),
    ),
    '0·0 = 0·w': system(rows([]), rows([]), rows([[2, 0]])),
    '(1 − 1)·w = 0': system(
      rows([
        [0, 1],
        [0, 2],
      ]),
      rows([[2, 1]]),
      rows([]),
    ),
    '(w − w)·(w − 1) = 0': system(
      rows([
        [2, 1],
        [2, 2],
      ]),
      rows([
        [2, 1],
        [0, 2],
      ]),
      rows([]),
    ),
  }
  for (const [name, r1cs] of Object.entries(free)) {
    it(`does not take ${name} for a constraint`, () => {
      // The input, which is public, occurs in no row either.
      expect(auditWires(r1cs, [1])).to.deep.equal({ deterministic: false, unreached: [1, 2] })
    })
  }

  it('does not count a wire with factor 0 among those of which one is set', () => {
    // u, v, w boolean, 0·u + v + w = 1 and u + 2v + 3w = x: for x = 3 both u = v = 1 and w = 1 will do.
    const [u, v, w] = [2, 3, 4]
    const bits = [u, v, w].map((wire) => [[wire, 1] as const])
    const less = [u, v, w].map((wire) => [[wire, 1] as const, [0, 2] as const])
    const one = [[u, 0] as const, [v, 1] as const, [w, 1] as const, [0, 2] as const]
    const sum = [[u, 1] as const, [v, 3] as const, [w, 4] as const, [1, 2] as const]
    const r1cs = system(rows(...bits, [], []), rows(...less, [], []), rows([], [], [], one, sum), 5)
    for (const values of [
      [1n, 3n, 1n, 1n, 0n],
      [1n, 3n, 0n, 0n, 1n],
    ])
      expect(firstUnsatisfiedRow(r1cs, encode(values))).to.equal(undefined)
    expect(auditWires(r1cs, [1]).deterministic).to.equal(false)
  })
})

describe('numbers that no circuit holds', () => {
  const relu: ModelSpec = {
    inputs: [{ name: 'x', shape: [1, 1], type: 'float64' }],
    outputs: [{ name: 'y', shape: [1, 1], type: 'float64' }],
    nodes: [
      { op: 'Gemm', name: 'fc', inputs: ['x', 'w', 'b'], outputs: ['a'] },
      { op: 'Relu', name: 'relu', inputs: ['a'], outputs: ['y'] },
    ],
    initializers: {
      w: { shape: [1, 1], data: [0.3], type: 'float64' },
      b: { shape: [1], data: [1e300], type: 'float64' },
    },
  }

  it('are refused with a code when a bias outgrows every scale', () => {
    expect(() => quantizeModel(relu, { recipe: withStep('fc', { weightExponent: 40 }) }))
      .to.throw()
      .with.property('code', 'QUANTIZE_MAGNITUDE')
  })

  it('are refused with the node when a comparison is too wide for the field', () => {
    // Magnitudes of 2^8 · (2·2^30)^7 · (2·2^24) = 2^250: below the bound on integers, beyond what Relu can decompose.
    const layers = Array.from({ length: 8 }, (_, i) => i)
    const square = (value: number) => ({ shape: [2, 2], data: [value, value, value, value] })
    const spec: ModelSpec = {
      inputs: [{ name: 'x', shape: [1, 2] }],
      outputs: [{ name: 'y', shape: [1, 2] }],
      nodes: [
        ...layers.map((i) => ({
          op: 'MatMul',
          name: `mul${i}`,
          inputs: [i === 0 ? 'x' : `a${i - 1}`, i < 7 ? 'w' : 'last'],
          outputs: [`a${i}`],
        })),
        { op: 'Relu', name: 'relu', inputs: ['a7'], outputs: ['y'] },
      ],
      initializers: { w: square(2 ** 30), last: square(2 ** 24) },
    }
    const options = { inputs: { x: { bits: 9, lo: -256, exponent: 0 } }, recipe: withStep('relu', { exponent: 0 }) }
    const { quantized } = quantizeModel(spec, options)
    expect(() => planProgram(quantized))
      .to.throw(/node "relu" \(Relu\)/)
      .with.property('code', 'QUANTIZE_MAGNITUDE')
  })

  it('are refused as salts', async () => {
    const model = await linkModel(SIGMOID, { inputs: { x: { visibility: 'hashed' } } })
    const generator = await WitnessGenerator.create(model.circuit)
    for (const salt of [-1n, SCALAR_FIELD]) {
      expect(() => generator.generate({ inputs: [Float64Array.of(0, 0)], context: 0n, salts: [salt] }))
        .to.throw(/salt/)
        .with.property('code', 'WITNESS_UNSATISFIED')
    }
  })
})

describe('clamps', () => {
  const model = (op: 'Relu' | 'Div'): ModelSpec => ({
    inputs: ['a', 'b'].slice(op === 'Relu' ? 1 : 0).map((name) => ({ name, shape: [1, 2] })),
    outputs: [{ name: 'y', shape: [1, 2] }],
    nodes: [{ op, name: 'n', inputs: op === 'Relu' ? ['b'] : ['a', 'b'], outputs: ['y'] }],
  })
  const whole = { bits: 6, lo: -32, exponent: 0 }

  it('start at what the mode yields at least: one gadget cannot clamp to both', () => {
    for (const clampLo of [-4, -100]) {
      const recipe = withStep('n', { exponent: 0, clampLo, clampBits: 3 })
      expect(() => quantizeModel(model('Relu'), { inputs: { b: whole }, recipe }))
        .to.throw(/clampLo is -\d+; Relu yields at least 0/)
        .with.property('code', 'RECIPE_INVALID')
    }
  })

  it('of a divisor are the same in the circuit as in the evaluator', async () => {
    const inputs = { a: whole, b: whole }
    const { program } = quantizeModel(model('Div'), { inputs })
    const { name } = program.steps.find((step) => step.kind === 'rescale' && step.mode === 'positive')!
    const { circuit, quantized } = await linkModel(model('Div'), {
      inputs,
      recipe: withStep(name, { exponent: 0, clampBits: 3 }),
    })
    const { output } = quantized.steps.find((step) => step.name === name)!
    expect(quantized.tensors[output]!.ranges).to.deep.include({ lo: [1n, 1n], hi: [8n, 8n] })
    const generator = await WitnessGenerator.create(circuit)
    for (const b of [-32, 0, 1, 3, 4, 8, 9, 31]) {
      const { values } = generator.generate({ inputs: [Float64Array.of(7, -7), Float64Array.of(b, 1)], context: 0n })
      expect(firstUnsatisfiedRow(circuit.r1cs, values), `b = ${b}`).to.equal(undefined)
    }
  })
})

describe('tables of values that doubles do not hold', () => {
  const spec: ModelSpec = { ...SIGMOID, nodes: [{ op: 'Exp', name: 's', inputs: ['x'], outputs: ['y'] }] }

  for (const segmentBits of [6, undefined]) {
    it(`are computed in integers, ${segmentBits ? 'in segments' : 'entry by entry'}`, async () => {
      const bits = segmentBits ? 12 : 8
      const recipe = (given: Recipe): Recipe => ({
        ...given,
        steps: {
          's/argument': { exponent: bits - 5, clampLo: 0, clampBits: bits },
          s: { exponent: 50, ...(segmentBits && { segmentBits }) },
        },
      })
      // A part of the table: the gadget's own bounds are wider than the interval.
      const { circuit, quantized } = await linkModel(spec, {
        inputs: { x: { bits: bits - 2, lo: 2 ** (bits - 1) + 3, exponent: bits - 5 } },
        recipe,
      })
      const generator = await WitnessGenerator.create(circuit)
      const { lo } = quantized.inputs[0]!.recipe
      for (const at of [0, 1, 2 ** (bits - 2) - 1]) {
        const { values, tensors } = generator.generate({ inputs: [Float64Array.of(lo + at, lo)], context: 0n })
        expect(firstUnsatisfiedRow(circuit.r1cs, values)).to.equal(undefined)
        const { tensor } = quantized.outputs[0]!
        const { ranges } = quantized.tensors[tensor]!
        expect(BigInt(tensors[tensor]![0]!) <= ranges.hi[0]!).to.equal(true)
        expect(BigInt(tensors[tensor]![0]!) >= ranges.lo[0]!).to.equal(true)
      }
      // 2^52 and more is not for doubles, whose later sums are not exact.
      expect(evaluateProgram(quantized, [Float64Array.of(lo, lo)]).at(-1)).to.be.an('array')
    })
  }
})

describe('the audit follows', () => {
  const circuitOf = async (spec: ModelSpec) =>
    (await linkModel(spec, { inputs: { x: { bits: 6, lo: 0, exponent: 0 } } })).circuit

  for (const divisor of [2, 3, 10]) {
    it(`a division by the constant ${divisor}, whose row is linear`, async () => {
      const circuit = await circuitOf({
        inputs: [{ name: 'x', shape: [2], type: 'int64' }],
        outputs: [{ name: 'y', shape: [2], type: 'int64' }],
        nodes: [{ op: 'Div', name: 'd', inputs: ['x', 'c'], outputs: ['y'] }],
        initializers: { c: { shape: [], data: [divisor], type: 'int64' } },
      })
      expect(auditCircuit(circuit)).to.deep.include({ deterministic: true, unreached: [] })
    })
  }

  it('a zero test of a value minus its own copy', async () => {
    const circuit = await circuitOf({
      inputs: [{ name: 'x', shape: [2] }],
      outputs: [{ name: 'y', shape: [2] }],
      nodes: [
        { op: 'Floor', name: 'f', inputs: ['x'], outputs: ['whole'] },
        { op: 'Equal', name: 'e', inputs: ['whole', 'x'], outputs: ['same'] },
        { op: 'Where', name: 'w', inputs: ['same', 'x', 'whole'], outputs: ['y'] },
      ],
    })
    expect(auditCircuit(circuit)).to.deep.include({ deterministic: true, unreached: [] })
  })
})

describe('inputs that are bools', () => {
  it('have no other values in a recipe', async () => {
    const onnx = buildModel({
      inputs: [
        { name: 'c', shape: [1], type: 'bool' },
        { name: 'a', shape: [1] },
        { name: 'b', shape: [1] },
      ],
      outputs: [{ name: 'y', shape: [1] }],
      nodes: [{ op: 'Where', name: 'w', inputs: ['c', 'a', 'b'], outputs: ['y'] }],
    })
    const compiled = (c: { readonly bits: number; readonly lo: number; readonly exponent: number }) =>
      compileModel(onnx, {
        recipe: {
          format: 'zkml-recipe/1',
          rounding: 'half-up',
          tools: toolVersions(),
          inputs: [
            { name: 'c', visibility: 'private', ...c },
            { name: 'a', visibility: 'public', bits: 6, lo: 0, exponent: 0 },
            { name: 'b', visibility: 'public', bits: 6, lo: 0, exponent: 0 },
          ],
          outputs: [{ name: 'y', visibility: 'public' }],
          steps: {},
        },
      })
    for (const wrong of [
      { bits: 6, lo: -32, exponent: 0 },
      { bits: 1, lo: 0, exponent: 1 },
      { bits: 1, lo: 1, exponent: 0 },
    ]) {
      const refused = await compiled(wrong).catch((error: unknown) => error)
      expect(refused).to.have.property('code', 'RECIPE_INVALID')
    }
    expect((await compiled({ bits: 1, lo: 0, exponent: 0 })).circuit.r1cs.nConstraints).to.be.greaterThan(0)
  })
})

describe('inputs that are integers', () => {
  const onnx = buildModel({
    inputs: [{ name: 'x', shape: [1], type: 'int64' }],
    outputs: [{ name: 'y', shape: [1], type: 'int64' }],
    nodes: [{ op: 'Mod', name: 'm', inputs: ['x', 'two'], outputs: ['y'] }],
    initializers: { two: { shape: [], data: [2], type: 'int64' } },
  })

  it('have no fractions in a recipe', async () => {
    const input = { name: 'x', visibility: 'private', bits: 6, lo: 0 } as const
    const recipe = (exponent: number): Recipe => ({
      format: 'zkml-recipe/1',
      rounding: 'half-up',
      tools: toolVersions(),
      inputs: [{ ...input, exponent }],
      outputs: [{ name: 'y', visibility: 'public' }],
      steps: {},
    })
    const refused = await compileModel(onnx, { recipe: recipe(2) }).catch((error: unknown) => error)
    expect(refused).to.have.property('code', 'RECIPE_INVALID')
    await compileModel(onnx, { recipe: recipe(0) })
  })

  it('stay within their type in a recipe', async () => {
    const unsigned = buildModel({
      inputs: [{ name: 'x', shape: [1], type: 'uint8' }],
      outputs: [{ name: 'y', shape: [1], type: 'uint8' }],
      nodes: [{ op: 'BitwiseNot', name: 'n', inputs: ['x'], outputs: ['y'] }],
      opset: 18,
    })
    const recipe = (lo: number, bits: number): Recipe => ({
      format: 'zkml-recipe/1',
      rounding: 'half-up',
      tools: toolVersions(),
      inputs: [{ name: 'x', visibility: 'private', bits, lo, exponent: 0 }],
      outputs: [{ name: 'y', visibility: 'public' }],
      steps: {},
    })
    for (const [lo, bits] of [
      [-1, 8],
      [1, 8],
      [0, 9],
    ] as const) {
      const refused = await compileModel(unsigned, { recipe: recipe(lo, bits) }).catch((error: unknown) => error)
      expect(refused).to.have.property('code', 'RECIPE_INVALID')
      expect(refused)
        .to.have.property('message')
        .that.matches(/input "x" is uint8, from 0 to 255, but the recipe takes/)
    }
    await compileModel(unsigned, { recipe: recipe(0, 8) })
  })

  it('are calibrated to whole digits without samples', async () => {
    const { recipe } = await compileModel(onnx, { inputs: { x: { range: [0, 100] } } })
    expect(recipe.inputs).to.deep.equal([{ name: 'x', visibility: 'public', bits: 7, exponent: 0, lo: 0 }])
  })
})

describe('whole numbers that are folded', () => {
  it('do not leave the range of doubles on the way to a sum within it', () => {
    // 2^53 − 1 + 2 − 2 comes out as 2^53 − 2 in doubles.
    const onnx = buildModel({
      inputs: [{ name: 'x', shape: [1], type: 'int64' }],
      outputs: [{ name: 'y', shape: [1], type: 'int64' }],
      nodes: [
        { op: 'ReduceSum', name: 'sum', inputs: ['c', 'axes'], outputs: ['s'] },
        { op: 'Add', name: 'add', inputs: ['x', 's'], outputs: ['y'] },
      ],
      initializers: {
        c: { shape: [3], data: [2 ** 53 - 1, 2, -2], type: 'int64' },
        axes: { shape: [1], data: [0], type: 'int64' },
      },
    })
    expect(() => parseModel(onnx))
      .to.throw(/"sum"/)
      .with.property('code', 'ONNX_INTEGER_RANGE')
  })
})

describe('affine maps of whole numbers', () => {
  it('are kept apart where doubles could not hold their composition', () => {
    const scaled = (from: string, by: string, to: string) => ({
      op: 'Mul',
      inputs: [from, by],
      outputs: [to],
      name: to,
    })
    const { quantized } = quantizeModel(
      {
        inputs: [{ name: 'x', shape: [1], type: 'int64' }],
        outputs: [{ name: 'y', type: 'int64' }],
        nodes: [
          scaled('x', 'odd', 'a'),
          scaled('a', 'odd', 'b'),
          scaled('x', 'even', 'c'),
          scaled('c', 'even', 'd'),
          { op: 'Sub', inputs: ['b', 'd'], outputs: ['y'], name: 'sub' },
        ],
        initializers: {
          odd: { type: 'int64', shape: [], data: [2 ** 30 + 1] },
          even: { type: 'int64', shape: [], data: [2 ** 30] },
        },
      },
      { inputs: { x: { bits: 4, lo: 0, exponent: 0 } } },
    )
    const values = evaluateProgram(quantized, [Float64Array.of(3)])
    expect(toBigInts(values[quantized.outputs[0]!.tensor]!)).to.deep.equal([3n * (2n ** 31n + 1n)])
  })
})

describe('clamps of whole numbers', () => {
  it('may leave a single number', async () => {
    const bound = { type: 'int32', shape: [], data: [5] } as const
    const { circuit, quantized } = await linkModel(
      {
        inputs: [{ name: 'x', shape: [1], type: 'int32' }],
        outputs: [{ name: 'y', type: 'int32' }],
        nodes: [
          { op: 'Clip', name: 'clip', inputs: ['x', 'least', 'most'], outputs: ['five'] },
          { op: 'Add', name: 'add', inputs: ['x', 'five'], outputs: ['y'] },
        ],
        initializers: { least: bound, most: bound },
      },
      { inputs: { x: { bits: 4, exponent: 0 } } },
    )
    const generator = await WitnessGenerator.create(circuit)
    for (const x of [-8, 5, 7]) {
      const { values, tensors } = generator.generate({ inputs: [Float64Array.of(x)], context: 0n })
      expect(firstUnsatisfiedRow(circuit.r1cs, values)).to.equal(undefined)
      expect([...toBigInts(tensors[quantized.outputs[0]!.tensor]!)]).to.deep.equal([BigInt(x + 5)])
    }
  })
})

describe('products with whole numbers', () => {
  const kinds = (type: 'int32' | 'float32') => {
    const spec: ModelSpec = {
      inputs: ['a', 'b'].map((name) => ({ name, shape: [2], type })),
      outputs: [{ name: 'y' }],
      nodes: [
        { op: 'Mul', name: 'product', inputs: ['a', 'b'], outputs: ['p'] },
        { op: 'Cast', name: 'cast', inputs: ['p'], outputs: ['f'], attributes: { to: 1 } },
        { op: 'Mul', name: 'scale', inputs: ['f', 'third'], outputs: ['y'] },
      ],
      initializers: { third: { shape: [], data: [1 / 3] } },
    }
    const { program } = quantizeModel(spec, { inputs: { a: { exponent: 0 }, b: { exponent: 0 } } })
    return program.steps.map(({ kind }) => kind).filter((kind) => kind !== 'linear')
  }

  it('are exact before inexact weights, and those of real numbers rounded', () => {
    expect(kinds('int32')).to.deep.equal(['product'])
    expect(kinds('float32')).to.deep.equal(['rescale', 'rescale', 'product', 'rescale'])
  })
})

describe('names of steps', () => {
  it('are not those of others, whatever nodes are called', () => {
    const spec: ModelSpec = {
      inputs: [{ name: 'x', shape: [1, 2] }],
      outputs: [{ name: 'y' }],
      nodes: [
        { op: 'Sigmoid', name: 's', inputs: ['x'], outputs: ['a'] },
        { op: 'Relu', name: 's/argument', inputs: ['a'], outputs: ['b'] },
        { op: 'Tanh', name: 'output:y', inputs: ['b'], outputs: ['y'] },
      ],
    }
    const { program, quantized } = quantizeModel(spec)
    const names = program.steps.map(({ name }) => name)
    expect(new Set(names).size).to.equal(names.length)
    const [y] = toBigInts(evaluateProgram(quantized, [Float64Array.of(0, 0)])[quantized.outputs[0]!.tensor]!)
    const { exponent } = quantized.tensors[quantized.outputs[0]!.tensor]!
    expect(Number(y) * 2 ** -exponent).to.be.closeTo(Math.tanh(0.5), 0.01)
  })
})
