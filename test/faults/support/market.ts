// SPDX-License-Identifier: GPL-3.0-or-later

import { keccak256, parseEther, Wallet, ZeroAddress, type JsonRpcSigner } from 'ethers'
import { toSolidityIoSchema } from '../../../prover/encodings'
import { canonicalKeyHex } from '../../../prover/groth16/vkey'
import { describeModel } from '../../../scripts/deploy/register'
import type { ModelRegistration } from '../../../scripts/deploy/registration'
import { firstRoutes } from '../../../scripts/deploy/suite'
import {
  BreastCancerVerifier__factory,
  Groth16Verifier__factory,
  InferenceCoordinator__factory,
  InferenceVerifier__factory,
  ModelRegistry__factory,
  VerifierEmergencyStop__factory,
  VerifierRouter__factory,
  VerifyingKeyStore__factory,
  type InferenceCoordinator,
  type InferenceVerifier,
  type ModelRegistry,
} from '../../../typechain-types'
import type { Anvil } from './anvil'
import { CANCER, marketModel, type MarketModel, type ModelName } from './models'

/** A model and the id it has on a chain. */
export type ListedModel = MarketModel & { readonly modelId: bigint }

/** The contracts of the market on a chain, and the models that are registered there. */
export type Market = {
  readonly anvil: Anvil
  readonly chainId: number
  readonly registry: ModelRegistry
  readonly keyStore: string
  /** The routed one, which the coordinator asks. */
  readonly verifier: InferenceVerifier
  readonly coordinator: InferenceCoordinator
  readonly coordinatorAddress: string
  /** Code hashes of the generated verifiers that serve its models. */
  readonly trustedVerifiers: readonly string[]
  /** The block the suite was deployed before. */
  readonly since: number
  model(name: ModelName): ListedModel
  /** An account with 100,000 coins that nobody else has. */
  account(): Wallet
}

/** Blocks on top of the deployment, so that no reorg of a test reaches it. */
const BURIED = 32
/** Accounts that tests can have. */
const ACCOUNTS = 4

/**
 * Deploys the market to a chain and registers models there.
 *
 * @param uris where their artefacts are, for those that say so
 */
export async function deployMarket(
  anvil: Anvil,
  names: readonly ModelName[],
  uris: Readonly<Partial<Record<ModelName, string>>> = {},
): Promise<Market> {
  const { provider } = anvil
  const models = await Promise.all(names.map((name) => marketModel(name)))
  const wallets = Array.from({ length: ACCOUNTS }, () => new Wallet(Wallet.createRandom().privateKey, provider))
  for (const { address } of wallets) await anvil.setBalance(address, parseEther('100000'))
  const deployer = await provider.getSigner(0)
  await anvil.setAutomine(true)

  const keyStore = await new VerifyingKeyStore__factory(deployer).deploy()
  const shared = await new Groth16Verifier__factory(deployer).deploy(keyStore)
  const registry = await new ModelRegistry__factory(deployer).deploy(keyStore, true)
  const stop = await new VerifierEmergencyStop__factory(deployer).deploy(shared, deployer)
  const stopAddress = await stop.getAddress()
  const routes = firstRoutes({ at: () => stopAddress })
  const router = await new VerifierRouter__factory(deployer).deploy(deployer, [...routes])
  const verifier = await new InferenceVerifier__factory(deployer).deploy(registry, router)
  const coordinator = await new InferenceCoordinator__factory(deployer).deploy(verifier, deployer)

  const listed = new Map<string, ListedModel>()
  const trustedVerifiers: string[] = []
  for (const model of models) {
    const own = model.name === CANCER ? await new BreastCancerVerifier__factory(deployer).deploy() : undefined
    const address = await own?.getAddress()
    if (address !== undefined) trustedVerifiers.push(keccak256(await provider.getCode(address)))
    const registration = { ...model.registration, uri: uris[model.name as ModelName] ?? '' }
    const modelId = await publish(registry, deployer, registration, address)
    listed.set(model.name, { ...model, modelId })
  }
  await anvil.mine(BURIED)
  const spare = [...wallets]
  return {
    anvil,
    chainId: Number((await provider.getNetwork()).chainId),
    registry,
    keyStore: await keyStore.getAddress(),
    verifier,
    coordinator,
    coordinatorAddress: await coordinator.getAddress(),
    trustedVerifiers,
    since: await provider.getBlockNumber(),
    model(name) {
      const model = listed.get(name)
      if (model === undefined) throw new Error(`Model ${name} is not registered on this chain.`)
      return model
    },
    account() {
      const wallet = spare.shift()
      if (wallet === undefined) throw new Error('All accounts are taken.')
      return wallet
    },
  }
}

/** Registers a model in the name of the deployer, with a verifier of its own or the shared one. */
async function publish(
  registry: ModelRegistry,
  deployer: JsonRpcSigner,
  model: ModelRegistration,
  verifier: string | undefined,
): Promise<bigint> {
  const code = verifier === undefined ? undefined : { runtimeCode: await deployer.provider.getCode(verifier) }
  const { manifest, commitment, modelId } = describeModel(model, deployer.address, code)
  await registry.publishModel(
    commitment.modelHash,
    commitment.proofSystemId,
    commitment.uri,
    canonicalKeyHex(model.verifyingKey),
    { ...manifest, ioSchema: toSolidityIoSchema(model.ioSchema) },
    verifier ?? ZeroAddress,
  )
  return modelId
}
