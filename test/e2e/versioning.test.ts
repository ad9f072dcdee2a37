// SPDX-License-Identifier: GPL-3.0-or-later

import { time } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { concat, id, toBeHex, ZeroAddress } from 'ethers'
import { ethers } from 'hardhat'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FIELD_R } from '../../prover/encodings'
import { canonicalKeyHex, vkHash } from '../../prover/groth16/vkey'
import {
  InferenceLedger__factory,
  TimelockController__factory,
  TrapdoorVerifier__factory,
  type ClassGate,
  type InferenceVerifier,
} from '../../typechain-types'
import { createMarket, state, type Market } from '../support/market'
import { trapdoorKey } from '../support/trapdoor'

const GUIDE = readFileSync(join(__dirname, '..', '..', 'docs', 'versioning.md'), 'utf8')
const STEPS = [...GUIDE.matchAll(/^```js\n([^]*?)^```$/gm)].map((match) => match[1]!)
const NEXT_SYSTEM = id('groth16-bn254-v2').slice(0, 10)
const DELAY = 86_400n * 2n

/** What the steps have declared so far. */
type Declared = Readonly<Record<string, unknown>>

/** Names that a step declares. */
function declaredIn(code: string): string[] {
  return [...code.matchAll(/^const (?:\[([^\]]*)\]|\{([^}]*)\}|(\w+)) =/gm)].flatMap((match) =>
    (match[1] ?? match[2] ?? match[3] ?? '').split(',').map((name) => name.trim()),
  )
}

/** Runs the guide's steps in one scope, as a console would, and calls `check` after each. */
async function follow(scope: Declared, check: (step: number, declared: Declared) => Promise<void>): Promise<void> {
  const AsyncFunction = Object.getPrototypeOf(follow).constructor as new (
    ...args: string[]
  ) => (...values: unknown[]) => Promise<void>
  const names: string[] = []
  const body = STEPS.map((code, index) => {
    names.push(...declaredIn(code))
    return `${code}\nawait check(${index}, { ${names.join(', ')} })\n`
  }).join('')
  await new AsyncFunction(...Object.keys(scope), 'check', body)(...Object.values(scope), check)
}

/** Whether a fresh proof of a model, bound to an account, passes; its error if not. */
async function verdict(world: Market, verifier: InferenceVerifier, modelId: bigint): Promise<string> {
  const s = world.prove({ modelId, caller: world.prover.address })
  const call = verifier.checkInference(modelId, s.inputCommitment, s.output, s.proof, world.prover)
  return call.then(
    () => 'accepted',
    (error: unknown) => /custom error '(\w+)/.exec(String(error))?.[1] ?? String(error),
  )
}

