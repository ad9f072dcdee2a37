// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { ZeroAddress, ZeroHash } from 'ethers'
import type { RegisteredModel, RequestState } from '../../../prover/chain'
import { PROOF_SYSTEM_GROTH16, type MarketRequest } from '../../../prover/encodings'
import type { ModelFile } from '../../../prover/pipeline'
import type { CatalogueModel } from '../../../prover/service/artefacts'
import { GasTracker } from '../../../prover/service/planner/gas-tracker'
import type { MarketChain, MarketPolicy } from '../../../prover/service/planner/market-chain'
import { preflight, type PreflightContext, type Verdict } from '../../../prover/service/planner/preflight'
import type { Job, MarketOrigin } from '../../../prover/service/store'
import { CLASSIFIER } from '../../support/world'

const OURS = `0x${'11'.repeat(20)}`
const OTHER = `0x${'22'.repeat(20)}`
const COORDINATOR = `0x${'33'.repeat(20)}`
const REQUEST_ID = `0x${'44'.repeat(32)}`
const CODE = `0x${'55'.repeat(32)}`
const NOW = 10_000

const REQUEST: MarketRequest = {
  requester: OTHER,
  nonce: 0n,
  modelId: 7n,
  inputCommitment: ZeroHash,
  token: ZeroAddress,
  minPrice: 10n ** 15n,
  maxPrice: 10n ** 16n,
  rampStart: BigInt(NOW),
  rampSeconds: 1000n,
  lockSeconds: 600n,
  deadline: BigInt(NOW + 5000),
  bond: 10n ** 15n,
  callback: ZeroAddress,
  callbackGas: 0n,
}

const ENTRY: RegisteredModel = {
  modelId: 7n,
  owner: OTHER,
  modelHash: `0x${'66'.repeat(32)}`,
  circuitHash: ZeroHash,
  vkHash: ZeroHash,
  proofSystemId: PROOF_SYSTEM_GROTH16,
  uri: '',
  r1csHash: ZeroHash,
  recipeHash: ZeroHash,
  setupHash: ZeroHash,
  weightsCommitment: 0n,
  verifier: ZeroAddress,
  verifierCodeHash: ZeroHash,
  ioSchema: CLASSIFIER,
  ioSchemaHash: ZeroHash,
  deprecated: false,
  stopped: false,
  activatesAt: 0,
}

const MODEL = {
  key: 'm',
  folder: '/m',
  source: 'local',
  vkHash: ZeroHash,
  setupHash: ZeroHash,
  file: { schema: CLASSIFIER, constraints: 1000 } as ModelFile,
} satisfies CatalogueModel

type Situation = {
  readonly state?: RequestState
  readonly locker?: string
  readonly lockedAt?: number
  readonly fulfiller?: string
  readonly fulfilledByUs?: boolean
  readonly request?: Partial<MarketRequest>
  readonly entry?: Partial<RegisteredModel>
  readonly policy?: Partial<MarketPolicy>
  readonly gasPrice?: bigint
  readonly l1Fee?: bigint
  readonly now?: number
  readonly input?: 'missing' | 'mismatch'
  readonly proveTime?: number
  readonly ahead?: number
  readonly deposited?: bigint
  readonly promised?: bigint
  readonly local?: boolean
  readonly canLock?: MarketChain['canLock']
  readonly check?: () => Promise<void>
}

