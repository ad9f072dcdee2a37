// SPDX-License-Identifier: GPL-3.0-or-later

import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { ZkmlError } from '../errors'
import { withoutMaps, type Graph, type OutputInfo } from '../onnx'
import type { Sample } from './accuracy'

/** Thrown when onnxruntime cannot run the model that was parsed. */
export class RuntimeReferenceError extends ZkmlError {
  readonly code = 'REFERENCE_FAILED'
}

/** Runs the original model in onnxruntime, one sample at a time: the float reference of every accuracy figure. */
export class ReferenceModel {
  private constructor(
    private readonly graph: Graph,
    private readonly session: InferenceSession,
    private readonly makeTensor: (type: string, data: Float64Array, shape: readonly number[]) => Tensor,
  ) {}

  static async load(graph: Graph, model: Uint8Array): Promise<ReferenceModel> {
    const runtime = await import('onnxruntime-node')
    try {
      const session = await runtime.InferenceSession.create(withoutMaps(model), {
        logSeverityLevel: 3,
        intraOpNumThreads: 1,
      })
      return new ReferenceModel(graph, session, (type, data, shape) => typedTensor(runtime.Tensor, type, data, shape))
    } catch (error) {
      throw new RuntimeReferenceError(`onnxruntime refuses the model: ${firstLine(error)}`, { cause: error })
    }
  }

  /** The model's outputs, in the order of the graph. */
  async run(sample: Sample): Promise<Float64Array[]> {
    const feeds = this.emptyFeeds()
    this.graph.inputs.forEach((info, i) => {
      const metadata = this.session.inputMetadata.find((candidate) => candidate.name === info.name)
      const type = metadata?.isTensor ? metadata.type : 'float32'
      feeds[info.name] = this.makeTensor(type, sample[i]!, info.shape)
    })
    try {
      const results = await this.session.run(feeds)
      return this.graph.outputs.map((info) => numbersOf(info, results[info.name]!))
    } catch (error) {
      throw new RuntimeReferenceError(`onnxruntime failed on this input: ${firstLine(error)}`, { cause: error })
    }
  }

  /** Inputs without elements, which the graph does not have. */
  private emptyFeeds(): Record<string, Tensor> {
    const feeds: Record<string, Tensor> = {}
    for (const metadata of this.session.inputMetadata) {
      if (!metadata.isTensor || !metadata.shape.includes(0)) continue
      const shape = metadata.shape.map((size) => (typeof size === 'number' && size >= 0 ? size : 1))
      feeds[metadata.name] = this.makeTensor(metadata.type, new Float64Array(), shape)
    }
    return feeds
  }

  async runAll(samples: readonly Sample[], onProgress?: (done: number) => void): Promise<Float64Array[][]> {
    const outputs: Float64Array[][] = []
    for (const sample of samples) {
      outputs.push(await this.run(sample))
      onProgress?.(outputs.length)
    }
    return outputs
  }

  async close(): Promise<void> {
    await this.session.release()
  }
}

/** The elements of an output; texts are their numbers. */
function numbersOf({ texts }: OutputInfo, { data }: Tensor): Float64Array {
  if (texts !== undefined) return Float64Array.from(data as string[], (text) => texts.indexOf(text))
  return Float64Array.from(data as ArrayLike<number | bigint>, Number)
}

/** Arrays of the elements that inputs may have. */
const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  bool: Uint8Array,
} as const

const WIDE_ARRAYS = { int64: BigInt64Array, uint64: BigUint64Array } as const

function typedTensor(TensorClass: typeof Tensor, type: string, data: Float64Array, shape: readonly number[]): Tensor {
  const name = type as Tensor.Type
  if (type in ARRAYS) return new TensorClass(name, ARRAYS[type as keyof typeof ARRAYS].from(data), shape)
  if (!(type in WIDE_ARRAYS))
    throw new RuntimeReferenceError(`inputs of type ${type} cannot be run; export the model with float32 inputs`)
  const values = Array.from(data, (value) => BigInt(Math.round(value)))
  return new TensorClass(name, WIDE_ARRAYS[type as keyof typeof WIDE_ARRAYS].from(values), shape)
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!
}
