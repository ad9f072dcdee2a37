// SPDX-License-Identifier: GPL-3.0-or-later
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { readR1cs, sha256File, writeJsonAtomic } from '../../../prover/binfile'
import { devSetup, readKeyMetadata, verifyingKeyOf, vkHash, withZkey } from '../../../prover/groth16'
import { artefactPaths, type ArtefactPaths } from '../../../prover/pipeline'
import { IDENTITY, type ModelIdentityHashes } from '../../../prover/service/artefacts/manifest'
import { readModelFolder } from '../../../prover/service/artefacts/model-files'
import { rebuildApart } from '../../../prover/service/artefacts'
import { rebuildModel, type RebuildTask } from '../../../prover/service/artefacts/rebuild-model'
import { entryOf, forgetKeys, makeModel } from './models'
import { rejection, removeFolder, temporaryFolder } from './support'

/** The hashes of a registry entry. */
function identityOf(folder: string): ModelIdentityHashes {
  const entry = entryOf(folder, '')
  return Object.fromEntries(IDENTITY.map((hash) => [hash, entry[hash]])) as ModelIdentityHashes
}

describe('artefacts: rebuilding a foreign model', function () {
  this.timeout(60_000)
  let base: string
  let tiny: ArtefactPaths
  let other: ArtefactPaths
  let remember: () => void
  before(async () => {
    base = temporaryFolder()
    tiny = artefactPaths(await makeModel(join(base, 'tiny')))
    other = artefactPaths(await makeModel(join(base, 'other'), 2))
    remember = forgetKeys(base)
  })
  after(() => {
    remember()
    removeFolder(base)
  })

  let count = 0
  /** A folder with a key in it, as one is when the worker gets it. */
  const prepare = async (changes: Partial<RebuildTask> = {}, key = tiny): Promise<RebuildTask> => {
    const folder = join(base, `made-${count++}`)
    mkdirSync(folder)
    const { zkey, keyMetadata } = artefactPaths(folder)
    cpSync(key.zkey, zkey)
    cpSync(key.keyMetadata, keyMetadata)
    const { onnx, recipe } = tiny
    const zkeySha256 = await sha256File(zkey)
    return {
      folder,
      name: 'made',
      onnx,
      recipe,
      zkeySha256,
      identity: identityOf(tiny.folder),
      maxBytes: 2 ** 24,
      ...changes,
    }
  }
  const refuses = async (task: RebuildTask, code: string, message: RegExp) => {
    const error = await rejection(rebuildModel(task))
    expect(error.message).to.match(message)
    expect(error.code).to.equal(code)
    expect(readdirSync(task.folder)).not.to.include('model.json')
  }

  it('makes the same circuit, and the verification key from the proving key', async () => {
    const task = await prepare()
    await rebuildModel(task)
    const made = readModelFolder(task.folder)
    const { verificationKey, r1cs } = artefactPaths(task.folder)
    expect(made.file).to.deep.include({ name: 'made', circuitHash: entryOf(tiny.folder, '').circuitHash })
    expect(readFileSync(r1cs).equals(readFileSync(tiny.r1cs))).to.equal(true)
    expect(readFileSync(verificationKey, 'utf8')).to.equal(readFileSync(tiny.verificationKey, 'utf8'))
  })

  it('refuses another model, recipe or circuit than the registry entry names', async () => {
    await refuses(await prepare({ onnx: other.onnx }), 'ARTEFACT_MISMATCH', /modelHash/)
    const recipe = JSON.parse(readFileSync(tiny.recipe, 'utf8')) as { inputs: { bits: number }[] }
    recipe.inputs[0]!.bits += 1
    const path = join(base, 'recipe.json')
    writeFileSync(path, JSON.stringify(recipe))
    await refuses(await prepare({ recipe: path }), 'ARTEFACT_MISMATCH', /r1csHash|recipeHash/)
    const identity = { ...identityOf(tiny.folder), ioSchemaHash: `0x${'1'.repeat(64)}` }
    await refuses(await prepare({ identity }), 'ARTEFACT_MISMATCH', /ioSchemaHash/)
  })

  it('refuses another key than the registry entry names, or its metadata', async () => {
    await refuses(await prepare({}, other), 'ARTEFACT_MISMATCH', /r1csHash|vkHash/)
    const mixed = await prepare()
    cpSync(other.zkey, artefactPaths(mixed.folder).zkey)
    await refuses(mixed, 'ARTEFACT_MISMATCH', /vkHash/)
    await refuses(await prepare({ zkeySha256: '1'.repeat(64) }), 'ARTEFACT_MISMATCH', /another key than the manifest/)
  })

  it('refuses a registered key that is not sound for the circuit', async () => {
    // A key of a circuit with the same counts, of which one coefficient differs, registered with its own hashes.
    const task = await prepare()
    const { zkey, keyMetadata } = artefactPaths(task.folder)
    const r1cs = readR1cs(tiny.r1cs)
    const coefficient = r1cs.b.coefficient.slice()
    coefficient[0] = (coefficient[0]! + 1) % r1cs.coefficients.length
    await devSetup({ ...r1cs, b: { ...r1cs.b, coefficient } }, zkey)
    const zkeySha256 = await sha256File(zkey)
    const hashes = { vkHash: vkHash(withZkey(zkey, verifyingKeyOf)), zkeyHash: `0x${zkeySha256}` }
    await writeJsonAtomic(keyMetadata, { ...readKeyMetadata(keyMetadata), ...hashes })
    const identity = { ...task.identity, vkHash: hashes.vkHash }
    await refuses({ ...task, zkeySha256, identity }, 'GROTH16_KEY_MISMATCH', /not a sound key/)
  })

  it('tells why from the process in which it is done', async () => {
    const signal = new AbortController().signal
    const identity = { ...identityOf(tiny.folder), r1csHash: `0x${'1'.repeat(64)}` }
    const error = await rejection(rebuildApart(await prepare({ identity }), signal))
    expect(error).to.include({ name: 'ArtefactMismatchError', code: 'ARTEFACT_MISMATCH' })
    expect(error.message).to.match(/r1csHash 0x.* the registry entry 0x1111/)
    expect((await rejection(rebuildApart(await prepare(), AbortSignal.abort()))).name).to.equal('AbortError')
  })

  it('refuses what is no model, no recipe, no key, or too large', async () => {
    const junk = join(base, 'junk')
    writeFileSync(junk, 'junk')
    await refuses(await prepare({ onnx: junk }), 'ONNX_TRUNCATED', /./)
    await refuses(await prepare({ recipe: junk }), 'RECIPE_INVALID', /./)
    await refuses(await prepare({ maxBytes: 100 }), 'ARTEFACT_TOO_LARGE', /the circuit of the model has/)
    const task = await prepare()
    writeFileSync(artefactPaths(task.folder).zkey, 'junk')
    await refuses(task, 'BINFILE_TRUNCATED', /./)
  })
})
