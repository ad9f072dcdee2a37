// SPDX-License-Identifier: GPL-3.0-or-later
import { readFileSync, writeFileSync } from 'node:fs'

import { expect } from 'chai'
import { zKey } from 'snarkjs'

import { BinFileError } from '../../prover/binfile/container'
import { concatBytes, containerChunks, HeaderWriter, sectionOf } from '../../prover/binfile/container-writer'
import { BASE_FIELD } from '../../prover/binfile/field'
import type { R1cs } from '../../prover/binfile/r1cs'
import { encodeR1cs } from '../../prover/binfile/r1cs-writer'
import { encodeWtns } from '../../prover/binfile/wtns'
import { loadPlainCurve } from '../../prover/groth16/bn254-code'
import {
  applyContribution,
  beaconKey,
  contributeKey,
  ContributionError,
  memoryKey,
  writeInitialKey,
} from '../../prover/groth16/ceremony/contribute'
import { initialKey } from '../../prover/groth16/ceremony/initial-key'
import { drawFactor } from '../../prover/groth16/contribution/key-pair'
import { readPhase2, writePhase2 } from '../../prover/groth16/ceremony/phase2'
import { beaconRng, parseBeacon } from '../../prover/groth16/contribution/randomness'
import { checkUsable, CeremonyError, verifyKey } from '../../prover/groth16/ceremony/verify'
import { keyFromToxicWaste } from '../../prover/groth16/dev-setup'
import { LAGRANGE_SECTIONS, POWER_SECTIONS, withPtau } from '../../prover/groth16/ptau/format'
import { newPtau } from '../../prover/groth16/ptau/create'
import { snarkjsBackend } from '../../prover/groth16/snarkjs-backend'
import { withSnarkjs } from '../../prover/groth16/snarkjs-session'
import { verify as verifyProof } from '../../prover/groth16/verify'
import { UnsafeVerifyingKeyError } from '../../prover/groth16/vkey'
import { wasmEngine as engine } from '../../prover/groth16/wasm-engine'
import { encodeG2, verifyingKeyOf, withZkey, ZKEY } from '../../prover/groth16/zkey'
import { zkeyChunks } from '../../prover/groth16/zkey-writer'
import { g2PointWithX } from '../../prover/groth16/curve'
import { QUIET, workspace } from '../support/circom-circuit'
import { knownPtau } from '../support/known-ptau'
import { rejection } from '../support/rejection'
import { sectionAt, truncations, withBytes, withSection } from '../support/section-bytes'
import { sparse, syntheticCircuit } from '../support/synthetic-r1cs'

const BEACON = 'c0ffee'
const POWER = 6