/** Runs preflight where everything is fine except for what is said. */
async function decide(situation: Situation = {}) {
  const request = { ...REQUEST, ...situation.request }
  const origin: MarketOrigin = {
    kind: 'market',
    chainId: 1,
    coordinator: COORDINATOR,
    requestId: REQUEST_ID,
    request,
    block: { number: 5, hash: ZeroHash },
  }
  const job = { id: 'j', origin, state: 'received' } as Job & { origin: MarketOrigin }
  const chain = {
    chainId: 1,
    coordinator: COORDINATOR,
    account: OURS,
    policy: {
      models: 'local',
      trustedVerifiers: new Set<string>(),
      minProfit: 0n,
      maxBond: 10n ** 16n,
      tokens: new Map<string, bigint>(),
      timeFactor: 3,
      ...situation.policy,
    },
    head: async () => ({ number: 100, timestamp: situation.now ?? NOW }),
    stateOf: async () => situation.state ?? 'open',
    recordOf: async () => ({ locker: situation.locker ?? OTHER, lockedAt: situation.lockedAt ?? NOW }),
    fulfillerOf: async () => situation.fulfiller,
    model: async () => ({ ...ENTRY, ...situation.entry }),
    gasPrice: async () => situation.gasPrice ?? 10n ** 9n,
    l1Fee: async () => situation.l1Fee ?? 0n,
    l1Gas: async () => 0n,
    deposited: async () => situation.deposited ?? 0n,
    verifierGasCap: async () => 360_000n,
    canLock: (gas) => situation.canLock?.(gas) ?? { ok: true },
    lockCall: () => ({ to: COORDINATOR, data: '0x', value: 0n }),
    fulfillCall: () => ({ to: COORDINATOR, data: '0x', value: 0n }),
  } satisfies MarketChain
  const context: PreflightContext = {
    chain,
    catalogue: {
      list: () => [MODEL],
      get: () => (situation.local === false ? undefined : MODEL),
      resolve: async () => MODEL,
      refresh: async () => undefined,
    },
    pool: {
      capacity: 2,
      proveTime: () => situation.proveTime ?? 1000,
      check: situation.check ?? (async () => undefined),
    } as unknown as PreflightContext['pool'],
    gas: new GasTracker(),
    inputOf: async () =>
      situation.input === undefined
        ? { input: [new Float64Array(40)] }
        : { missing: 'no input', code: situation.input === 'missing' ? 'INPUT_MISSING' : 'INPUT_MISMATCH' },
    isOurLock: async (locker) => locker.toLowerCase() === OURS,
    hasFulfilled: async () => situation.fulfilledByUs ?? false,
    queueTime: async () => 1000 * (situation.ahead ?? 0),
    signal: new AbortController().signal,
    promisedBonds: async () => situation.promised ?? 0n,
  }
  return preflight(job, context)
}

