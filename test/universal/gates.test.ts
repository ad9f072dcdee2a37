// SPDX-License-Identifier: GPL-3.0-or-later
import { statSync } from 'node:fs'

import { expect } from 'chai'
import * as snarkjs from 'snarkjs'

import { readR1cs, SCALAR_FIELD, writeFileAtomic, writeR1cs, type R1cs } from '../../prover/binfile'
import { leaseSnarkjs, type SnarkjsLease } from '../../prover/groth16'
import { countGates, RepeatedWireError } from '../../prover/universal/gates'
import { keyBytes } from '../../prover/universal/size'
import { UNIVERSAL_SYSTEMS } from '../../prover/universal/system'
import { readUniversalZkey } from '../../prover/universal/zkey'
import { compileCircom, QUIET, SMALL_CIRCUIT, workspace } from '../support/circom-circuit'
import { knownPtau } from '../support/known-ptau'
import { thrown } from '../support/rejection'
import { sparse, syntheticCircuit } from '../support/synthetic-r1cs'

type Row = readonly (readonly [wire: number, coefficient: number])[]

const COEFFICIENTS = [1n, SCALAR_FIELD - 1n, 0n, 7n]
const [ONE, MINUS, ZERO, SEVEN] = [0, 1, 2, 3]

/** A circuit of given rows; the witness does not matter here. */
function circuitOf(rows: readonly (readonly [Row, Row, Row])[], nPubOut = 1, nPubIn = 1): R1cs {
  const nWires = 12
  return {
    nWires,
    nPubOut,
    nPubIn,
    nPrvIn: 0,
    nLabels: nWires,
    nConstraints: rows.length,
    a: sparse(rows.map(([a]) => a)),
    b: sparse(rows.map(([, b]) => b)),
    c: sparse(rows.map(([, , c]) => c)),
    coefficients: COEFFICIENTS,
    wireToLabel: Uint32Array.from({ length: nWires }, (_, wire) => wire),
  }
}

const long = (from: number, to: number, coefficient = SEVEN): Row =>
  Array.from({ length: to - from }, (_, i) => [from + i, coefficient] as const)

/** Every way in which a row becomes gates. */
const ODD_ROWS: readonly (readonly [Row, Row, Row])[] = [
  [[], [], []],
  [[], [[3, ONE]], long(1, 9)],
  [[[0, ZERO]], [[3, ONE]], long(1, 9)],
  [[[3, ZERO]], [[4, ONE]], [[5, ONE]]],
  [[[0, SEVEN]], long(1, 8, ONE), long(1, 6, SEVEN)],
  [[[0, SEVEN]], long(1, 8, ONE), long(4, 12, MINUS)],
  [long(2, 11, ONE), [[0, ONE]], long(2, 11, ONE)],
  [
    [[0, ONE]],
    [[0, SEVEN]],
    [
      [0, SEVEN],
      [6, ZERO],
    ],
  ],
  [[[0, ZERO]], [[0, ONE]], long(3, 9)],
  [
    [
      [0, ONE],
      [1, ONE],
    ],
    [
      [0, MINUS],
      [2, ONE],
    ],
    [[0, ONE]],
  ],
  [long(1, 7), long(2, 9), long(3, 12)],
  [long(1, 5, ZERO), long(2, 9), long(3, 12)],
  [[[1, ONE]], [[2, ONE]], []],
]

describe('universal: gates', function () {
  this.timeout(60_000)
  const space = workspace()
  let lease: SnarkjsLease
  const ptau = space.path('known.ptau')
  before(async () => {
    lease = await leaseSnarkjs()
    await writeFileAtomic(ptau, [await knownPtau(9, { tau: 123n, alpha: 5n, beta: 7n })])
  })
  after(async () => {
    space.remove()
    await lease.release()
  })

  const circuits: Readonly<Record<string, () => R1cs>> = {
    'compiled by circom': () => readR1cs(compileCircom(space, 'small', SMALL_CIRCUIT).r1cs),
    'of bits and products': () => syntheticCircuit(59, 3).r1cs,
    'of every kind of row': () => circuitOf(ODD_ROWS),
    'of one row': () => circuitOf(ODD_ROWS.slice(10, 11), 1, 0),
    'that fills the domain of PLONK': () => syntheticCircuit(28, 4).r1cs,
  }
  for (const [name, make] of Object.entries(circuits)) {
    it(`are what snarkjs makes of a circuit ${name}, as is the size of the key`, async () => {
      const r1cs = make()
      const path = space.path('circuit.r1cs')
      await writeR1cs(path, r1cs)
      for (const system of UNIVERSAL_SYSTEMS) {
        const { ptauPower, ...count } = countGates(r1cs, system)
        expect(ptauPower).to.equal(system === 'plonk' ? count.power : count.power + 3)
        const zkey = space.path(`${system}.zkey`)
        await snarkjs[system].setup(path, ptau, zkey, QUIET)
        expect(readUniversalZkey(zkey).counts, system).to.deep.equal(count)
        expect(keyBytes(system, count), system).to.equal(statSync(zkey).size)
      }
    })
  }

  it('are not counted where snarkjs would set up another circuit', () => {
    const rows = [
      [
        [
          [3, ONE],
          [4, ONE],
          [3, SEVEN],
        ],
        [[1, ONE]],
        [],
      ],
    ] as const
    const error = thrown(() => countGates(circuitOf(rows), 'plonk'))
    expect(error).to.be.instanceOf(RepeatedWireError)
    expect(error.message).to.match(/row 0 .* wire 3 twice in A/)
  })
})
