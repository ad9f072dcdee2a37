// SPDX-License-Identifier: GPL-3.0-or-later

import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/signers'
import { loadFixture } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { ZeroAddress, type ContractTransactionResponse } from 'ethers'
import { ethers } from 'hardhat'
import {
  at,
  BOND,
  BURN_ADDRESS,
  createMarket,
  LIFETIME,
  LOCK_SECONDS,
  MAX_PRICE,
  state,
  type Market,
  type Request,
  type StateName,
} from '../../support/market'

const LOCKED_AT = 250n
/** 100,000 + 900,000 · 250 / 1000. */
const LOCKED_PRICE = 325_000n
const MID = 500n
/** 100,000 + 900,000 · 500 / 1000. */
const MID_PRICE = 550_000n
const LOCK_END = LOCKED_AT + LOCK_SECONDS

const HALF = BOND / 2n

type Scene = Market & { readonly request: Request }
type Action = (scene: Scene) => Promise<ContractTransactionResponse>

/** Everything that can be done to a request. `prover` locks in the situations below, `rival` tries everything else. */
const ACTIONS = {
  requestInference: ({ coordinator, requester, request }) =>
    coordinator.connect(requester).requestInference(request, '0x'),
  requestInferenceAsStranger: ({ coordinator, stranger, request }) =>
    coordinator.connect(stranger).requestInference(request, '0x'),
  openSigned: async ({ coordinator, stranger, request, sign }) =>
    coordinator.connect(stranger).openSigned(request, await sign(request), '0x'),
  lock: ({ coordinator, rival, request }) => coordinator.connect(rival).lock(request),
  lockSigned: async ({ coordinator, rival, request, sign }) =>
    coordinator.connect(rival).lockSigned(request, await sign(request)),
  fulfillForLocker: (scene) => fulfill(scene, scene.prover),
  fulfillForRival: (scene) => fulfill(scene, scene.rival),
  cancel: ({ coordinator, requester, request }) => coordinator.connect(requester).cancel(request),
  cancelAsStranger: ({ coordinator, stranger, request }) => coordinator.connect(stranger).cancel(request),
  refund: ({ coordinator, stranger, request }) => coordinator.connect(stranger).refund(request),
} as const satisfies Record<string, Action>
type ActionName = keyof typeof ACTIONS

async function fulfill({ coordinator, stranger, request, answer }: Scene, prover: HardhatEthersSigner) {
  const { output, proof } = await answer(request, prover)
  return coordinator.connect(stranger).fulfill(request, output, proof)
}

/** Where an action leads and what it moves: prices in the request's token, bonds in the native coin. */
type Edge = {
  readonly to: StateName
  readonly requester?: bigint
  readonly prover?: { readonly price?: bigint; readonly bond?: bigint }
  readonly rival?: { readonly price?: bigint; readonly bond?: bigint }
  readonly burned?: bigint
}
type Refusal = { readonly error: string }

type Situation = {
  readonly name: string
  readonly state: StateName
  /** Seconds after the start at which the action comes. */
  readonly moment: bigint
  readonly locked?: boolean
  readonly before?: (scene: Scene) => Promise<unknown>
  /** What is possible; anything else is refused for the state. */
  readonly can: Partial<Record<ActionName, Edge | Refusal>>
}

const stop = ({ stop, guardian }: Scene) => stop.connect(guardian).stop()
const deprecate = ({ registry, publisher, modelId }: Scene) => registry.connect(publisher).deprecateModel(modelId)
const pause = ({ coordinator, owner }: Scene) => coordinator.connect(owner).pause()
const open: Action = ACTIONS.requestInference

const opens: Edge = { to: 'OPEN', requester: -MAX_PRICE }
const locks = (price: bigint): Edge => ({ to: 'LOCKED', requester: MAX_PRICE - price, rival: { bond: -BOND } })
const opensAndLocks: Edge = { to: 'LOCKED', requester: -MID_PRICE, rival: { bond: -BOND } }
const cancelsNothing: Edge = { to: 'CANCELLED' }
const cancels: Edge = { to: 'CANCELLED', requester: MAX_PRICE }
const pays: Edge = { to: 'FULFILLED', prover: { price: LOCKED_PRICE, bond: BOND } }
const paysLate = (who: 'prover' | 'rival'): Edge => ({
  to: 'FULFILLED',
  [who]: { price: LOCKED_PRICE, bond: HALF },
  burned: BOND - HALF,
})
const refundsOpen: Edge = { to: 'REFUNDED', requester: MAX_PRICE }
const refundsLocked: Edge = { to: 'REFUNDED', requester: LOCKED_PRICE, burned: BOND }
const refundsStopped: Edge = { to: 'REFUNDED', requester: LOCKED_PRICE, prover: { bond: BOND } }

