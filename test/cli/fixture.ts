// SPDX-License-Identifier: GPL-3.0-or-later
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildModel, floats, seededRandom, type ModelSpec } from '../support/onnx-builder'
import { buildCli, removeFolder, runCli, temporaryFolder, type Run, type RunOptions } from './support'

/** A folder to work in and a `zkml` to run there. */
export type Fixture = {
  readonly folder: string
  readonly main: string
  readonly path: (name: string) => string
  readonly run: (args: readonly string[], options?: RunOptions) => Promise<Run>
  /** Runs a command that must succeed. */
  readonly must: (...args: string[]) => Promise<Run>
  readonly write: (name: string, content: string | Uint8Array) => string
  readonly remove: () => void
}

/** Two dense layers, of 3 and 2, on 4 inputs. */
export function tinyModel(seed: number): ModelSpec {
  return {
    inputs: [{ name: 'x', shape: ['N', 4] }],
    outputs: [{ name: 'y', shape: ['N', 2] }],
    nodes: [
      { op: 'Gemm', name: 'dense1', inputs: ['x', 'w1', 'b1'], outputs: ['h'] },
      { op: 'Relu', name: 'relu1', inputs: ['h'], outputs: ['r'] },
      { op: 'Gemm', name: 'dense2', inputs: ['r', 'w2', 'b2'], outputs: ['y'] },
    ],
    initializers: {
      w1: floats([4, 3], seed),
      b1: floats([3], seed + 1),
      w2: floats([3, 2], seed + 2),
      b2: floats([2], seed + 3),
    },
  }
}

export const INPUT = [0.5, -0.25, 0.75, -0.5]

export function inputJson(values: readonly unknown[]): string {
  return JSON.stringify({ input_data: [values] })
}

/** Makes the folder with `model.onnx`, `other.onnx`, `samples.json`, `input.json`. */
export function makeFixture(): Fixture {
  const main = buildCli()
  const folder = temporaryFolder()
  const path = (name: string) => join(folder, name)
  const run = (args: readonly string[], options: RunOptions = {}) => runCli(main, args, { cwd: folder, ...options })
  const write = (name: string, content: string | Uint8Array) => {
    writeFileSync(path(name), content)
    return path(name)
  }
  const must = async (...args: string[]) => {
    const result = await run(args)
    if (result.code !== 0) throw new Error(`zkml ${args.join(' ')} failed: ${result.stderr}`)
    return result
  }
  const random = seededRandom(5)
  const rows = Array.from({ length: 60 }, () => Array.from({ length: 4 }, () => 2 * random() - 1))
  write('model.onnx', buildModel(tinyModel(1)))
  write('other.onnx', buildModel(tinyModel(20)))
  write('samples.json', JSON.stringify({ input_data: rows, labels: rows.map(([first]) => (first! > 0 ? 1 : 0)) }))
  write('input.json', inputJson(INPUT))
  return { folder, main, path, run, must, write, remove: () => removeFolder(folder) }
}
