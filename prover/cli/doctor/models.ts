// SPDX-License-Identifier: GPL-3.0-or-later

import { basename } from 'node:path'
import { ZeroAddress } from 'ethers'
import { readRegisteredModel, type RegisteredModel } from '../../chain'
import type { CatalogueModel } from '../../service/artefacts'
import { identityOf, IDENTITY } from '../../service/artefacts/manifest'
import { readLocalModels } from '../../service/artefacts/local-models'
import type { ChainConfig, Config } from '../../service/config'
import { verifierOf, withProvider } from './chain-access'
import type { Check } from './check'

/** Models that were fetched are called by their id. */
const FETCHED = /^0x[0-9a-f]{64}$/

/** The models of the configuration: what is in their folders, and what the registries say of those that are registered. */
export function modelChecks({ models: folders, chains }: Config): readonly Check[] {
  const { models, problems } = readLocalModels(folders)
  const fetches = chains.some(({ market }) => market.models !== 'local')
  return [
    {
      name: 'models',
      run: () => {
        if (folders.length === 0 && !fetches) throw new Error('there is no model to serve; add folders to models')
        const empty = folders.find((folder) => isEmpty(readLocalModels([folder])))
        if (empty !== undefined)
          throw new Error(`${empty} holds no model; compile and set up one there, or correct models`)
        return models.length === 0 ? 'none here, only such as are fetched' : models.map(({ key }) => key).join(', ')
      },
    },
    ...problems.map(({ folder, code, message }) => ({
      name: `model ${basename(folder)}`,
      run: () => {
        throw new Error(code === 'ENOENT' ? `${folder} does not exist; correct models` : message)
      },
    })),
    ...models.map(({ key, file, vkHash }) => ({
      name: `model ${key}`,
      run: () => `${file.constraints.toLocaleString('en-US')} constraints, key ${vkHash}`,
    })),
    ...chains.flatMap((chain) =>
      Object.entries(chain.registrations).map(([key, modelId]) => ({
        name: `model ${FETCHED.test(key) ? `${key.slice(0, 12)}…` : key} on chain ${chain.chainId}`,
        run: () => checkRegistration(chain, key, modelId, models),
      })),
    ),
  ]
}

function isEmpty({ models, problems }: ReturnType<typeof readLocalModels>): boolean {
  return models.length + problems.length === 0
}

async function checkRegistration(
  chain: ChainConfig,
  key: string,
  modelId: string,
  models: readonly CatalogueModel[],
): Promise<string> {
  const model = models.find((other) => other.key === key)
  if (model === undefined && !FETCHED.test(key))
    throw new Error(`registrations has "${key}", which no model here is called; correct the name, or add its folder`)
  const entry = await withProvider(chain, async (provider) =>
    readRegisteredModel(provider, await verifierOf(chain, provider), BigInt(modelId)),
  )
  const different = model && IDENTITY.filter((hash) => identityOf(model)[hash] !== entry[hash])
  if (different !== undefined && different.length > 0)
    throw new Error(
      `model ${modelId} of the registry is another one (${different.join(', ')} differ); register this one, or correct registrations`,
    )
  if (entry.stopped) throw new Error(`model ${modelId} is stopped: no proof of it passes any more; take it out`)
  return `registered as ${modelId}${remarks(chain, entry)}`
}

function remarks({ market, coordinator }: ChainConfig, entry: RegisteredModel): string {
  const { deprecated, activatesAt, verifier, verifierCodeHash } = entry
  const isTrusted = market.trustedVerifiers.some((hash) => hash.toLowerCase() === verifierCodeHash.toLowerCase())
  const found = [
    ...(deprecated ? ['deprecated'] : []),
    ...(activatesAt * 1000 > Date.now() ? [`active from ${new Date(activatesAt * 1000).toISOString()}`] : []),
    ...(coordinator !== undefined && verifier !== ZeroAddress && !isTrusted
      ? [`requests of it are skipped, as its verifier (code ${verifierCodeHash}) is not in trustedVerifiers`]
      : []),
  ]
  return found.map((remark) => `; ${remark}`).join('')
}
