// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { time } from '@nomicfoundation/hardhat-network-helpers'
import { AbiCoder } from 'ethers'
import type { ProofContext } from '../../prover/encodings'
import { CreditAttestation__factory, ProofBlob__factory, type IFileAttestation } from '../../typechain-types'
import { freshSigners } from './consumers'
import { trapdoorModel } from './consumer-models'
import { createWorld, type World } from './world'

export const DAY = 86_400n
export const MAX_VALIDITY = 90n * DAY
export const BEST = 4n
export const SALT = 1234n
export const coder = AbiCoder.defaultAbiCoder()
export const blob = { interface: ProofBlob__factory.createInterface() }
export const BLOB = ['uint256[8]', 'uint256[]', 'bytes32', 'address']
export const FILE = Array.from({ length: 17 }, (_, i) => BigInt(i))
export const ENDORSEMENT = {
  Endorsement: [
    { name: 'issuer', type: 'address' },
    { name: 'commitment', type: 'bytes32' },
    { name: 'subject', type: 'address' },
    { name: 'expiresAt', type: 'uint256' },
  ],
}

type Endorsement = IFileAttestation.EndorsementStruct & { readonly commitment: string; readonly subject: string }

export async function deployCredit(world: World, modelId: bigint) {
  const [governor, issuer, subject, other] = (await freshSigners(4)) as [
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
  ]
  const factory = new CreditAttestation__factory(world.deployer)
  const credit = await factory.deploy(world.routed, modelId, governor, MAX_VALIDITY)
  await credit.connect(governor).setIssuer(issuer, true)
  return { ...world, modelId, governor, issuer, subject, other, factory, credit }
}

export async function deploy() {
  const world = await createWorld()
  const model = await trapdoorModel(world, 'credit-default')
  return { ...(await deployCredit(world, model.modelId)), model }
}

type Scene = Awaited<ReturnType<typeof deploy>>

/** What an issuer signs, as a wallet signs typed data, apart from the contract. */
export async function sign(
  contract: { getAddress(): Promise<string> },
  signer: HardhatEthersSigner,
  endorsement: Endorsement,
  { name = 'zkml CreditAttestation', chainId = 31337n }: { name?: string; chainId?: bigint } = {},
) {
  const domain = { name, version: '1', chainId, verifyingContract: await contract.getAddress() }
  return { domain, signature: await signer.signTypedData(domain, ENDORSEMENT, endorsement) }
}

type Changes = Partial<ProofContext> & {
  readonly by?: HardhatEthersSigner
  readonly file?: readonly bigint[]
  readonly salt?: bigint
  readonly randomness?: bigint
  readonly endorsement?: Partial<Endorsement>
}

/** An endorsement, its signature, and a proof of some band, for the next request of a subject. */
export async function caseOf(scene: Scene, band: bigint, changes: Changes = {}) {
  const { credit, issuer, subject, model } = scene
  const { by = subject, file = FILE, salt = SALT, randomness, endorsement: other, ...context } = changes
  const requestId = await credit.requestOf(by)
  const answer = model.prove(
    file,
    [band],
    {
      chainId: 31337n,
      caller: await credit.getAddress(),
      requestId,
      modelId: model.modelId,
      prover: by.address,
      ...context,
    },
    randomness,
    salt,
  )
  const endorsement = {
    issuer: issuer.address,
    commitment: answer.inputCommitment,
    subject: by.address,
    expiresAt: BigInt(await time.latest()) + 30n * DAY,
    ...other,
  }
  const { signature } = await sign(credit, issuer, endorsement)
  return { endorsement, signature, ...answer }
}

type Case = Awaited<ReturnType<typeof caseOf>>

export const send = ({ credit, subject }: Scene, { endorsement, signature, output, proof }: Case, sender = subject) =>
  credit.connect(sender).attest(endorsement, signature, output, proof)
