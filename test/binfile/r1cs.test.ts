// SPDX-License-Identifier: GPL-3.0-or-later
import { readFileSync } from 'node:fs'

import { expect } from 'chai'
import { r1cs as snarkjsR1cs, wtns as snarkjsWtns } from 'snarkjs'

import { BinFileError } from '../../prover/binfile/container'
import { SCALAR_FIELD } from '../../prover/binfile/field'
import { R1csInvalidError } from '../../prover/binfile/r1cs'
import { readR1cs, readR1csCounts } from '../../prover/binfile/r1cs-reader'
import { encodeR1cs, writeR1cs } from '../../prover/binfile/r1cs-writer'
import { encodeWtns, readWtns, witnessValue, writeWtns } from '../../prover/binfile/wtns'
import { withSnarkjs } from '../../prover/groth16/snarkjs-session'
import {
  compileCircom,
  type CompiledCircuit,
  QUIET,
  SMALL_CIRCUIT,
  SMALL_INPUT,
  workspace,
} from '../support/circom-circuit'
import { thrown } from '../support/rejection'
import { syntheticCircuit } from '../support/synthetic-r1cs'

describe('binfile: r1cs and wtns', () => {
  const space = workspace()
  let circuit: CompiledCircuit
  before(function () {
    this.timeout(30_000)
    circuit = compileCircom(space, 'small', SMALL_CIRCUIT)
  })
  after(() => space.remove())

  it('reads what circom wrote', () => {
    const r1cs = readR1cs(circuit.r1cs)
    expect(r1cs).to.include({ nPubOut: 2, nPubIn: 1, nPrvIn: 7 })
    expect(readR1csCounts(circuit.r1cs)).to.include({ nWires: r1cs.nWires, nConstraints: r1cs.nConstraints })
    expect(r1cs.a.start).to.have.length(r1cs.nConstraints + 1)
    expect(r1cs.coefficients).to.include(SCALAR_FIELD - 1n)
    expect(new Set(r1cs.coefficients).size).to.equal(r1cs.coefficients.length)
  })

  it("writes circom's circuit back so that it reads the same", () => {
    const r1cs = readR1cs(circuit.r1cs)
    const bytes = encodeR1cs(r1cs)
    expect(readR1cs(bytes)).to.deep.equal(r1cs)
    expect(encodeR1cs(r1cs)).to.deep.equal(bytes)
  })

  it('is read by snarkjs, which accepts the witness of a written circuit', async () => {
    const { r1cs, values } = syntheticCircuit(100, 5)
    const [r1csPath, wtnsPath] = [space.path('s.r1cs'), space.path('s.wtns')]
    const written = await writeR1cs(r1csPath, r1cs)
    await writeWtns(wtnsPath, values)
    expect(new Uint8Array(readFileSync(r1csPath))).to.deep.equal(encodeR1cs(r1cs))
    expect(written.bytes).to.equal(readFileSync(r1csPath).byteLength)
    await withSnarkjs(async () => {
      const info = await snarkjsR1cs.info(r1csPath)
      expect(info).to.include({ nVars: 106, nOutputs: 0, nPubInputs: 5, nConstraints: 100 })
      expect(await snarkjsWtns.check(r1csPath, wtnsPath, QUIET)).to.equal(true)
      const broken = values.slice()
      broken[7 * 32] = 2
      await writeWtns(wtnsPath, broken)
      expect(await snarkjsWtns.check(r1csPath, wtnsPath, QUIET)).to.equal(false)
    })
  })

  it('reads the witness that circom calculated', async () => {
    const witness = readWtns(await circuit.witness('w', SMALL_INPUT))
    expect(witness.count).to.equal(readR1csCounts(circuit.r1cs).nWires)
    expect([0, 1, 2, 3].map((wire) => witnessValue(witness, wire))).to.deep.equal([1n, 225n + 7n + 22n, 6n, 3n])
    expect(readWtns(encodeWtns(witness.values))).to.deep.equal(witness)
    expect(() => witnessValue(witness, witness.count)).to.throw(RangeError)
  })

  it('gives a typed error with file and section for every truncation', () => {
    const bytes = encodeR1cs(syntheticCircuit(6, 2).r1cs)
    for (let length = 0; length < bytes.byteLength; length++) {
      const error = thrown(() => readR1cs(bytes.subarray(0, length)))
      expect(error, `${length} bytes`).to.be.instanceOf(BinFileError)
      expect((error as BinFileError).path).to.equal('<memory>')
    }
  })

  it('never crashes on a flipped byte: it reads another circuit or gives a typed error', () => {
    const bytes = encodeR1cs(syntheticCircuit(6, 2).r1cs)
    for (let at = 0; at < bytes.byteLength; at++) {
      const flipped = bytes.slice()
      flipped[at]! ^= 0xff
      try {
        readR1cs(flipped)
      } catch (error) {
        expect(error, `byte ${at}`).to.be.instanceOf(BinFileError)
      }
    }
  })

  it('says what is wrong with a file', () => {
    const { r1cs, values } = syntheticCircuit(6, 2)
    const bytes = encodeR1cs(r1cs)
    const edit = (at: number, value: number): Uint8Array => {
      const copy = bytes.slice()
      copy[at] = value
      return copy
    }
    const codeOf = (input: string | Uint8Array): unknown => (thrown(() => readR1cs(input)) as BinFileError).code
    expect(codeOf(space.path('absent.r1cs'))).to.equal('BINFILE_UNREADABLE')
    expect(codeOf(encodeWtns(values))).to.equal('BINFILE_WRONG_TYPE')
    expect(codeOf(edit(4, 9))).to.equal('BINFILE_UNSUPPORTED')
    expect(codeOf(edit(12, 7))).to.equal('BINFILE_MISSING_SECTION')
    expect(codeOf(edit(28, 0))).to.equal('BINFILE_UNSUPPORTED')
    expect(codeOf(Uint8Array.of(...bytes, 0))).to.equal('BINFILE_CORRUPT')
    expect(thrown(() => readR1cs(bytes.subarray(0, 150))).message).to.match(/^<memory>, section 2: /)
  })

  it('refuses to write a circuit that contradicts itself', () => {
    const { r1cs } = syntheticCircuit(6, 2)
    const cases: [string, Partial<typeof r1cs>][] = [
      ['wires', { nWires: 2 }],
      ['labels', { nLabels: 3 }],
      ['coefficient', { coefficients: [1n, SCALAR_FIELD] }],
      ['coefficient index', { coefficients: [1n] }],
      ['rows', { nConstraints: 7 }],
      ['terms', { a: { ...r1cs.a, wire: r1cs.a.wire.subarray(1) } }],
      ['wire', { b: { ...r1cs.b, wire: r1cs.b.wire.map(() => 9) } }],
      ['order', { a: { ...r1cs.a, start: Uint32Array.from(r1cs.a.start).fill(6, 1, 3) } }],
    ]
    for (const [name, change] of cases) {
      expect(
        thrown(() => encodeR1cs({ ...r1cs, ...change })),
        name,
      ).to.be.instanceOf(R1csInvalidError)
    }
  })

  it('refuses witnesses that no circuit has', () => {
    const { values } = syntheticCircuit(6, 2)
    const withValue = (wire: number, byte: number): Uint8Array => values.slice().fill(byte, wire * 32, wire * 32 + 32)
    expect(thrown(() => readWtns(encodeWtns(withValue(3, 0xff)))).message).to.contain('wire 3')
    expect(thrown(() => readWtns(encodeWtns(withValue(0, 0)))).message).to.contain('constant')
    expect(thrown(() => readWtns(encodeWtns(new Uint8Array(0)))).message).to.contain('constant')
    const bytes = encodeWtns(values)
    for (let length = 0; length < bytes.byteLength; length += 3) {
      expect(thrown(() => readWtns(bytes.subarray(0, length)))).to.be.instanceOf(BinFileError)
    }
  })
})
