// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { parseModel } from '../../prover/onnx'
import {
  InputOptionError,
  inputRecipe,
  InputRangeError,
  isExactInput,
  parseInput,
  parseSamples,
  quantizeInput,
  randomSamples,
  realRange,
  ReferenceModel,
  SampleError,
  type InputOptions,
  type InputRecipe,
} from '../../prover/quantize'
import { digitsFor } from '../../prover/quantize/input-range'
import { buildModel } from '../support/onnx-builder'

const row = (...values: number[]) => Float64Array.from(values)
const real = (recipe: InputRecipe, value: number) => quantizeInput(recipe, [value])[0]! * 2 ** -recipe.exponent

describe('input digits', () => {
  it('keep whole-number samples as they are, the largest among them', () => {
    for (const values of [
      [0, 1],
      [0, 255],
      [0, 16],
      [0, 256],
      [-1, 1],
      [-128, 127],
      [-3, 9],
      [7, 7],
    ]) {
      const samples = [row(...values)]
      const recipe = inputRecipe('x', samples, {})
      expect(isExactInput(recipe, samples)).to.equal(true)
      for (const value of values) expect(real(recipe, value), `${value} of ${values}`).to.equal(value)
    }
  })

  it('spend no bit more than whole samples need', () => {
    const bits = (...values: number[]) => inputRecipe('x', [row(...values)], {}).bits
    expect([bits(0, 1), bits(0, 255), bits(0, 256), bits(-128, 127), bits(-1, 1)]).to.deep.equal([1, 8, 9, 8, 2])
    expect(inputRecipe('x', [row(3, 200)], { range: [0, 255] })).to.deep.include({ bits: 8, lo: 0, exponent: 0 })
  })

  it('cover a declared range, both ends, with the finest step that does', () => {
    for (const [lo, hi] of [
      [0, 1],
      [0.1, 1.1],
      [-0.3, 0.7],
      [-1000.5, 3],
      [5, 5.001],
      [-1e-6, 2e-6],
    ] as const) {
      for (const bits of [1, 4, 8, 12]) {
        const recipe = digitsFor('x', 'public', lo, hi, bits)
        const step = 2 ** -recipe.exponent
        for (const value of [lo, (lo + hi) / 2, hi]) expect(Math.abs(real(recipe, value) - value)).to.be.at.most(step)
        expect(2 ** bits * step, `[${lo}, ${hi}] in ${bits} bits`).to.be.below(4 * (hi - lo) + 2 * step)
      }
    }
  })

  it('keep covering it when calibration makes them coarser or finer', () => {
    let recipe = digitsFor('x', 'public', 0.1, 1.1, 14)
    for (let bits = 13; bits >= 2; bits--) {
      const [lo, hi] = realRange(recipe)
      const next = digitsFor('x', 'public', lo, hi, bits)
      expect(realRange(next)[0]).to.be.at.most(lo)
      expect(realRange(next)[1]).to.be.at.least(hi)
      recipe = next
    }
  })

  it('widen the samples’ range to a power of two, and need a range without samples', () => {
    expect(realRange(inputRecipe('x', [row(0.3, 0.7)], {}))).to.deep.equal([0, 1])
    expect(realRange(inputRecipe('x', [row(-0.3, 2.5)], {}))).to.deep.equal([-4, 4])
    expect(() => inputRecipe('x', [], {})).to.throw(InputOptionError, '--input-range x=lo,hi')
    for (const range of [
      [1, 1],
      [2, 1],
      [NaN, 1],
      [0, Infinity],
    ] as const) {
      expect(() => inputRecipe('x', [], { range })).to.throw(InputOptionError, 'lower bound')
    }
  })

  const eighths: InputRecipe = { name: 'x', visibility: 'public', bits: 4, lo: -8, exponent: 3 }

  it('round to the nearest step, and down to the last one at the top', () => {
    const q = [...quantizeInput(eighths, [-1, -0.95, -0.07, 0, 0.06, 0.0625, 0.87, 0.95, 1])]
    expect(q.map((value) => value + 0)).to.deep.equal([-8, -8, -1, 0, 0, 1, 7, 7, 7])
  })

  it('refuse NaN, infinities and what lies outside, saying what is possible', () => {
    for (const bad of [NaN, Infinity, -Infinity, 1.0001, -1.0001, 1e300]) {
      expect(() => quantizeInput(eighths, [0, bad])).to.throw(
        InputRangeError,
        `input "x"[1] = ${bad} is outside [-1, 1]`,
      )
    }
  })
})

describe('inputs of whole numbers', () => {
  const bytes = { whole: { min: 0, max: 255 } }
  const of = (samples: readonly (readonly number[])[], options: InputOptions = bytes) => {
    const { lo, bits } = inputRecipe(
      'x',
      samples.map((values) => Float64Array.from(values)),
      options,
    )
    return { lo, bits }
  }

  it('take what their type holds', () => {
    expect(of([[0, 200]])).to.deep.equal({ lo: 0, bits: 8 })
    expect(of([[255]])).to.deep.equal({ lo: 0, bits: 8 })
    expect(of([[3, 5]])).to.deep.equal({ lo: 0, bits: 3 })
    expect(of([], { ...bytes, range: [1, 255] })).to.deep.equal({ lo: 0, bits: 8 })
    expect(of([[-128, 127]], { whole: { min: -128, max: 127 } })).to.deep.equal({ lo: -128, bits: 8 })
    expect(of([[1, 0]], { whole: { min: 0, max: 1 } })).to.deep.equal({ lo: 0, bits: 1 })
  })

  it('refuse what it does not', () => {
    expect(() => of([[-1]])).to.throw(InputOptionError, 'input "x" takes whole numbers from 0 to 255')
    expect(() => of([[256]])).to.throw(InputOptionError, 'from 0 to 255')
    expect(() => of([[0.5]])).to.throw(InputOptionError, 'whole numbers')
    expect(() => of([[1]], { ...bytes, range: [-5, 10] })).to.throw(InputOptionError, 'from 0 to 255')
    expect(() => of([[1]], { ...bytes, bits: 9 })).to.throw(InputOptionError, 'which are no 9 bits')
  })
})

