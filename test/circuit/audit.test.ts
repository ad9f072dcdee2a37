// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { readR1cs } from '../../prover/binfile'
import { auditCircuit, auditWires } from '../../prover/circuit'
import { compileCircom } from '../../prover/circuit/circom'
import { withoutRow } from '../support/gadget-lab'
import { linkModel } from '../support/linked-model'
import { SMALL_MODELS } from '../support/small-models'

/** Audits a template of one input x and one output y. */
async function audit(body: string) {
  const head = 'pragma circom 2.2.0; template T() { signal input x; signal output y;'
  const { r1cs: file } = await compileCircom(`${head} ${body} } component main {public [x]} = T();`, 'O1')
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
