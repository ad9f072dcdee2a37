// SPDX-License-Identifier: GPL-3.0-or-later
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

import { expect } from 'chai'
import { groth16, zKey } from 'snarkjs'

import { BinFileError, readWholeFile } from '../../prover/binfile/container'
import { BASE_FIELD, SCALAR_FIELD, toFieldBytes } from '../../prover/binfile/field'
import { readR1cs } from '../../prover/binfile/r1cs-reader'
import { encodeWtns, readWtns } from '../../prover/binfile/wtns'
import { checkZkey, ProofRejectedError, WitnessMismatchError } from '../../prover/groth16/backend'
import { g1Negate, g2Negate, g2PointWithX } from '../../prover/groth16/curve'
import { devSetup, keyFromToxicWaste } from '../../prover/groth16/dev-setup'
import {
  type Groth16Proof,
  parsePublicSignals,
  parseSnarkjsProof,
  ProofFormatError,
  type ProvedStatement,
  proofWords,
  toSnarkjsProof,
} from '../../prover/groth16/proof'
import { snarkjsBackend } from '../../prover/groth16/snarkjs-backend'
import { withSnarkjs } from '../../prover/groth16/snarkjs-session'
import { SignalCountError, verify } from '../../prover/groth16/verify'
import { UnsafeVerifyingKeyError, type VerifyingKey } from '../../prover/groth16/vkey'
import { verifyingKeyOf, withZkey } from '../../prover/groth16/zkey'
import { concatBytes } from '../../prover/binfile/container-writer'
import { compileCircom, type CompiledCircuit, SMALL_CIRCUIT, SMALL_INPUT, workspace } from '../support/circom-circuit'
import { rejection, thrown } from '../support/rejection'
import { syntheticCircuit } from '../support/synthetic-r1cs'

