// SPDX-License-Identifier: GPL-3.0-or-later
import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { snarkjsBackend, verify, type Groth16Proof } from '../../prover/groth16'
import {
  artefactPaths,
  loadModel,
  loadProgram,
  openProver,
  readModelFile,
  readVerifyingKey,
  type ArtefactPaths,
} from '../../prover/pipeline'
import { makeModels, type ModelFolders } from '../service/pool/fixture'

const INPUTS = [Float64Array.of(-3, 7, 0, 12, -32, 31)]

describe('a model loaded for many proofs', () => {
  let models: ModelFolders
  let folder: string
  let paths: ArtefactPaths

  before(async () => {
    models = await makeModels({ mlp: 'Gemm, Relu, Gemm' })
    folder = models.of('mlp')
    paths = artefactPaths(folder)
  })

  after(() => models.remove())

  it('proves under the key that was checked, whatever becomes of its file', async () => {
    const backend = snarkjsBackend({ keepThreads: true, threads: 1 })
    const original = readFileSync(paths.zkey)
    try {
      const prover = await openProver(await loadModel(folder), { backend })
      const key = readVerifyingKey(paths)
      writeFileSync(paths.zkey, 'rubbish')
      for (const context of [null, null]) {
        const { proof, publicSignals } = await prover.prove({ inputs: INPUTS, context })
        expect(await verify(key, publicSignals, proof as Groth16Proof)).to.equal(true)
      }
    } finally {
      writeFileSync(paths.zkey, original)
      await backend.close()
    }
  })

  it('is opened with no key but its own', async () => {
    const model = await loadModel(folder)
    const metadata = readFileSync(paths.keyMetadata, 'utf8')
    const changed = JSON.parse(metadata) as { vkHash: string }
    writeFileSync(paths.keyMetadata, JSON.stringify({ ...changed, vkHash: `0x${'1'.repeat(64)}` }))
    try {
      const refusal = await openProver(model).catch((error: unknown) => error)
      expect(refusal).to.have.property('code', 'ARTEFACT_INVALID')
    } finally {
      writeFileSync(paths.keyMetadata, metadata)
    }
  })

  it('is the same integer model with and without its circuit', async () => {
    const { quantized, file } = loadProgram(folder)
    expect(quantized).to.deep.equal((await loadModel(folder)).quantized)
    expect(file).to.deep.equal(readModelFile(paths))
  })

  it('is no integer model when ONNX file or recipe are not those of model.json', () => {
    for (const path of [paths.onnx, paths.recipe]) {
      const original = readFileSync(path)
      // Appended to the ONNX file: an unknown field that parsers skip. To the recipe: another number of bits.
      const changed =
        path === paths.onnx
          ? Buffer.concat([original, Buffer.from([0xf8, 0x07, 0x01])])
          : Buffer.from(original.toString('utf8').replace('"bits": 6', '"bits": 7'))
      writeFileSync(path, changed)
      try {
        expect(() => loadProgram(folder), path)
          .to.throw()
          .with.property('code', 'ARTEFACT_INVALID')
      } finally {
        writeFileSync(path, original)
      }
    }
  })
})
