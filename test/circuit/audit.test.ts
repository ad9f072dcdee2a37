// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { readR1cs, SCALAR_FIELD } from '../../prover/binfile'
import { auditCircuit, auditWires } from '../../prover/circuit'
import { compileCircom } from '../../prover/circuit/circom'
import { withoutRow } from '../support/gadget-lab'
import { linkModel } from '../support/linked-model'
import { SMALL_MODELS } from '../support/small-models'

/** `count` boolean hints named `name`; their sum, weighted by powers of two, is the variable `sum`. */
const digits = (name: string, count: number, sum: string) =>
  `signal ${name}[${count}]; var ${sum} = 0; for (var i = 0; i < ${count}; i++) { ${name}[i] <-- 0; ${name}[i] * (${name}[i] - 1) === 0; ${sum} += ${name}[i] * (1 << i); }`

/** A square root of n bits; each part may be replaced. */
const squareRoot = (n: number, { bound = 'y === ys;', gap = `2 * y - rs` } = {}) =>
  `y <-- 0; ${digits('yb', n, 'ys')} ${bound} ${digits('rb', n + 1, 'rs')} y * y === x - rs; ${digits('sb', n + 1, 'ss')} ss === ${gap};`

/** Three bins of [0, 16) at 3 and 9, of widths 3, 6 and 7; each part may be replaced. */
const bins = ({
  states = '(1 - a[0]) * a[0] === 0; (a[0] - a[1]) * (a[0] - a[1] - 1) === 0; a[1] * (a[1] - 1) === 0;',
  place = '3 * a[0] + 6 * a[1] + os === x;',
  gap = '3 + 3 * a[0] + a[1] - 1 - os',
} = {}) =>
  `signal a[2]; for (var i = 0; i < 2; i++) a[i] <-- 0; ${states} ${digits('o', 3, 'os')} ${place} ${digits('g', 3, 'gs')} gs === ${gap}; y <== a[0] * x;`

/** Audits a template of one input x and one output y. */
async function audit(body: string) {
  const head = 'pragma circom 2.2.0; template T() { signal input x; signal output y;'
  const { r1cs: file } = await compileCircom(`${head} ${body} } component main {public [x]} = T();`)
  return auditWires(readR1cs(file), [2])
}

const bits = (n: number) =>
  `signal b[${n}]; var s = 0; for (var i = 0; i < ${n}; i++) { b[i] <-- (x >> i) & 1; b[i] * (b[i] - 1) === 0; s += b[i] * (1 << i); }`

