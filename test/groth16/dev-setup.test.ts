// SPDX-License-Identifier: GPL-3.0-or-later
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { expect } from 'chai'
import { ChaCha } from 'ffjavascript'
import { curves, zKey } from 'snarkjs'

import { writeFileAtomic } from '../../prover/binfile/atomic'
import { SCALAR_FIELD } from '../../prover/binfile/field'
import type { R1cs } from '../../prover/binfile/r1cs'
import { readR1cs } from '../../prover/binfile/r1cs-reader'
import { encodeR1cs } from '../../prover/binfile/r1cs-writer'
import { devSetup, keyFromToxicWaste } from '../../prover/groth16/dev-setup'
import { CircuitTooLargeError, domainOf } from '../../prover/groth16/domain'
import { nativeEngine } from '../../prover/groth16/native-engine'
import { powerModR, rootOfUnity } from '../../prover/groth16/scalar-math'
import { withSnarkjs } from '../../prover/groth16/snarkjs-session'
import { drawToxicWaste, EntropyTooShortError, publicToxicWaste } from '../../prover/groth16/toxic-waste'
import { openZkey, verifyingKeyOf, withZkey, ZKEY } from '../../prover/groth16/zkey'
import { wasmEngine } from '../../prover/groth16/wasm-engine'
import { loadNative, NATIVE_LEVELS } from '../../prover/native'
import { compileCircom, SMALL_CIRCUIT, workspace } from '../support/circom-circuit'
import { knownPtau } from '../support/known-ptau'
import { rejection, thrown } from '../support/rejection'
import { sparse, syntheticCircuit } from '../support/synthetic-r1cs'

const SECRETS = {
  tau: 0x1fedcba987654321fedcba987654321fedcba987654321fedcba98765432101n,
  alpha: 0x0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdefn,
  beta: 0x0f0e0d0c0b0a09080706050403020100fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0n,
}

/** Every engine that is here. */
const ENGINES = [
  wasmEngine,
  ...NATIVE_LEVELS.map((level) => loadNative(level).addon).flatMap((addon) => (addon ? [nativeEngine(addon)] : [])),
]

/** The δ of `zkey beacon`, which is a public function of the beacon. */
async function beaconDelta(beacon: string, exponent: number): Promise<bigint> {
  let hash = Buffer.from(beacon, 'hex')
  for (let i = 0; i < 2 ** exponent; i++) hash = createHash('sha256').update(hash).digest()
  const seed = Array.from({ length: 8 }, (_, i) => hash.readUInt32BE(i * 4))
  const { Fr } = await curves.getCurveFromName('bn128')
  return Fr.toObject(Fr.fromRng(new ChaCha(seed)))
}

/** Rows whose matrices repeat wires, leave wires out, and have coefficients other than ±1. */
function awkwardCircuit(): R1cs {
  const rows = [
    [
      [3, 0],
      [3, 1],
      [0, 2],
    ],
    [],
    [[5, 2]],
    [
      [1, 1],
      [2, 1],
      [6, 0],
    ],
  ] as const
  return {
    nWires: 9,
    nPubOut: 1,
    nPubIn: 2,
    nPrvIn: 1,
    nLabels: 9,
    nConstraints: 4,
    a: sparse(rows),
    b: sparse([rows[2], rows[0], rows[3], []]),
    c: sparse([rows[3], [], rows[1], rows[0]]),
    coefficients: [1n, SCALAR_FIELD - 5n, 0xabcdef0123456789abcdef0123456789abcdefn],
    wireToLabel: Uint32Array.from({ length: 9 }, (_, i) => i),
  }
}