describe('docs/versioning.md', () => {
  it('walks from a wrong verifier to migrated consumers', async () => {
    const world = await createMarket()
    const { deployer, guardian, publisher, stranger, requester, prover, coordinator, modelId } = world
    const { registry, routed, router, stop, keyStore, verifier: direct } = world
    const generated = await new TrapdoorVerifier__factory(deployer).deploy()
    const generatedId = await world.register({ verifier: await generated.getAddress() })
    const timelock = await new TimelockController__factory(deployer).deploy(
      DELAY,
      [deployer.address],
      [stranger.address],
      ZeroAddress,
    )
    await router.transferOwnership(timelock)
    const acceptance = router.interface.encodeFunctionData('acceptOwnership')
    const none = ethers.ZeroHash
    await timelock.schedule(router, 0, acceptance, none, none, DELAY)
    await time.increase(DELAY)
    await timelock.connect(stranger).execute(router, 0, acceptance, none, none)

    // A request that is locked and a result that is recorded when the verifier stops.
    const now = BigInt(await time.latest())
    const asked = world.ask({ rampStart: now, deadline: now + 86_400n, lockSeconds: 7200n })
    await coordinator.connect(requester).requestInference(asked, '0x')
    await coordinator.connect(prover).lock(asked)
    const ledger = await new InferenceLedger__factory(deployer).deploy(routed)
    const { inputCommitment } = asked
    await ledger.open(modelId, inputCommitment, 1, 30n * 86_400n)
    const resultId = await ledger.requestIdOf(deployer, modelId, inputCommitment, 1)
    const fact = { modelId, caller: await ledger.getAddress(), requestId: resultId, prover: prover.address }
    const recorded = world.prove(fact)
    await ledger.record(resultId, recorded.output, recorded.proof)

    const crafted = trapdoorKey(4, 2n)
    await keyStore.store(canonicalKeyHex(crafted.vk))
    const signals = [FIELD_R - 1n, 1n, 2n, 3n]
    const impossible = { signals, proof: concat(crafted.prove(signals).map((value) => toBeHex(value, 32))) }
    let checked = 0

    const checks: ((declared: Declared) => Promise<void>)[] = [
      // 1. stopped: routed refuses, direct does not, requests and results
      async () => {
        expect(await verdict(world, routed, modelId)).to.equal('RouteStopped')
        expect(await verdict(world, routed, generatedId)).to.equal('RouteStopped')
        expect(await verdict(world, direct, modelId)).to.equal('accepted')
        expect([await routed.isStopped(modelId), await direct.isStopped(modelId)]).to.deep.equal([true, false])
        const another = world.ask({ rampStart: now, deadline: now + 86_400n })
        await expect(coordinator.connect(requester).requestInference(another, '0x'))
          .to.be.revertedWithCustomError(coordinator, 'ModelStopped')
          .withArgs(modelId)
        const before = await coordinator.balanceOf(ZeroAddress, prover)
        await coordinator.connect(stranger).refund(asked)
        expect(await coordinator.balanceOf(ZeroAddress, prover)).to.equal(before + asked.bond)
        expect(await coordinator.stateOf(asked)).to.equal(state('REFUNDED'))
        await expect(ledger.resultOf(resultId)).to.be.revertedWithCustomError(ledger, 'ModelStopped').withArgs(modelId)
        const held = await coordinator.balanceOf(ZeroAddress, requester)
        await coordinator.connect(requester).withdraw(ZeroAddress, held, requester)
      },
      // 1a. one key
      async () => {
        expect(await stop.isStopped(vkHash(crafted.vk))).to.equal(true)
      },
      // 2. deployed, under an id of its own; no route yet
      async ({ nextSystem }) => {
        expect(nextSystem).to.equal(NEXT_SYSTEM)
        expect((await router.routeOf(NEXT_SYSTEM))[0].verifier).to.equal(ZeroAddress)
      },
      // 3. proposed: not before the delay is over
      async ({ call }) => {
        await time.increase(DELAY - 100n)
        await expect(
          timelock.connect(stranger).execute(router, 0, call as string, none, none),
        ).to.be.revertedWithCustomError(timelock, 'TimelockUnexpectedOperationState')
        await time.increase(200n)
      },
      async ({ route }) => {
        const [{ verifier }] = await router.routeOf(NEXT_SYSTEM)
        expect(verifier).to.equal((route as { verifier: string }).verifier)
        expect(await verdict(world, routed, modelId)).to.equal('RouteStopped')
      },
      // 4. appended, not active yet; the old one still passes where nobody could stop it
      async () => {
        const newest = await registry.modelAt(modelId, 2)
        expect(await registry.activeVersionOf(modelId)).to.deep.equal([1n, modelId])
        expect(await verdict(world, routed, newest)).to.equal('ModelNotActive')
        expect(await verdict(world, direct, modelId)).to.equal('accepted')
      },
      // deprecated: direct instances stop too
      async () => {
        expect(await verdict(world, direct, modelId)).to.equal('VerificationRefused_ModelDeprecated')
        await time.increase(2n * 86_400n)
      },
      // 5. active: routed serves it, proofs for the old id do not pass, direct never serves it
      async ({ consumer, nextId: next, version }) => {
        const nextId = next as bigint
        expect(version).to.equal(2)
        expect(await (consumer as ClassGate).modelId()).to.equal(nextId)
        expect(await verdict(world, routed, nextId)).to.equal('accepted')
        expect(await verdict(world, direct, nextId)).to.equal('UnsupportedProofSystem')
        const old = world.prove({ modelId, caller: prover.address })
        await expect(
          routed.checkInference(nextId, old.inputCommitment, old.output, old.proof, prover),
        ).to.be.revertedWithCustomError(routed, 'InvalidProof')
        const later = world.ask({ modelId: nextId, rampStart: now, deadline: BigInt(await time.latest()) + 3600n })
        await coordinator.connect(requester).deposit(ZeroAddress, asked.maxPrice, { value: asked.maxPrice })
        await coordinator.connect(requester).requestInference(later, '0x')
      },
      async ({ nextDirect, nextId }) => {
        expect(await verdict(world, nextDirect as InferenceVerifier, nextId as bigint)).to.equal('accepted')
      },
    ]
    expect(STEPS).to.have.lengthOf(checks.length)
    const scope = {
      ...{ ethers, stop, guardian, anyone: stranger, brokenKey: vkHash(crafted.vk), impossible, keyStore, router },
      ...{ timelock, proposer: deployer, executor: stranger, registry, publisher, modelId, lineageId: modelId, routed },
    }
    await follow(scope, async (step, declared) => {
      await checks[step]!(declared)
      checked++
    })
    expect(checked).to.equal(checks.length)
  })
})
