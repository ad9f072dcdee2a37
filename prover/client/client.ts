// SPDX-License-Identifier: GPL-3.0-or-later

import { requestInputMessage, requestOutputMessage, type TypedData } from '../encodings/request-input'
import { ClientInputError, InferenceEndedError, ProverUnreachableError, ZkmlApiError } from './errors'
import { readEvents } from './events'
import { pause, Transport, type TransportOptions } from './transport'
import type {
  CallOptions,
  FeatureRow,
  Features,
  InferOptions,
  Inference,
  InferenceFilter,
  InferencePage,
  InferenceBody,
  InferenceProgress,
  ModelOutput,
  OpenCommitmentBody,
  ProofFile,
  ProofSecrets,
  ProofOptions,
  RequestOfMarket,
  ServedModel,
  TypedDataSigner,
  VerificationResult,
} from './types'

export type ZkmlClientOptions = TransportOptions

/** Between two looks at an inference whose events cannot be had, in milliseconds. */
const POLL = 1000

const FINAL: readonly Inference['state'][] = ['done', 'skipped', 'failed', 'cancelled', 'expired']

/** Seconds for which the signature of an output request counts; well below what provers allow. */
const SIGNATURE_SECONDS = 120

/**
 * Talks to a prover (`zkml serve`) over HTTP. Runs in Node and in browsers. Methods throw `ZkmlApiError` for what the prover refuses
 * and `ProverUnreachableError` when it does not answer.
 *
 * @example
 * ```ts
 * const zkml = new ZkmlClient({ url: 'http://127.0.0.1:8420', token })
 * const [score] = await zkml.infer('credit-default', features)
 * console.log(score.values)
 * ```
 */
export class ZkmlClient {
  private readonly transport: Transport

  constructor(options: ZkmlClientOptions) {
    this.transport = new Transport(options)
  }

  /** The models that the prover serves. */
  async models(options: CallOptions = {}): Promise<readonly ServedModel[]> {
    const { models } = await this.transport.persist<{ models: ServedModel[] }>('/v1/models', options)
    return models
  }

  /** A model by its name or model hash. */
  async model(id: string, options: CallOptions = {}): Promise<ServedModel> {
    return this.transport.persist(`/v1/models/${encodeURIComponent(id)}`, options)
  }

  /**
   * Runs a model. With `prove` or `submit` the run is proved too; hashed outputs are then those that the prover keeps for us.
   *
   * @param model its name at the prover, or its model hash
   * @throws InferenceEndedError when the proof fails
   */
  async infer(model: string, features: Features, options: InferOptions = {}): Promise<readonly ModelOutput[]> {
    if (!options.prove && !options.submit) {
      const body: InferenceBody = { model, ...inputOf(features) }
      const { signal } = options
      type Run = { outputs: Omit<ModelOutput, 'commitment'>[] }
      const { outputs } = await this.transport.persist<Run>('/v1/inferences', { method: 'POST', body, signal })
      return outputs.map((output) => ({ ...output, commitment: null }))
    }
    return this.outputs(await this.prove(model, features, options), options)
  }

  /**
   * Asks for a proof and waits for its end, and with `submit` for the confirmation of its transaction. Survives restarts of the
   * prover and lost connections; a proof is made once.
   *
   * @returns the inference, `done`; its proof is at {@link proof}.
   * @throws InferenceEndedError when it ended otherwise
   */
  async prove(model: string, features: Features, options: ProofOptions = {}): Promise<Inference> {
    const { context, submit, salts, signal, onProgress, idempotencyKey } = options
    const body: InferenceBody = {
      model,
      ...inputOf(features),
      prove: true,
      ...(context && { context }),
      ...(submit && { submit: { ...submit } }),
      ...(salts && { salts: salts.map(String) }),
    }
    const headers = { 'idempotency-key': idempotencyKey ?? randomKey() }
    const asked = await this.transport.persist<Inference>('/v1/inferences', { method: 'POST', body, headers, signal })
    const ended = await this.wait(asked.id, { ...(signal && { signal }), ...(onProgress && { onProgress }) })
    if (ended.state !== 'done') throw new InferenceEndedError(ended)
    return ended
  }

  /** Where an inference stands. */
  async inference(id: string, options: CallOptions = {}): Promise<Inference> {
    return this.transport.persist(`/v1/inferences/${id}`, options)
  }

  /** A page of the inferences of all clients and of the market, newest first; for operators. */
  async inferences(filter: InferenceFilter = {}, options: CallOptions = {}): Promise<InferencePage> {
    const query = new URLSearchParams(
      Object.entries(filter).map(([name, value]): [string, string] => [name, String(value)]),
    )
    return this.transport.persist(`/v1/inferences?${query}`, options)
  }

  /** Takes up an inference again that ended without success; for operators. */
  async retry(id: string, options: CallOptions = {}): Promise<Inference> {
    return this.transport.persist(`/v1/inferences/${encodeURIComponent(id)}/retry`, { method: 'POST', ...options })
  }

  /** Waits for an inference to end, by its events, or by asking again where those cannot be had. */
  async wait(id: string, options: Pick<ProofOptions, 'signal' | 'onProgress'> = {}): Promise<Inference> {
    for (;;) {
      await this.follow(id, options)
      const inference = await this.inference(id, options)
      if (FINAL.includes(inference.state)) return inference
      await pause(POLL, options.signal)
    }
  }

