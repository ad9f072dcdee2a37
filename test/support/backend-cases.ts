// SPDX-License-Identifier: GPL-3.0-or-later
import { readFileSync } from 'node:fs'

import { expect } from 'chai'
import { groth16, zKey } from 'snarkjs'

import { BinFileError, readWholeFile } from '../../prover/binfile/container'
import { toFieldBytes } from '../../prover/binfile/field'
import { readR1cs } from '../../prover/binfile/r1cs-reader'
import { encodeWtns, readWtns } from '../../prover/binfile/wtns'
import { checkZkey, ProofRejectedError, type ProverBackend, WitnessMismatchError } from '../../prover/groth16/backend'
import { devSetup } from '../../prover/groth16/dev-setup'
import { type ProvedStatement, toSnarkjsProof } from '../../prover/groth16/proof'
import { leaseSnarkjs, type SnarkjsLease, withSnarkjs } from '../../prover/groth16/snarkjs-session'
import { verify } from '../../prover/groth16/verify'
import type { VerifyingKey } from '../../prover/groth16/vkey'
import { verifyingKeyOf, withZkey } from '../../prover/groth16/zkey'
import { compileCircom, type CompiledCircuit, SMALL_CIRCUIT, SMALL_INPUT, workspace } from './circom-circuit'
import { rejection } from './rejection'
import { syntheticCircuit } from './synthetic-r1cs'

/** What every backend does, on a small circuit; `more` adds what one of them does besides. */
export function describeBackend(
  name: string,
  make: () => ProverBackend,
  more: (files: () => { readonly backend: ProverBackend; readonly zkey: string; readonly wtns: string }) => void = () =>
    undefined,
): void {
  describe(`groth16: ${name} backend`, function () {
    this.timeout(60_000)
    const space = workspace()
    const zkey = space.path('small.zkey')
    let backend: ProverBackend
    let circuit: CompiledCircuit
    let wtns: string
    let vk: VerifyingKey
    let proved: ProvedStatement
    let threads: SnarkjsLease
    before(async () => {
      // What verifies the proofs is kept up: starting it takes longer than a proof.
      threads = await leaseSnarkjs()
      backend = make()
      circuit = compileCircom(space, 'small', SMALL_CIRCUIT)
      wtns = await circuit.witness('w', SMALL_INPUT)
      await devSetup(readR1cs(circuit.r1cs), zkey)
      vk = withZkey(zkey, verifyingKeyOf)
      proved = await backend.prove(zkey, wtns)
    })
    after(async () => {
      await backend.close()
      await threads.release()
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
      const single = make()
      const all = await Promise.all([single.prove(zkey, wtns), single.prove(zkey, wtns), backend.prove(zkey, wtns)])
      await single.close()
      for (const { publicSignals, proof } of all) expect(await verify(vk, publicSignals, proof)).to.equal(true)
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

    more(() => ({ backend, zkey, wtns }))
  })
}