const NOT_YOURS: Situation['can'] = {
  requestInferenceAsStranger: { error: 'NotTheRequester' },
  cancelAsStranger: { error: 'NotTheRequester' },
}
const opening = (outcome: Edge | Refusal, locking: Edge | Refusal): Situation['can'] => ({
  ...NOT_YOURS,
  requestInference: outcome,
  openSigned: outcome,
  lockSigned: locking,
  cancel: cancelsNothing,
})
const OPEN_EDGES: Situation['can'] = {
  ...NOT_YOURS,
  lock: locks(MID_PRICE),
  lockSigned: locks(MID_PRICE),
  cancel: cancels,
}
const LOCKED_EDGES: Situation['can'] = {
  ...NOT_YOURS,
  fulfillForLocker: pays,
  fulfillForRival: { error: 'NotTheLocker' },
}
const LOCK_EXPIRED_EDGES: Situation['can'] = {
  ...NOT_YOURS,
  fulfillForLocker: paysLate('prover'),
  fulfillForRival: paysLate('rival'),
}
const STOPPED_PROOFS: Situation['can'] = {
  fulfillForLocker: { error: 'RouteStopped' },
  fulfillForRival: { error: 'RouteStopped' },
}
const refusedWhen = (error: string): Situation['can'] => opening({ error }, { error })

const SITUATIONS: readonly Situation[] = [
  { name: 'none', state: 'NONE', moment: MID, can: opening(opens, opensAndLocks) },
  {
    name: 'none, past the deadline',
    state: 'NONE',
    moment: LIFETIME + 1n,
    can: opening({ error: 'BadTimes' }, { error: 'BadTimes' }),
  },
  { name: 'none, paused', state: 'NONE', moment: MID, before: pause, can: refusedWhen('EnforcedPause') },
  { name: 'none, deprecated', state: 'NONE', moment: MID, before: deprecate, can: refusedWhen('ModelIsDeprecated') },
  { name: 'none, stopped', state: 'NONE', moment: MID, before: stop, can: refusedWhen('ModelStopped') },
  { name: 'open', state: 'OPEN', moment: MID, before: open, can: OPEN_EDGES },
  {
    name: 'open, in its last second',
    state: 'OPEN',
    moment: LIFETIME,
    before: open,
    can: { ...OPEN_EDGES, lock: locks(MAX_PRICE), lockSigned: locks(MAX_PRICE) },
  },
  {
    name: 'open, paused',
    state: 'OPEN',
    moment: MID,
    before: async (scene) => [await open(scene), await pause(scene)],
    can: OPEN_EDGES,
  },
  {
    name: 'open, deprecated',
    state: 'OPEN',
    moment: MID,
    before: async (scene) => [await open(scene), await deprecate(scene)],
    can: OPEN_EDGES,
  },
  {
    name: 'open, stopped',
    state: 'OPEN',
    moment: MID,
    before: async (scene) => [await open(scene), await stop(scene)],
    can: {
      ...OPEN_EDGES,
      lock: { error: 'ModelStopped' },
      lockSigned: { error: 'ModelStopped' },
      refund: refundsOpen,
    },
  },
  { name: 'locked', state: 'LOCKED', moment: MID, locked: true, can: LOCKED_EDGES },
  { name: 'locked, in its last second', state: 'LOCKED', moment: LOCK_END, locked: true, can: LOCKED_EDGES },
  { name: 'locked, paused', state: 'LOCKED', moment: MID, locked: true, before: pause, can: LOCKED_EDGES },
  { name: 'locked, deprecated', state: 'LOCKED', moment: MID, locked: true, before: deprecate, can: LOCKED_EDGES },
  {
    name: 'locked, stopped',
    state: 'LOCKED',
    moment: MID,
    locked: true,
    before: stop,
    can: { ...LOCKED_EDGES, fulfillForLocker: { error: 'RouteStopped' }, refund: refundsStopped },
  },
  { name: 'lock expired', state: 'LOCK_EXPIRED', moment: LOCK_END + 1n, locked: true, can: LOCK_EXPIRED_EDGES },
  {
    name: 'lock expired, in its last second',
    state: 'LOCK_EXPIRED',
    moment: LIFETIME,
    locked: true,
    can: LOCK_EXPIRED_EDGES,
  },
  {
    name: 'lock expired, deprecated and paused',
    state: 'LOCK_EXPIRED',
    moment: LOCK_END + 1n,
    locked: true,
    before: async (scene) => [await deprecate(scene), await pause(scene)],
    can: LOCK_EXPIRED_EDGES,
  },
  {
    name: 'lock expired, stopped',
    state: 'LOCK_EXPIRED',
    moment: LOCK_END + 1n,
    locked: true,
    before: stop,
    can: { ...NOT_YOURS, ...STOPPED_PROOFS, refund: refundsStopped },
  },
  {
    name: 'expired, never locked',
    state: 'EXPIRED',
    moment: LIFETIME + 1n,
    before: open,
    can: { ...NOT_YOURS, refund: refundsOpen },
  },
  {
    name: 'expired, once locked',
    state: 'EXPIRED',
    moment: LIFETIME + 1n,
    locked: true,
    before: pause,
    can: { ...NOT_YOURS, refund: refundsLocked },
  },
  {
    name: 'expired, once locked, stopped',
    state: 'EXPIRED',
    moment: LIFETIME + 1n,
    locked: true,
    before: stop,
    can: { ...NOT_YOURS, refund: refundsStopped },
  },
  {
    name: 'fulfilled',
    state: 'FULFILLED',
    moment: MID,
    locked: true,
    before: ACTIONS.fulfillForLocker,
    can: NOT_YOURS,
  },
  {
    name: 'fulfilled, past the deadline, stopped',
    state: 'FULFILLED',
    moment: LIFETIME + 1n,
    locked: true,
    before: async (scene) => [await ACTIONS.fulfillForLocker(scene), await stop(scene)],
    can: NOT_YOURS,
  },
  {
    name: 'cancelled',
    state: 'CANCELLED',
    moment: MID,
    before: async (scene) => [await open(scene), await ACTIONS.cancel(scene)],
    can: NOT_YOURS,
  },
  { name: 'cancelled unopened', state: 'CANCELLED', moment: MID, before: ACTIONS.cancel, can: NOT_YOURS },
  {
    name: 'refunded, stopped',
    state: 'REFUNDED',
    moment: LIFETIME + 1n,
    locked: true,
    before: async (scene) => [await stop(scene), await ACTIONS.refund(scene)],
    can: NOT_YOURS,
  },
]

