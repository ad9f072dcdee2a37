// SPDX-License-Identifier: GPL-3.0-or-later
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

import { expect } from 'chai'
import { keccak256 } from 'ethers'

import {
  BASE_FIELD,
  encodeWtns,
  FIELD_BYTES,
  SCALAR_FIELD,
  sha256File,
  toFieldBytes,
  writeFileAtomic,
  writeR1cs,
} from '../../prover/binfile'
import {
  leaseSnarkjs,
  SignalCountError,
  type SetupPaths,
  type SnarkjsLease,
  WitnessMismatchError,
} from '../../prover/groth16'
import { g1Add, G1_GENERATOR } from '../../prover/groth16/curve'
import {
  checkUniversalKey,
  checkUniversalZkey,
  isDevKey,
  estimateUniversal,
  parseSnarkjsUniversalProof,
  parseUniversalKey,
  proveUniversal,
  readKeySystem,
  readUniversalKeyMetadata,
  readUniversalZkey,
  requireFit,
  toSnarkjsUniversalProof,
  UNIVERSAL_SYSTEMS,
  universalKeyHash,
  universalSetup,
  type UniversalProof,
  type UniversalSetupResult,
  type UniversalStatement,
  type UniversalSystem,
  verifyUniversal,
} from '../../prover/universal'
import { compileCircom, type CompiledCircuit, SMALL_CIRCUIT, SMALL_INPUT, workspace } from '../support/circom-circuit'
import { knownPtau } from '../support/known-ptau'
import { blake2bFile } from '../../prover/groth16/ptau/hermez'
import { rejection, thrown } from '../support/rejection'
import { syntheticCircuit } from '../support/synthetic-r1cs'

const OTHER_INPUT = { ...SMALL_INPUT, x: 4 }