describe('groth16: snarkjs backend', function () {
  this.timeout(60_000)
  const space = workspace()
  const backend = snarkjsBackend({ keepThreads: true })
  const zkey = space.path('small.zkey')
  let circuit: CompiledCircuit
  let wtns: string
  let vk: VerifyingKey
  let proved: ProvedStatement
  before(async () => {
    circuit = compileCircom(space, 'small', SMALL_CIRCUIT)
    wtns = await circuit.witness('w', SMALL_INPUT)
    await devSetup(readR1cs(circuit.r1cs), zkey)
    vk = withZkey(zkey, verifyingKeyOf)
    proved = await backend.prove(zkey, wtns)
  })
  after(async () => {
    await backend.close()
    space.remove()
  })

  it('proves under a dev key, from paths and from bytes, and snarkjs verifies it', async () => {
    expect(proved.publicSignals).to.deep.equal([254n, 6n, 3n])
    expect(await verify(vk, proved.publicSignals, proved.proof)).to.equal(true)
    const again = await backend.prove(new Uint8Array(readFileSync(zkey)), new Uint8Array(readFileSync(wtns)))
    expect(again.publicSignals).to.deep.equal(proved.publicSignals)
    await withSnarkjs(async () => {
      const key = await zKey.exportVerificationKey(zkey)
      const signals = again.publicSignals.map(String)
      expect(await groth16.verify(key, signals, toSnarkjsProof(again.proof))).to.equal(true)
    })
  })

  it('randomises: two proofs of one witness differ in every point', async () => {
    const other = await backend.prove(zkey, wtns)
    for (const part of ['a', 'b', 'c'] as const) expect(other.proof[part]).not.to.deep.equal(proved.proof[part])
  })

  it('rejects other statements, and accepts a malleated proof of the same', async () => {
    const { proof, publicSignals } = proved
    for (let i = 0; i < publicSignals.length; i++) {
      expect(await verify(vk, publicSignals.with(i, publicSignals[i]! + 1n), proof)).to.equal(false)
      expect(await verify(vk, publicSignals.with(i, publicSignals[i]! + SCALAR_FIELD), proof)).to.equal(false)
    }
    expect(await verify(vk, publicSignals.with(0, -1n), proof)).to.equal(false)
    expect(await verify(vk, publicSignals, { ...proof, a: g1Negate(proof.a) })).to.equal(false)
    const malleated = { a: g1Negate(proof.a), b: g2Negate(proof.b), c: proof.c }
    expect(await verify(vk, publicSignals, malleated)).to.equal(true)
  })

  it('rejects points off the curve, out of the subgroup, and coordinates that are not reduced', async () => {
    const { proof, publicSignals } = proved
    let x = 1n
    while (g2PointWithX([x, 0n]) === undefined) x++
    const bad: Groth16Proof[] = [
      { ...proof, a: { x: proof.a.x, y: proof.a.y + 1n } },
      { ...proof, a: { x: proof.a.x + BASE_FIELD, y: proof.a.y } },
      { ...proof, b: g2PointWithX([x, 0n])! },
      { ...proof, c: { x: 0n, y: 0n } },
    ]
    for (const candidate of bad) expect(await verify(vk, publicSignals, candidate)).to.equal(false)
  })

  it('refuses a number of signals that the key is not for, and keys that mean nothing', async () => {
    const { proof, publicSignals } = proved
    expect(await rejection(verify(vk, publicSignals.slice(1), proof))).to.be.instanceOf(SignalCountError)
    const forgeable = { ...vk, delta: vk.gamma }
    expect(await rejection(verify(forgeable, publicSignals, proof))).to.be.instanceOf(UnsafeVerifyingKeyError)
    const waste = { tau: 11n, alpha: 12n, beta: 13n, delta: 1n }
    const key = concatBytes(await keyFromToxicWaste(readR1cs(circuit.r1cs), waste))
    expect(await rejection(backend.prove(key, wtns))).to.be.instanceOf(UnsafeVerifyingKeyError)
  })

  it('throws away the proof of a witness that breaks a constraint', async () => {
    const { values, count } = readWtns(wtns)
    for (let wire = 1; wire < count; wire += 3) {
      const broken = values.slice()
      toFieldBytes(9n, broken, wire * 32)
      expect(await rejection(backend.prove(zkey, encodeWtns(broken))), `wire ${wire}`).to.be.instanceOf(
        ProofRejectedError,
      )
    }
  })

  it('refuses the witness of another circuit', async () => {
    const other = encodeWtns(syntheticCircuit(3, 1).values)
    expect(await rejection(backend.prove(zkey, other))).to.be.instanceOf(WitnessMismatchError)
  })

  it('gives a typed error for truncated and corrupted files', async () => {
    const bytes = new Uint8Array(readFileSync(zkey))
    for (const length of [0, 3, 11, 40, 700, 2000, bytes.byteLength - 1]) {
      expect(await rejection(backend.prove(bytes.subarray(0, length), wtns)), `${length}`).to.be.instanceOf(
        BinFileError,
      )
    }
    const edited = (at: number, value: number): Uint8Array => {
      const copy = bytes.slice()
      copy[at] = value
      return copy
    }
    // Magic, protocol, curve prime, wires, public signals, domain size.
    for (const [at, value] of [
      [0, 0],
      [24, 2],
      [44, 9],
      [112, 99],
      [116, 99],
      [120, 7],
    ] as const) {
      expect(await rejection(backend.prove(edited(at, value), wtns)), `byte ${at}`).to.be.instanceOf(BinFileError)
    }
    expect(await rejection(backend.prove(space.path('absent.zkey'), wtns))).to.have.property(
      'code',
      'BINFILE_UNREADABLE',
    )
    expect(await rejection(backend.prove(wtns, wtns))).to.have.property('code', 'BINFILE_WRONG_TYPE')
  })

  it('does nothing when it is cancelled already', async () => {
    const cancelled = backend.prove(zkey, wtns, { signal: AbortSignal.abort(new Error('cancelled')) })
    expect(await rejection(cancelled)).to.have.property('message', 'cancelled')
  })

  it('proves several witnesses at once', async () => {
    const single = snarkjsBackend()
    const all = await Promise.all([single.prove(zkey, wtns), single.prove(zkey, wtns), backend.prove(zkey, wtns)])
    for (const { publicSignals, proof } of all) expect(await verify(vk, publicSignals, proof)).to.equal(true)
  })

  it("reads and writes proofs in snarkjs' form", () => {
    const json: unknown = JSON.parse(JSON.stringify(toSnarkjsProof(proved.proof)))
    expect(parseSnarkjsProof(json)).to.deep.equal(proved.proof)
    expect(proofWords(proved.proof)).to.have.length(8)
    expect(parsePublicSignals(['1', '2'])).to.deep.equal([1n, 2n])
    const broken = [null, {}, { ...(json as object), pi_a: ['1'] }, { ...(json as object), pi_b: [['1', 'x']] }]
    for (const value of [...broken, { ...(json as object), protocol: 'plonk' }]) {
      expect(thrown(() => parseSnarkjsProof(value))).to.be.instanceOf(ProofFormatError)
    }
    expect(thrown(() => parsePublicSignals('1'))).to.be.instanceOf(ProofFormatError)
    const infinity = { a: { x: 0n, y: 0n }, b: { x: [0n, 0n], y: [0n, 0n] }, c: { x: 0n, y: 0n } } as const
    expect(parseSnarkjsProof(toSnarkjsProof(infinity))).to.deep.equal(infinity)
  })

  it('proves under a key that was checked ahead', async () => {
    const key = checkZkey(readWholeFile(zkey))
    const again = await backend.prove(key, wtns)
    expect(await verify(key.verifyingKey, again.publicSignals, again.proof)).to.equal(true)
    const other = await backend.prove({ ...key, nWires: key.nWires + 1 }, wtns).catch((error: unknown) => error)
    expect(other).to.be.instanceOf(WitnessMismatchError)
    expect(() => checkZkey({ path: 'x.zkey', bytes: key.bytes.subarray(0, 100) }))
      .to.throw(/^x\.zkey/)
      .with.property('code')
      .that.matches(/^BINFILE_/)
  })

  it('uses as many threads as it may, and lets the process end by itself after proving', () => {
    const script = space.path('prove.ts')
    const source = `
      import { snarkjsBackend } from ${JSON.stringify(require.resolve('../../prover/groth16/snarkjs-backend'))}
      import os from 'node:os'
      const shared = globalThis as { curve_bn128?: { tm: { concurrency: number } } | null }
      async function main() {
        const cores = os.cpus().length
        for (const threads of [undefined, 1, 2]) {
          const proof = snarkjsBackend({ ...(threads && { threads }) }).prove(
            ${JSON.stringify(zkey)}, ${JSON.stringify(wtns)},
          )
          let most = 0
          const timer = setInterval(() => (most = Math.max(most, shared.curve_bn128?.tm.concurrency ?? 0)), 1)
          await proof
          clearInterval(timer)
          console.log('proved', most <= (threads ?? cores), os.cpus().length === cores, shared.curve_bn128 === null)
        }
      }
      void main()`
    writeFileSync(script, source)
    const output = execFileSync(process.execPath, ['-r', 'ts-node/register/transpile-only', script], {
      timeout: 30_000,
    })
    expect(output.toString()).to.equal('proved true true true\n'.repeat(3))
  })
})
