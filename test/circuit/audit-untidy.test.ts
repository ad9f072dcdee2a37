// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { SCALAR_FIELD, type R1cs, type SparseRows } from '../../prover/binfile'
import { auditCircuit, auditWires } from '../../prover/circuit'
import { firstUnsatisfiedRow } from '../../prover/witness'
import { encode } from '../support/gadget-lab'
import { linkModel } from '../support/linked-model'
import type { ModelSpec } from '../support/onnx-builder'

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