  /** The proof of an inference. */
  async proof(id: string, options: CallOptions = {}): Promise<ProofFile> {
    return this.transport.persist(`/v1/inferences/${id}/proof`, options)
  }

  /** What opens the commitments of an inference of ours. The prover erases it some hours after the end. */
  async secrets(id: string, options: CallOptions = {}): Promise<ProofSecrets> {
    return this.transport.persist(`/v1/inferences/${id}/secrets`, options)
  }

  /** Cancels an inference of ours that is not submitted yet. */
  async cancel(id: string, options: CallOptions = {}): Promise<Inference> {
    return this.transport.persist(`/v1/inferences/${id}`, { method: 'DELETE', ...options })
  }

  /** Lets the prover verify a proof. Whoever must not trust the prover verifies by himself. */
  async verify(model: string, proof: ProofFile, options: CallOptions = {}): Promise<VerificationResult> {
    return this.transport.persist('/v1/verify', { method: 'POST', body: { model, proof }, ...options })
  }

  /** Whether salt and tensor open a commitment. */
  async openCommitment(opening: OpenCommitmentBody, options: CallOptions = {}): Promise<boolean> {
    const request = { method: 'POST' as const, body: opening, ...options }
    const { opens } = await this.transport.persist<{ opens: boolean }>('/v1/commitments/open', request)
    return opens
  }

  /**
   * Sends the input of a market request that has only a commitment to it, signed by its requester.
   *
   * @param integers q of every element, a row for each input tensor: what was committed to
   * @param salts of the hashed input tensors, in order
   */
  async sendRequestInput(
    request: RequestOfMarket,
    { integers, salts }: { readonly integers: readonly (readonly bigint[])[]; readonly salts: readonly bigint[] },
    signer: TypedDataSigner,
    options: CallOptions = {},
  ): Promise<void> {
    const signature = await sign(signer, requestInputMessage(reference(request), integers, salts))
    const body = {
      chainId: request.chainId,
      input_integers: integers.map((row) => row.map(String)),
      salts: salts.map(String),
      signature,
    }
    await this.transport.persist(`/v1/requests/${request.requestId}/input`, { method: 'POST', body, ...options })
  }

  /** What opens the hashed outputs of a market request, for its requester. */
  async openRequestOutput(
    request: RequestOfMarket,
    signer: TypedDataSigner,
    options: CallOptions = {},
  ): Promise<ProofSecrets> {
    const issuedAt = Math.floor(Date.now() / 1000)
    const expiresAt = issuedAt + SIGNATURE_SECONDS
    const validity = { issuedAt: BigInt(issuedAt), expiresAt: BigInt(expiresAt) }
    const signature = await sign(signer, requestOutputMessage(reference(request), validity))
    const body = { chainId: request.chainId, issuedAt, expiresAt, signature }
    return this.transport.persist(`/v1/requests/${request.requestId}/output`, { method: 'POST', body, ...options })
  }

  /** Follows the events of an inference until they end; for whatever reason, its state is asked for afterwards. */
  private async follow(id: string, { signal, onProgress }: Pick<ProofOptions, 'signal' | 'onProgress'>): Promise<void> {
    try {
      const { body } = await this.transport.open(`/v1/inferences/${id}/events`, { signal })
      if (!body) return
      for await (const { name, data } of readEvents(body)) {
        if (name === 'end' || name === 'closing') return
        if (name === 'progress') onProgress?.(JSON.parse(data) as InferenceProgress)
      }
    } catch (error) {
      signal?.throwIfAborted()
      // Too many streams, a proxy that cuts them, a restart: asking again still works.
      const passing = error instanceof ZkmlApiError ? error.status >= 429 : error instanceof ProverUnreachableError
      if (!passing) throw error
    }
  }

  /** The outputs of a proof, those that are hashed from its secrets. */
  private async outputs({ id, outputs }: Inference, options: CallOptions): Promise<readonly ModelOutput[]> {
    if (!outputs) throw new ProverUnreachableError('The prover does not serve the model any more; ask for the proof.')
    const hidden = outputs.some(({ values }) => values === null)
    const opened = hidden ? (await this.secrets(id, options)).tensors.filter(({ side }) => side === 'output') : []
    return outputs.map((output) => {
      const { values, integers } = output.values ? output : (opened.find(({ name }) => name === output.name) ?? output)
      if (!values || !integers)
        throw new ProverUnreachableError(`The output "${output.name}" is hashed and was erased.`)
      return { ...output, values, integers }
    })
  }
}

/** An input as the API takes it. */
function inputOf(features: Features): Pick<InferenceBody, 'input_data' | 'input_integers'> {
  const first: FeatureRow | number | bigint | undefined = features[0]
  const rows = (typeof first === 'object' ? features : [features]) as readonly FeatureRow[]
  const all = (kind: string) => rows.every((row) => Array.isArray(row) && row.every((value) => typeof value === kind))
  if (all('number')) return { input_data: rows.map((row) => row.map(Number)) }
  if (all('bigint')) return { input_integers: rows.map((row) => row.map(String)) }
  throw new ClientInputError('Features are lists of numbers, or lists of bigints; these are mixed, or something else.')
}

const reference = ({ chainId, coordinator, requestId }: RequestOfMarket) => ({
  chainId: BigInt(chainId),
  coordinator,
  requestId,
})

function sign(signer: TypedDataSigner, { domain, types, value }: TypedData): Promise<string> {
  return signer.signTypedData({ ...domain }, types, value)
}

function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
