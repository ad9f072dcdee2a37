// SPDX-License-Identifier: GPL-3.0-or-later
import { execFileSync } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'

import { BinFileError } from '../../prover/binfile/container'
import { encodeWtns } from '../../prover/binfile/wtns'
import { devSetup, keyFromToxicWaste } from '../../prover/groth16/dev-setup'
import { nativeBackend } from '../../prover/groth16/native-backend'
import { leaseSnarkjs } from '../../prover/groth16/snarkjs-session'
import { verify } from '../../prover/groth16/verify'
import { encodeG1, encodeG2, verifyingKeyOf, withZkey } from '../../prover/groth16/zkey'
import { concatBytes } from '../../prover/binfile/container-writer'
import { g1Negate, g2PointWithX } from '../../prover/groth16/curve'
import { SCALAR_FIELD, tableToBytes } from '../../prover/binfile/field'
import { loadNative, NATIVE_LEVELS, nativeStatus, runNative } from '../../prover/native'
import { describeBackend } from '../support/backend-cases'
import { workspace } from '../support/circom-circuit'
import { rejection } from '../support/rejection'
import { syntheticCircuit } from '../support/synthetic-r1cs'

for (const level of NATIVE_LEVELS) {
  const status = loadNative(level)
  const { addon } = status
  if (addon === undefined) {
    describe(`groth16: native ${level} backend`, () => it.skip(`is not here: ${status.reason}`))
    continue
  }
  describeBackend(
    `native ${level}`,
    () => nativeBackend(addon),
    (files) => {
      it('takes another key that was put in the place of one', async () => {
        const { backend, zkey, wtns } = files()
        const place = `${zkey}.moved`
        copyFileSync(zkey, place)
        await backend.prove(place, wtns)
        const other = syntheticCircuit(20, 2)
        await devSetup(other.r1cs, place)
        const { publicSignals, proof } = await backend.prove(place, encodeWtns(other.values))
        expect(await verify(withZkey(place, verifyingKeyOf), publicSignals, proof)).to.equal(true)
      })

      it('survives a key of which any byte was changed', async () => {
        const { backend, zkey, wtns } = files()
        const bytes = new Uint8Array(readFileSync(zkey))
        for (let at = 0; at < bytes.byteLength; at += 97) {
          const broken = bytes.slice()
          broken[at]! ^= 0xff
          const outcome = await backend.prove(broken, wtns).then(
            () => 'proved',
            (error: unknown) => (error as { readonly code?: string }).code,
          )
          // Some bytes do not matter to this witness.
          expect(outcome, `byte ${at}`).to.match(/^(proved|BINFILE_\w+|GROTH16_\w+)$/)
        }
      })
    },
  )
}

