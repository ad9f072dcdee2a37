// SPDX-License-Identifier: GPL-3.0-or-later

import type { Provider } from 'ethers'
import { inferenceVerifierOf, ModelNotRegisteredError, readRegisteredModel } from '../chain'
import { SubmitUnavailableError, type ModelFacts, type Submission } from './api'
import { isSameModel, type CatalogueModel } from './artefacts'
import type { Config } from './config'

/** A chain to which proofs of clients can be submitted. */
export type SubmissionChain = {
  readonly provider: Provider
  /** Whether there is an account to send from. */
  readonly isServed: boolean
}

type Registration = ModelFacts['registrations'][number]

/** What models are called in the registries of chains, and whether that is true. */
export class Registrations {
  private readonly configured = new Map<string, Registration[]>()
  /** Entries that were found to be of a model. Nothing of them can change but whether the model is stopped. */
  private readonly checked = new Set<string>()

  constructor(
    private readonly config: Pick<Config, 'chains' | 'dryRun'>,
    private readonly chains: ReadonlyMap<number, SubmissionChain>,
  ) {
    for (const { chainId, registrations } of config.chains)
      for (const [key, modelId] of Object.entries(registrations))
        this.configured.set(key, [...this.of(key), { chainId, modelId: BigInt(modelId).toString() }])
  }

  /** What the configuration says a model is called, by its key. */
  of(key: string): readonly Registration[] {
    return this.configured.get(key) ?? []
  }

  /**
   * Where a proof of a model can be submitted on a chain; the registry entry is compared with the model at its first use.
   *
   * @param modelId the one to use; that of the configuration when absent
   * @throws SubmitUnavailableError; and what asking the chain may fail with.
   */
  async prepare(model: CatalogueModel, chainId: number, modelId: string | undefined): Promise<Submission> {
    if (this.config.dryRun) throw new SubmitUnavailableError('This prover makes a dry run, and submits nothing.')
    const chain = this.chains.get(chainId)
    if (!chain?.isServed)
      throw new SubmitUnavailableError(`This prover has no account on chain ${chainId}; submit the proof yourself.`)
    const id = modelId ?? this.of(model.key).find((known) => known.chainId === chainId)?.modelId
    if (id === undefined)
      throw new SubmitUnavailableError(
        `This prover does not know an id of "${model.key}" on chain ${chainId}; name it as "modelId" of "submit".`,
      )
    const { file, vkHash } = model
    const name = [chainId, id, file.modelHash, file.circuitHash, vkHash].join()
    if (!this.checked.has(name)) {
      await this.check(model, chainId, chain.provider, BigInt(id))
      this.checked.add(name)
    }
    return { chainId, modelId: id }
  }

  private async check(model: CatalogueModel, chainId: number, provider: Provider, modelId: bigint): Promise<void> {
    const { inferenceVerifier, coordinator } = this.config.chains.find((chain) => chain.chainId === chainId)!
    // The configuration has one of the two.
    const verifier = inferenceVerifier ?? (await inferenceVerifierOf(provider, coordinator!))
    const entry = await readRegisteredModel(provider, verifier, modelId).catch((error: unknown) => {
      if (!(error instanceof ModelNotRegisteredError)) throw error
      throw new SubmitUnavailableError(`The registry of chain ${chainId} has no model ${modelId}; correct the id.`)
    })
    if (!isSameModel(model, entry))
      throw new SubmitUnavailableError(
        `Model ${modelId} of chain ${chainId} is not "${model.key}" as this prover has it; a proof would not be accepted there.`,
      )
    if (entry.stopped)
      throw new SubmitUnavailableError(`Model ${modelId} was stopped on chain ${chainId}; no proof is accepted there.`)
  }
}
