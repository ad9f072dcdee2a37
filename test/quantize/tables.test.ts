// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { RecipeError, segmentValues, tableValues, type StepRecipe } from '../../prover/quantize'
import { evaluateDouble, type FunctionSpec } from '../../prover/functions'
import { quantizeModel } from '../support/linked-model'

const table = (fn: 'sigmoid' | 'tanh' | 'decay', argumentExponent: number, exponent: number, bits = 8) => {
  const lo = fn === 'decay' ? 0 : -(2 ** (bits - 1))
  const values = tableValues({ fn: { name: fn }, bits, lo, argumentExponent, exponent })
  return { values, at: (x: number) => values[x * 2 ** argumentExponent - lo]! }
}

describe('tables of smooth functions', () => {
  // Round-to-nearest of the true value times 2^52, the value itself from 50 digits of an independent source.
  const REFERENCE: readonly (readonly ['sigmoid' | 'tanh' | 'decay', number, string])[] = [
    ['sigmoid', 0, '0.5'],
    ['sigmoid', 1, '0.73105857863000487925115924182183627436514464016506'],
    ['sigmoid', -1, '0.26894142136999512074884075817816372563485535983494'],
    ['sigmoid', 0.5, '0.62245933120185456463890056574550847875327936530891'],
    ['tanh', 0, '0'],
    ['tanh', 1, '0.76159415595576488811945828260479359041276859725794'],
    ['tanh', -1, '-0.76159415595576488811945828260479359041276859725794'],
    ['tanh', 0.5, '0.46211715726000975850231848364367254873028928033011'],
    ['decay', 0, '1'],
    ['decay', 1, '0.36787944117144232159552377016146086744581113103177'],
    ['decay', 2, '0.13533528323661269189399949497248440340763154590958'],
    ['decay', 0.5, '0.60653065971263342360379953499118045344191813548719'],
  ]

  it('hold the nearest integer to the true value, to the last of 52 bits', () => {
    for (const [fn, x, digits] of REFERENCE) {
      const { at } = table(fn, 4, 52)
      expect(BigInt(at(x)), `${fn}(${x})`).to.equal(nearest(digits, 52n))
    }
  })

  it('agree with Math at every argument, as far as doubles can tell', () => {
    const float = {
      sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
      tanh: Math.tanh,
      decay: (x: number) => Math.exp(-x),
    }
    for (const fn of ['sigmoid', 'tanh', 'decay'] as const) {
      const { values } = table(fn, 5, 30, 9)
      const lo = fn === 'decay' ? 0 : -256
      values.forEach((value, i) => expect(value).to.be.closeTo(float[fn]((lo + i) / 32) * 2 ** 30, 1))
    }
  })

  it('are monotone, as proven intervals take for granted', () => {
    for (const fn of ['sigmoid', 'tanh', 'decay'] as const) {
      for (const exponent of [0, 3, 12, 40]) {
        const { values } = table(fn, 3, exponent)
        const sign = fn === 'decay' ? -1 : 1
        for (let i = 1; i < values.length; i++) expect(sign * (values[i]! - values[i - 1]!)).to.be.at.least(0)
      }
    }
  })

  it('of decay never reach 0, so that a sum of them divides', () => {
    for (const exponent of [-3, 0, 1, 12]) expect(Math.min(...table('decay', 0, exponent).values)).to.equal(1)
  })

  it('are odd for tanh, and complementary for sigmoid, up to rounding', () => {
    const [tanh, sigmoid] = [table('tanh', 4, 20).at, table('sigmoid', 4, 20).at]
    for (let x = 0; x < 7.9; x += 0.0625) {
      expect(Math.abs(tanh(x) + tanh(-x))).to.be.at.most(1)
      expect(Math.abs(sigmoid(x) + sigmoid(-x) - 2 ** 20)).to.be.at.most(1)
    }
  })

  it('are of any function, with its parameters', () => {
    const fn = { name: 'power', parameters: [0.5] } as const
    expect([...tableValues({ fn, bits: 3, lo: 0, argumentExponent: 0, exponent: 4 })]).to.deep.equal([
      0, 16, 23, 28, 32, 36, 39, 42,
    ])
    expect(() => tableValues({ fn: { name: 'log' }, bits: 2, lo: 0, argumentExponent: 0, exponent: 4 })).to.throw('log')
  })

  it('of segments are off by half of what chords are, and say by how much', () => {
    const cases: readonly (readonly [FunctionSpec, number])[] = [
      [{ name: 'sigmoid' }, -1024],
      [{ name: 'geluTail' }, -1024],
      [{ name: 'swishTail', parameters: [1.5] }, -1024],
      [{ name: 'sqrt' }, 0],
    ]
    for (const [fn, lo] of cases) {
      const spec = { fn, lo, argumentExponent: 8, exponent: 24, segmentBits: 5, lowBits: 6 }
      const { values, slopes, maxError } = segmentValues(spec)
      const truth = (i: number) => evaluateDouble(fn, (lo + i) / 256) * 2 ** 24
      let [measured, chords] = [0, 0]
      for (let i = 0; i < 2048; i++) {
        const [high, low] = [i >> 6, i & 63]
        measured = Math.max(measured, Math.abs(values[high]! + slopes[high]! * low - truth(i)))
        const [first, last] = [truth(64 * high), truth(64 * high + 63)]
        chords = Math.max(chords, Math.abs(first + ((last - first) * low) / 63 - truth(i)))
      }
      expect(measured, fn.name).to.be.within(maxError * 0.999, maxError * 1.05)
      expect(measured, fn.name).to.be.below(0.53 * chords + 32)
    }
    // Of segments with two arguments nothing but rounding is left.
    const { maxError } = segmentValues({
      fn: { name: 'exp' },
      lo: 0,
      argumentExponent: 4,
      exponent: 20,
      segmentBits: 4,
      lowBits: 1,
    })
    expect(maxError).to.be.at.most(1)
  })

  it('take arguments that circuits can look up, and no others', () => {
    const sigmoid = (argument: StepRecipe, out = 12) =>
      quantizeModel(
        {
          inputs: [{ name: 'x', shape: [1, 1] }],
          outputs: [{ name: 'y' }],
          nodes: [{ op: 'Sigmoid', inputs: ['x'], outputs: ['y'], name: 'act' }],
        },
        { recipe: (recipe) => ({ ...recipe, steps: { 'act/argument': argument, act: { exponent: out } } }) },
      )
    expect(() => sigmoid({ exponent: 3, clampBits: 6 })).to.not.throw()
    expect(() => sigmoid({ exponent: 3 })).to.throw(RecipeError, 'needs a bounded argument')
    expect(() => sigmoid({ exponent: 3, clampBits: 1 })).to.throw(RecipeError, '2 to 36 bits')
    expect(() => sigmoid({ exponent: 3, clampBits: 13 })).to.throw(RecipeError, 'segmentBits is 13')
    expect(() => sigmoid({ exponent: -100, clampBits: 8 })).to.throw(RecipeError, 'raise the exponent')
    expect(() => sigmoid({ clampBits: 8 })).to.throw(RecipeError, 'exponent is missing')
  })

  it('divide into quotients that a circuit can hold', () => {
    const softmax = (steps: Readonly<Record<string, StepRecipe>>) =>
      quantizeModel(
        {
          inputs: [{ name: 'x', shape: [1, 2] }],
          outputs: [{ name: 'y' }],
          nodes: [{ op: 'Softmax', inputs: ['x'], outputs: ['y'], name: 'act' }],
        },
        { recipe: (recipe) => ({ ...recipe, steps: { ...recipe.steps, ...steps } }) },
      )
    expect(() => softmax({})).to.not.throw()
    expect(() => softmax({ 'act/sum': { weightExponent: 3 } })).to.not.throw()
    expect(() => softmax({ 'act/inverse': { exponent: -13 } })).to.throw(RecipeError, 'from -12 to 116')
    expect(() => softmax({ 'act/inverse': { exponent: 117 } })).to.throw(RecipeError, 'from -12 to 116')
  })
})

/** ⌊value·2^bits + 1/2⌋ of a decimal. */
function nearest(decimal: string, bits: bigint): bigint {
  const negative = decimal.startsWith('-')
  const [whole, fraction = ''] = decimal.replace('-', '').split('.')
  const scale = 10n ** BigInt(fraction.length)
  const value = BigInt(whole! + fraction) * (negative ? -1n : 1n)
  const doubled = 2n * value * (1n << bits) + scale
  const quotient = doubled / (2n * scale)
  return doubled < 0n && quotient * 2n * scale !== doubled ? quotient - 1n : quotient
}