describe('input and sample files', () => {
  const info = (name: string, ...shape: number[]) => ({
    name,
    shape,
    kind: 'float' as const,
    elementType: 'float32' as const,
  })
  const single = { inputs: [info('x', 1, 3)] }
  const double = { inputs: [info('a', 2), info('b', 1)] }
  const read = (value: unknown, graph: typeof single = single) => parseInput(JSON.stringify(value), graph, 'in.json')
  const many = (value: unknown, graph: typeof single = single) => parseSamples(JSON.stringify(value), graph, 'in.json')

  it('are read as one row an input, or one row a sample', () => {
    expect(read({ input_data: [[1, 2.5, -3]] })).to.deep.equal([row(1, 2.5, -3)])
    expect(read({ input_data: [[1, 2], [3]] }, double)).to.deep.equal([row(1, 2), row(3)])
    expect(
      many({
        input_data: [
          [1, 2, 3],
          [4, 5, 6],
        ],
        labels: [0, 1],
      }),
    ).to.deep.equal({
      samples: [[row(1, 2, 3)], [row(4, 5, 6)]],
      labels: [0, 1],
    })
    expect(many({ input_data: [[[1, 2], [3]]] }, double).samples).to.deep.equal([[row(1, 2), row(3)]])
  })

  const refusals: readonly (readonly [what: string, read: () => unknown, says: string])[] = [
    ['no JSON', () => parseInput('{', single, 'in.json'), 'in.json is not valid JSON'],
    ['no object', () => read(5), 'must be an object with a list "input_data"'],
    ['null', () => read(null), 'must be an object with a list "input_data"'],
    ['no input_data', () => read({ data: [] }), 'must be an object with a list "input_data"'],
    ['too few rows', () => read({ input_data: [[1, 2]] }, double), '1 rows; the model has 2 inputs'],
    ['a row that is no list', () => read({ input_data: [5] }), 'input_data[0] must be a flat list'],
    ['a short row', () => read({ input_data: [[1, 2]] }), 'has 2 values; input "x" [1, 3] takes 3'],
    ['a nested row', () => read({ input_data: [[[1], [2], [3]]] }), 'input_data[0][0] is [1]; a finite number'],
    ['a text', () => read({ input_data: [[1, '2', 3]] }), 'input_data[0][1] is "2"; a finite number'],
    ['null, as JSON writes NaN', () => read({ input_data: [[1, 2, NaN]] }), 'input_data[0][2] is null'],
    ['an infinity', () => parseInput('{"input_data": [[1, 2, 1e999]]}', single, 'in.json'), 'a finite number'],
    ['no samples', () => many({ input_data: [] }), 'input_data is empty'],
    [
      'a sample of one list for two inputs',
      () => many({ input_data: [[1, 2, 3]] }, double),
      'must be a list of 2 lists',
    ],
    [
      'labels of another number',
      () => many({ input_data: [[1, 2, 3]], labels: [1, 2] }),
      'labels must be 1 whole numbers',
    ],
    ['labels that are no numbers', () => many({ input_data: [[1, 2, 3]], labels: ['cat'] }), 'labels must be'],
  ]
  for (const [what, action, says] of refusals) {
    it(`refuse ${what}`, () => expect(action).to.throw(SampleError, says))
  }

  it('are replaced, where there are none, by the same random samples every time', () => {
    const samples = randomSamples([[-2, 3]], [50], 4)
    expect(samples).to.deep.equal(randomSamples([[-2, 3]], [50], 4))
    const all = samples.flatMap(([values]) => [...values!])
    expect(Math.min(...all)).to.be.within(-2, -1.5)
    expect(Math.max(...all)).to.be.within(2.5, 3)
  })
})

describe('the float reference', () => {
  for (const type of ['float64', 'int8', 'int16', 'int64', 'uint16', 'uint32', 'uint64', 'bool'] as const) {
    it(`takes inputs of type ${type}`, async () => {
      const bytes = buildModel({
        inputs: [{ name: 'x', shape: [2], type }],
        outputs: [{ name: 'y' }],
        nodes: [
          { op: 'Cast', name: 'cast', inputs: ['x'], outputs: ['f'], attributes: { to: 1 } },
          { op: 'Neg', name: 'negative', inputs: ['f'], outputs: ['y'] },
        ],
      })
      const reference = await ReferenceModel.load(parseModel(bytes), bytes)
      const [result] = await reference.run([Float64Array.of(1, 0)])
      await reference.close()
      expect([...result!]).to.deep.equal([-1, -0])
    })
  }
})