describe('groth16: dev setup', function () {
  this.timeout(60_000)
  const space = workspace()
  after(() => space.remove())

  const sectionsOf = (input: string | Uint8Array, ids: readonly number[]): Buffer[] => {
    const { file } = openZkey(input)
    const all = ids.map((id) => Buffer.from(file.section(id)))
    file.close()
    return all
  }
  const ALL = [1, 2, 3, 4, 5, 6, 7, 8, 9]

  it('gives every byte that snarkjs gives for the same τ, α, β, δ, before and after a contribution', async () => {
    const compiled = readR1cs(compileCircom(space, 'small', SMALL_CIRCUIT).r1cs)
    const circuits = [compiled, awkwardCircuit(), syntheticCircuit(50, 3).r1cs, syntheticCircuit(5, 2).r1cs]
    const ptau = await knownPtau(6, SECRETS)
    const beacon = '0102030405060708'
    for (const [index, r1cs] of circuits.entries()) {
      const [first, last, ours] = ['first', 'last', 'ours'].map((name) => space.path(`${name}-${index}.zkey`))
      const delta = await withSnarkjs(async () => {
        expect(await zKey.newZKey(encodeR1cs(r1cs), ptau, first!)).to.be.instanceOf(Uint8Array)
        await zKey.beacon(first!, last!, 'test', beacon, 10)
        return beaconDelta(beacon, 10)
      })
      for (const engine of ENGINES) {
        await writeFileAtomic(ours!, await keyFromToxicWaste(r1cs, { ...SECRETS, delta: 1n }, { engine }))
        expect(sectionsOf(ours!, ALL), `${engine.name}, circuit ${index}, δ = 1`).to.deep.equal(sectionsOf(first!, ALL))
        await writeFileAtomic(ours!, await keyFromToxicWaste(r1cs, { ...SECRETS, delta }, { engine }))
        expect(sectionsOf(ours!, ALL), `${engine.name}, circuit ${index}`).to.deep.equal(sectionsOf(last!, ALL))
      }
    }
  })

  it('chooses the domain and the roots of unity that snarkjs chooses', async () => {
    const power = (nConstraints: number, nPubIn: number): number => domainOf({ nConstraints, nPubOut: 0, nPubIn }).power
    expect([power(0, 0), power(0, 1), power(1, 1), power(5, 2), power(6, 2)]).to.deep.equal([1, 1, 2, 3, 4])
    expect(power(2 ** 17 - 31, 30)).to.equal(17)
    expect(power(2 ** 17 - 30, 30)).to.equal(18)
    expect(thrown(() => power(2 ** 27, 1))).to.be.instanceOf(CircuitTooLargeError)
    const roots = await withSnarkjs(async () => {
      const { Fr } = await curves.getCurveFromName('bn128')
      return Fr.w.slice(0, Fr.s + 1).map((root) => Fr.toObject(root))
    })
    expect(roots).to.deep.equal(roots.map((_, k) => rootOfUnity(k)))
  })

  it('rebuilds a public-seed key byte for byte, on any number of threads', async () => {
    const { r1cs } = syntheticCircuit(1500, 4)
    const hashes = []
    for (const engine of ENGINES) {
      for (const threads of [1, 3]) {
        hashes.push((await devSetup(r1cs, space.path('seed.zkey'), { publicSeed: 'demo/1', threads, engine })).sha256)
      }
    }
    expect(new Set(hashes).size).to.equal(1)
    const other = await devSetup(r1cs, space.path('seed.zkey'), { publicSeed: 'demo/2' })
    expect(other.sha256).not.to.equal(hashes[0])
    // Pinned: a change here changes the verifiers of the bundled models.
    const pinned = await devSetup(syntheticCircuit(5, 2).r1cs, space.path('pinned.zkey'), { publicSeed: 'demo/1' })
    expect(pinned.sha256).to.equal(PINNED)
  })

  it('draws fresh secrets each time, and the same from the same entropy', async () => {
    const { r1cs } = syntheticCircuit(5, 2)
    const key = async (entropy?: Uint8Array): Promise<string> =>
      (await devSetup(r1cs, space.path('fresh.zkey'), entropy === undefined ? {} : { entropy })).sha256
    expect(await key()).not.to.equal(await key())
    const entropy = new Uint8Array(32).fill(7)
    expect(await key(entropy)).to.equal(await key(entropy))
    expect(await rejection(key(new Uint8Array(31)))).to.be.instanceOf(EntropyTooShortError)
  })

  it('draws values that make a sound key', () => {
    for (const waste of [drawToxicWaste(), publicToxicWaste('a'), publicToxicWaste('b')]) {
      for (const value of Object.values(waste)) expect(value > 0n && value < SCALAR_FIELD).to.equal(true)
      expect(powerModR(waste.tau, 1n << 28n)).not.to.equal(1n)
      expect(waste.delta).not.to.equal(1n)
      expect(new Set(Object.values(waste)).size).to.equal(4)
    }
    expect(thrown(() => publicToxicWaste(''))).to.have.property('code', 'GROTH16_SEED_EMPTY')
  })

  it('reports progress up to 1 and leaves no file when it is cancelled', async () => {
    const { r1cs } = syntheticCircuit(200, 2)
    const seen: number[] = []
    await devSetup(r1cs, space.path('progress.zkey'), { onProgress: (share) => seen.push(share) })
    expect([...seen].sort((a, b) => a - b)).to.deep.equal(seen)
    expect(seen.at(-1)).to.equal(1)
    const cancelled = devSetup(r1cs, space.path('never.zkey'), { signal: AbortSignal.abort(new Error('cancelled')) })
    expect(await rejection(cancelled)).to.have.property('message', 'cancelled')
    expect(() => readFileSync(space.path('never.zkey'))).to.throw()
  })

  it('draws other secrets for another circuit, even from the same entropy', async () => {
    const entropy = new Uint8Array(64).fill(9)
    const keys = await Promise.all(
      [3, 4].map(async (rows) => {
        const path = space.path(`bound-${rows}.zkey`)
        await devSetup(syntheticCircuit(rows, 1).r1cs, path, { entropy })
        return withZkey(path, verifyingKeyOf)
      }),
    )
    expect(keys[0]!.alpha.x).not.to.equal(keys[1]!.alpha.x)
    expect(keys[0]!.delta.x[0]).not.to.equal(keys[1]!.delta.x[0])
  })

  it('writes more coefficients than fit one chunk, in order', async () => {
    const { r1cs } = syntheticCircuit(40_000, 3)
    const { coefficientSection } = await import('../../prover/groth16/zkey-writer')
    const { length, chunks } = coefficientSection(r1cs)
    const all = Buffer.concat([...chunks])
    expect(all.byteLength).to.equal(length)
    let last = -1
    let inOrder = true
    for (let at = 4; at < all.byteLength; at += 44) {
      const row = all.readUInt32LE(at + 4)
      inOrder &&= row === last || row === last + 1
      last = row
    }
    expect(inOrder).to.equal(true)
    expect(last).to.equal(r1cs.nConstraints + 3)
    expect(ZKEY.coefficients).to.equal(4)
  })
})

const PINNED = '8f4fadb097695ee9b51ed53fc043c73000a152417c76d5034a26a7bee1b3f4d5'
