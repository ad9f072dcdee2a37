// SPDX-License-Identifier: GPL-3.0-or-later
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect } from 'chai'
import { curves, powersOfTau } from 'snarkjs'

import { BinFileError } from '../../prover/binfile/container'
import { ContributionNameError } from '../../prover/groth16/contribution/fields'
import { BeaconError, parseBeacon } from '../../prover/groth16/contribution/randomness'
import { g2PointWithX } from '../../prover/groth16/curve'
import { wasmEngine as engine } from '../../prover/groth16/wasm-engine'
import { withSnarkjs } from '../../prover/groth16/snarkjs-session'
import { PtauInvalidError, PtauPowerError } from '../../prover/groth16/ptau/checks'
import { writeContributions } from '../../prover/groth16/ptau/contribution'
import { beaconPtau, contributePtau, newPtau, preparePtau } from '../../prover/groth16/ptau/create'
import { checkPtau, openPtau, PTAU, readContributions, withPtau } from '../../prover/groth16/ptau/format'
import { blake2bFile, hermezFile } from '../../prover/groth16/ptau/hermez'
import { PartialHash } from '../../prover/groth16/ptau/partial-hash'
import { verifyPtau } from '../../prover/groth16/ptau/verify'
import { QUIET, workspace } from '../support/circom-circuit'
import { encodeG2 } from '../../prover/groth16/zkey'
import { rejection, thrown } from '../support/rejection'
import { sectionAt, truncations, withBytes, withSection } from '../support/section-bytes'

const POWER = 4
const BEACON = '0102030405060708'

