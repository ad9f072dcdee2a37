// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { FIELD_BYTES, fromFieldBytes, modulo, SCALAR_FIELD, toFieldBytes } from '../../prover/binfile'
import { inverse } from '../../prover/circuit/audit/system'
import * as gadgets from '../../prover/circuit/gadgets'
import { firstUnsatisfiedRow, WitnessGenerator } from '../../prover/witness'
import { repaired } from '../support/forger'
import { titleOf } from '../support/gadget-cases'
import { GadgetLab } from '../support/gadget-lab'
import { linkModel } from '../support/linked-model'

/** The boolean wires of a gadget, those with a row w·(w − 1) = 0, lowest first. */
function digitWires(lab: GadgetLab): number[] {
  const boolean = (wire: number) =>
    lab.rows.some(({ a, b, c }) => {
      const [short, long] = a.length <= b.length ? [a, b] : [b, a]
      return c.length === 0 && short.length === 1 && short[0]![0] === wire && long.some(([other]) => other === wire)
    })
  return lab.free.filter(boolean)
}

/** Forgeries that were possible in other provers, and the classic ones of each gadget. */
describe('known forgeries', function () {
  this.timeout(60_000)

  it('ReLU(5) = 0 by the other representative of 5 modulo r is no witness, at any width', async () => {
    for (const n of [5, 24, 250]) {
      const lab = await GadgetLab.create(gadgets.roundRelu(n, 0))
      const honest = lab.witness([5n])
      const bits = digitWires(lab)
      expect(bits.length).to.equal(n)
      // The digits of 5 + 2^(n−1) + r that fit, and of every value whose top digit says "negative".
      for (const alias of [5n + (1n << BigInt(n - 1)) + SCALAR_FIELD, 5n, 5n + SCALAR_FIELD]) {
        const forged = [...honest]
        bits.forEach((wire, i) => (forged[wire] = (alias >> BigInt(i)) & 1n))
        forged[lab.outputs[0]!] = 0n
        if (forged.every((value, wire) => value === honest[wire])) continue
        expect(lab.satisfied(forged), `${n} bits`).to.equal(false)
      }
    }
  })

  it('a dense layer whose quotient and remainder are only asserted gives 123456789 for 26000: ours does not', async () => {
    const { circuit } = await linkModel(
      {
        inputs: [{ name: 'x', shape: [1, 2] }],
        outputs: [{ name: 'y' }],
        nodes: [
          { op: 'Gemm', inputs: ['x', 'w'], outputs: ['h'], name: 'dense' },
          { op: 'Relu', inputs: ['h'], outputs: ['y'], name: 'relu' },
        ],
        initializers: { w: { shape: [2, 1], data: [0.3, 0.7] } },
      },
      {
        inputs: { x: { bits: 15, lo: 0, exponent: 0 } },
        recipe: (recipe) => ({ ...recipe, steps: { dense: { weightExponent: 10 }, relu: { exponent: 0 } } }),
      },
    )
    const generator = await WitnessGenerator.create(circuit)
    const { values, signals } = generator.generate({ inputs: [Float64Array.of(26000, 26000)], context: 0n })
    expect(signals[0]).to.equal(26000n)
    const relu = circuit.instances.find(({ part }) => part.step === 'relu')!
    const at = (wire: number) => fromFieldBytes(values, wire * FIELD_BYTES)
    expect(at(relu.base)).to.equal(26000n)
    const forge = (changes: readonly (readonly [number, bigint])[]) => {
      const forged = values.slice()
      for (const [wire, value] of changes) toFieldBytes(modulo(value), forged, wire * FIELD_BYTES)
      return firstUnsatisfiedRow(circuit.r1cs, forged)
    }
    expect(forge([])).to.equal(undefined)
    for (const value of [123456789n, 25999n, 26001n, 0n, SCALAR_FIELD - 1n]) {
      const result = [
        [1, value],
        [relu.base, value],
      ] as const
      expect(forge(result)).to.not.equal(undefined)
      // The same with the digits of the forged quotient, low ones kept: remainder and quotient chosen at will.
      const digits = Array.from({ length: relu.gadget.r1cs.nWires - 3 }, (_, i) => relu.base + 1 + i)
      const quotient = digits.slice(10, -1).map((wire, i) => [wire, (value >> BigInt(i)) & 1n] as const)
      expect(forge([...result, ...quotient])).to.not.equal(undefined)
      // And with a field quotient (x − rem)/2^s for a remainder of choice, which is what an unranged hint allows.
      const field = modulo((26000n * 1024n - value) * inverse(1024n))
      expect(forge([...result, [relu.base + 1, field]])).to.not.equal(undefined)
    }
  })

  it('quotient − 1 with remainder + d, and quotient + 1 with remainder − d, are no division', async () => {
    const lab = await GadgetLab.create(gadgets.divide(4, 4))
    const digits = digitWires(lab)
    expect(digits.length).to.equal(12)
    for (const [numerator, denominator] of [
      [37n, 5n],
      [35n, 5n],
      [39n, 5n],
      [0n, 16n],
    ] as const) {
      const honest = lab.witness([numerator, denominator])
      const quotient = numerator / denominator
      for (const step of [-1n, 1n]) {
        const rem = numerator - (quotient + step) * denominator
        const write = (forged: bigint[], value: bigint, from: number) => {
          for (let i = 0; i < 4; i++) forged[digits[from + i]!] = (modulo(value) >> BigInt(i)) & 1n
        }
        const forged = [...honest]
        forged[lab.outputs[0]!] = modulo(quotient + step)
        // Digits stand in the template as quotient, then remainder, then slack.
        write(forged, quotient + step, 0)
        write(forged, rem, 4)
        write(forged, denominator - 1n - rem, 8)
        expect(lab.satisfied(forged)).to.equal(false)
      }
    }
  })

  it('RoundClamp: neither verdict on what lies outside, nor the idle inverse, is free', async () => {
    const lab = await GadgetLab.create(gadgets.roundClamp(12, 3, 5))
    const [, ...internal] = lab.free
    const [inverseWire, fitsWire] = internal.slice(-2)
    for (const x of [-100n, 0n, 100n, 248n, 500n, 2000n]) {
      const honest = lab.witness([x])
      const fits = honest[fitsWire!]!
      expect(fits === 0n || fits === 1n).to.equal(true)
      const y = lab.outputs[0]!
      for (const inverseValue of [0n, 1n, 5n, SCALAR_FIELD - 1n, honest[inverseWire!]!]) {
        for (const verdict of [0n, 1n]) {
          for (const result of [honest[y]!, 0n, 31n]) {
            const forged = [...honest]
            forged[inverseWire!] = inverseValue
            forged[fitsWire!] = verdict
            forged[y] = result
            const changed = forged.some((value, wire) => value !== honest[wire])
            expect(lab.satisfied(forged), `${x}: ${inverseValue}, ${verdict}, ${result}`).to.equal(!changed)
          }
        }
      }
    }
  })

  it('Table: two selectors at once, or those of another index, are refused', async () => {
    const values = Array.from({ length: 16 }, (_, i) => i * i)
    const lab = await GadgetLab.create(gadgets.table(4, values))
    const selectors = digitWires(lab)
    expect(selectors.length).to.equal(6)
    for (let index = 0n; index < 16n; index++) {
      const honest = lab.witness([index])
      for (let mask = 0n; mask < 64n; mask++) {
        const forged = [...honest]
        selectors.forEach((wire, i) => (forged[wire] = (mask >> BigInt(i)) & 1n))
        const changed = selectors.some((wire) => forged[wire] !== honest[wire])
        expect(lab.satisfied(forged)).to.equal(!changed)
      }
    }
  })

  it('a maximum may not be the smaller value, nor a tie go to the later position', async () => {
    const max = await GadgetLab.create(gadgets.max(6))
    for (const [a, b] of [
      [3n, 9n],
      [9n, 3n],
      [-20n, 4n],
    ] as const) {
      const honest = max.witness([a, b])
      const top = digitWires(max)[5]!
      const forged = [...honest]
      forged[top] = 1n - honest[top]!
      forged[max.outputs[0]!] = modulo(a > b ? b : a)
      expect(max.satisfied(forged)).to.equal(false)
    }
    const step = await GadgetLab.create(gadgets.argMaxStep(6))
    const honest = step.witness([4n, 2n, 4n, 7n])
    expect(step.outputs.map((wire) => honest[wire])).to.deep.equal([4n, 2n])
    const later = [...honest]
    later[step.outputs[1]!] = 7n
    expect(step.satisfied(later)).to.equal(false)
    const bits = digitWires(step)
    later[bits[5]!] = 0n
    expect(step.satisfied(later)).to.equal(false)
    bits.slice(0, 5).forEach((wire) => (later[wire] = 1n))
    expect(step.satisfied(later)).to.equal(false)
  })

  const slopes = [3, 3, 3, 3, -8, 4, -1, 0]
  for (const [gadget, points] of [
    [gadgets.inputDigit(5), [[0n], [13n], [31n]]],
    [gadgets.nonNegative(5), [[-16n], [-1n], [0n], [15n]]],
    [gadgets.round(5, 2), [[-2n], [5n], [29n]]],
    [gadgets.roundSplit(5, 1), [[-17n], [-1n], [0n], [14n]]],
    [
      gadgets.bitwiseAnd(3),
      [
        [0n, 7n],
        [5n, 6n],
      ],
    ],
    [gadgets.oneHot(6), [[0n], [3n], [5n]]],
    [gadgets.bucket(4, [3, 9]), [[0n], [2n], [3n], [8n], [9n], [15n]]],
    [gadgets.bucket(3, [2, 4, 6]), [[0n], [3n], [7n]]],
    [gadgets.tableLinear(3, 2, [1, 5, 5, 5, 0, 9, 2, 7], slopes), [[0n], [14n], [17n], [31n]]],
    [
      gadgets.divide(2, 2),
      [
        [0n, 1n],
        [7n, 3n],
        [11n, 4n],
      ],
    ],
    [gadgets.squareRoot(2), [[0n], [3n], [4n], [8n], [15n]]],
  ] as const) {
    it(`${titleOf(gadget)}: of all ways to set its digits and selectors one is a witness`, async () => {
      const lab = await GadgetLab.create(gadget)
      const digits = digitWires(lab)
      for (const inputs of points) {
        const honest = lab.witness(inputs)
        for (let mask = 0n; mask < 1n << BigInt(digits.length); mask++) {
          const chosen = new Map(digits.map((wire, i) => [wire, (mask >> BigInt(i)) & 1n]))
          const isHonest = digits.every((wire) => chosen.get(wire) === honest[wire])
          expect(lab.satisfied(repaired(lab, honest, chosen)), `${inputs}: ${mask}`).to.equal(isHonest)
        }
      }
    })
  }

  it('IsZero and RoundEven: neither the verdict nor the inverse is free, at 0 and elsewhere', async () => {
    for (const [gadget, points] of [
      [gadgets.isZero(), [0n, 1n, -1n, 1n << 200n]],
      // 4 and 12 are ties, to 0 and to 2; at 12 half up is even already.
      [gadgets.roundEven(6, 3), [0n, 3n, 4n, 5n, 12n, 13n]],
    ] as const) {
      const lab = await GadgetLab.create(gadget)
      // IsZero gives its verdict out; RoundEven keeps it in its last wire, after the inverse.
      const [inverseWire, verdictWire] =
        gadget.template === 'IsZero' ? [lab.free[1]!, lab.outputs[0]!] : (lab.free.slice(-2) as [number, number])
      for (const x of points) {
        const honest = lab.witness([x])
        expect(honest[verdictWire]! <= 1n).to.equal(true)
        for (const idle of [0n, 1n, 5n, SCALAR_FIELD - 1n, honest[inverseWire]!]) {
          for (const verdict of [0n, 1n, 2n, modulo(1n - modulo(x) * idle)]) {
            const forged = [...honest]
            forged[inverseWire] = idle
            forged[verdictWire] = verdict
            // y = up − verdict.
            if (gadget.template === 'RoundEven')
              forged[lab.outputs[0]!] = modulo(honest[lab.outputs[0]!]! + honest[verdictWire]! - verdict)
            const isHonest = forged.every((value, wire) => value === honest[wire])
            expect(lab.satisfied(forged), `${gadget.template} at ${x}: ${idle}, ${verdict}`).to.equal(isHonest)
          }
        }
      }
    }
  })

  it('SquareRoot: no neighbour of the root, nor its negative or a half, is a root', async () => {
    const n = 4
    const lab = await GadgetLab.create(gadgets.squareRoot(n))
    const digits = digitWires(lab)
    expect(digits.length).to.equal(3 * n)
    const [y] = lab.outputs as [number]
    for (const x of [0n, 1n, 8n, 15n, 99n, 224n, 255n]) {
      const honest = lab.witness([x])
      const root = honest[y]!
      for (const forgedRoot of [root + 1n, root - 1n, -root, root + 16n, root + inverse(2n)].map((v) => modulo(v))) {
        if (forgedRoot === root) continue
        const rem = modulo(x - forgedRoot * forgedRoot)
        const slack = modulo(2n * forgedRoot - rem)
        // Digits stand in the template as root, then remainder, then slack; the lowest of root and slack are implied.
        const bits = [
          ...Array.from({ length: n - 1 }, (_, i) => forgedRoot >> BigInt(i + 1)),
          ...Array.from({ length: n + 1 }, (_, i) => rem >> BigInt(i)),
          ...Array.from({ length: n }, (_, i) => slack >> BigInt(i + 1)),
        ]
        const forged = honest.with(y, forgedRoot)
        digits.forEach((wire, i) => (forged[wire] = bits[i]! & 1n))
        expect(lab.satisfied(forged), `√${x} = ${forgedRoot}`).to.equal(false)
        expect(lab.satisfied(repaired(lab, honest, new Map([[y, forgedRoot]])))).to.equal(false)
      }
    }
  })
})
