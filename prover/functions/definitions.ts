// SPDX-License-Identifier: GPL-3.0-or-later

import { closed, LINE, NOT_ZERO, open, type FunctionDomain } from './domain'
import { errorFunction, errorFunctionDouble } from './error-function'
import { exponential, hyperbolicCosine, hyperbolicSine, hyperbolicTangent, sigmoid } from './exponential'
import { absolute, divide, fromDouble, integerSquareRoot, multiply, ONE, squareRoot, WORKING } from './fixed-point'
import * as log from './logarithm'
import * as tails from './tails'
import * as trig from './trigonometric'

/** Results stay below 2^64 in size. Both are rounded down: 64·ln 2, and arsinh(2^64) = arcosh(2^64) = 65·ln 2. */
const EXP_REACH = 44.36141955583649
const SINH_REACH = 45.05456673639644
/** Beyond this the quadrant would need more digits of π than there are. */
const ANGLE_REACH = 2 ** 32

/** What a function tends to, in fixed point, on the sides where that is finite. */
export type Limits = { readonly below?: bigint; readonly above?: bigint }

type Parameter = { readonly name: string; readonly requirement: string; readonly accepts: (value: number) => boolean }

export type Definition = {
  readonly parameters: readonly Parameter[]
  readonly domain: (...parameters: number[]) => FunctionDomain
  /** Of an x in the domain, with WORKING fractional bits. */
  readonly exact: (...parameters: number[]) => (x: bigint) => bigint
  readonly double: (x: number, ...parameters: number[]) => number
  readonly limits: (...parameters: number[]) => Limits
  /** From this |x| on the distance to the limit falls. */
  readonly fallsFrom: (...parameters: number[]) => number
}

/** Down to the least float32; far smaller ones would come out as 0. */
const POSITIVE: Parameter = {
  name: 'alpha',
  requirement: 'a positive number of at least 2^-149',
  accepts: (value) => value >= 2 ** -149,
}
const ANY: Parameter = { name: 'alpha', requirement: 'a number', accepts: () => true }
const EXPONENT: Parameter = {
  name: 'p',
  requirement: 'a number from -1024 to 1024',
  accepts: (value) => Math.abs(value) <= 1024,
}

/** A function without parameters. */
function plain(
  exact: (x: bigint) => bigint,
  double: (x: number) => number,
  domain: FunctionDomain = LINE,
  limits: Limits = {},
  fallsFrom = 0,
): Definition {
  const [domainOf, limitsOf, from] = [() => domain, () => limits, () => fallsFrom]
  return { parameters: [], domain: domainOf, exact: () => exact, double, limits: limitsOf, fallsFrom: from }
}

/** A tail with one parameter; its limit above is 0. */
function parametric(
  parameter: Parameter,
  exact: (x: bigint, alpha: bigint) => bigint,
  double: (x: number, alpha: number) => number,
  below: (alpha: bigint) => bigint,
  fallsFrom: (alpha: number) => number,
): Definition {
  return {
    parameters: [parameter],
    domain: () => LINE,
    exact: (alpha) => {
      const fixed = fromDouble(alpha!)
      return (x) => exact(x, fixed)
    },
    double: (x, alpha) => double(x, alpha!),
    limits: (alpha) => ({ below: below(fromDouble(alpha!)), above: 0n }),
    fallsFrom: (alpha) => fallsFrom(alpha!),
  }
}

const VANISHES: Limits = { below: 0n, above: 0n }
const ODD_STEP: Limits = { below: -ONE, above: ONE }

const power: Definition = {
  parameters: [EXPONENT],
  domain: (p) => {
    if (Number.isInteger(p)) return p! < 0 ? NOT_ZERO : LINE
    return p! < 0 ? open(0, Infinity) : closed(0, Infinity)
  },
  exact: (p) => {
    const fixed = fromDouble(p!)
    return (x) => {
      if (x === 0n) return p === 0 ? ONE : 0n
      const exponent = multiply(fixed, log.logarithm(absolute(x)))
      // e^64 is refused as a result, and does not take the memory that e^exponent might.
      const size = exponential(exponent > 64n * ONE ? 64n * ONE : exponent)
      return x < 0n && p! % 2 !== 0 ? -size : size
    }
  },
  double: (x, p) => x ** p!,
  limits: (p) => {
    if (p! > 0) return {}
    const limit = p === 0 ? ONE : 0n
    return Number.isInteger(p) ? { below: limit, above: limit } : { above: limit }
  },
  fallsFrom: () => 1,
}

