// SPDX-License-Identifier: GPL-3.0-or-later
import { InferenceSession, Tensor } from 'onnxruntime-node'

/** What onnxruntime computed for one output. */
export type RuntimeOutput = { readonly dims: readonly number[]; readonly data: readonly number[] }

/**
 * Runs a model in onnxruntime.
 *
 * @param bytes The model.
 * @param feeds Inputs by name; data is float32.
 */
export async function runInOnnxruntime(
  bytes: Uint8Array,
  feeds: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Iterable<number> }>>,
): Promise<ReadonlyMap<string, RuntimeOutput>> {
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 4, intraOpNumThreads: 1 })
  const tensors = Object.entries(feeds).map(
    ([name, { shape, data }]) => [name, new Tensor('float32', Float32Array.from(data), shape)] as const,
  )
  const results = await session.run(Object.fromEntries(tensors))
  await session.release()
  return new Map(
    Object.entries(results).map(([name, tensor]) => [
      name,
      { dims: tensor.dims, data: Array.from(tensor.data as Iterable<number | bigint>, Number) },
    ]),
  )
}
