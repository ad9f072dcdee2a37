// SPDX-License-Identifier: GPL-3.0-or-later
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

import { expect } from 'chai'
import { curves, powersOfTau, zKey } from 'snarkjs'

import { sha256File } from '../../prover/binfile/atomic'
import { BinFileError } from '../../prover/binfile/container'
import { writeR1cs } from '../../prover/binfile/r1cs-writer'
import {
  type KeyMetadata,
  KeyMetadataError,
  parseKeyMetadata,
  readKeyMetadata,
} from '../../prover/groth16/key-metadata'
import { checkPtau, PtauNotPreparedError, PtauTooSmallError } from '../../prover/groth16/ptau/format'
import { setup, type SetupOptions, type SetupPaths, SetupSourceError } from '../../prover/groth16/setup'
import { snarkjsBackend } from '../../prover/groth16/snarkjs-backend'
import { withSnarkjs } from '../../prover/groth16/snarkjs-session'
import {
  checkVerifyingKey,
  parseSnarkjsVerificationKey,
  UnsafeVerifyingKeyError,
  vkHash,
} from '../../prover/groth16/vkey'
import {
  compileCircom,
  type CompiledCircuit,
  QUIET,
  SMALL_CIRCUIT,
  SMALL_INPUT,
  workspace,
} from '../support/circom-circuit'
import { rejection, thrown } from '../support/rejection'
import { syntheticCircuit } from '../support/synthetic-r1cs'

const POWER = 5

