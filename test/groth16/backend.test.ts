// SPDX-License-Identifier: GPL-3.0-or-later
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'

import { expect } from 'chai'

import { BASE_FIELD, SCALAR_FIELD } from '../../prover/binfile/field'
import { readR1cs } from '../../prover/binfile/r1cs-reader'
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
import { SignalCountError, verify } from '../../prover/groth16/verify'
import { UnsafeVerifyingKeyError, type VerifyingKey } from '../../prover/groth16/vkey'
import { verifyingKeyOf, withZkey } from '../../prover/groth16/zkey'
import { concatBytes } from '../../prover/binfile/container-writer'
import { describeBackend } from '../support/backend-cases'
import { compileCircom, type CompiledCircuit, SMALL_CIRCUIT, SMALL_INPUT, workspace } from '../support/circom-circuit'
import { rejection, thrown } from '../support/rejection'

describeBackend('snarkjs', () => snarkjsBackend({ keepThreads: true }))

describe('groth16: proofs', function () {
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