describe('audit', function () {
  this.timeout(60_000)

  const unsound: Readonly<Record<string, string>> = {
    'quotient and remainder without ranges':
      'signal r; y <-- x \\ 10; r <-- x % 10; x === y * 10 + r; signal s; s <== r * r;',
    'a remainder without a bound by the divisor':
      'signal b[8]; var r = 0; for (var i = 0; i < 8; i++) { b[i] <-- 0; b[i] * (b[i] - 1) === 0; r += b[i] * (1 << i); } y <-- 0; y * 10 === x - r;',
    'a decomposition as wide as the field, which has aliases': `${bits(254)} s === x; y <== b[253] * x;`,
    'digits that nothing holds to the value': `${bits(4)} y <== s * x;`,
    'digits that are not boolean': 'signal b; b <-- x & 1; y <-- x >> 1; x === b + 2 * y; signal z; z <== b * y;',
    'booleans whose sums coincide':
      'signal b[3]; for (var i = 0; i < 3; i++) { b[i] <-- 0; b[i] * (b[i] - 1) === 0; } b[0] + 2 * b[1] + 3 * b[2] === x; y <== b[0] * b[1];',
    'two values, neither of them 0 and 1': 'y <-- x; (y - 3) * (y - 5) === 0;',
    'a zero test whose inverse is free at 0': 'signal u; u <-- x != 0 ? 1 / x : 0; y <== 1 - x * u; x * y === 0;',
    'a zero test that says nothing at 0': 'signal u; u <-- x != 0 ? 1 / x : 0; y <== 1 - x * u; u * y === 0;',
    'an inverse that is anything at 0': 'y <-- 0; x * y === x;',
    'a square root': 'y <-- 0; y * y === x;',
    'a square root whose remainder may exceed twice the root': `y <-- 0; ${digits('yb', 4, 'ys')} y === ys; ${digits('rb', 5, 'rs')} y * y === x - rs;`,
    'a square root of which any multiple of 1/2 is taken': squareRoot(4, { bound: 'signal z; z <== ys * ys;' }),
    'a square root as wide as the field': squareRoot(127),
    'a square root with a remainder up to three times the root': squareRoot(4, { gap: '3 * y - rs' }),
    'a square root that is bounded by another': squareRoot(4, { gap: '2 * ys - rs', bound: 'signal z; z <== ys * y;' }),
    'bins that share their ends': bins({ gap: '3 + 3 * a[0] + a[1] - os' }),
    'bins without upper ends': bins({ gap: '7 - os' }),
    'bins of which none may be chosen': bins({
      states: '(a[0] - a[1]) * (a[0] - a[1] - 1) === 0; a[1] * (a[1] - 1) === 0;',
    }),
    'bins of which two may be chosen': bins({
      states: '(1 - a[0]) * a[0] === 0; a[1] * (a[1] - 1) === 0;',
    }),
    'bins of which the first two are one': bins({ place: '6 * a[1] + os === x;' }),
    'bins that meet again modulo r': bins({
      place: `${(SCALAR_FIELD + 3n) / 2n} * a[0] + ${(SCALAR_FIELD - 3n) / 2n} * a[1] + os === x;`,
    }),
    'bins whose offset is bounded in another scale': bins({ gap: '3 + 3 * a[0] + a[1] - 1 - 2 * os' }),
    'booleans that add up to two, not one':
      'signal h[3]; var s = 0; for (var i = 0; i < 3; i++) { h[i] <-- 0; h[i] * (h[i] - 1) === 0; s += h[i]; } s === 2; h[0] + 2 * h[1] + 3 * h[2] === x; y <== h[0] * x;',
    'selectors that add up to one with weights':
      'signal h[3]; for (var i = 0; i < 3; i++) { h[i] <-- 0; h[i] * (h[i] - 1) === 0; } h[0] + h[1] - h[2] === 1; h[0] + 2 * h[1] + 3 * h[2] === x; y <== h[0] * x;',
    'a factorisation': 'signal u; u <-- 1; y <-- x; u * y === x;',
    'selectors of which two may be set':
      'signal h[3]; for (var i = 0; i < 3; i++) { h[i] <-- x == i + 1 ? 1 : 0; h[i] * (h[i] - 1) === 0; } h[0] + 2 * h[1] + 3 * h[2] === x; y <== h[0] * x;',
  }
  for (const [name, body] of Object.entries(unsound)) {
    it(`does not vouch for ${name}`, async () => {
      const { deterministic, unreached } = await audit(body)
      expect(deterministic).to.equal(false)
      expect(unreached.length).to.be.greaterThan(0)
    })
  }

  const sound: Readonly<Record<string, string>> = {
    'a decomposition of 251 bits': `${bits(251)} s === x; y <== b[250] * x;`,
    'digits of any base, in any order':
      'signal b[3]; for (var i = 0; i < 3; i++) { b[i] <-- (x >> i) & 1; b[i] * (b[i] - 1) === 0; } 9 * b[2] + b[0] - 4 * b[1] === x; y <== b[0] * b[1];',
    'a zero test with its inverse held at 0':
      'signal u; u <-- x != 0 ? 1 / x : 0; y <== 1 - x * u; x * y === 0; u * y === 0;',
    'a square root': squareRoot(4),
    'a square root of 125 bits': squareRoot(125),
    bins: bins(),
    'bins with gaps between them': bins({ place: '5 * a[0] + 90 * a[1] + os === x;' }),
    'selectors that add up to one':
      'signal h[3]; var s = 0; for (var i = 0; i < 3; i++) { h[i] <-- x == i ? 1 : 0; h[i] * (h[i] - 1) === 0; s += h[i]; } 5 * s === 5; h[0] + 2 * h[1] + 3 * h[2] === x; y <== h[0] * x;',
    'a one-hot selector':
      'signal h[3]; var s = 0; for (var i = 0; i < 3; i++) { h[i] <-- x == i ? 1 : 0; h[i] * (h[i] - 1) === 0; s += h[i]; } s * (s - 1) === 0; h[0] + 2 * h[1] + 3 * h[2] === x; y <== h[0] * x;',
  }
  for (const [name, body] of Object.entries(sound)) {
    it(`recognises ${name}`, async () => {
      expect(await audit(body)).to.deep.equal({ deterministic: true, unreached: [] })
    })
  }

  it('names the gadget, the step and the ONNX node of a wire it cannot reach', async () => {
    const { circuit } = await linkModel(SMALL_MODELS['Gemm, Relu, Gemm']!.spec)
    const relu = circuit.costs.findIndex(({ step }) => step === 'relu')
    const before = circuit.costs.slice(0, relu).reduce((sum, { constraints }) => sum + constraints, 0)
    // The first digit's boolean row of the first ReLU.
    const mutilated = { ...circuit, r1cs: withoutRow(circuit.r1cs, before) }
    const { deterministic, unreached } = auditCircuit(mutilated)
    expect(deterministic).to.equal(false)
    // What depends on the free wire is unreached as well, and comes after it.
    expect(unreached[0]).to.deep.include({ gadget: 'RoundRelu', step: 'relu', origin: { node: 'relu', op: 'Relu' } })
    expect(unreached.at(-1)).to.deep.include({ wire: 1, gadget: 'linear row' })
  })

  it('reports every signal that the start does not reach, public words and salts among them', async () => {
    const { circuit } = await linkModel(SMALL_MODELS['Gemm, Relu, Gemm']!.spec)
    expect(auditWires(circuit.r1cs, []).unreached.slice(0, 3)).to.deep.equal([1, 2, 3])
  })
})