describe('the states of a request', () => {
  for (const money of ['native coin', 'token'] as const) {
    describe(`paid in the ${money}`, () => {
      for (const situation of SITUATIONS) {
        it(`${situation.name}: ${describeEdges(situation)}`, async () => {
          for (const action of Object.keys(ACTIONS) as ActionName[]) {
            const scene = await arrange(money, situation)
            await attempt(scene, situation, action)
          }
        })
      }
    })
  }
})

/** What is possible in a situation, for its title. */
function describeEdges({ can }: Situation): string {
  const edges = Object.entries(can).filter(([, outcome]) => 'to' in outcome)
  return edges.length === 0 ? 'nothing can be done' : edges.map(([action]) => action).join(', ')
}

const fixture = () => createMarket()

async function arrange(money: 'native coin' | 'token', situation: Situation): Promise<Scene> {
  const market = await loadFixture(fixture)
  const token = money === 'token' ? await market.token.getAddress() : ZeroAddress
  const scene = { ...market, request: market.ask({ token }) }
  await at(scene.start)
  if (situation.locked === true) {
    await open(scene)
    await at(scene.start + LOCKED_AT)
    await scene.coordinator.connect(scene.prover).lock(scene.request)
  }
  await situation.before?.(scene)
  await at(scene.start + situation.moment)
  return scene
}

/** Tries an action, and asserts the state it leads to and every balance it moves. */
async function attempt(scene: Scene, situation: Situation, action: ActionName): Promise<void> {
  const { coordinator, request, requester, prover, rival } = scene
  const label = `${situation.name}, ${action}`
  const id = await coordinator.requestIdOf(request)
  const before = await holdings(scene)
  const outcome = situation.can[action] ?? { error: 'WrongState' }
  if ('error' in outcome) {
    const sources = { RouteStopped: scene.router, ModelIsDeprecated: scene.registry }
    const source = sources[outcome.error as keyof typeof sources] ?? coordinator
    const refused = expect(ACTIONS[action](scene), label).to.be.revertedWithCustomError(source, outcome.error)
    await (outcome.error === 'WrongState' ? refused.withArgs(id, state(situation.state)) : refused)
    expect(await coordinator.stateOf(request), label).to.equal(state(situation.state))
    expect(await holdings(scene), label).to.deep.equal(before)
    return
  }
  const moved = (await (await ACTIONS[action](scene)).wait())!
  expect(moved.status).to.equal(1)
  expect(await coordinator.stateOf(request), label).to.equal(state(outcome.to))
  const native = request.token === ZeroAddress
  const expected = { ...before }
  const move = (account: HardhatEthersSigner, price = 0n, bond = 0n) => {
    expected[`price:${account.address}`]! += price + (native ? bond : 0n)
    expected[`bond:${account.address}`]! += bond + (native ? price : 0n)
  }
  move(requester, outcome.requester)
  move(prover, outcome.prover?.price, outcome.prover?.bond)
  move(rival, outcome.rival?.price, outcome.rival?.bond)
  expected['burned']! += outcome.burned ?? 0n
  expect(await holdings(scene), label).to.deep.equal(expected)
  await scene.balance([request])
}

/** Balances in the request's token and in the native coin, and what was burned. */
async function holdings({ coordinator, request, requester, prover, rival }: Scene): Promise<Record<string, bigint>> {
  const found: Record<string, bigint> = { burned: await ethers.provider.getBalance(BURN_ADDRESS) }
  for (const { address } of [requester, prover, rival]) {
    found[`price:${address}`] = await coordinator.balanceOf(request.token, address)
    found[`bond:${address}`] = await coordinator.balanceOf(ZeroAddress, address)
  }
  return found
}
