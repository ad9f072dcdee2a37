// SPDX-License-Identifier: GPL-3.0-or-later

import { createHash, randomUUID } from 'node:crypto'
import { Writable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import {
  ioSchemaHash,
  signalLayout,
  pack,
  tensorCommitment,
  type IoSchema,
  type TensorSpec,
} from '../../../prover/encodings'
import { proofToJson, type InferenceProof } from '../../../prover/pipeline'
import type { CatalogueModel } from '../../../prover/service/artefacts/types'
import {
  apiConfig,
  CancelTooLateError,
  createApi,
  type ApiBackend,
  type ApiConfig,
  type ApiStore,
  type JobChange,
  type JobProgress,
  type MarketTarget,
  type ProofRequest,
  type RequestInput,
  type StoredSecrets,
} from '../../../prover/service/api'
import { checkConfig, type Scope } from '../../../prover/service/config'
import { createMetrics } from '../../../prover/service/metrics'
import type { QuantizedInput } from '../../../prover/service/pool/types'
import type { Job, JobPatch, JobState } from '../../../prover/service/store/job'
import type { OutgoingTransaction } from '../../../prover/service/store/transaction'

const hash = (byte: string) => `0x${byte.repeat(32)}`

const tensor = (name: string, spec: Partial<TensorSpec>): TensorSpec => ({
  ...{ name, shape: [1, 2], lo: -128n, bits: 8, exponent: 4, visibility: 'public' },
  ...spec,
})

function modelOf(key: string, schema: IoSchema): CatalogueModel {
  const id = createHash('sha256').update(key).digest('hex')
  return {
    key,
    folder: `/secret-place/${key}`,
    vkHash: hash('a1'),
    setupHash: hash('00'),
    source: 'local',
    file: {
      ...{ format: 'zkml-model/1', name: key, schema, constraints: 12, wires: 30 },
      publicSignals: signalLayout(schema).total,
      modelHash: `0x${id}`,
      r1csHash: hash('a2'),
      ioSchemaHash: ioSchemaHash(schema),
      recipeHash: hash('a3'),
      circuitHash: hash('a4'),
    },
  }
}

/** One public tensor of three elements in, one of two out. */
export const DEMO = modelOf('demo', {
  inputs: [tensor('x', { shape: [1, 3] })],
  outputs: [tensor('y', { exponent: 2 })],
  weightsCommitted: false,
})

/** A public and a hashed tensor on either side. */
export const HIDDEN = modelOf('hidden', {
  inputs: [tensor('open', {}), tensor('closed', { visibility: 'hashed' })],
  outputs: [tensor('score', {}), tensor('reason', { visibility: 'hashed' })],
  weightsCommitted: false,
})

export const SALT = 12_345_678_901_234_567_890n

/** The commitment to a tensor of two elements of the models above. */
export function commitmentTo(integers: readonly bigint[], salt = SALT): bigint {
  return tensorCommitment(pack(integers, { lo: -128n, bits: 8 }), salt, { lo: -128n, bits: 8, count: 2 })
}

/** A proof of DEMO in form; it proves nothing. */
export function demoProof(): InferenceProof {
  const { schema, modelHash, circuitHash } = DEMO.file
  const words = [pack([5n, -6n], schema.outputs[0]!), pack([1n, 2n, 3n], schema.inputs[0]!)].flat()
  return {
    proof: { a: { x: 1n, y: 2n }, b: { x: [3n, 4n], y: [5n, 6n] }, c: { x: 7n, y: 8n } },
    publicSignals: [...words, 0n],
    context: null,
    ...{ modelHash, circuitHash, vkHash: DEMO.vkHash },
  }
}

/** The same as JSON. */
export const demoProofFile = (): Record<string, unknown> =>
  JSON.parse(JSON.stringify(proofToJson(DEMO.file.schema, demoProof()))) as Record<string, unknown>

/** A daemon that keeps jobs in memory and finishes them when told. */
export class FakeBackend implements ApiBackend {
  readonly jobs = new Map<string, Job>()
  readonly created: ProofRequest[] = []
  readonly inputs: RequestInput[] = []
  readonly stored = new Map<string, StoredSecrets>()
  readonly sent = new Map<string, readonly OutgoingTransaction[]>()
  readonly requests: MarketTarget[] = []
  readonly listeners = new Map<string, Set<(change: JobChange) => void>>()
  runs = 0
  ready = true
  valid = true
  contractSays = false
  lastProgress: JobProgress | undefined
  failRun: unknown
  failCreate: unknown
  failSubmit: unknown
  /** Runs wait for this. */
  gate: Promise<void> = Promise.resolve()

  listModels = () => [DEMO, HIDDEN]
  getModel = (id: string) => this.listModels().find(({ key, file }) => key === id || file.modelHash === id)
  modelFacts = () => ({ proveMilliseconds: 120, registrations: [{ chainId: 31337, modelId: '77' }] })

  run = async (model: CatalogueModel, input: QuantizedInput) => {
    this.runs++
    await this.gate
    if (this.failRun !== undefined) throw this.failRun
    const sum = input.reduce((total, row) => row.reduce((part, value) => part + value, total), 0)
    return {
      outputs: model.file.schema.outputs.map(({ name, shape, exponent }) => ({
        ...{ name, shape, exponent },
        values: [sum * 2 ** -exponent, 0],
        integers: [String(sum), '0'],
      })),
    }
  }

  prepareSubmission = (_model: CatalogueModel, chainId: number, modelId = '77') =>
    this.failSubmit === undefined ? Promise.resolve({ chainId, modelId }) : Promise.reject(this.failSubmit as Error)

  createInference = (_tx: unknown, request: ProofRequest) => {
    if (this.failCreate !== undefined) return Promise.reject(this.failCreate as Error)
    this.created.push(request)
    const { client, context, submission } = request
    const submitTo = submission?.chainId ?? null
    return Promise.resolve(this.add({ kind: 'api', client, context, submitTo }, request.model.key))
  }

  add(origin: Job['origin'], model: string): Job {
    const now = Date.now()
    const job: Job = {
      ...{ id: randomUUID(), origin, model, state: 'received', error: null, attempts: 0, notBefore: null },
      ...{ result: null, proof: null, times: {}, money: {}, createdAt: now, updatedAt: now },
    }
    this.jobs.set(job.id, job)
    return job
  }

  /** Moves a job and tells those who watch it. */
  move(
    id: string,
    state: JobState,
    patch: Pick<JobPatch, 'proof' | 'error'> = {},
    progress: JobProgress | null = null,
  ): Job {
    const job: Job = { ...this.jobs.get(id)!, ...patch, state, updatedAt: Date.now() }
    this.jobs.set(id, job)
    for (const listener of this.listeners.get(id) ?? []) listener({ state, progress })
    return job
  }

  getInference = (id: string) => Promise.resolve(this.jobs.get(id))
  listInferences = ({ limit = 50, before }: { limit?: number; before?: string }) => {
    const all = [...this.jobs.values()].reverse()
    const from = before === undefined ? 0 : all.findIndex(({ id }) => id === before) + 1
    return Promise.resolve(all.slice(from, from + limit))
  }
  transactions = (id: string) => Promise.resolve(this.sent.get(id) ?? [])
  retry = ({ id }: Job) => Promise.resolve(this.move(id, 'received'))

  cancel = ({ id, state }: Job) =>
    state === 'submitting' || state === 'done'
      ? Promise.reject(new CancelTooLateError(`The inference is ${state}.`))
      : Promise.resolve(this.move(id, 'cancelled'))

  progress = () => this.lastProgress
  subscribe = (id: string, listener: (change: JobChange) => void) => {
    const set = this.listeners.get(id) ?? new Set()
    this.listeners.set(id, set.add(listener))
    return () => {
      set.delete(listener)
      if (set.size === 0) this.listeners.delete(id)
    }
  }
  secrets = (id: string) => Promise.resolve(this.stored.get(id))
  verify = () =>
    Promise.resolve({
      valid: this.valid,
      reason: this.valid ? null : 'the proof is not good',
      portable: true,
      outputs: [],
    })
  findRequest = (chainId: number, requestId: string) =>
    Promise.resolve(this.requests.find((request) => request.chainId === chainId && request.requestId === requestId))
  isContractSignature = () => Promise.resolve(this.contractSays)
  submitRequestInput = (_target: MarketTarget, input: RequestInput) => {
    this.inputs.push(input)
    return Promise.resolve()
  }
  readiness = () =>
    Promise.resolve({ ready: this.ready, parts: [{ name: 'database', ready: this.ready, detail: 'answers' }] })
}

type Row = { readonly requestHash: string; status?: number; body?: unknown }

/** Keys in memory; transactions come one after another and are undone when they fail. */
export class FakeStore {
  readonly rows = new Map<string, Row>()
  transactions = 0
  private last: Promise<unknown> = Promise.resolve()

  readonly store: ApiStore = {
    db: {
      kind: 'embedded',
      query: () => Promise.reject(new Error('not asked')),
      transaction: (run) => {
        this.transactions++
        const turn = this.last.then(async () => {
          const before = new Map(this.rows)
          try {
            return await run({ query: () => Promise.reject(new Error('not asked')) })
          } catch (error) {
            this.rows.clear()
            for (const [key, row] of before) this.rows.set(key, row)
            throw error
          }
        })
        this.last = turn.catch(() => undefined)
        return turn
      },
      listen: () => Promise.reject(new Error('not asked')),
      close: () => Promise.resolve(),
    },
    idempotency: {
      claim: (_tx, client, key, requestHash) => {
        const row = this.rows.get(`${client}/${key}`)
        if (!row) this.rows.set(`${client}/${key}`, { requestHash })
        if (!row) return Promise.resolve({ outcome: 'claimed' as const })
        if (row.requestHash !== requestHash) return Promise.resolve({ outcome: 'mismatch' as const })
        const { status, body } = row
        return Promise.resolve(status === undefined ? { outcome: 'busy' } : { outcome: 'answered', status, body })
      },
      answer: (_tx, client, key, status, body) => {
        const row = this.rows.get(`${client}/${key}`)!
        this.rows.set(`${client}/${key}`, { ...row, status, body: JSON.parse(JSON.stringify(body)) as unknown })
        return Promise.resolve()
      },
      release: () => Promise.resolve(),
      purge: () => Promise.resolve(),
    },
  }
}

export const tokenOf = (name: string, scopes: readonly Scope[]) => ({
  ...{ name, scopes },
  sha256: createHash('sha256').update(`token-of-${name}`).digest('hex'),
})

/** The header that a client with a token of {@link tokenOf} sends. */
export const bearer = (name: string) => ({ authorization: `Bearer token-of-${name}` })

export type TestApi = {
  readonly api: FastifyInstance
  readonly backend: FakeBackend
  readonly memory: FakeStore
  /** Everything that was logged. */
  readonly logged: () => string
}

const open: FastifyInstance[] = []

/** The API as the daemon configures it by default, but for clients without a token, who may prove, and for rates. */
const CONFIG: ApiConfig = {
  ...apiConfig(checkConfig({}).api, '00'.repeat(32)),
  anonymousScopes: ['read', 'infer', 'prove'],
  rate: { requests: 60_000, proofs: 600, signed: 60 },
}

export const IDEMPOTENCY_SECRET = Buffer.alloc(32, 9)

/** An API with a fake daemon behind it. */
export async function testApi(config: Partial<ApiConfig> = {}): Promise<TestApi> {
  const [backend, memory] = [new FakeBackend(), new FakeStore()]
  let text = ''
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString('utf8')
      done()
    },
  })
  const api = await createApi({
    ...{ backend, store: memory.store, metrics: createMetrics(), log: pino({ level: 'debug' }, sink) },
    config: { ...CONFIG, ...config },
    idempotencySecret: IDEMPOTENCY_SECRET,
  })
  open.push(api)
  return { api, backend, memory, logged: () => text }
}

/** Closes every API that a test made. */
export async function closeApis(): Promise<void> {
  await Promise.all(open.splice(0).map((api) => api.close()))
}

/** Lets a test API listen. @returns its address. */
export async function listen({ api }: TestApi): Promise<{ readonly url: string; readonly port: number }> {
  const url = await api.listen({ host: '127.0.0.1', port: 0 })
  return { url, port: Number(new URL(url).port) }
}

/** Waits until something holds; the test's timeout is the limit. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}