describe('groth16: setup', function () {
  this.timeout(60_000)
  const space = workspace()
  const [raw, contributed, ptau] = ['raw.ptau', 'contributed.ptau', 'final.ptau'].map(space.path) as [
    string,
    string,
    string,
  ]
  let circuit: CompiledCircuit
  before(async () => {
    circuit = compileCircom(space, 'small', SMALL_CIRCUIT)
    await withSnarkjs(async () => {
      await powersOfTau.newAccumulator(await curves.getCurveFromName('bn128'), POWER, raw)
      await powersOfTau.contribute(raw, contributed, 'test', 'entropy')
      await powersOfTau.preparePhase2(contributed, ptau)
    })
  })
  after(() => space.remove())

  const pathsOf = (name: string, r1cs = circuit.r1cs): SetupPaths => ({
    r1cs,
    zkey: space.path(`${name}.zkey`),
    verificationKey: space.path(`${name}.vkey.json`),
    metadata: space.path(`${name}.json`),
  })

  async function checkOutput(paths: SetupPaths, metadata: KeyMetadata): Promise<void> {
    expect(readKeyMetadata(paths.metadata)).to.deep.equal(metadata)
    expect(metadata.r1csHash).to.equal(`0x${await sha256File(paths.r1cs)}`)
    expect(metadata.zkeyHash).to.equal(`0x${await sha256File(paths.zkey)}`)
    expect(metadata.setupHash).to.equal(`0x${'0'.repeat(64)}`)
    expect(metadata).to.include({ nPublic: 3, domainSize: 16 })
    const vk = parseSnarkjsVerificationKey(JSON.parse(readFileSync(paths.verificationKey, 'utf8')))
    checkVerifyingKey(vk)
    expect(metadata.vkHash).to.equal(vkHash(vk))
    const { publicSignals } = await snarkjsBackend().prove(paths.zkey, await circuit.witness('w', SMALL_INPUT))
    expect(publicSignals).to.deep.equal([254n, 6n, 3n])
    expect(readdirSync(dirname(paths.zkey)).filter((name) => name.endsWith('.tmp'))).to.deep.equal([])
  }

  it('makes a dev key with its verification key and metadata, which prove', async () => {
    const paths = pathsOf('dev')
    const { metadata } = await setup(paths, { dev: true })
    expect(metadata.kind).to.equal('dev')
    expect(metadata.tools).to.have.all.keys('zkml', 'snarkjs')
    await checkOutput(paths, metadata)
  })

  it('rebuilds a public-seed key to the same files', async () => {
    const [first, second] = [pathsOf('seed1'), pathsOf('seed2')]
    const { metadata } = await setup(first, { dev: true, publicSeed: 'demo' })
    await setup(second, { dev: true, publicSeed: 'demo', threads: 2 })
    expect(metadata).to.include({ kind: 'dev-public-seed', publicSeed: 'demo' })
    for (const part of ['zkey', 'verificationKey', 'metadata'] as const) {
      expect(readFileSync(second[part])).to.deep.equal(readFileSync(first[part]))
    }
  })

  it('makes a key from powers of tau, contributed to, which snarkjs verifies against them', async () => {
    const paths = pathsOf('ptau')
    const seen: number[] = []
    const { metadata } = await setup(paths, { ptau, onProgress: (share) => seen.push(share) })
    expect(metadata).to.include({ kind: 'ptau-single-party', ptauHash: `0x${await sha256File(ptau)}` })
    await checkOutput(paths, metadata)
    expect(await withSnarkjs(() => zKey.verifyFromR1cs(paths.r1cs, ptau, paths.zkey, QUIET))).to.equal(true)
    expect([...seen].sort((a, b) => a - b)).to.deep.equal(seen)
    expect(seen.at(-1)).to.equal(1)
    const again = await setup(pathsOf('ptau-again'), { ptau })
    expect(again.metadata.vkHash).not.to.equal(metadata.vkHash)
  })

  it('asks for exactly one source and names both', async () => {
    const wrong: SetupOptions[] = [
      {},
      { dev: false },
      { dev: true, ptau },
      { ptau, publicSeed: 'demo' },
      { dev: true, publicSeed: 'demo', entropy: new Uint8Array(32) },
    ]
    for (const options of wrong) {
      const error = await rejection(setup(pathsOf('none'), options))
      expect(error).to.be.instanceOf(SetupSourceError)
      expect(error.message).to.match(/--dev.*--ptau FILE/)
    }
    expect(existsSync(space.path('none.zkey'))).to.equal(false)
  })

  it('refuses powers of tau that are too small, not prepared, truncated or something else, before it starts', async () => {
    const large = space.path('large.r1cs')
    await writeR1cs(large, syntheticCircuit(40, 2).r1cs)
    const tooSmall = await rejection(setup(pathsOf('no', large), { ptau }))
    expect(tooSmall).to.be.instanceOf(PtauTooSmallError)
    expect(tooSmall.message).to.match(/power 5.*power 6/)
    expect(thrown(() => checkPtau(contributed, 4))).to.be.instanceOf(PtauNotPreparedError)
    const truncated = space.path('truncated.ptau')
    writeFileSync(truncated, readFileSync(ptau).subarray(0, -5))
    expect(await rejection(setup(pathsOf('no'), { ptau: truncated }))).to.be.instanceOf(BinFileError)
    expect(await rejection(setup(pathsOf('no'), { ptau: circuit.r1cs }))).to.have.property('code', 'BINFILE_WRONG_TYPE')
    expect(readdirSync(dirname(large)).filter((name) => name.startsWith('no.'))).to.deep.equal([])
  })

  it('refuses a circuit without public signals, and keeps what was there', async () => {
    const paths = pathsOf('kept')
    await setup(paths, { dev: true })
    const before = readFileSync(paths.zkey)
    const source = 'template T() { signal input a; signal input b; a * b === 6; } component main = T();'
    const closed = compileCircom(space, 'closed', `pragma circom 2.1.0; ${source}`)
    const error = await rejection(setup({ ...paths, r1cs: closed.r1cs }, { dev: true }))
    expect(error).to.be.instanceOf(UnsafeVerifyingKeyError)
    expect(readFileSync(paths.zkey).equals(before)).to.equal(true)
    expect(readKeyMetadata(paths.metadata).nPublic).to.equal(3)
  })

  it('refuses metadata that it did not write', async () => {
    const good = readKeyMetadata(pathsOf('dev').metadata)
    const cases: [string, unknown][] = [
      ['object', []],
      ['schema', { ...good, schema: 'zkml/proving-key/9' }],
      ['kind', { ...good, kind: 'other' }],
      ['ceremony', { ...good, kind: 'ceremony' }],
      ['hash', { ...good, vkHash: '0x12' }],
      ['setupHash', { ...good, setupHash: good.vkHash }],
      ['count', { ...good, nPublic: -1 }],
      ['tools', { ...good, tools: { zkml: 1 } }],
      ['seed', { ...good, kind: 'dev-public-seed' }],
    ]
    for (const [name, json] of cases) {
      expect(
        thrown(() => parseKeyMetadata(json)),
        name,
      ).to.be.instanceOf(KeyMetadataError)
    }
    expect(thrown(() => readKeyMetadata(space.path('absent.json')))).to.be.instanceOf(KeyMetadataError)
  })
})