describe('groth16: native backend on larger circuits', function () {
  this.timeout(60_000)
  const space = workspace()
  const { addon } = nativeStatus()
  after(() => space.remove())

  before(function () {
    if (addon === undefined) this.skip()
  })

  it('proves in domains of sizes from 4 to 2^10, and with rows in any order', async () => {
    const backend = nativeBackend(addon!)
    // Kept up meanwhile: each verification would start them again.
    const threads = await leaseSnarkjs()
    for (let power = 2; power <= 10; power++) {
      const { r1cs, values } = syntheticCircuit(2 ** power - 3, 1)
      const key = concatBytes(await keyFromToxicWaste(r1cs, { tau: 11n, alpha: 12n, beta: 13n, delta: 14n }))
      for (const zkey of [key, withShuffledCoefficients(key)]) {
        const { publicSignals, proof } = await backend.prove(zkey, encodeWtns(values))
        expect(await verify(withZkey(zkey, verifyingKeyOf), publicSignals, proof), `2^${power}`).to.equal(true)
      }
    }
    await threads.release()
  })

  it('says how far it is, and ends soon when it is cancelled', async () => {
    const { r1cs, values } = syntheticCircuit(2 ** 14 - 3, 1)
    const zkey = space.path('large.zkey')
    await devSetup(r1cs, zkey)
    const wtns = encodeWtns(values)
    const backend = nativeBackend(addon!)
    const seen: number[] = []
    await backend.prove(zkey, wtns, { onProgress: (share) => seen.push(share) })
    expect(seen.at(-1)).to.equal(1)
    expect(seen).to.deep.equal(seen.toSorted((a, b) => a - b))
    const controller = new AbortController()
    const cancelled = backend.prove(zkey, wtns, { signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 5)
    expect(await rejection(cancelled)).to.have.property('message', 'enough')
    expect((await backend.prove(zkey, wtns)).publicSignals).to.have.length.greaterThan(0)
  })

  it('opens no key of which a part is missing, even where nobody looked at it before', async () => {
    const { r1cs } = syntheticCircuit(100, 1)
    const key = concatBytes(await keyFromToxicWaste(r1cs, { tau: 11n, alpha: 12n, beta: 13n, delta: 14n }))
    for (let length = 0; length < key.byteLength; length += 211) {
      const error = await rejection(runNative({}, (...run) => addon!.openKey(key.slice(0, length), ...run)))
      expect(error, `${length} bytes`)
        .to.have.property('code')
        .that.matches(/^BINFILE_/)
    }
  })

  it('verifies no other signals, no signal of r or more, and no points off the group', async () => {
    const { r1cs, values } = syntheticCircuit(100, 2)
    const zkey = concatBytes(await keyFromToxicWaste(r1cs, { tau: 11n, alpha: 12n, beta: 13n, delta: 14n }))
    const { proof, publicSignals } = await nativeBackend(addon!).prove(zkey, encodeWtns(values))
    const vk = withZkey(zkey, verifyingKeyOf)
    const key = concatBytes([
      encodeG1(vk.alpha),
      ...[vk.beta, vk.gamma, vk.delta].map(encodeG2),
      ...vk.ic.map(encodeG1),
    ])
    const isValid = (signals: readonly bigint[], { a, b, c } = proof): Promise<boolean> =>
      runNative({}, (...run) =>
        addon!.verify(key, tableToBytes(signals), concatBytes([encodeG1(a), encodeG2(b), encodeG1(c)]), ...run),
      )
    expect(await isValid(publicSignals)).to.equal(true)
    for (let i = 0; i < publicSignals.length; i++) {
      expect(await isValid(publicSignals.with(i, publicSignals[i]! + 1n))).to.equal(false)
      expect(await isValid(publicSignals.with(i, publicSignals[i]! + SCALAR_FIELD))).to.equal(false)
    }
    let x = 1n
    while (g2PointWithX([x, 0n]) === undefined) x++
    for (const bad of [
      { ...proof, a: g1Negate(proof.a) },
      { ...proof, a: { x: 0n, y: 0n } },
      { ...proof, b: g2PointWithX([x, 0n])! },
      { ...proof, b: { x: [0n, 0n], y: [0n, 0n] } as const },
      { ...proof, c: { x: proof.c.x, y: proof.c.y ^ 1n } },
    ])
      expect(await isValid(publicSignals, bad)).to.equal(false)
  })

  it('ends with its thread, whatever it was doing', () => {
    const script = `
      const { Worker, isMainThread } = require('node:worker_threads')
      if (isMainThread) {
        const worker = new Worker(__filename)
        worker.once('message', () => worker.terminate().then(() => console.log('ended')))
      } else {
        const { nativeStatus, runNative } = require(${JSON.stringify(require.resolve('../../prover/native'))})
        const { addon } = nativeStatus()
        const scalars = new Uint8Array(32 * 2 ** 14).fill(17)
        const out = new Uint8Array(64 * 2 ** 14)
        void runNative({}, (...run) => addon.multiplyGenerator(1, scalars, out, ...run))
        require('node:worker_threads').parentPort.postMessage('started')
      }`
    const file = space.path('thread.js')
    writeFileSync(file, script)
    const output = execFileSync(process.execPath, ['-r', 'ts-node/register/transpile-only', file], { timeout: 60_000 })
    expect(output.toString()).to.equal('ended\n')
  })

  it('says of a key that shrank between two proofs that it is broken', async () => {
    const { r1cs, values } = syntheticCircuit(100, 1)
    const zkey = space.path('shrinking.zkey')
    await devSetup(r1cs, zkey)
    const backend = nativeBackend(addon!)
    await backend.prove(zkey, encodeWtns(values))
    writeFileSync(zkey, readFileSync(zkey).subarray(0, 3000))
    expect(await rejection(backend.prove(zkey, encodeWtns(values)))).to.be.instanceOf(BinFileError)
  })
})

/** The same key with the entries of section 4 in reverse: snarkjs sums them in any order. */
function withShuffledCoefficients(key: Uint8Array): Uint8Array {
  const out = key.slice()
  const view = new DataView(out.buffer)
  for (let at = 12; at < out.byteLength;) {
    const [id, length] = [view.getUint32(at, true), Number(view.getBigUint64(at + 4, true))]
    if (id === 4) {
      const count = (length - 4) / 44
      for (let i = 0; i < count; i++) {
        const from = at + 16 + i * 44
        out.set(key.subarray(from, from + 44), at + 16 + (count - 1 - i) * 44)
      }
    }
    at += 12 + length
  }
  return out
}
