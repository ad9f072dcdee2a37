// SPDX-License-Identifier: GPL-3.0-or-later

import { GadgetCompiler } from '../../circuit'
import { ZkmlError } from '../../errors'
import { leaseSnarkjs, selectBackend, type SnarkjsLease } from '../../groth16'
import {
  loadModel,
  loadProgram,
  openProver,
  verifyInference,
  type ArtefactPaths,
  type LoadedProgram,
} from '../../pipeline'
import { evaluateProgram } from '../../quantize'
import { firstUnsatisfiedRow, WitnessError, WitnessGenerator } from '../../witness'
import type { Failure, Order, Report, Work, WorkerOptions } from './messages'
import { Shelf } from './shelf'
import type { ProveStage, QuantizedInput, RunResult } from './types'

const modelFiles = ({ model, onnx, recipe }: ArtefactPaths): string[] => [model, onnx, recipe]
const keyFiles = ({ zkey, verificationKey, keyMetadata }: ArtefactPaths): string[] => [
  zkey,
  verificationKey,
  keyMetadata,
]

/** What a process of the pool does: keeps models, and works on one order after another. */
export class Workshop {
  private readonly compiler = new GadgetCompiler()
  private readonly programs: Shelf<LoadedProgram>
  private readonly witnesses: Shelf<Awaited<ReturnType<Workshop['openWitness']>>>
  private readonly provers: Shelf<Awaited<ReturnType<Workshop['openProver']>>>
  private readonly backend
  private threads: Promise<SnarkjsLease> | undefined
  private last: Promise<void> = Promise.resolve()

  constructor(
    private readonly options: WorkerOptions,
    private readonly tell: (report: Report) => void,
  ) {
    const { maxModels, threads, backend } = options
    this.backend = selectBackend(backend, { keepThreads: true, threads })
    this.programs = new Shelf(maxModels, modelFiles, loadProgram)
    this.witnesses = new Shelf(maxModels, modelFiles, (folder) => this.openWitness(folder))
    this.provers = new Shelf(
      maxModels,
      (paths) => [...modelFiles(paths), ...keyFiles(paths)],
      (folder) => this.openProver(folder),
    )
  }

  /** Takes an order; it is worked on after those that came before. */
  take(order: Order): void {
    this.last = this.last.then(() => this.answer(order))
  }

  private async answer({ id, work, wantsProgress }: Order): Promise<void> {
    const progress = (stage: ProveStage, fraction: number) => {
      if (wantsProgress) this.tell({ kind: 'progress', id, stage, fraction })
    }
    try {
      const result = await this.work(work, progress)
      this.tell({ kind: 'done', id, result, residentBytes: process.memoryUsage.rss() })
    } catch (error) {
      this.tell({ kind: 'failed', id, failure: failureOf(error), residentBytes: process.memoryUsage.rss() })
    }
  }

  private async work(work: Work, progress: (stage: ProveStage, fraction: number) => void): Promise<unknown> {
    const { folder } = work
    switch (work.kind) {
      case 'run':
        return runProgram(await this.programs.get(folder), work.input)
      case 'check': {
        const { model, generator } = await this.witnesses.get(folder)
        const { input: inputs, salts } = work
        const { values } = generator.generate({ inputs, context: 0n, ...(salts && { salts }) })
        const row = firstUnsatisfiedRow(model.circuit.r1cs, values)
        if (row !== undefined) throw new WitnessError(`${folder}: the witness breaks row ${row} of the circuit`)
        return undefined
      }
      case 'verify':
        // Kept as long as the process lives: starting them takes longer than a verification.
        await (this.threads ??= leaseSnarkjs({ threads: this.options.threads }))
        return verifyInference(folder, work.statement)
      case 'warm':
        await (this.options.role === 'prover' ? this.provers.get(folder) : this.programs.get(folder))
        return undefined
      case 'prove': {
        progress('load', 0)
        const prover = await this.provers.get(folder)
        progress('load', 1)
        const { input: inputs, context, salts } = work
        return prover.prove({
          inputs,
          context,
          ...(salts && { salts }),
          progress: (stage, fraction) => progress(stage as ProveStage, fraction ?? 0),
        })
      }
    }
  }

  private async openWitness(folder: string) {
    const model = await loadModel(folder, { compiler: this.compiler })
    return { model, generator: await WitnessGenerator.create(model.circuit) }
  }

  private async openProver(folder: string) {
    return openProver(await loadModel(folder, { compiler: this.compiler }), { backend: this.backend })
  }
}

function runProgram({ quantized, file: { schema } }: LoadedProgram, input: QuantizedInput): RunResult {
  const tensors = evaluateProgram(quantized, input)
  const outputs = quantized.outputs.map(({ tensor }, i) => {
    const { name, shape, exponent } = schema.outputs[i]!
    const integers = tensors[tensor]!
    const unit = 2 ** -exponent
    return {
      name,
      shape,
      exponent,
      integers: Array.from<number | bigint, string>(integers, String),
      values: Array.from<number | bigint, number>(integers, (q) => Number(q) * unit),
    }
  })
  return { outputs }
}

function failureOf(error: unknown): Failure {
  if (error instanceof ZkmlError) {
    const { code, message } = error
    return { kind: 'known', code, message, transient: error.transient }
  }
  const { name, stack = '' } = error instanceof Error ? error : { name: typeof error }
  // The first lines of a stack are the message.
  const frames = stack.split('\n').filter((line) => line.startsWith('    at '))
  return { kind: 'unforeseen', name, frames: frames.slice(0, MAX_FRAMES).map((line) => line.trim()) }
}

const MAX_FRAMES = 8