const catalogue = {
  exp: plain(exponential, Math.exp, closed(-Infinity, EXP_REACH), { below: 0n }),
  decay: plain(
    (x) => exponential(-x),
    (x) => Math.exp(-x),
    closed(0, Infinity),
    { above: 0n },
  ),
  log: plain(log.logarithm, Math.log, open(0, Infinity)),
  sqrt: plain(squareRoot, Math.sqrt, closed(0, Infinity)),
  reciprocal: plain(
    (x) => divide(ONE, x),
    (x) => 1 / x,
    NOT_ZERO,
    VANISHES,
    1,
  ),
  rsqrt: plain(
    (x) => integerSquareRoot((ONE << (2n * WORKING)) / x),
    (x) => 1 / Math.sqrt(x),
    open(0, Infinity),
    { above: 0n },
    1,
  ),
  power,
  sigmoid: plain(sigmoid, (x) => 1 / (1 + Math.exp(-x)), LINE, { below: 0n, above: ONE }),
  tanh: plain(hyperbolicTangent, Math.tanh, LINE, ODD_STEP),
  sin: plain(trig.sine, Math.sin, closed(-ANGLE_REACH, ANGLE_REACH)),
  cos: plain(trig.cosine, Math.cos, closed(-ANGLE_REACH, ANGLE_REACH)),
  tan: plain(trig.tangent, Math.tan, closed(-ANGLE_REACH, ANGLE_REACH)),
  asin: plain(trig.arcsine, Math.asin, closed(-1, 1)),
  acos: plain(trig.arccosine, Math.acos, closed(-1, 1)),
  atan: plain(trig.arctangent, Math.atan, LINE, { below: -trig.PI >> 1n, above: trig.PI >> 1n }),
  sinh: plain(hyperbolicSine, Math.sinh, closed(-SINH_REACH, SINH_REACH)),
  cosh: plain(hyperbolicCosine, Math.cosh, closed(-SINH_REACH, SINH_REACH)),
  asinh: plain(log.inverseHyperbolicSine, Math.asinh),
  acosh: plain(log.inverseHyperbolicCosine, Math.acosh, closed(1, Infinity)),
  atanh: plain(log.inverseHyperbolicTangent, Math.atanh, open(-1, 1)),
  erf: plain(errorFunction, errorFunctionDouble, LINE, ODD_STEP),
  softsign: plain(
    (x) => divide(x, ONE + absolute(x)),
    (x) => x / (1 + Math.abs(x)),
    LINE,
    ODD_STEP,
  ),
  geluTail: plain(tails.geluTail, tails.geluTailDouble, LINE, VANISHES, 1),
  geluTanhTail: plain(tails.geluTanhTail, tails.geluTanhTailDouble, LINE, VANISHES, 1),
  softplusTail: plain(tails.softplusTail, tails.softplusTailDouble, LINE, VANISHES),
  mishTail: plain(tails.mishTail, tails.mishTailDouble, LINE, VANISHES, 2),
  swishTail: parametric(
    POSITIVE,
    tails.swishTail,
    tails.swishTailDouble,
    () => 0n,
    (alpha) => 2 / alpha,
  ),
  eluTail: parametric(
    ANY,
    tails.eluTail,
    tails.eluTailDouble,
    (alpha) => -alpha,
    () => 0,
  ),
  celuTail: parametric(
    POSITIVE,
    tails.celuTail,
    tails.celuTailDouble,
    (alpha) => -alpha,
    () => 0,
  ),
  hardSwishTail: plain(tails.hardSwishTail, tails.hardSwishTailDouble, LINE, VANISHES, 2),
} satisfies Record<string, Definition>

/**
 * Name of a smooth function of one real variable. `power` takes its exponent p; `swishTail`, `eluTail` and `celuTail`
 * take alpha; the others take nothing. `decay` is e^−x for x ≥ 0; a tail is the activation minus max(x, 0).
 */
export type FunctionName = keyof typeof catalogue

export const DEFINITIONS: Readonly<Record<FunctionName, Definition>> = catalogue
