// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import {
  domainOf,
  evaluateDouble,
  evaluateExact,
  exactFunction,
  FunctionDomainError,
  FunctionParameterError,
  PRECISION,
  saturation,
  type FunctionName,
  type FunctionSpec,
} from '../../prover/functions'
import vectors from '../vectors/functions.json'

const ONE = 1n << PRECISION

/** A double in units of 2^-256; the tests' have at most 100 fractional bits. */
const fixed = (x: number) => BigInt(x * 2 ** 100) << (PRECISION - 100n)
const fixedDecimal = (decimal: string) => {
  const [whole, fraction = ''] = decimal.replace('-', '').split('.')
  const size = (BigInt(whole! + fraction) * ONE) / 10n ** BigInt(fraction.length)
  return decimal.startsWith('-') ? -size : size
}
const at = (name: FunctionName, x: number, ...parameters: number[]) => evaluateExact({ name, parameters }, fixed(x))
const distance = (a: bigint, b: bigint) => (a < b ? b - a : a - b)
const TOLERANCE = ONE >> 200n
const show = ({ name, parameters = [] }: FunctionSpec, x: number) => `${name}(${[x, ...parameters].join('; ')})`

/** Of values calculated with 700 digits by mpmath and cut to 66 decimals. */
const CASES = vectors.cases as readonly (FunctionSpec & { readonly x: number; readonly value: string })[]

