// SPDX-License-Identifier: GPL-3.0-or-later

import { ZkmlError } from '../errors'
import type { Graph, ValueInfo } from '../onnx'
import type { Sample } from './accuracy'
import { sizeOf } from './linear-ops'

/** Thrown for an input or samples file that does not fit the model. */
export class SampleError extends ZkmlError {
  readonly code = 'SAMPLE_INVALID'
}

/**
 * Reads `{"input_data": [[…flat values…], …]}` as one sample: a row per input tensor.
 *
 * @throws SampleError naming the first value that is wrong.
 */
export function parseInput(text: string, graph: Pick<Graph, 'inputs'>, file: string): Sample {
  const rows = inputData(text, file)
  if (rows.length !== graph.inputs.length)
    throw new SampleError(`${file}: input_data has ${rows.length} rows; the model has ${graph.inputs.length} inputs`)
  return graph.inputs.map((info, i) => flatValues(rows[i], info, `${file}: input_data[${i}]`))
}

/** Samples with labels, if the file has them. */
export type SampleSet = { readonly samples: readonly Sample[]; readonly labels?: readonly number[] }

/**
 * Reads many samples: each row of `input_data` is one, a flat list for a model with one input, otherwise a list of
 * lists. `labels` is optional.
 */
export function parseSamples(text: string, graph: Pick<Graph, 'inputs'>, file: string): SampleSet {
  const rows = inputData(text, file)
  if (rows.length === 0) throw new SampleError(`${file}: input_data is empty; give at least one sample`)
  const samples = rows.map((row, s) => {
    const at = `${file}: input_data[${s}]`
    if (graph.inputs.length === 1) return [flatValues(row, graph.inputs[0]!, at)]
    if (!Array.isArray(row) || row.length !== graph.inputs.length)
      throw new SampleError(`${at} must be a list of ${graph.inputs.length} lists, one for each input`)
    return graph.inputs.map((info, i) => flatValues(row[i], info, `${at}[${i}]`))
  })
  const { labels } = JSON.parse(text) as { labels?: unknown }
  if (labels === undefined) return { samples }
  if (!Array.isArray(labels) || labels.length !== samples.length || !labels.every((label) => Number.isInteger(label)))
    throw new SampleError(`${file}: labels must be ${samples.length} whole numbers, one for each sample`)
  return { samples, labels: labels as number[] }
}

function inputData(text: string, file: string): readonly unknown[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new SampleError(`${file} is not valid JSON: ${(error as Error).message}`, { cause: error })
  }
  const rows = typeof value === 'object' && value !== null ? (value as { input_data?: unknown }).input_data : undefined
  if (!Array.isArray(rows)) throw new SampleError(`${file} must be an object with a list "input_data"`)
  return rows
}

function flatValues(row: unknown, info: ValueInfo, at: string): Float64Array {
  if (!Array.isArray(row)) throw new SampleError(`${at} must be a flat list of numbers`)
  const size = sizeOf(info.shape)
  if (row.length !== size)
    throw new SampleError(
      `${at} has ${row.length} values; input "${info.name}" [${info.shape.join(', ')}] takes ${size}`,
    )
  return Float64Array.from(row, (value: unknown, i) => {
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw new SampleError(`${at}[${i}] is ${JSON.stringify(value) ?? String(value)}; a finite number is needed`)
    return value
  })
}

/** Samples drawn uniformly from the inputs' ranges with a fixed seed, for models that come without any. */
export function randomSamples(
  ranges: readonly (readonly [number, number])[],
  sizes: readonly number[],
  count: number,
): Sample[] {
  const next = mulberry32(0x7a6b6d6c)
  return Array.from({ length: count }, () =>
    sizes.map((size, i) => {
      const [lo, hi] = ranges[i]!
      return Float64Array.from({ length: size }, () => lo + next() * (hi - lo))
    }),
  )
}

/** The mulberry32 generator: uniform in [0, 1), for test data only. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