describe('groth16: powers of tau', function () {
  this.timeout(60_000)
  const space = workspace()
  const names = ['new', 'raw', 'first', 'second', 'last', 'ready'] as const
  const path = Object.fromEntries(names.map((name) => [name, space.path(`${name}.ptau`)])) as Record<
    (typeof names)[number],
    string
  >
  const read = (file: string): Uint8Array => new Uint8Array(readFileSync(file))
  let ready: Uint8Array
  let alone: Uint8Array
  before(async () => {
    await newPtau(path.new, POWER, { engine, name: 'Ada' })
    // Three contributions, of which snarkjs makes the first.
    await withSnarkjs(async () => {
      await powersOfTau.newAccumulator(await curves.getCurveFromName('bn128'), POWER, path.raw)
      await powersOfTau.contribute(path.raw, path.first, 'Ada', 'entropy')
    })
    await contributePtau(path.first, path.second, { engine, name: 'Grace', entropy: 'dice' })
    await beaconPtau(path.second, path.last, { engine, beacon: parseBeacon(BEACON, 10) })
    await preparePtau(path.last, path.ready, { engine })
    ready = read(path.ready)
    alone = read(path.new)
  })
  after(() => space.remove())

  const verify = (input: string | Uint8Array) => withPtau(input, (ptau) => verifyPtau(ptau, { engine }))
  const isRefused = async (input: Uint8Array, reason: RegExp): Promise<void> => {
    const error = await rejection(verify(input))
    expect(error).to.be.instanceOf(PtauInvalidError)
    expect(error.message).to.match(reason)
  }
  const g1 = (index: number): Uint8Array => {
    const { offset } = sectionAt(alone, 'ptau', PTAU.tauG1)
    return alone.slice(offset + index * 64, offset + (index + 1) * 64)
  }
  const g2 = (index: number): Uint8Array => {
    const { offset } = sectionAt(alone, 'ptau', PTAU.tauG2)
    return alone.slice(offset + index * 128, offset + (index + 1) * 128)
  }

  it('makes files that snarkjs accepts, and bytes that snarkjs makes', async () => {
    const [beacon, prepared, other] = [space.path('b.ptau'), space.path('p.ptau'), space.path('a.ptau')]
    await withSnarkjs(async () => {
      for (const file of [path.new, path.second, path.ready]) {
        expect(await powersOfTau.verify(file, QUIET), file).to.equal(true)
      }
      await powersOfTau.beacon(path.second, beacon, undefined, BEACON, 10)
      await powersOfTau.preparePhase2(path.last, prepared)
      await powersOfTau.preparePhase2(path.new, other)
    })
    expect(read(beacon)).to.deep.equal(read(path.last))
    expect(read(prepared)).to.deep.equal(ready)
    expect(read(other), 'bases computed from the secrets').to.deep.equal(alone)
  })

  it('accepts its own files and those of snarkjs, cut down too, and says who contributed', async () => {
    const contributions = await verify(path.ready)
    expect(contributions.map(({ name }) => name)).to.deep.equal(['Ada', 'Grace', undefined])
    expect(contributions.map(({ beacon }) => beacon?.iterationsExponent)).to.deep.equal([undefined, undefined, 10])
    await verify(path.new)
    await verify(path.first)
    await withSnarkjs(() => powersOfTau.truncate(path.ready, space.path('cut'), QUIET))
    for (const power of [1, 3]) {
      const cut = space.path(`cut0${power}.ptau`)
      await verify(cut)
      const { ceremonyPower, file } = openPtau(cut)
      file.close()
      expect(ceremonyPower).to.equal(POWER)
      const error = await rejection(contributePtau(cut, space.path('no.ptau'), { engine }))
      expect(error).to.be.instanceOf(PtauPowerError)
    }
  })

  it('refuses wrong points in every section', async () => {
    await isRefused(withBytes(alone, 'ptau', PTAU.tauG1, 5 * 64, g1(6)), /section 2 does not hold the powers/)
    await isRefused(withBytes(alone, 'ptau', PTAU.tauG1, 30 * 64, g1(6)), /section 2 does not hold the powers/)
    await isRefused(withBytes(alone, 'ptau', PTAU.tauG2, 5 * 128, g2(6)), /section 3 does not hold the powers/)
    await isRefused(withBytes(alone, 'ptau', PTAU.alphaTauG1, 5 * 64, g1(6)), /section 4 does not hold/)
    await isRefused(withBytes(alone, 'ptau', PTAU.betaTauG1, 15 * 64, g1(6)), /section 5 does not hold/)
    await isRefused(withBytes(alone, 'ptau', PTAU.tauG1, 0, g1(1)), /begin with the generator/)
    await isRefused(withBytes(alone, 'ptau', PTAU.tauG1, 64, g1(2)), /τ in G1 is not that of the last/)
    await isRefused(withBytes(alone, 'ptau', PTAU.tauG2, 128, g2(2)), /τ in G2 is not that of the last/)
    await isRefused(withBytes(alone, 'ptau', PTAU.alphaTauG1, 0, g1(2)), /α is not that of the last/)
    await isRefused(withBytes(alone, 'ptau', PTAU.betaTauG1, 0, g1(2)), /β in G1 is not that of the last/)
    await isRefused(withBytes(alone, 'ptau', PTAU.betaG2, 0, g2(2)), /β in G2 is not that of the last/)
    for (const [id, point] of [
      [PTAU.lagrangeTauG1, g1(6)],
      [PTAU.lagrangeTauG2, g2(6)],
      [PTAU.lagrangeAlphaTauG1, g1(6)],
      [PTAU.lagrangeBetaTauG1, g1(6)],
    ] as const) {
      await isRefused(withBytes(alone, 'ptau', id, 9 * point.byteLength, point), new RegExp(`section ${id} is not the`))
      const infinity = new Uint8Array(point.byteLength)
      await isRefused(withBytes(alone, 'ptau', id, 9 * point.byteLength, infinity), new RegExp(`section ${id} is not`))
    }
  })

  it('refuses points off the curve, outside the subgroup, and at infinity', async () => {
    const outside = encodeG2([1n, 2n, 3n, 4n].map((c0) => g2PointWithX([c0, 0n])).find((point) => point !== undefined)!)
    await isRefused(withBytes(alone, 'ptau', PTAU.tauG2, 5 * 128, outside), /section 3 leaves the subgroup/)
    await isRefused(withBytes(alone, 'ptau', PTAU.lagrangeTauG2, 5 * 128, outside), /section 13 leaves the subgroup/)
    await isRefused(withBytes(alone, 'ptau', PTAU.tauG1, 5 * 64, new Uint8Array(64)), /section 2 does not hold/)
    for (const id of [2, 3, 4, 5, 6, 12, 13, 14, 15]) {
      await isRefused(withBytes(alone, 'ptau', id, 1, Uint8Array.of(0x5a)), new RegExp(`of section ${id} is not on`))
    }
    const copies = [withBytes(alone, 'ptau', PTAU.tauG1, 1, Uint8Array.of(0x5a))]
    copies.push(withBytes(alone, 'ptau', PTAU.tauG2, 5 * 128, outside))
    for (const copy of copies) {
      writeFileSync(space.path('bad.ptau'), copy)
      const error = await rejection(contributePtau(space.path('bad.ptau'), space.path('no.ptau'), { engine }))
      expect(error, 'a contribution would tell its secrets').to.be.instanceOf(PtauInvalidError)
    }
  })

  it('refuses forged chains of contributions', async () => {
    const all = await withPtau(path.ready, readContributions)
    const [first, second, last] = [all[0]!, all[1]!, all[2]!]
    const chain = (...contributions: typeof all): Uint8Array =>
      withSection(ready, 'ptau', PTAU.contributions, writeContributions(contributions))
    await isRefused(chain(), /no contribution/)
    const beacon = space.path('only-beacon.ptau')
    await beaconPtau(path.raw, beacon, { engine, beacon: parseBeacon(BEACON, 10) })
    await isRefused(read(beacon), /beacons only/)
    await isRefused(chain(second, last), /contribution 1 does not prove knowledge/)
    await isRefused(chain(second, first, last), /contribution 1 does not prove/)
    await isRefused(chain(first, last), /contribution 2 (is not what follows from its beacon|does not prove)/)
    await isRefused(chain(first, second), /τ in G1 is not that of the last/)
    await isRefused(chain(first, { ...second, tauG1: first.tauG1 }, last), /contribution 2 does not follow/)
    await isRefused(chain(first, { ...second, betaG2: first.betaG2 }, last), /contribution 2 does not follow/)
    await isRefused(
      chain(first, second, { ...last, beacon: parseBeacon(BEACON, 11) }),
      /3 is not what follows from its/,
    )
    await isRefused(
      chain(first, second, { ...last, nextChallenge: new Uint8Array(64) }),
      /do not have the hash of the last/,
    )
    const hashed = { ...last, partialHash: first.partialHash }
    await isRefused(chain(first, second, hashed), /do not have the hash of the last/)
    const zero = { ...second.key, tau: { ...second.key.tau, g1s: new Uint8Array(64), g1sx: new Uint8Array(64) } }
    await isRefused(chain(first, { ...second, key: zero }, last), /contribution 2 does not prove knowledge of its tau/)
  })

  it('gives a typed error for every truncation, and for what contradicts the format', async () => {
    for (const bytes of truncations(ready, 'ptau')) expect(thrown(() => openPtau(bytes))).to.be.instanceOf(BinFileError)
    const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer)
    const wrong: [string, Uint8Array][] = [
      ['magic', new Uint8Array([...new TextEncoder().encode('zkey'), ...ready.subarray(4)])],
      ['power', withBytes(ready, 'ptau', PTAU.header, 36, u32(POWER + 1))],
      ['absurd power', withBytes(ready, 'ptau', PTAU.header, 36, u32(40))],
      ['prime', withBytes(ready, 'ptau', PTAU.header, 5, u32(1))],
      ['section', withSection(ready, 'ptau', PTAU.tauG2, new Uint8Array(128))],
      ['too long', withSection(ready, 'ptau', PTAU.betaG2, new Uint8Array(256))],
      ['number of sections', withBytes(ready, 'ptau', PTAU.header, -16, u32(99))],
    ]
    for (const [name, bytes] of wrong)
      expect(
        thrown(() => openPtau(bytes)),
        name,
      ).to.be.instanceOf(BinFileError)

    const broken = (at: number, replacement: Uint8Array): Uint8Array =>
      withBytes(ready, 'ptau', PTAU.contributions, at, replacement)
    const { length } = sectionAt(ready, 'ptau', PTAU.contributions)
    const one = sectionAt(read(path.new), 'ptau', PTAU.contributions).length - 4
    const fields = 4 + one - 5 - 8
    for (const [name, bytes] of [
      ['too many', broken(0, u32(4))],
      ['too few', broken(0, u32(2))],
      ['absurdly many', broken(0, u32(0xffffffff))],
      ['kind', broken(fields, u32(7))],
      ['length of fields', broken(fields + 4, u32(0xffff))],
      ['length of name', broken(fields + 9, Uint8Array.of(200))],
      ['state of hash', broken(fields - 64 - 16, Uint8Array.of(200))],
      ['field', broken(length - 10, Uint8Array.of(1))],
    ] as const) {
      const error = await rejection(verify(bytes))
      expect(error, name).to.be.instanceOf(BinFileError)
    }
  })

  it('refuses impossible sizes, names and beacons before it starts', async () => {
    const out = space.path('no.ptau')
    for (const power of [0, 22, 1.5]) {
      expect(await rejection(newPtau(out, power, { engine }))).to.be.instanceOf(PtauPowerError)
    }
    for (const name of ['', 'x'.repeat(65), 'a\u001b[2Jb']) {
      expect(await rejection(newPtau(out, 2, { engine, name })), name).to.be.instanceOf(ContributionNameError)
    }
    for (const [hex, exponent] of [
      ['', 10],
      ['abc', 10],
      ['zz', 10],
      ['00'.repeat(256), 10],
      ['00', 9],
      ['00', 33],
      ['00', 10.5],
    ] as const) {
      expect(
        thrown(() => parseBeacon(hex, exponent)),
        `${hex} ${exponent}`,
      ).to.be.instanceOf(BeaconError)
    }
    expect(() => checkPtau(path.ready, POWER)).not.to.throw()
    expect(thrown(() => checkPtau(path.ready, POWER + 1))).to.have.property('code', 'GROTH16_PTAU_TOO_SMALL')
    expect(thrown(() => checkPtau(path.last, 2))).to.have.property('code', 'GROTH16_PTAU_NOT_PREPARED')
  })

  it('knows published files by their hash', async () => {
    expect(await blake2bFile(path.ready)).to.equal(createHash('blake2b512').update(ready).digest('hex'))
    expect(hermezFile(await blake2bFile(path.ready))).to.equal(undefined)
    // From the table of the README of snarkjs.
    const eight =
      'd6a8fb3a04feb600096c3b791f936a578c4e664d262e4aa24beed1b7a9a96aa5eb72864d628db247e9293384b74b36ffb52ca8d148d6e1b8b51e279fdf57b583'
    expect(hermezFile(eight)).to.deep.equal({ name: 'powersOfTau28_hez_final_08.ptau', power: 8 })
    const readme = readFileSync(join(__dirname, '../../node_modules/snarkjs/README.md'), 'utf8')
    const rows = [...readme.matchAll(/\[(powersOfTau28_hez_final\w*\.ptau)\]\(\S+\)\s*\| ([0-9a-f]{128})/g)]
    expect(rows).to.have.length(21)
    for (const [, name, hash] of rows) expect(hermezFile(hash!)?.name).to.equal(name)
  })

  it('stops and resumes a hash anywhere', () => {
    for (const [head, tail] of [
      [0, 0],
      [1, 5],
      [128, 0],
      [128, 1],
      [129, 127],
      [256, 300],
      [10_000, 960],
    ] as const) {
      const [a, b] = [new Uint8Array(randomBytes(head)), new Uint8Array(randomBytes(tail))]
      const state = PartialHash.start().update(a).state()
      expect(PartialHash.isState(state)).to.equal(true)
      const expected = createHash('blake2b512').update(a).update(b).digest('hex')
      expect(Buffer.from(PartialHash.resume(state).update(b).digest()).toString('hex')).to.equal(expected)
    }
  })
})
