// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { modulo, SCALAR_FIELD } from '../../prover/binfile'
import { auditCircuit, auditWires } from '../../prover/circuit'
import * as gadgets from '../../prover/circuit/gadgets'
import { repaired } from '../support/forger'
import { GadgetLab, withoutRow } from '../support/gadget-lab'
import { linkModel } from '../support/linked-model'
import { SMALL_MODELS } from '../support/small-models'

/** Values of wires a cheat sets; the wires they determine follow. */
type Forgery = readonly (readonly [wire: number, value: bigint])[]

/**
 * Flaws that other provers shipped, each rebuilt in a few lines: the forgery passes there, the audit reports the
 * template, and the gadget that does the job here refuses the forgery. `known-forgeries.test.ts` has more of the
 * last kind.
 */
describe('known flaws of other provers', function () {
  this.timeout(60_000)

  /** The template takes the forged outputs, and the audit says so. */
  async function expectFlaw(
    lab: GadgetLab,
    inputs: readonly bigint[],
    outputs: readonly bigint[],
    others: Forgery = [],
  ) {
    const honest = lab.witness(inputs)
    const changes = new Map([...lab.outputs.map((wire, i) => [wire, modulo(outputs[i]!)] as const), ...others])
    const forged = repaired(lab, honest, changes)
    expect(lab.satisfied(honest)).to.equal(true)
    expect(lab.satisfied(forged), 'the forgery passes').to.equal(true)
    expect(lab.outputs.map((wire) => forged[wire])).to.deep.equal(outputs.map((value) => modulo(value)))
    expect(lab.outputs.map((wire) => honest[wire])).to.not.deep.equal(outputs.map((value) => modulo(value)))
    const { deterministic, unreached } = auditWires(lab.r1cs, lab.inputs)
    expect(deterministic).to.equal(false)
    expect(unreached).to.include(lab.outputs[0])
  }

  /** Our gadget gives the true outputs, is determined, and takes no other outputs whatever is repaired. */
  async function expectRefused(
    gadget: gadgets.Gadget,
    inputs: readonly bigint[],
    wrong: readonly (readonly bigint[])[],
  ) {
    const lab = await GadgetLab.create(gadget)
    const honest = lab.witness(inputs)
    expect(auditWires(lab.r1cs, lab.inputs).deterministic).to.equal(true)
    expect(lab.satisfied(honest)).to.equal(true)
    for (const outputs of wrong) {
      const forged = repaired(lab, honest, new Map(lab.outputs.map((wire, i) => [wire, modulo(outputs[i]!)])))
      expect(
        lab.outputs.some((wire) => forged[wire] !== honest[wire]),
        'wrong',
      ).to.equal(true)
      expect(lab.satisfied(forged), String(outputs)).to.equal(false)
    }
  }

  it('quotient and remainder hints are free: Dense(2, 1, 1000) of circomlib-ml gives 123456789 for 26000', async () => {
    const dense = await GadgetLab.ofTemplate(
      ['a', 'b'],
      ['out'],
      `var sum = 300 * a + 700 * b; signal remainder; out <-- sum \\ 1000; remainder <-- sum % 1000;
       assert(remainder < 1000); out * 1000 + remainder === sum; signal used; used <== remainder * remainder;`,
    )
    expect(dense.evaluate([26000n, 26000n])).to.deep.equal([26000n])
    await expectFlaw(dense, [26000n, 26000n], [123456789n])
    const wrong = [[123456789n], [25999n], [26001n], [0n], [-1n]]
    await expectRefused(gadgets.round(40, 10), [26000n * 1024n], wrong)
  })

  it('the sign test has an alias: ReLU(5) = 0', async () => {
    const relu = await GadgetLab.ofTemplate(
      ['x'],
      ['out'],
      `signal bits[254]; var sum = 0;
       for (var i = 0; i < 254; i++) { bits[i] <-- (x >> i) & 1; bits[i] * (bits[i] - 1) === 0; sum += bits[i] * (1 << i); }
       sum === x; out <== (1 - bits[253]) * x;`,
    )
    expect(relu.evaluate([5n])).to.deep.equal([5n])
    const alias = 5n + SCALAR_FIELD
    const bits = relu.free.slice(1).map((wire, i) => [wire, (alias >> BigInt(i)) & 1n] as const)
    await expectFlaw(relu, [5n], [0n], bits)
    await expectRefused(gadgets.roundRelu(24, 0), [5n], [[0n], [4n], [-5n]])
    await expectRefused(gadgets.nonNegative(24), [5n], [[0n]])
  })

  it('the sign of zero is free, as it was in EZKL', async () => {
    const sign = await GadgetLab.ofTemplate(
      ['x'],
      ['positive'],
      `positive <-- x < 0 ? 0 : 1; positive * (positive - 1) === 0; signal bits[8]; var size = 0;
       for (var i = 0; i < 8; i++) { bits[i] <-- ((x < 0 ? -x : x) >> i) & 1; bits[i] * (bits[i] - 1) === 0; size += bits[i] * (1 << i); }
       (2 * positive - 1) * size === x;`,
    )
    expect(sign.evaluate([7n])).to.deep.equal([1n])
    await expectFlaw(sign, [0n], [0n])
    await expectRefused(gadgets.nonNegative(8), [0n], [[0n], [-1n], [2n]])
    await expectRefused(gadgets.isZero(), [0n], [[0n]])
    await expectRefused(gadgets.roundRelu(8, 0), [0n], [[1n], [-1n]])
  })

  it('the advice of a division is not ranged, as it was in EZKL: 100/7 is any of seven field elements', async () => {
    const divide = await GadgetLab.ofTemplate(
      ['x'],
      ['quotient'],
      `signal rem[3]; signal slack[3]; var r = 0; var s = 0; quotient <-- x \\ 7;
       for (var i = 0; i < 3; i++) {
         rem[i] <-- ((x % 7) >> i) & 1; rem[i] * (rem[i] - 1) === 0; r += rem[i] * (1 << i);
         slack[i] <-- ((6 - x % 7) >> i) & 1; slack[i] * (slack[i] - 1) === 0; s += slack[i] * (1 << i);
       }
       r + s === 6; quotient * 7 + r === x;`,
    )
    expect(divide.evaluate([100n])).to.deep.equal([14n])
    for (const remainder of [0n, 1n, 3n, 6n]) {
      // (100 − remainder)/7 over the field: add multiples of r until 7 divides.
      let numerator = 100n - remainder
      while (numerator % 7n !== 0n) numerator += SCALAR_FIELD
      const digits = divide.free.slice(1).map((wire, i) => {
        const value = i < 3 ? remainder : 6n - remainder
        return [wire, (value >> BigInt(i % 3)) & 1n] as const
      })
      await expectFlaw(divide, [100n], [numerator / 7n], digits)
      await expectRefused(gadgets.divide(8, 3), [100n, 7n], [[numerator / 7n]])
    }
  })

  it('Exp, Softmax and LayerNorm are hints that nothing constrains, as they were in JSTprove', async () => {
    const ranged = `signal b[8]; var sum = 0; for (var i = 0; i < 8; i++) { b[i] <-- (out >> i) & 1; b[i] * (b[i] - 1) === 0; sum += b[i] * (1 << i); } sum === out;`
    const flawed: Readonly<Record<string, string>> = {
      Exp: `out <-- 1 << x; ${ranged}`,
      Softmax: `signal e; e <-- 1 << x; out <-- 128 * e \\ (e + 3); ${ranged} signal used; used <== e * out;`,
      LayerNorm: `signal deviation; deviation <-- x * x; out <-- 10 * x \\ (deviation + 1); ${ranged} signal used; used <== deviation * x;`,
    }
    for (const [name, body] of Object.entries(flawed)) {
      const lab = await GadgetLab.ofTemplate(['x'], ['out'], body)
      const bits = lab.free.filter((wire) =>
        lab.rows.some(({ a, b, c }) => c.length === 0 && [...a, ...b].every(([w]) => w === 0 || w === wire)),
      )
      await expectFlaw(
        lab,
        [3n],
        [201n],
        bits.slice(-8).map((wire, i) => [wire, (201n >> BigInt(i)) & 1n]),
      ).catch((error: Error) => {
        throw new Error(`${name}: ${error.message}`)
      })
    }
    const wrong = [[201n], [0n], [-1n]]
    await expectRefused(gadgets.table(3, [1, 2, 4, 8, 16, 32, 64, 128]), [3n], wrong)
    await expectRefused(gadgets.divide(8, 8), [128n * 8n, 11n], wrong)
    await expectRefused(gadgets.squareRoot(8), [9n], wrong)
  })

  it('a shuffle compares values without multiplicity: (1, 2) sorts to (1, 1)', async () => {
    const shuffle = await GadgetLab.ofTemplate(
      ['a', 'b'],
      ['first', 'second'],
      `first <-- a < b ? a : b; second <-- a < b ? b : a;
       (first - a) * (first - b) === 0; (second - a) * (second - b) === 0;`,
    )
    expect(shuffle.evaluate([2n, 1n])).to.deep.equal([1n, 2n])
    await expectFlaw(shuffle, [2n, 1n], [1n, 1n])
    // Ours exchanges by the larger value; the smaller is a + b less that, so none gets lost.
    await expectRefused(gadgets.max(6), [2n, 1n], [[1n], [3n]])
    await expectRefused(
      gadgets.oneHot(3),
      [1n],
      [
        [1n, 1n, 0n],
        [0n, 0n, 1n],
        [0n, 2n, -1n],
        [0n, 0n, 0n],
      ],
    )
  })

  it('public inputs are not bound: the proof holds for every context', async () => {
    const unbound = await GadgetLab.ofTemplate(['x', 'context'], ['out'], 'out <== x * x;')
    const honest = unbound.witness([3n, 111n])
    const replayed = honest.with(unbound.inputs[1]!, 222n)
    expect(unbound.satisfied(replayed)).to.equal(true)
    expect(auditWires(unbound.r1cs, unbound.inputs)).to.deep.equal({
      deterministic: false,
      unreached: [unbound.inputs[1]],
    })

    const { circuit } = await linkModel(SMALL_MODELS['Gemm, Relu, Gemm']!.spec)
    expect(auditCircuit(circuit).unreached).to.deep.equal([])
    const holds = (row: number) => {
      const { start, wire } = circuit.r1cs.a
      return wire.subarray(start[row], start[row + 1]).includes(circuit.contextWire)
    }
    const binding = Array.from({ length: circuit.r1cs.nConstraints }, (_, row) => row).filter(holds)
    expect(binding.length).to.equal(1)
    const { unreached } = auditCircuit({ ...circuit, r1cs: withoutRow(circuit.r1cs, binding[0]!) })
    expect(unreached.map(({ wire }) => wire)).to.include(circuit.contextWire)
  })
})
