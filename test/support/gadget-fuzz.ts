// SPDX-License-Identifier: GPL-3.0-or-later
import fc, { type Arbitrary } from 'fast-check'
import { modulo, SCALAR_FIELD } from '../../prover/binfile'
import type { Gadget } from '../../prover/circuit'
import { repaired } from './forger'
import type { GadgetLab } from './gadget-lab'
import type { GadgetCase } from './gadget-makers'

/** What a cheat does to one wire of an honest witness. */
type Change = { readonly at: number; readonly to: 'flip' | 'next' | 'previous' | 'negative' | 'other' | bigint }

/** Inputs to forge a witness for, others whose witness lends its values, and the wires to change. */
type Attempt = {
  readonly inputs: readonly bigint[]
  readonly others: readonly bigint[]
  readonly changes: readonly Change[]
}

/** Attempts on a gadget: `at` of a change counts its free wires. */
function attempts(gadget: Gadget, free: number): Arbitrary<Attempt> {
  const to = fc.oneof(
    fc.constantFrom<Change['to']>('flip', 'next', 'previous', 'negative', 'other', 'other'),
    fc.constantFrom(0n, 1n, 2n, SCALAR_FIELD - 1n),
    fc.bigInt({ min: 0n, max: SCALAR_FIELD - 1n }),
  )
  const change = fc.record({ at: fc.nat(free - 1), to })
  const few = fc.array(change, { minLength: 1, maxLength: 6 })
  // All wires of another witness from some wire on, or up to some wire: a consistent story for other inputs.
  const stretch = fc
    .tuple(fc.nat(free - 1), fc.nat(free - 1))
    .map(([from, to]): Change[] =>
      Array.from({ length: Math.abs(to - from) + 1 }, (_, i) => ({ at: Math.min(from, to) + i, to: 'other' })),
    )
  return fc.record({ inputs: inputsOf(gadget), others: inputsOf(gadget), changes: fc.oneof(few, stretch) })
}

/** Inputs within the intervals a gadget requires, their ends among them. */
function inputsOf(gadget: Gadget): Arbitrary<readonly bigint[]> {
  const any = fc.oneof(
    fc.constantFrom(0n, 1n, -1n),
    fc.bigInt({ min: -(2n ** 20n), max: 2n ** 20n }),
    fc.bigInt({ min: 0n, max: SCALAR_FIELD - 1n }),
  )
  const count = gadget.inputs.reduce((sum, { size }) => sum + size, 0)
  const plain = fc.tuple(...Array.from({ length: count }, () => any))
  const targets = fc.tuple(...gadget.requires.map(({ lo, hi }) => fc.bigInt({ min: lo, max: hi })))
  return fc.tuple(plain, targets).map(([values, wanted]) => {
    const inputs = [...values]
    gadget.requires.forEach(({ coefficients }, i) => {
      // The first input with a coefficient, which is 1 in every gadget, makes up for the others.
      const at = coefficients.findIndex((coefficient) => coefficient !== 0n)
      const rest = coefficients.reduce((sum, c, k) => (k === at ? sum : sum + c * inputs[k]!), 0n)
      inputs[at] = wanted[i]! - rest
    })
    if (gadget.template === 'InputDigit') return inputs.map((value) => modulo(value) % 2n ** BigInt(gadget.digits))
    // A quotient that is too wide has no witness.
    if (gadget.template === 'Divide')
      return [inputs[0]! % (inputs[1]! * 2n ** BigInt(gadget.parameters[0] as number)), inputs[1]!]
    return inputs
  })
}

/** The attempt's forged witness; none when it comes out as the honest one. */
function forge(lab: GadgetLab, { inputs, others, changes }: Attempt): readonly bigint[] | undefined {
  const honest = lab.witness(inputs)
  const other = lab.witness(others)
  const wanted = new Map<number, bigint>()
  for (const { at, to } of changes) {
    const wire = lab.free[at]!
    const value = honest[wire]!
    const replacement = {
      flip: 1n - value,
      next: value + 1n,
      previous: value - 1n,
      negative: -value,
      other: other[wire]!,
    }
    wanted.set(wire, modulo(typeof to === 'bigint' ? to : replacement[to]))
  }
  const forged = repaired(lab, honest, wanted)
  return forged.some((value, wire) => value !== honest[wire]) ? forged : undefined
}

/**
 * Tries random inputs and forgeries on a gadget: the honest witness must satisfy it and give the reference's outputs,
 * no forged one may satisfy it. The result names seed, path and the smallest counterexample.
 */
export function fuzzGadget(
  lab: GadgetLab,
  { gadget, compute }: GadgetCase,
  options: { seed: number; numRuns: number },
) {
  const property = fc.property(attempts(gadget, Math.max(lab.free.length, 1)), (attempt) => {
    const outputs = lab.evaluate(attempt.inputs)
    const expected = compute(attempt.inputs)
    if (outputs.some((value, i) => modulo(value) !== modulo(expected[i]!))) throw new Error(`outputs ${outputs}`)
    if (!lab.accepts(attempt.inputs)) throw new Error('the honest witness is refused')
    const forged = lab.free.length === 0 ? undefined : forge(lab, attempt)
    if (forged && lab.satisfied(forged)) throw new Error(`forged witness ${forged}`)
  })
  return fc.check(property, options)
}
