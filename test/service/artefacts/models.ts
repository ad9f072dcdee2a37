// SPDX-License-Identifier: GPL-3.0-or-later
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { RegisteredModel } from '../../../prover/chain/types'
import { PROOF_SYSTEM_GROTH16 } from '../../../prover/encodings'
import { readKeyMetadata } from '../../../prover/groth16'
import {
  artefactPaths,
  compileModel,
  compileReport,
  readModelFile,
  saveModel,
  setupModel,
} from '../../../prover/pipeline'
import { cacheFolder } from '../../../prover/project'
import { buildModel } from '../../support/onnx-builder'
import type { Handler } from './support'
import { decent } from './support'

/** Compiles and sets up a model of four weights. */
export async function makeModel(folder: string, seed = 1, name = 'tiny'): Promise<string> {
  const onnx = buildModel({
    inputs: [{ name: 'x', shape: [1, 2] }],
    outputs: [{ name: 'y', shape: [1, 2] }],
    nodes: [
      { op: 'Gemm', inputs: ['x', 'w'], outputs: ['a'] },
      { op: 'Relu', inputs: ['a'], outputs: ['y'] },
    ],
    initializers: { w: { shape: [2, 2], data: [0.5, -0.25 * seed, 0.75, 1] } },
  })
  const model = await compileModel(onnx, { inputs: { x: { range: [-4, 4] } } })
  await saveModel(folder, name, model, compileReport(model))
  await setupModel(folder, { dev: true })
  return folder
}

/** What a registry would say of a model. */
export function entryOf(folder: string, uri: string, changes: Partial<RegisteredModel> = {}): RegisteredModel {
  const paths = artefactPaths(folder)
  const file = readModelFile(paths)
  const { vkHash, setupHash } = readKeyMetadata(paths.keyMetadata)
  return {
    modelId: 0xabcn,
    publisher: `0x${'11'.repeat(20)}`,
    modelHash: file.modelHash,
    circuitHash: file.circuitHash,
    vkHash,
    proofSystemId: PROOF_SYSTEM_GROTH16,
    uri,
    r1csHash: file.r1csHash,
    recipeHash: file.recipeHash,
    setupHash,
    weightsCommitment: 0n,
    verifierCodeHash: `0x${'0'.repeat(64)}`,
    ioSchema: file.schema,
    ioSchemaHash: file.ioSchemaHash,
    deprecated: false,
    stopped: false,
    activatesAt: 0,
    ...changes,
  }
}

/** Serves a folder as any web server does. */
export function staticFiles(folder: string): Handler {
  return (request, response) => {
    const path = join(folder, request.url!)
    if (existsSync(path)) decent(readFileSync(path))(request, response)
    else response.writeHead(404).end()
  }
}

/** Makes this machine forget which keys it made or checked, but not its compiled gadgets. Returns what ends that. */
export function forgetKeys(folder: string): () => void {
  const [before, cache] = [process.env.ZKML_CACHE, join(folder, 'cache')]
  mkdirSync(cache)
  symlinkSync(join(cacheFolder(), 'gadgets'), join(cache, 'gadgets'))
  process.env.ZKML_CACHE = cache
  return () => {
    if (before === undefined) delete process.env.ZKML_CACHE
    else process.env.ZKML_CACHE = before
  }
}