describe('preflight', () => {
  it('locks a request that is worth it, with the bond sent along', async () => {
    expect(await decide()).to.deep.include({ action: 'lock', value: REQUEST.bond, price: REQUEST.minPrice })
  })

  it('sends what the account in the coordinator lacks of the bond, promised locks counted', async () => {
    const bond = REQUEST.bond
    expect(await decide({ deposited: bond })).to.include({ value: 0n })
    expect(await decide({ deposited: bond - 5n })).to.include({ value: 5n })
    expect(await decide({ deposited: bond, promised: bond })).to.include({ value: bond })
    expect(await decide({ deposited: bond, promised: 7n * bond })).to.include({ value: bond })
  })

  describe('by where the request stands', () => {
    it('proves what is locked by us', async () => {
      expect(await decide({ state: 'locked', locker: OURS.toUpperCase().replace('0X', '0x') })).to.include({
        action: 'prove',
      })
    })
    it('waits for the end of a lock of somebody else, unless that is the deadline', async () => {
      expect(await decide({ state: 'locked' })).to.include({
        action: 'wait',
        until: NOW + 601,
        code: 'LOCKED_BY_OTHER',
      })
      expect(await decide({ state: 'locked', request: { lockSeconds: 9999n } })).to.include({
        action: 'end',
        state: 'skipped',
      })
    })
    it('proves without a lock where a lock ran out', async () => {
      expect(await decide({ state: 'lock-expired' })).to.include({ action: 'prove' })
    })
    it('proves after a lock that ran out only what pays for its gas, at the locked price and half the bond', async () => {
      const gasPrice = 3n * 10n ** 9n
      const worth = { state: 'lock-expired', gasPrice } as const
      expect(await decide({ ...worth, request: { bond: 0n, minPrice: 0n } })).to.include({ code: 'NOT_PROFITABLE' })
      expect(await decide({ ...worth, request: { bond: 10n ** 17n, minPrice: 0n } })).to.include({ action: 'prove' })
      expect(await decide({ state: 'lock-expired', request: { token: OTHER } })).to.include({ code: 'TOKEN_NOT_TAKEN' })
    })
    it('proves what is locked by us whatever the policy is by now, unless the model is stopped', async () => {
      const ours = { state: 'locked', locker: OURS, local: false, policy: { models: new Set(['8']) } } as const
      expect(await decide({ ...ours, gasPrice: 10n ** 13n })).to.include({ action: 'prove' })
      expect(await decide({ ...ours, entry: { stopped: true } })).to.include({ code: 'MODEL_STOPPED' })
    })
    it('waits for a request that a reorganisation removed, until its deadline', async () => {
      expect(await decide({ state: 'none' })).to.include({ action: 'wait', code: 'REQUEST_ORPHANED' })
      expect(await decide({ state: 'none', now: NOW + 5001 })).to.include({ action: 'end', state: 'expired' })
    })
    it('tells our fulfilment from that of others', async () => {
      expect(await decide({ state: 'fulfilled', fulfilledByUs: true })).to.include({ action: 'end', state: 'done' })
      expect(await decide({ state: 'fulfilled', fulfiller: OURS })).to.include({ action: 'end', state: 'done' })
      expect(await decide({ state: 'fulfilled', fulfiller: OTHER })).to.include({
        state: 'skipped',
        code: 'FULFILLED_BY_OTHER',
      })
      expect(await decide({ state: 'fulfilled' })).to.include({ state: 'skipped' })
    })
    for (const state of ['cancelled', 'refunded'] as const) {
      it(`leaves one that was ${state}`, async () => {
        expect(await decide({ state })).to.include({ state: 'skipped', code: 'REQUEST_CLOSED' })
      })
    }
    it("lets an expired one go, by the chain's state or its clock", async () => {
      expect(await decide({ state: 'expired' })).to.include({ state: 'expired' })
      expect(await decide({ now: NOW + 5001 })).to.include({ state: 'expired' })
    })
  })

  describe('by the model', () => {
    it('refuses one that is stopped, of another proof system, or with private weights', async () => {
      expect(await decide({ entry: { stopped: true } })).to.include({ state: 'skipped', code: 'MODEL_STOPPED' })
      expect(await decide({ entry: { proofSystemId: '0x00000001' } })).to.include({ code: 'MODEL_NOT_SERVED' })
      expect(await decide({ entry: { weightsCommitment: 1n } })).to.include({ code: 'MODEL_NOT_SERVED' })
    })
    it('settles what was opened before a deprecation', async () => {
      expect(await decide({ entry: { deprecated: true } })).to.include({ action: 'lock' })
    })
    it("trusts no verifier of the model's own that the operator does not name", async () => {
      const entry = { verifierCodeHash: CODE }
      expect(await decide({ entry })).to.include({ state: 'skipped', code: 'VERIFIER_NOT_TRUSTED' })
      expect(await decide({ entry, policy: { trustedVerifiers: new Set([CODE]) } })).to.include({ action: 'lock' })
    })
    it('serves local models, listed ones, or any', async () => {
      expect(await decide({ local: false })).to.include({ code: 'MODEL_NOT_SERVED' })
      expect(await decide({ local: false, policy: { models: 'any' } })).to.include({ action: 'lock' })
      expect(await decide({ policy: { models: new Set(['7']) } })).to.include({ action: 'lock' })
      expect(await decide({ policy: { models: new Set(['8']) } })).to.include({ code: 'MODEL_NOT_SERVED' })
    })
  })

  describe('by the input', () => {
    it('waits to the deadline for one that is missing or not the committed one', async () => {
      expect(await decide({ input: 'missing' })).to.include({
        action: 'wait',
        until: NOW + 5001,
        code: 'INPUT_MISSING',
      })
      expect(await decide({ input: 'mismatch' })).to.include({ action: 'wait', code: 'INPUT_MISMATCH' })
    })
    it('stakes nothing on an input without a witness', async () => {
      const error = await decide({ check: () => Promise.reject(new Error('no witness')) }).catch(
        (reason: unknown) => reason,
      )
      expect(error).to.be.instanceOf(Error)
    })
  })

  describe('by time', () => {
    it('waits while too much is queued, and gives up what cannot be done in time', async () => {
      expect(await decide({ ahead: 2000 })).to.include({ action: 'wait', code: 'TOO_BUSY' })
      expect(await decide({ proveTime: 2_000_000 })).to.include({ state: 'skipped', code: 'TOO_LATE' })
    })
    it('keeps room for surprises', async () => {
      expect(await decide({ proveTime: 180_000 })).to.include({ action: 'lock' })
      expect(await decide({ proveTime: 200_000 })).to.include({ action: 'wait' })
      expect(await decide({ proveTime: 200_000, policy: { timeFactor: 1 } })).to.include({ action: 'lock' })
    })
    it('sends no lock that would leave too little time', async () => {
      const verdict = await decide({ proveTime: 10_000, ahead: 20 })
      expect(verdict).to.include({ action: 'lock', lastSecond: NOW + 5000 - 80 })
    })
    it('guesses the time of a model that was never proved', async () => {
      expect(await decide({ request: { lockSeconds: 10n } })).to.include({ code: 'TOO_BUSY' })
    })
  })

  describe('by money', () => {
    it('waits for the second at which the price suffices', async () => {
      // About 0.0005 coins of gas at 1 gwei: at 4 gwei the price has to climb.
      const verdict = await decide({ gasPrice: 4n * 10n ** 9n })
      expect(verdict).to.include({ action: 'wait', code: 'NOT_PROFITABLE' })
      expect((verdict as { until: number }).until).to.be.within(NOW + 1, NOW + 30)
    })
    it('stakes no bond while nothing would be sent, and asks for the higher of the gas limits', async () => {
      const asked: bigint[] = []
      const canLock = (gas: bigint) => {
        asked.push(gas)
        return { ok: false, reason: 'transactions wait: spend cap' } as const
      }
      const refused = { action: 'wait', code: 'CANNOT_LOCK', until: NOW + 30 }
      expect(await decide({ canLock })).to.include(refused)
      const { gas } = (await decide()) as Extract<Verdict, { action: 'lock' }>
      expect(asked).to.deep.equal([gas.fulfill])
      expect(await decide({ canLock, state: 'locked', locker: OURS })).to.include({ action: 'prove' })
      expect(await decide({ canLock, state: 'lock-expired' })).to.include({ action: 'prove' })
    })
    it('looks again where even the highest price is too low, since gas gets cheaper', async () => {
      expect(await decide({ gasPrice: 10n ** 12n })).to.include({ action: 'wait', until: NOW + 600 })
    })
    it('counts data of the parent chain and the profit asked for', async () => {
      expect(await decide({ l1Fee: 10n ** 15n })).to.include({ code: 'NOT_PROFITABLE' })
      expect(await decide({ policy: { minProfit: 10n ** 15n } })).to.include({ code: 'NOT_PROFITABLE' })
    })
    it('stakes no higher bond than it may', async () => {
      expect(await decide({ request: { bond: 10n ** 17n } })).to.include({ state: 'skipped', code: 'BOND_TOO_HIGH' })
    })
    it('takes native coins, and tokens that the operator values', async () => {
      const token = `0x${'Ab'.repeat(20)}`
      expect(await decide({ request: { token } })).to.include({ state: 'skipped', code: 'TOKEN_NOT_TAKEN' })
      const tokens = new Map([[token.toLowerCase(), 10n ** 18n]])
      expect(await decide({ request: { token }, policy: { tokens } })).to.include({
        action: 'lock',
        price: REQUEST.minPrice,
      })
    })
  })
})
