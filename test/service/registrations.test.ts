// SPDX-License-Identifier: GPL-3.0-or-later

import { loadFixture } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { id } from 'ethers'
import { ethers } from 'hardhat'
import { ioSchemaHash } from '../../prover/encodings'
import type { ModelFile } from '../../prover/pipeline'
import { SubmitUnavailableError } from '../../prover/service/api'
import type { CatalogueModel } from '../../prover/service/artefacts'
import { checkConfig } from '../../prover/service/config'
import { Registrations } from '../../prover/service/registrations'
import { createMarket } from '../support/market'
import { rejection } from '../support/rejection'
import { CLASSIFIER, describeModel, modelParts } from '../support/world'

const CHAIN = 31337

/** The model that the registry of a market has, as a folder here would give it. */
const fixture = async () => {
  const market = await createMarket()
  const { manifest, commitment } = await describeModel(modelParts(market.key.vk))
  const { r1csHash, recipeHash, setupHash } = manifest
  const { modelHash, circuitHash, vkHash } = commitment
  const hashes = { modelHash, circuitHash, r1csHash, recipeHash, ioSchemaHash: ioSchemaHash(CLASSIFIER) }
  const file = { ...hashes, schema: CLASSIFIER } as unknown as ModelFile
  const model: CatalogueModel = { key: 'digits', folder: '/digits', source: 'local', file, vkHash, setupHash }
  return { market, model, verifier: await market.routed.getAddress() }
}

describe('registrations', () => {
  let calls = 0
  /** Counts what the chain is asked. */
  const provider = new Proxy(ethers.provider, {
    get: (target, name) => {
      if (name === 'call') calls++
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  const registrations = (chain: object, options: { readonly isServed?: boolean; readonly dryRun?: boolean } = {}) => {
    const { isServed = true, dryRun = false } = options
    const config = checkConfig({ dryRun, chains: [{ chainId: CHAIN, rpc: ['http://127.0.0.1:1'], ...chain }] })
    return new Registrations(config, new Map([[CHAIN, { provider, isServed }]]))
  }
  async function refused(promise: Promise<unknown>, message: RegExp): Promise<void> {
    const error = await rejection(promise)
    expect(error).to.be.instanceOf(SubmitUnavailableError)
    expect(error.message).to.match(message)
  }

  it('of the configuration are compared with the registry at their first use, and remembered', async () => {
    const { market, model, verifier } = await loadFixture(fixture)
    const modelId = market.modelId.toString()
    const found = registrations({ inferenceVerifier: verifier, registrations: { digits: modelId } })
    expect(found.of('digits')).to.deep.equal([{ chainId: CHAIN, modelId }])
    expect(found.of('other')).to.deep.equal([])
    calls = 0
    expect(await found.prepare(model, CHAIN, undefined)).to.deep.equal({ chainId: CHAIN, modelId })
    expect(calls).to.be.above(0)
    calls = 0
    expect(await found.prepare(model, CHAIN, undefined)).to.deep.equal({ chainId: CHAIN, modelId })
    expect(calls).to.equal(0)
    // What is remembered is of this model, not of what the folder has later.
    await refused(found.prepare({ ...model, vkHash: id('another key') }, CHAIN, undefined), /is not "digits"/)
  })

  it('can be named by the client, and are looked up at the verifier of the coordinator', async () => {
    const { market, model } = await loadFixture(fixture)
    const found = registrations({ coordinator: market.address })
    const modelId = market.modelId.toString()
    expect(await found.prepare(model, CHAIN, modelId)).to.deep.equal({ chainId: CHAIN, modelId })
    await refused(found.prepare(model, CHAIN, undefined), /does not know an id of "digits".*"modelId"/)
  })

  it('of another model, circuit or key are refused, each time', async () => {
    const { market, model, verifier } = await loadFixture(fixture)
    const found = registrations({ inferenceVerifier: verifier })
    const other = await market.register({ modelHash: id('other') })
    for (let i = 0; i < 2; i++) await refused(found.prepare(model, CHAIN, other.toString()), /is not "digits"/)
    await refused(found.prepare(model, CHAIN, '5'), /has no model 5/)
    const { file } = model
    const differing: readonly CatalogueModel[] = [
      { ...model, vkHash: id('x') },
      { ...model, setupHash: id('x') },
      ...['r1csHash', 'recipeHash', 'ioSchemaHash', 'modelHash'].map((hash) => ({
        ...model,
        file: { ...file, [hash]: id('x') },
      })),
    ]
    for (const wrong of differing)
      await refused(found.prepare(wrong, CHAIN, market.modelId.toString()), /is not "digits"/)
  })

  it('of a model that was stopped are refused', async () => {
    const { market, model, verifier } = await loadFixture(fixture)
    await market.stop.connect(market.guardian).stop()
    const found = registrations({ inferenceVerifier: verifier })
    await refused(found.prepare(model, CHAIN, market.modelId.toString()), /was stopped/)
  })

  it('are of no use without an account, on another chain, and in a dry run', async () => {
    const { market, model, verifier } = await loadFixture(fixture)
    const chain = { inferenceVerifier: verifier, registrations: { digits: market.modelId.toString() } }
    await refused(registrations(chain, { isServed: false }).prepare(model, CHAIN, undefined), /no account/)
    await refused(registrations(chain).prepare(model, 5, undefined), /no account on chain 5/)
    await refused(registrations(chain, { dryRun: true }).prepare(model, CHAIN, undefined), /dry run/)
  })
})
