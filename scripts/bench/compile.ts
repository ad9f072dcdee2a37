// SPDX-License-Identifier: GPL-3.0-or-later

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildModel, floats } from '../../test/support/onnx-builder'
import { BUNDLED, modelFolder } from '../bundled'
import { atMost, isTrue, type Figure } from './figures'

const MAIN = join(__dirname, '..', '..', 'dist', 'prover', 'cli', 'main.js')
const GIB = 2 ** 30

type CompileRun = {
  readonly constraints: number
  readonly publicSignals: number
  readonly milliseconds: number
  readonly peakBytes: number
  readonly layers: readonly { readonly op: string; readonly constraints: number }[]
}

const LINEAR = [
  'Gemm',
  'MatMul',
  'Conv',
  'Add',
  'Sub',
  'Mul',
  'Div',
  'AveragePool',
  'Flatten',
  'Reshape',
  'BatchNormalization',
]

/** Compiles through the CLI in a process of its own, so that time and peak memory are those a user sees. */
export function compileFigures(): Figure[] {
  const work = mkdtempSync(join(tmpdir(), 'zkml-bench-'))
  try {
    const cache = join(work, 'cache')
    const run = (model: string, options: readonly string[]): CompileRun => {
      const out = join(work, 'out')
      const result = spawnSync('node', [MAIN, 'compile', model, ...options, '--out', out, '--json', '--quiet'], {
        env: { ...process.env, ZKML_CACHE: cache },
        encoding: 'utf8',
        maxBuffer: GIB,
      })
      if (result.status !== 0) throw new Error(`zkml compile ${model} failed: ${result.stderr}`)
      return JSON.parse(result.stdout) as CompileRun
    }
    const bundled = (name: string) =>
      run(join(modelFolder(name), 'model.onnx'), ['--recipe', join(modelFolder(name), 'recipe.json')])
    const lenetName = 'lenet-28-6-16-120-84-10'
    const cold = bundled(lenetName)
    const warm = bundled(lenetName)
    const samples = BUNDLED.find(({ name }) => name === lenetName)!.calibration
    const calibrated = run(join(modelFolder(lenetName), 'model.onnx'), ['--samples', samples])
    const mlp = bundled('mlp-784-56-10')
    const wideModel = join(work, 'wide.onnx')
    writeFileSync(wideModel, wideMlp())
    const wide = run(wideModel, ['--input-range', 'input=0,255', '--input-bits', 'input=8'])
    const linear = [...cold.layers, ...mlp.layers].filter(({ op }) => LINEAR.includes(op))
    return [
      atMost('constraints, mlp-784-56-10, 8-bit input checks', mlp.constraints, 7_900),
      atMost('constraints + public signals + 1, ReLU LeNet', cold.constraints + cold.publicSignals + 1, 131_072),
      atMost(
        'constraints of all linear nodes, both',
        linear.reduce((sum, layer) => sum + layer.constraints, 0),
        0,
      ),
      atMost('compile, ReLU LeNet, recipe, cold cache', cold.milliseconds / 1000, 60, 's'),
      atMost('compile, ReLU LeNet, recipe, warm cache', warm.milliseconds / 1000, 10, 's'),
      atMost('compile, ReLU LeNet, peak memory', Math.max(cold.peakBytes, warm.peakBytes) / GIB, 2, 'GiB'),
      atMost('calibrate + compile, ReLU LeNet, 500 samples', calibrated.milliseconds / 1000, 60, 's'),
      atMost('compile, 784-1024-512-10 MLP, calibration included', wide.milliseconds / 1000, 60, 's'),
      atMost('the same, peak memory', wide.peakBytes / GIB, 4, 'GiB'),
      isTrue('the same, constraints', true, wide.constraints.toLocaleString('en-US'), '–'),
    ]
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** A 784-1024-512-10 ReLU MLP with random weights: 1.3 million of them. */
function wideMlp(): Uint8Array {
  const layer = (inputs: number, outputs: number, seed: number) => {
    const scale = Math.sqrt(2 / inputs)
    const { shape, data } = floats([outputs, inputs], seed)
    return { shape, data: Array.from(data, (value) => Number(value) * scale) }
  }
  const node = (index: number, input: string, output: string) => ({
    op: 'Gemm',
    name: `fc${index}`,
    inputs: [input, `w${index}`],
    outputs: [output],
    attributes: { transB: 1 },
  })
  return buildModel({
    opset: 17,
    inputs: [{ name: 'input', shape: ['N', 784] }],
    outputs: [{ name: 'logits', shape: ['N', 10] }],
    nodes: [
      { op: 'Mul', name: 'scale', inputs: ['input', 'unit'], outputs: ['x'] },
      node(1, 'x', 'a1'),
      { op: 'Relu', name: 'relu1', inputs: ['a1'], outputs: ['r1'] },
      node(2, 'r1', 'a2'),
      { op: 'Relu', name: 'relu2', inputs: ['a2'], outputs: ['r2'] },
      node(3, 'r2', 'logits'),
    ],
    initializers: {
      unit: { shape: [], data: [1 / 256] },
      w1: layer(784, 1024, 1),
      w2: layer(1024, 512, 2),
      w3: layer(512, 10, 3),
    },
  })
}