describe('smooth functions', () => {
  it('agree with 66 decimals of an independent source', () => {
    for (const { x, value, ...spec } of CASES)
      expect(distance(evaluateExact(spec, fixed(x)), fixedDecimal(value)) < TOLERANCE, show(spec, x)).to.be.true
  })

  it('agree with their doubles', () => {
    for (const { x, value, ...spec } of CASES) {
      const exact = Number(value)
      // An angle loses what π has beyond a double; tan next to its pole, more than that.
      if (spec.name === 'tan' && Math.abs(exact) > 1e6) continue
      expect(evaluateDouble(spec, x), show(spec, x)).to.be.closeTo(exact, 1e-12 * Math.max(1, Math.abs(exact)))
    }
  })

  it('give results that have 256 bits or fewer exactly, so that ties round as they should', () => {
    const exact: readonly (readonly [FunctionName, number, number, number?])[] = [
      ['exp', 0, 1],
      ['decay', 0, 1],
      ['log', 1, 0],
      ['sqrt', 2.25, 1.5],
      ['reciprocal', -8, -0.125],
      ['rsqrt', 0.0625, 4],
      ['power', -1.5, -3.375, 3],
      ['power', -1.5, 2.25, 2],
      ['power', 16, 0.125, -0.75],
      ['power', 2 ** 32, 2 ** 48, 1.5],
      ['power', 0, 0, 2],
      ['power', 0, 1, 0],
      ['sigmoid', 0, 0.5],
      ['tanh', 0, 0],
      ['sin', 0, 0],
      ['cos', 0, 1],
      ['tan', 0, 0],
      ['asin', 0, 0],
      ['acos', 1, 0],
      ['atan', 0, 0],
      ['sinh', 0, 0],
      ['cosh', 0, 1],
      ['asinh', 0, 0],
      ['acosh', 1, 0],
      ['atanh', 0, 0],
      ['erf', 0, 0],
      ['softsign', -3, -0.75],
      ['geluTail', 0, 0],
      ['mishTail', 0, 0],
      ['hardSwishTail', 1.5, -0.375],
      ['hardSwishTail', -3, 0],
      ['eluTail', 5, 0, 1],
    ]
    for (const [name, x, value, ...parameters] of exact)
      expect(evaluateExact({ name, parameters: parameters as number[] }, fixed(x)), `${name}(${x})`).to.equal(
        fixed(value),
      )
  })

  it('satisfy identities that no formula here is built on', () => {
    const near = (a: bigint, b: bigint, what: string) => expect(distance(a, b) < TOLERANCE, what).to.be.true
    const times = (a: bigint, b: bigint) => (a * b) >> PRECISION
    for (let x = 0.0625; x < 1; x += 0.0625) {
      const of = (name: FunctionName, argument = x) => at(name, argument)
      const then = (name: FunctionName, value: bigint) => evaluateExact({ name }, value)
      near(times(of('sin'), of('sin')) + times(of('cos'), of('cos')), ONE, 'sin² + cos²')
      near(times(of('cosh'), of('cosh')) - times(of('sinh'), of('sinh')), ONE, 'cosh² − sinh²')
      near(then('log', of('exp')), fixed(x), 'log exp')
      near(then('sin', of('asin')), fixed(x), 'sin asin')
      near(then('cos', of('acos')), fixed(x), 'cos acos')
      near(then('tan', of('atan')), fixed(x), 'tan atan')
      near(then('sinh', of('asinh')), fixed(x), 'sinh asinh')
      near(then('cosh', of('acosh', x + 1)), fixed(x + 1), 'cosh acosh')
      near(then('tanh', of('atanh')), fixed(x), 'tanh atanh')
      near(at('power', x, -0.5), of('rsqrt'), 'power −1/2')
      near(times(of('rsqrt'), of('sqrt')), ONE, 'rsqrt · sqrt')
      near(at('swishTail', x, 2), times(fixed(x), of('sigmoid', 2 * x)) - fixed(x), 'swish')
    }
  })

  it('are monotone where they should be, even where they flatten out, and symmetric', () => {
    for (const name of ['exp', 'sigmoid', 'tanh', 'atan', 'sinh', 'asinh', 'erf', 'softsign'] as const) {
      const value = exactFunction({ name })
      for (let x = -40; x < 40; x += 0.375)
        expect(value(fixed(x)) <= value(fixed(x + 0.375)), `${name}(${x})`).to.be.true
    }
    for (let x = 0.25; x < 40; x += 1.25) {
      for (const name of ['tanh', 'sin', 'tan', 'atan', 'sinh', 'asinh', 'erf', 'softsign'] as const)
        expect(distance(at(name, -x), -at(name, x)) <= 1n, `${name}(${x})`).to.be.true
      for (const name of ['cos', 'cosh', 'geluTail', 'geluTanhTail', 'softplusTail', 'hardSwishTail'] as const)
        expect(at(name, -x), `${name}(${x})`).to.equal(at(name, x))
      expect(distance(at('sigmoid', x) + at('sigmoid', -x), ONE) <= 1n).to.be.true
    }
  })

  it('refuse arguments outside the domain, and results of 2^64 or more', () => {
    const refused: readonly (readonly [FunctionName, number, number?])[] = [
      ['exp', 44.5],
      ['exp', 2 ** 60],
      ['decay', -0.5],
      ['log', 0],
      ['log', -1],
      ['sqrt', -1],
      ['reciprocal', 0],
      ['reciprocal', 2 ** -64],
      ['rsqrt', 0],
      ['power', -1, 0.5],
      ['power', 0, -1],
      ['power', 0, -0.5],
      ['power', 2, 64],
      ['power', 2 ** 60, 1024],
      ['tan', 2 ** 33],
      ['asin', 1.25],
      ['acos', -1.25],
      ['sinh', 46],
      ['cosh', -46],
      ['acosh', 0.5],
      ['atanh', 1],
    ]
    for (const [name, x, ...parameters] of refused)
      expect(() => at(name, x, ...(parameters as number[])), `${name}(${x})`).to.throw(FunctionDomainError, name)
    expect(() => at('log', -1)).to.throw('log is not defined at -1, outside (0, ∞)')
    expect(() => at('reciprocal', 0)).to.throw('(-∞, ∞) without 0')
  })

  it('take the values at the ends of their domains', () => {
    for (const spec of [
      { name: 'exp' },
      { name: 'sinh' },
      { name: 'cosh' },
      { name: 'asin' },
      { name: 'power', parameters: [0.5] },
    ] as const) {
      const { lo, hi, loIncluded, hiIncluded } = domainOf(spec)
      if (loIncluded) expect(() => evaluateExact(spec, fixed(lo))).to.not.throw()
      if (hiIncluded) expect(() => evaluateExact(spec, fixed(hi))).to.not.throw()
    }
    expect(domainOf({ name: 'log' })).to.deep.equal({ lo: 0, hi: Infinity, loIncluded: false, hiIncluded: false })
  })

  it('take in doubles the nearest value of the domain, or NaN', () => {
    expect(evaluateDouble({ name: 'sqrt' }, -4)).to.equal(0)
    expect(evaluateDouble({ name: 'asin' }, 2)).to.equal(Math.PI / 2)
    expect(evaluateDouble({ name: 'acosh' }, 0)).to.equal(0)
    expect(evaluateDouble({ name: 'power', parameters: [0.5] }, -1)).to.equal(0)
    expect(evaluateDouble({ name: 'log' }, -1)).to.be.NaN
    expect(evaluateDouble({ name: 'atanh' }, 2)).to.be.NaN
    expect(evaluateDouble({ name: 'reciprocal' }, 0)).to.be.NaN
  })

  it('refuse parameters they do not take', () => {
    for (const spec of [
      { name: 'power' },
      { name: 'tanh', parameters: [1] },
      { name: 'power', parameters: [NaN] },
      { name: 'power', parameters: [2000] },
      { name: 'swishTail', parameters: [-1] },
      { name: 'celuTail', parameters: [0] },
    ] as const)
      expect(() => evaluateExact(spec, ONE), spec.name).to.throw(FunctionParameterError, spec.name)
  })

  it('know where they become constant, and hardly wider', () => {
    for (const bits of [8, 12, 20]) {
      for (const spec of [
        { name: 'sigmoid' },
        { name: 'tanh' },
        { name: 'erf' },
        { name: 'geluTail' },
        { name: 'mishTail' },
        { name: 'swishTail', parameters: [0.5] },
        { name: 'celuTail', parameters: [0.25] },
      ] as const) {
        const { below, above } = saturation(spec, bits)
        for (const end of [below!, above!]) {
          const limit = evaluateDouble(spec, end < 0 ? -500 : 500)
          const error = (x: number) => Math.abs(evaluateDouble(spec, x) - limit)
          for (const factor of [1, 1.1, 2, 8]) expect(error(end * factor), show(spec, end)).to.be.at.most(2 ** -bits)
          if (end !== 0) expect(error(end * 0.96), show(spec, end)).to.be.above(2 ** -bits)
        }
      }
    }
    expect(saturation({ name: 'hardSwishTail' }, 30)).to.deep.equal({ below: -3, above: 3 })
    expect(saturation({ name: 'reciprocal' }, 10)).to.deep.equal({ below: -1024, above: 1024 })
    expect(saturation({ name: 'exp' }, 10)).to.have.all.keys('below')
    expect(saturation({ name: 'log' }, 10)).to.deep.equal({})
    expect(saturation({ name: 'power', parameters: [-0.125] }, 10)).to.deep.equal({})
  })
})
