// SPDX-License-Identifier: GPL-3.0-or-later
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect } from 'chai'

import { leaseSnarkjs, type SnarkjsLease } from '../../prover/groth16'
import {
  artefactPaths,
  loadModel,
  openProver,
  proofFromJson,
  proofToJson,
  readModelFile,
  systemOf,
  verifyInference,
  type ProvedInference,
} from '../../prover/pipeline'
import { requireOwnKey } from '../../prover/pipeline/known-keys'
import { type ProofSystem, UNIVERSAL_SYSTEMS } from '../../prover/universal'
import { buildCli, expectFailure, parseResult, runCli, temporaryFolder, removeFolder } from '../cli/support'
import { rejection } from '../support/rejection'
import { INPUTS, universalModel, type UniversalModel } from './fixture'

const SYSTEMS: readonly ProofSystem[] = ['groth16', ...UNIVERSAL_SYSTEMS]

describe('universal: a model folder', function () {
  this.timeout(60_000)
  const work = temporaryFolder()
  const proofs = {} as Record<ProofSystem, ProvedInference>
  let lease: SnarkjsLease
  let model: UniversalModel

  before(async () => {
    lease = await leaseSnarkjs()
    model = await universalModel()
    for (const system of SYSTEMS) {
      const prover = await openProver(await loadModel(model.of(system)))
      proofs[system] = await prover.prove({ inputs: INPUTS, context: null })
    }
  })
  after(async () => {
    await lease.release()
    removeFolder(work)
  })

  it('proves and verifies with the system that its key names, and states the same', async () => {
    for (const system of SYSTEMS) {
      const proven = proofs[system]
      expect(systemOf(proven.proof)).to.equal(system)
      expect(proven.publicSignals).to.deep.equal(proofs.groth16.publicSignals)
      expect(await verifyInference(model.of(system), proven)).to.include({ valid: true, portable: true })
      const [signal, ...rest] = proven.publicSignals
      const forged = { ...proven, publicSignals: [signal! ^ 1n, ...rest] }
      expect(await verifyInference(model.of(system), forged)).to.include({ valid: false })
    }
  })

  it('writes the system into proof files, and reads it back', () => {
    const { schema } = readModelFile(artefactPaths(model.of('plonk')))
    for (const system of SYSTEMS) {
      const { outputs, salts, secrets, backend, milliseconds, ...statement } = proofs[system]
      if (system !== 'groth16') expect(backend).to.equal('snarkjs')
      expect([outputs.length, salts, secrets]).to.deep.equal([1, [], []])
      expect(milliseconds.prove).to.be.a('number')
      const text = JSON.stringify(proofToJson(schema, statement))
      expect(JSON.parse(text)).to.include({ system: `${system}-bn254-v1` })
      expect(proofFromJson(text, 'proof.json')).to.deep.equal(statement)
      const unknown = JSON.stringify({ ...(JSON.parse(text) as object), system: 'stark' })
      expect(() => proofFromJson(unknown, 'proof.json')).to.throw('"system"')
    }
  })

  it('takes no proof of another system, even under the hash of its own key', async () => {
    for (const system of SYSTEMS) {
      for (const other of SYSTEMS.filter((name) => name !== system)) {
        const { vkHash } = proofs[system]
        expect(await verifyInference(model.of(system), proofs[other])).to.include({ valid: false })
        expect(await verifyInference(model.of(system), { ...proofs[other], vkHash })).to.include({ valid: false })
      }
    }
  })

  it('is refused with files of two keys, or of another circuit', async () => {
    const cases: [string, (paths: ReturnType<typeof artefactPaths>) => void][] = [
      [
        'verification key',
        ({ verificationKey }) => cpSync(artefactPaths(model.of('fflonk')).verificationKey, verificationKey),
      ],
      ['metadata', ({ keyMetadata }) => cpSync(artefactPaths(model.of('fflonk')).keyMetadata, keyMetadata)],
      ['proving key', ({ zkey }) => cpSync(artefactPaths(model.of('fflonk')).zkey, zkey)],
      ['r1csHash', ({ keyMetadata }) => edit(keyMetadata, { r1csHash: `0x${'1'.repeat(64)}` })],
      ['system', ({ keyMetadata }) => edit(keyMetadata, { system: 'halo' })],
      ['setupHash', ({ keyMetadata }) => edit(keyMetadata, { setupHash: `0x${'1'.repeat(64)}` })],
      ['ptau', ({ keyMetadata }) => edit(keyMetadata, { ptau: { source: 'hermez', power: 11 } })],
      ['gates', ({ keyMetadata }) => edit(keyMetadata, { gates: -1 })],
    ]
    for (const [name, spoil] of cases) {
      const folder = join(work, 'spoiled')
      cpSync(model.of('plonk'), folder, { recursive: true })
      spoil(artefactPaths(folder))
      const error = await rejection(loadModel(folder).then((loaded) => openProver(loaded)))
      expect(error, name)
        .to.have.property('code')
        .that.matches(/^(ARTEFACT_INVALID|GROTH16_KEY_METADATA)$/)
    }
  })

  it('with hidden tensors wants a key made on this machine', async () => {
    const { zkey } = artefactPaths(model.of('plonk'))
    const { r1csHash } = readModelFile(artefactPaths(model.of('plonk')))
    await requireOwnKey(zkey, r1csHash, 'plonk')
    const foreign = await rejection(requireOwnKey(zkey, `0x${'1'.repeat(64)}`, 'plonk'))
    expect(foreign.message).to.match(/not made on this machine.*--system plonk --ptau FILE/)
  })

  it('goes through the command line', async () => {
    const main = buildCli()
    const run = (...args: string[]) => runCli(main, args, { cwd: work })
    cpSync(model.of('groth16'), join(work, 'tiny'), { recursive: true })
    writeFileSync(join(work, 'input.json'), JSON.stringify({ input_data: [[0.5, -0.5, 0.25, 0, 0.5]] }))

    const report = parseResult(await run('report', 'tiny', '--system', 'fflonk', '--json'))
    expect(report).to.include({ system: 'fflonk', gates: 225, constraints: 87, ptauPower: 11, beta: true })
    expect((await run('report', 'tiny', '--system', 'plonk')).stdout).to.match(
      /gates +225, of which \d+ for affine maps/,
    )

    expectFailure(await run('setup', 'tiny', '--system', 'plonk', '--dev'), /takes --ptau FILE/, 2)
    expectFailure(await run('setup', 'tiny', '--system', 'stark', '--dev'), /groth16, plonk, fflonk/, 2)
    const made = await run('setup', 'tiny', '--system', 'fflonk', '--ptau', model.ptau, '--json')
    const verifier = join('tiny', 'verifier', 'ArgmaxFflonkVerifier.sol')
    expect(parseResult(made)).to.include({ verifier })
    const solidity = readFileSync(join(work, verifier), 'utf8')
    expect(solidity)
      .to.match(/^\/\/ SPDX-License-Identifier: GPL-3.0\n/)
      .and.include('DevKeyOnPublicChain')
    expect(parseResult(made)).to.include({ system: 'fflonk', gates: 225, nConstraints: 87 })
    expect(made.stderr).to.match(/beta/)
    expect(readFileSync(join(work, 'tiny/proving_key.zkey'))).to.deep.equal(
      readFileSync(artefactPaths(model.of('fflonk')).zkey),
    )
    expectFailure(await run('setup', 'verify', 'tiny'), /is of fflonk .* make it again/, 2)
    expectFailure(await run('publish', 'tiny', '--to', 'published'), /of PLONK or FFLONK, and Groth16 is needed/)
    const proven = parseResult(await run('prove', 'tiny', '--input', 'input.json', '--out', 'proof.json', '--json'))
    expect(proven).to.include({ system: 'fflonk', portable: true })
    expect(parseResult(await run('verify', 'tiny', '--proof', 'proof.json', '--json'))).to.include({
      valid: true,
      system: 'fflonk',
    })
    expect(existsSync(join(work, 'proof.json.secrets.json'))).to.equal(false)
  })
})

function edit(path: string, change: object): void {
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), ...change }))
}
