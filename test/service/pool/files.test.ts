// SPDX-License-Identifier: GPL-3.0-or-later
import { copyFileSync, cpSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { artefactPaths, setupModel, verifyInference, type ArtefactPaths } from '../../../prover/pipeline'
import { builtPool, makeModels, refusal, watchedPool, type ModelFolders, type Watched } from './fixture'

const INPUT = [Float64Array.of(-3, 7, 0, 12, -32, 31)]

describe('prover pool: files that change on disk', () => {
  let models: ModelFolders
  let watched: Watched
  let folder: string
  let paths: ArtefactPaths

  before(async () => {
    models = await makeModels({ first: 'Gemm, Relu, Gemm', other: 'ArgMax', spare: 'Gemm, Relu, Gemm' })
    folder = models.of('first')
    paths = artefactPaths(folder)
    watched = await watchedPool(builtPool().createProverPool)
    await watched.pool.warm(folder)
  })

  after(async () => {
    await watched.pool.close()
    models.remove()
  })

  const prove = () => watched.pool.prove({ folder, input: INPUT, context: null })

  /** Changes a file that is loaded, and puts it back. */
  async function changed(path: string, change: () => void, test: () => Promise<void>): Promise<void> {
    await prove()
    copyFileSync(path, `${path}.kept`)
    change()
    try {
      await test()
    } finally {
      copyFileSync(`${path}.kept`, path)
      rmSync(`${path}.kept`)
    }
    expect(await verifyInference(folder, await prove())).to.include({ valid: true })
  }

  it('proves under no key that changed: damaged, of another setup, or gone', async () => {
    const damage = () => {
      const bytes = readFileSync(paths.zkey)
      // Of the last points.
      bytes[bytes.length - 2000]! ^= 1
      writeFileSync(paths.zkey, bytes)
    }
    await changed(paths.zkey, damage, async () => {
      expect(await refusal(prove())).to.have.property('code', 'GROTH16_PROOF_REJECTED')
    })
    const replace = () => copyFileSync(artefactPaths(models.of('spare')).zkey, paths.zkey)
    await changed(paths.zkey, replace, async () => {
      expect(await refusal(prove())).to.have.property('code', 'ARTEFACT_INVALID')
    })
    await changed(
      paths.keyMetadata,
      () => rmSync(paths.keyMetadata),
      async () => {
        expect(await refusal(prove())).to.have.property('code', 'ARTEFACT_INVALID')
      },
    )
  })

  it('notices a change that leaves size and time as they were', async () => {
    const damage = () => {
      const text = readFileSync(paths.recipe, 'utf8')
      const { atime, mtime } = statSync(paths.recipe)
      writeFileSync(paths.recipe, text.replace(/"bits": 6/, '"bits": 7'))
      utimesSync(paths.recipe, atime, mtime)
    }
    await changed(paths.recipe, damage, async () => {
      expect(await refusal(prove())).to.have.property('code', 'ARTEFACT_INVALID')
    })
  })

  it('neither runs nor checks nor proves a model whose files do not belong together', async () => {
    const { pool } = watched
    const other = artefactPaths(models.of('other'))
    for (const [path, from] of [
      [paths.onnx, other.onnx],
      [paths.recipe, other.recipe],
      [paths.model, other.model],
    ] as const) {
      await Promise.all([pool.run(folder, INPUT), pool.check(folder, INPUT)])
      await changed(
        path,
        () => copyFileSync(from, path),
        async () => {
          const work = [pool.run(folder, INPUT), pool.check(folder, INPUT), prove()]
          for (const error of await Promise.all(work.map(refusal)))
            expect(error.code).to.be.oneOf(['ARTEFACT_INVALID', 'RECIPE_INVALID'])
        },
      )
      await Promise.all([pool.run(folder, INPUT), pool.check(folder, INPUT)])
    }
  })

  it('takes up a new key, and a new model, that were put in place whole', async () => {
    const before = await prove()
    await setupModel(folder, { dev: true })
    const after = await prove()
    expect(after.vkHash).not.to.equal(before.vkHash)
    expect(await verifyInference(folder, after)).to.include({ valid: true })
    expect(await verifyInference(folder, before)).to.include({ valid: false })

    cpSync(models.of('other'), folder, { recursive: true })
    const input = [Float64Array.of(1, 2, 3, 4, 5)]
    const { modelHash, outputs } = await watched.pool.prove({ folder, input, context: null })
    expect(modelHash).not.to.equal(before.modelHash)
    expect((await watched.pool.run(folder, input)).outputs[0]!.values).to.deep.equal(outputs[0]!.values)
  })
})
