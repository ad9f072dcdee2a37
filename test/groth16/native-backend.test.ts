// SPDX-License-Identifier: GPL-3.0-or-later
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'

import { BinFileError } from '../../prover/binfile/container'
import { encodeWtns } from '../../prover/binfile/wtns'
import { devSetup, keyFromToxicWaste } from '../../prover/groth16/dev-setup'
import { nativeBackend } from '../../prover/groth16/native-backend'
import { verify } from '../../prover/groth16/verify'
import { verifyingKeyOf, withZkey } from '../../prover/groth16/zkey'
import { concatBytes } from '../../prover/binfile/container-writer'
import { loadNative, NATIVE_LEVELS, nativeStatus } from '../../prover/native'
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
    for (let power = 2; power <= 10; power++) {
      const { r1cs, values } = syntheticCircuit(2 ** power - 3, 1)
      const key = concatBytes(await keyFromToxicWaste(r1cs, { tau: 11n, alpha: 12n, beta: 13n, delta: 14n }))
      for (const zkey of [key, withShuffledCoefficients(key)]) {
        const { publicSignals, proof } = await backend.prove(zkey, encodeWtns(values))
        expect(await verify(withZkey(zkey, verifyingKeyOf), publicSignals, proof), `2^${power}`).to.equal(true)
      }
    }
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