describe('groth16: ceremony', function () {
  this.timeout(60_000)
  const space = workspace()
  const names = ['initial', 'first', 'second', 'last'] as const
  const path = Object.fromEntries(names.map((name) => [name, space.path(`${name}.zkey`)])) as Record<
    (typeof names)[number],
    string
  >
  const [ptau, r1csPath] = [space.path('p.ptau'), space.path('c.r1cs')]
  const circuit = syntheticCircuit(40, 3)
  const { r1cs } = circuit
  const read = (file: string): Uint8Array => new Uint8Array(readFileSync(file))
  let last: Uint8Array
  before(async () => {
    await newPtau(ptau, POWER, { engine })
    writeFileSync(r1csPath, encodeR1cs(r1cs))
    await withPtau(ptau, async (open) => writeInitialKey(path.initial, await initialKey(r1cs, open, { engine })))
    await contributeKey(path.initial, path.first, { engine, name: 'Ada', entropy: 'dice' })
    await withSnarkjs(() => zKey.contribute(path.first, path.second, 'Grace', 'entropy'))
    await beaconKey(path.second, path.last, { engine, name: 'drand', beacon: parseBeacon(BEACON, 10) })
    last = read(path.last)
  })
  after(() => space.remove())

  const verify = (zkey: string | Uint8Array, of: R1cs = r1cs, powers: string | Uint8Array = ptau) =>
    withPtau(powers, (open) => verifyKey(zkey, of, open, { engine }))
  const isRefused = async (zkey: Uint8Array, reason: RegExp): Promise<void> => {
    const error = await rejection(verify(zkey))
    expect(error).to.be.instanceOf(CeremonyError)
    expect(error.message).to.match(reason)
  }
  const sections = (zkey: string | Uint8Array, ids: readonly number[]): Buffer[] =>
    withZkey(zkey, ({ file }) => ids.map((id) => Buffer.from(file.section(id))))
  const point = (id: number, index: number, size = 64): Uint8Array => {
    const { offset } = sectionAt(last, 'zkey', id)
    return last.slice(offset + index * size, offset + (index + 1) * size)
  }

  it('starts with the key and the circuit hash of snarkjs, and gives the same bytes for a beacon', async () => {
    const [theirs, beacon] = [space.path('theirs.zkey'), space.path('beacon.zkey')]
    await withSnarkjs(async () => {
      await zKey.newZKey(r1csPath, ptau, theirs)
      await zKey.beacon(path.second, beacon, 'drand', BEACON, 10)
    })
    const all = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    expect(sections(path.initial, all)).to.deep.equal(sections(theirs, all))
    expect(read(beacon)).to.deep.equal(last)
  })

  it('is accepted by snarkjs, accepts what snarkjs made, and proves', async () => {
    await withSnarkjs(async () => {
      for (const file of [path.first, path.last]) {
        expect(await zKey.verifyFromR1cs(r1csPath, ptau, file, QUIET), file).to.equal(true)
        expect(await zKey.verifyFromInit(path.initial, ptau, file, QUIET), file).to.equal(true)
      }
    })
    const verified = await verify(path.last)
    expect(verified.phase2.contributions.map(({ name }) => name)).to.deep.equal(['Ada', 'Grace', 'drand'])
    checkUsable(path.last, verified)
    await verify(path.second)
    const backend = snarkjsBackend()
    const { proof, publicSignals } = await backend.prove(path.last, encodeWtns(circuit.values))
    expect(await verifyProof(withZkey(path.last, verifyingKeyOf), publicSignals, proof)).to.equal(true)
  })

  it('gives the points of a dev key for the same τ, α, β and δ, section by section', async () => {
    const secrets = { tau: 123456789n ** 5n, alpha: 5n, beta: 7n }
    // One power more than the circuit needs, so that no power of τ is missing.
    const known = await knownPtau(POWER + 1, secrets)
    const initial = await withPtau(withPhase1(known), (open) => initialKey(r1cs, open, { engine }))
    const beacon = parseBeacon(BEACON, 10)
    const key = memoryKey('known', initial)
    const { parts } = await applyContribution(key, { engine }, { beacon }, await beaconRng(beacon))
    const delta = await drawFactor(await beaconRng(beacon))
    const dev = concatBytes(await keyFromToxicWaste(r1cs, { ...secrets, delta }))
    const ids = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    expect(sections(concatBytes(zkeyChunks(parts)), ids)).to.deep.equal(sections(dev, ids))
  })
  /** A file made for a test has no list of contributions. */
  const withPhase1 = (bytes: Uint8Array): Uint8Array => {
    const copy = concatBytes([bytes, new HeaderWriter().u32(7).u64(4).u32(0).bytes()])
    new DataView(copy.buffer).setUint32(8, 11, true)
    return copy
  }

  it('refuses a key that nobody contributed to, or beacons only, or with γ = δ', async () => {
    const untouched = await verify(path.initial)
    expect(() => checkUsable('k', untouched)).to.throw(CeremonyError, /nobody contributed/)
    const beacon = space.path('only-beacon.zkey')
    await beaconKey(path.initial, beacon, { engine, beacon: parseBeacon('00', 10) })
    const verified = await verify(beacon)
    expect(() => checkUsable('k', verified)).to.throw(CeremonyError, /nobody contributed/)
    const { phase2 } = await verify(path.last)
    expect(() => checkUsable('k', { phase2, verifyingKey: untouched.verifyingKey })).to.throw(UnsafeVerifyingKeyError)
  })

  it('refuses changes of any point', async () => {
    const swap = (id: number, size = 64): Uint8Array => withBytes(last, 'zkey', id, 9 * size, point(id, 10, size))
    await isRefused(withBytes(last, 'zkey', ZKEY.ic, 64, point(ZKEY.ic, 2)), /IC points do not follow/)
    await isRefused(swap(ZKEY.a), /A points do not follow/)
    await isRefused(swap(ZKEY.b1), /B1 points do not follow/)
    await isRefused(swap(ZKEY.b2, 128), /B2 points do not follow/)
    await isRefused(swap(ZKEY.c), /C points are not divided/)
    await isRefused(swap(ZKEY.h), /H points are not divided/)
    await isRefused(withBytes(last, 'zkey', ZKEY.c, 1, Uint8Array.of(0x5a)), /point 0 of C is not on the curve/)
    await isRefused(withBytes(last, 'zkey', ZKEY.h, 0, new Uint8Array(64)), /H points are not divided/)
    await isRefused(withBytes(last, 'zkey', ZKEY.coefficients, 20, Uint8Array.of(0x5a)), /coefficients/)
    const [g1, g2] = [84, 84 + 2 * 64]
    await isRefused(withBytes(last, 'zkey', ZKEY.header, g1, point(ZKEY.a, 1)), /alpha is not/)
    await isRefused(withBytes(last, 'zkey', ZKEY.header, g1 + 64, point(ZKEY.a, 1)), /beta is not/)
    await isRefused(withBytes(last, 'zkey', ZKEY.header, g2, point(ZKEY.b2, 10, 128)), /beta is not/)
    await isRefused(withBytes(last, 'zkey', ZKEY.header, g2 + 128, point(ZKEY.b2, 10, 128)), /gamma is not/)
    await isRefused(withBytes(last, 'zkey', ZKEY.header, g2 + 256, point(ZKEY.a, 1)), /δ is not that of the last/)
    await isRefused(withBytes(last, 'zkey', ZKEY.header, g2 + 320, point(ZKEY.b2, 10, 128)), /δ differs/)
    await isRefused(withBytes(last, 'zkey', ZKEY.header, g2 + 320, outsideG2()), /δ is not in the subgroup/)
  })
  const outsideG2 = (): Uint8Array =>
    encodeG2([1n, 2n, 3n, 4n].map((c0) => g2PointWithX([c0, 0n])).find((found) => found !== undefined)!)

  it('refuses forged transcripts', async () => {
    const { circuitHash, contributions } = withZkey(path.last, readPhase2)
    const [ada, grace, drand] = [contributions[0]!, contributions[1]!, contributions[2]!]
    const chain = (...forged: (typeof ada)[]): Uint8Array =>
      withSection(last, 'zkey', ZKEY.contributions, writePhase2({ circuitHash, contributions: forged }))
    await isRefused(chain(), /δ is not that of the last contribution/)
    await isRefused(chain(grace, drand), /contribution 1 does not continue/)
    await isRefused(chain(grace, ada, drand), /contribution 1 does not continue/)
    await isRefused(chain(ada, drand), /contribution 2 does not continue/)
    await isRefused(chain(ada, grace), /δ is not that of the last contribution/)
    await isRefused(chain(ada, { ...grace, deltaAfter: drand.deltaAfter }, drand), /2 does not multiply δ/)
    await isRefused(chain(ada, { ...grace, deltaAfter: ada.deltaAfter }, drand), /2 does not multiply δ/)
    await isRefused(chain(ada, grace, { ...drand, beacon: parseBeacon(BEACON, 11) }), /3 is not what follows from its/)
    await isRefused(chain(ada, grace, { ...drand, beacon: parseBeacon('c0ffef', 10) }), /3 is not what follows/)
    const swapped = { ...grace, key: { ...grace.key, g2spx: ada.key.g2spx } }
    await isRefused(chain(ada, swapped, drand), /2 does not prove knowledge/)
    const outside = { ...grace, key: { ...grace.key, g2spx: outsideG2() } }
    await isRefused(chain(ada, outside, drand), /2 has a point outside the subgroup/)
    const infinite = { ...grace.key, g2spx: new Uint8Array(128) }
    await isRefused(chain(ada, { ...grace, key: infinite }, drand), /2 does not prove knowledge/)
    const circuit2 = writePhase2({ circuitHash: new Uint8Array(64), contributions: [] })
    const other = withSection(read(path.initial), 'zkey', ZKEY.contributions, circuit2)
    await isRefused(other, /circuit hash/)
    // The proof of another's contribution is bound to its place, and so is a factor of one, which adds nothing.
    const { G1, G2 } = await loadPlainCurve()
    const trivial = { g1s: G1.gAffine, g1sx: G1.gAffine, g2spx: G2.gAffine }
    await isRefused(chain({ ...ada, key: trivial }, grace, drand), /1 does not continue/)
  })

  it('refuses the key of another circuit or other powers of tau', async () => {
    const coefficients = r1cs.coefficients.map((value, i) => (i === 0 ? 2n : value))
    const other = await rejection(verify(last, { ...r1cs, coefficients }))
    expect(other).to.be.instanceOf(CeremonyError)
    expect((await rejection(verify(last, syntheticCircuit(39, 3).r1cs))).message).to.match(/nWires/)
    const powers = space.path('other.ptau')
    await newPtau(powers, POWER, { engine })
    expect((await rejection(verify(last, r1cs, powers))).message).to.match(/alpha is not that of the powers/)
  })

  it('contributes to no key with points outside the group, which would tell the secret', async () => {
    const out = space.path('no.zkey')
    const delta2 = 84 + 2 * 64 + 2 * 128 + 64
    for (const bytes of [
      withBytes(last, 'zkey', ZKEY.c, 64, Uint8Array.of(0x5a)),
      withBytes(last, 'zkey', ZKEY.h, 64, Uint8Array.of(0x5a)),
      withBytes(last, 'zkey', ZKEY.header, delta2, outsideG2()),
      withBytes(last, 'zkey', ZKEY.header, delta2, new Uint8Array(128)),
    ]) {
      writeFileSync(space.path('bad.zkey'), bytes)
      expect(await rejection(contributeKey(space.path('bad.zkey'), out, { engine }))).to.be.instanceOf(
        ContributionError,
      )
    }
  })

  it('gives a typed error for every truncation, and for a list of contributions that is none', async () => {
    for (const bytes of truncations(last, 'zkey')) expect(await rejection(verify(bytes))).to.be.instanceOf(BinFileError)
    const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer)
    const { length } = sectionAt(last, 'zkey', ZKEY.contributions)
    for (const [at, bytes] of [
      [64, u32(4)],
      [64, u32(2)],
      [64, u32(0xffffffff)],
      [length - 7, Uint8Array.of(1)],
      [68 + 3 * 64 + 128 + 64, u32(9)],
      [68 + 3 * 64 + 128 + 68, u32(0x7fffffff)],
    ] as const) {
      const error = await rejection(verify(withBytes(last, 'zkey', ZKEY.contributions, at, bytes)))
      expect(error, `${at}`).to.be.instanceOf(BinFileError)
    }
  })

  it('hashes circuits of 2^15 rows as snarkjs does, bytes beyond the powers of tau included', async () => {
    // No real powers of tau: both only copy and add up what they find.
    const power = 15
    const { G1, G2 } = await loadPlainCurve()
    const repeat = (generator: Uint8Array, count: number): Uint8Array => {
      const out = new Uint8Array(count * generator.byteLength)
      for (let at = 0; at < out.byteLength; at += generator.byteLength) out.set(generator, at)
      return out
    }
    const rows = Array.from({ length: 20_000 }, () => [])
    const large: R1cs = {
      ...{ nWires: 3, nPubOut: 1, nPubIn: 0, nPrvIn: 1, nLabels: 3, nConstraints: rows.length },
      ...{ a: sparse(rows), b: sparse(rows), c: sparse(rows) },
      coefficients: [1n],
      wireToLabel: Uint32Array.of(0, 1, 2),
    }
    const file = space.path('large.r1cs')
    writeFileSync(file, encodeR1cs(large))
    for (const more of [0, 1]) {
      const all = [...POWER_SECTIONS, ...LAGRANGE_SECTIONS].sort((a, b) => a.id - b.id)
      const content = all.map(({ id, group, count }) =>
        sectionOf(id, repeat(group === 'G1' ? G1.gAffine : G2.gAffine, count(power + more))),
      )
      const header = new HeaderWriter()
        .prime(BASE_FIELD)
        .u32(power + more)
        .u32(power + more)
        .bytes()
      const none = sectionOf(7, new Uint8Array(4))
      const fake = space.path(`fake${more}.ptau`)
      const order = [sectionOf(1, header), ...content.slice(0, 5), none, ...content.slice(5)]
      writeFileSync(fake, concatBytes(containerChunks('ptau', 1, order)))
      const ours = await withPtau(fake, (open) => initialKey(large, open, { engine }))
      const theirs = await withSnarkjs(() => zKey.newZKey(file, fake, { type: 'mem' }))
      expect(Buffer.from(ours.circuitHash).toString('hex')).to.equal(Buffer.from(theirs as Uint8Array).toString('hex'))
    }
  })
})