describe('universal: setup, proof and verification', function () {
  this.timeout(60_000)
  const space = workspace()
  const ptau = space.path('known.ptau')
  const made = {} as Record<UniversalSystem, UniversalSetupResult & UniversalStatement>
  let lease: SnarkjsLease
  let circuit: CompiledCircuit

  const pathsOf = (name: string, r1cs = circuit.r1cs): SetupPaths => ({
    r1cs,
    zkey: space.path(`${name}.zkey`),
    verificationKey: space.path(`${name}.vkey.json`),
    metadata: space.path(`${name}.json`),
  })

  before(async () => {
    lease = await leaseSnarkjs()
    circuit = compileCircom(space, 'small', SMALL_CIRCUIT)
    await writeFileAtomic(ptau, [await knownPtau(9, { tau: 1234567n, alpha: 5n, beta: 7n })])
    const wtns = readFileSync(await circuit.witness('w', SMALL_INPUT))
    for (const system of UNIVERSAL_SYSTEMS) {
      const result = await universalSetup(pathsOf(system), { system, ptau })
      made[system] = { ...result, ...(await proveUniversal(checkUniversalZkey(pathsOf(system).zkey), wtns)) }
    }
  })
  after(async () => {
    await lease.release()
    space.remove()
  })

  for (const system of UNIVERSAL_SYSTEMS) {
    describe(system, () => {
      it('makes a key with its verification key and metadata, the same from the same files', async () => {
        const { metadata, key } = made[system]
        const paths = pathsOf(system)
        expect(readUniversalKeyMetadata(paths.metadata)).to.deep.equal(metadata)
        expect(readKeySystem(paths.metadata)).to.equal(system)
        expect(metadata).to.include({
          system,
          setupHash: `0x${'0'.repeat(64)}`,
          nPublic: 3,
          zkeyHash: `0x${await sha256File(paths.zkey)}`,
          vkHash: universalKeyHash(key),
        })
        expect(metadata.ptau).to.deep.equal({ source: 'unknown', power: 9, blake2b: await blake2bFile(ptau) })
        expect(isDevKey(metadata)).to.equal(true)
        expect(parseUniversalKey(JSON.parse(readFileSync(paths.verificationKey, 'utf8')))).to.deep.equal(key)
        expect(readUniversalZkey(paths.zkey).key).to.deep.equal(key)
        const seen: number[] = []
        const again = await universalSetup(pathsOf('again'), { system, ptau, onProgress: (share) => seen.push(share) })
        expect(again.metadata).to.deep.equal(metadata)
        expect(seen)
          .to.deep.equal([...seen].sort((a, b) => a - b))
          .and.have.length.greaterThan(4)
        expect(seen.at(-1)).to.equal(1)
        expect(readdirSync(dirname(paths.zkey)).filter((name) => name.endsWith('.tmp'))).to.deep.equal([])
      })

      it('proves, and its proof survives a file', async () => {
        const { key, proof, publicSignals } = made[system]
        expect(publicSignals).to.deep.equal([254n, 6n, 3n])
        expect(await verifyUniversal(key, publicSignals, proof)).to.equal(true)
        const json: unknown = JSON.parse(JSON.stringify(toSnarkjsUniversalProof(proof)))
        expect(parseSnarkjsUniversalProof(json, system)).to.deep.equal(proof)
        expect(() => parseSnarkjsUniversalProof(json, system === 'plonk' ? 'fflonk' : 'plonk')).to.throw('protocol')
      })

      it('takes no other statement, and no alias of it', async () => {
        const { key, proof, publicSignals } = made[system]
        for (const forged of [
          [255n, 6n, 3n],
          [6n, 254n, 3n],
          [254n + SCALAR_FIELD, 6n, 3n],
          [254n, 6n, 3n - SCALAR_FIELD],
        ])
          expect(await verifyUniversal(key, forged, proof), forged.join()).to.equal(false)
        const count = await rejection(verifyUniversal(key, publicSignals.slice(1), proof))
        expect(count).to.be.instanceOf(SignalCountError)
      })

      it('takes no proof that was changed, wherever', async () => {
        const { key, proof, publicSignals } = made[system]
        const points = system === 'plonk' ? 9 : 4
        const forgeries: bigint[][] = []
        const change = (edit: (words: bigint[]) => void): void => {
          const words = [...proof.words]
          edit(words)
          forgeries.push(words)
        }
        for (let i = 0; i < points; i++) {
          const sum = g1Add({ x: proof.words[2 * i]!, y: proof.words[2 * i + 1]! }, G1_GENERATOR)
          change((words) => words.splice(2 * i, 2, sum.x, sum.y))
        }
        // FFLONK's last word is an inverse that only a contract reads.
        const values = system === 'plonk' ? 24 : 23
        for (let i = 2 * points; i < values; i++) change((words) => (words[i] = (words[i]! + 1n) % SCALAR_FIELD))
        change((words) => (words[1] = BASE_FIELD - words[1]!))
        change((words) => (words[0] = words[0]! + BASE_FIELD))
        change((words) => (words[0] = words[0]! + 1n))
        change((words) => (words[23] = words[23]! + SCALAR_FIELD))
        change((words) => words.fill(0n))
        change((words) => words.fill(0n, 0, 2))
        change((words) => words.pop())
        for (const [i, words] of forgeries.entries())
          expect(await verifyUniversal(key, publicSignals, { system, words }), `${i}`).to.equal(false)
      })

      it('refuses keys that are damaged, swapped or not safe', async () => {
        const { key, proof, publicSignals } = made[system]
        const other = system === 'plonk' ? 'fflonk' : 'plonk'
        expect(await verifyUniversal(made[other].key, publicSignals, proof)).to.equal(false)
        const json = JSON.parse(readFileSync(pathsOf(system).verificationKey, 'utf8')) as Record<string, unknown>
        for (const change of [{ k1: '1' }, { w: '1' }, { power: 2 }, { nPublic: 0 }, { curve: 'bls12381' }])
          expect(() => parseUniversalKey({ ...json, ...change }), JSON.stringify(change)).to.throw()
        const unsafe = [
          { ...key, x2: { x: [0n, 0n], y: [0n, 0n] } as const },
          { ...key, commitments: key.commitments.map(() => ({ x: 0n, y: 0n })) },
          { ...key, commitments: key.commitments.map(({ x, y }) => ({ x, y: y + 1n })) },
        ]
        for (const bad of unsafe)
          expect(() => checkUniversalKey(bad))
            .to.throw()
            .with.property('code', 'UNIVERSAL_KEY_UNSAFE')

        const bytes = readFileSync(pathsOf(system).zkey)
        const broken = space.path('broken.zkey')
        writeFileSync(broken, bytes.subarray(0, -1))
        expect(thrown(() => checkUniversalZkey(broken))).to.have.property('code', 'BINFILE_TRUNCATED')
        // The first wire of the first map: section 4.
        const { additions, gates } = made[system].metadata
        const map = Buffer.alloc(12)
        map.writeUInt32LE(4, 0)
        map.writeBigUInt64LE(BigInt(gates * 4), 4)
        const at = bytes.indexOf(map) + 12
        expect(additions).to.be.greaterThan(0)
        const pointing = Buffer.from(bytes)
        pointing.writeUInt32LE(1_000_000, at)
        writeFileSync(broken, pointing)
        expect(thrown(() => checkUniversalZkey(broken))).to.have.property('code', 'BINFILE_CORRUPT')
      })

      it('proves neither for a witness of another circuit nor for one that breaks a row', async () => {
        const zkey = checkUniversalZkey(pathsOf(system).zkey)
        const { r1cs, values } = syntheticCircuit(11, 2)
        expect(r1cs.nWires).not.to.equal(zkey.circuitWires)
        expect(await rejection(proveUniversal(zkey, encodeWtns(values)))).to.be.instanceOf(WitnessMismatchError)
        const wtns = readFileSync(await circuit.witness('other', OTHER_INPUT))
        wtns.set(toFieldBytes(9n), wtns.byteLength - FIELD_BYTES)
        expect(await rejection(proveUniversal(zkey, wtns))).to.have.property('code', 'UNIVERSAL_PROOF_FAILED')
      })
    })
  }

  it('refuses, before it starts, what will not fit, with numbers and advice', async () => {
    const small = estimateUniversal(syntheticCircuit(100, 2).r1cs, 'plonk')
    const cases: [() => void, string, RegExp][] = [
      [
        () => requireFit(small, ptau, { memory: 1e6 }),
        'UNIVERSAL_MEMORY',
        /PLONK setup .* gates.*2\^7.*1\.0 MiB are free/,
      ],
      [() => requireFit(small, ptau, { heap: 1e4 }), 'UNIVERSAL_MEMORY', /--max-old-space-size=\d+/],
      [() => requireFit(small, ptau, { disk: 1e4 }), 'UNIVERSAL_DISK', /key will have/],
      [() => requireFit({ ...small, ptauPower: 29 }, ptau), 'UNIVERSAL_TOO_LARGE', /groth16/],
      [() => requireFit({ ...small, power: 27 }, ptau), 'UNIVERSAL_TOO_LARGE', /2\^26/],
    ]
    for (const [run, code, message] of cases) {
      const error = thrown(run)
      expect(error).to.have.property('code', code)
      expect(error.message).to.match(message)
    }
    const large = space.path('large.r1cs')
    await writeR1cs(large, syntheticCircuit(100, 2).r1cs)
    const tooSmall = await rejection(universalSetup(pathsOf('no', large), { system: 'fflonk', ptau }))
    expect(tooSmall).to.have.property('code', 'GROTH16_PTAU_TOO_SMALL')
    expect(tooSmall.message).to.match(/power 9, but the circuit needs power 10/)
    const truncated = space.path('truncated.ptau')
    writeFileSync(truncated, readFileSync(ptau).subarray(0, -5))
    for (const [file, code] of [
      [truncated, 'BINFILE_TRUNCATED'],
      [circuit.r1cs, 'BINFILE_WRONG_TYPE'],
    ] as const)
      expect(await rejection(universalSetup(pathsOf('no'), { system: 'plonk', ptau: file }))).to.have.property(
        'code',
        code,
      )
    const noRoom = universalSetup(pathsOf('no'), { system: 'plonk', ptau, room: { memory: 1 } })
    expect(await rejection(noRoom)).to.have.property('code', 'UNIVERSAL_MEMORY')
    expect(existsSync(pathsOf('no').zkey)).to.equal(false)
    expect(existsSync(pathsOf('no').metadata)).to.equal(false)
  })

  it('over published powers of tau has a transcript, whose hash is the setupHash, and any other has none', async () => {
    const paths = { ...pathsOf('published'), transcript: space.path('published.transcript.json') }
    const published = (blake2b: string) =>
      blake2b === made.plonk.metadata.ptau.blake2b ? { name: 'known.ptau', power: 9 } : undefined
    const { metadata } = await universalSetup(paths, { system: 'plonk', ptau, published })
    expect(metadata.setupHash).to.equal(keccak256(readFileSync(paths.transcript)))
    expect(metadata.ptau.source).to.equal('hermez')
    expect(isDevKey(metadata)).to.equal(false)
    const { setupHash, ptau: origin, ...key } = metadata
    expect(made.plonk.metadata).to.deep.include(key)
    const transcript = JSON.parse(readFileSync(paths.transcript, 'utf8')) as object
    const { r1csHash, zkeyHash, vkHash } = metadata
    expect(transcript).to.deep.equal({
      format: 'zkml-universal-setup/1',
      system: 'plonk',
      r1csHash,
      ptau: origin,
      zkeyHash,
      vkHash,
    })
    for (const change of [
      { setupHash: `0x${'0'.repeat(64)}` },
      { ptau: { ...origin, source: 'unknown' } },
      { zkeyHash: setupHash },
    ]) {
      writeFileSync(paths.metadata, JSON.stringify({ ...metadata, ...change }))
      expect(() => readUniversalKeyMetadata(paths.metadata), Object.keys(change).join()).to.throw('setupHash')
    }
    await universalSetup(paths, { system: 'plonk', ptau })
    expect(existsSync(paths.transcript)).to.equal(false)
  })

  it('refuses a proof for which there is no memory', async () => {
    const zkey = checkUniversalZkey(pathsOf('plonk').zkey)
    const wtns = readFileSync(await circuit.witness('room', SMALL_INPUT))
    expect(await rejection(proveUniversal(zkey, wtns, { room: { memory: 1 } }))).to.have.property(
      'code',
      'UNIVERSAL_MEMORY',
    )
    const other: UniversalProof = { ...made.plonk.proof, system: 'fflonk' }
    expect(await verifyUniversal(made.plonk.key, made.plonk.publicSignals, other)).to.equal(false)
  })
})
