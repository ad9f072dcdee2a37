// SPDX-License-Identifier: GPL-3.0-or-later

import { isAddressEqual } from './addresses'
import type { RegisteredModel } from '../../chain/types'
import { marketLockExpiry, PROOF_SYSTEM_GROTH16, SHARED_VERIFIER, signalLayout } from '../../encodings'
import type { Catalogue, CatalogueModel } from '../artefacts/types'
import type { ProverPool } from '../pool/types'
import type { Job, MarketOrigin } from '../store/job'
import { gasLimits, profitableFrom, quote, type GasLimits } from './economics'
import type { GasTracker } from './gas-tracker'
import type { JobInput } from './inputs'
import type { MarketChain } from './market-chain'

/** What becomes of a job now. Times are seconds of the chain. */
export type Verdict =
  | {
      readonly action: 'lock'
      readonly model: CatalogueModel
      /** Coins to send along: what the account in the coordinator lacks of the bond. */
      readonly value: bigint
      readonly gas: GasLimits
      readonly price: bigint
      readonly profit: bigint
    }
  | { readonly action: 'prove'; readonly model: CatalogueModel }
  | {
      readonly action: 'wait'
      readonly until: number
      readonly code: string
      readonly message: string
      /** Where it is known already: an input is checked against it when it comes. */
      readonly model?: CatalogueModel
    }
  | {
      readonly action: 'end'
      readonly state: 'skipped' | 'expired' | 'done'
      readonly code: string
      readonly message: string
    }

export type PreflightContext = {
  readonly chain: MarketChain
  readonly catalogue: Catalogue
  readonly pool: ProverPool
  readonly gas: GasTracker
  /** The input of the job, or why there is none: a missing one may still come. */
  readonly inputOf: (
    job: Job,
    model: CatalogueModel,
  ) => Promise<JobInput | { readonly missing: string; readonly code: string }>
  /** Proofs that are queued in front of this job. */
  readonly proofsAhead: () => Promise<number>
  /** Coins that locks which are not mined yet will take from the account in the coordinator. */
  readonly promisedBonds: () => Promise<bigint>
}

/** Seconds until something that changes slowly is looked at again: gas prices, balances, an orphaned request. */
const LOOK_AGAIN = 30
/** Blocks need time too: what is left for two transactions to be mined, in seconds. */
const MINING_SLACK = 30

const end = (state: 'skipped' | 'expired' | 'done', code: string, message: string): Verdict => ({
  action: 'end',
  state,
  code,
  message,
})

/**
 * Decides what to do about a request: everything that could make a lock a loss is checked before a bond is staked. Reads the
 * chain, and sends nothing.
 */
export async function preflight(job: Job & { origin: MarketOrigin }, context: PreflightContext): Promise<Verdict> {
  const { chain, pool } = context
  const { request } = job.origin
  const [head, standing] = await Promise.all([chain.head(), whereItStands(job, chain)])
  if (standing.action !== undefined) return standing
  if (head.timestamp > Number(request.deadline)) return end('expired', 'DEADLINE_PASSED', 'the deadline has passed')

  const entry = await chain.model(request.modelId)
  const refusal = refuseModel(entry, chain, context.catalogue)
  if (refusal !== undefined) return end('skipped', refusal.code, refusal.message)
  const model = await context.catalogue.resolve(entry)

  const input = await context.inputOf(job, model)
  // The job is planned again as soon as an input arrives.
  if ('missing' in input)
    return { action: 'wait', until: Number(request.deadline) + 1, code: input.code, message: input.missing, model }
  if (standing.isOurs) return { action: 'prove', model }

  const time = await timeNeeded(model, context)
  const lastSecond =
    standing.state === 'open' ? Number(marketLockExpiry(request, BigInt(head.timestamp))) : Number(request.deadline)
  if (head.timestamp + time > lastSecond)
    return tooLate(head.timestamp, time, Number(request.deadline), Number(request.lockSeconds))
  // A witness that breaks a constraint would cost the bond.
  await pool.check(model.folder, input.input, input.salts)
  if (standing.state === 'lock-expired') return { action: 'prove', model }
  return priceIt(job.origin, model, head.timestamp, context)
}

type Standing =
  | Verdict
  | { readonly action?: never; readonly state: 'open' | 'lock-expired'; readonly isOurs: false }
  | { readonly action?: never; readonly state: 'locked'; readonly isOurs: true }

async function whereItStands({ origin }: Job & { origin: MarketOrigin }, chain: MarketChain): Promise<Standing> {
  const { request, requestId } = origin
  const state = await chain.stateOf(request)
  switch (state) {
    case 'open':
    case 'lock-expired':
      return { state, isOurs: false }
    case 'locked': {
      const { locker, lockedAt } = await chain.recordOf(requestId)
      if (isAddressEqual(locker, chain.account)) return { state, isOurs: true }
      const until = Number(marketLockExpiry(request, BigInt(lockedAt))) + 1
      if (until > Number(request.deadline))
        return end('skipped', 'LOCKED_BY_OTHER', `${locker} holds the lock until the deadline`)
      return { action: 'wait', until, code: 'LOCKED_BY_OTHER', message: `${locker} holds the lock` }
    }
    case 'none': {
      const { timestamp } = await chain.head()
      if (timestamp > Number(request.deadline)) return end('expired', 'DEADLINE_PASSED', 'the deadline has passed')
      return {
        action: 'wait',
        until: timestamp + LOOK_AGAIN,
        code: 'REQUEST_ORPHANED',
        message: 'a reorganisation of the chain removed the request; it may come back',
      }
    }
    case 'fulfilled': {
      const fulfiller = await chain.fulfillerOf(requestId, origin.block.number)
      return fulfiller !== undefined && isAddressEqual(fulfiller, chain.account)
        ? end('done', 'FULFILLED', 'fulfilled with our proof')
        : end('skipped', 'FULFILLED_BY_OTHER', `${fulfiller ?? 'somebody else'} was faster`)
    }
    case 'cancelled':
    case 'refunded':
      return end('skipped', 'REQUEST_CLOSED', `the request was ${state}`)
    case 'expired':
      return end('expired', 'DEADLINE_PASSED', 'the deadline has passed')
  }
}

/** Why requests of a model are not served, or undefined. */
function refuseModel(
  entry: RegisteredModel,
  { policy }: MarketChain,
  catalogue: Catalogue,
): { readonly code: string; readonly message: string } | undefined {
  const no = (message: string, code = 'MODEL_NOT_SERVED') => ({ code, message })
  const id = entry.modelId.toString()
  if (entry.stopped) return no('its route or key was stopped', 'MODEL_STOPPED')
  if (entry.proofSystemId !== PROOF_SYSTEM_GROTH16) return no(`its proof system ${entry.proofSystemId} is not served`)
  if (entry.weightsCommitment !== 0n) return no('its weights are private')
  if (entry.verifierCodeHash !== SHARED_VERIFIER && !policy.trustedVerifiers.has(entry.verifierCodeHash))
    return no(
      `it has a verifier of its own, ${entry.verifierCodeHash}, which could take the bond; rebuild it and add its code hash to trustedVerifiers`,
      'VERIFIER_NOT_TRUSTED',
    )
  if (policy.models === 'any' || (policy.models !== 'local' && policy.models.has(id))) return undefined
  const local = catalogue.get(entry.modelHash)
  return policy.models === 'local' && local?.source === 'local'
    ? undefined
    : no('the model is not among those served here')
}

/** Seconds that proving takes, with what is queued in front of it and room for surprises. */
async function timeNeeded(model: CatalogueModel, context: PreflightContext): Promise<number> {
  const { pool, chain } = context
  const one = (pool.proveTime(model.folder) ?? firstGuess(model.file.constraints)) / 1000
  const ahead = Math.ceil((await context.proofsAhead()) / pool.capacity)
  return Math.ceil(chain.policy.timeFactor * one + ahead * one) + MINING_SLACK
}

/** Milliseconds a proof may take before one was measured: a slow machine with snarkjs. */
function firstGuess(constraints: number): number {
  return 3_000 + constraints / 5
}

function tooLate(now: number, time: number, deadline: number, lockSeconds: number): Verdict {
  const message = `proving is expected to take ${time} s with what is queued, and the lock lasts ${lockSeconds} s, the deadline is in ${deadline - now} s`
  if (now + time > deadline) return end('skipped', 'TOO_LATE', message)
  return { action: 'wait', until: now + LOOK_AGAIN, code: 'TOO_BUSY', message }
}

async function priceIt(
  { request }: MarketOrigin,
  model: CatalogueModel,
  now: number,
  context: PreflightContext,
): Promise<Verdict> {
  const { chain, gas } = context
  const { policy } = chain
  if (request.bond > policy.maxBond)
    return end('skipped', 'BOND_TOO_HIGH', `the bond of ${request.bond} wei is above maxBond, ${policy.maxBond} wei`)
  const limits = gasLimits(request, model.file.schema, await chain.verifierGasCap(request.modelId))
  const expected = {
    lock: gas.expected(chain.chainId, model.key, 'lock', limits.lock),
    fulfill: gas.expected(chain.chainId, model.key, 'fulfill', limits.fulfill),
  }
  const offer = await quote(chain, request, expected, signalLayout(model.file.schema).total, now)
  if (offer === undefined)
    return end('skipped', 'TOKEN_NOT_TAKEN', `it pays in ${request.token}, which is not among tokens`)
  if (offer.profit < policy.minProfit) {
    const from = profitableFrom(request, now, offer.cost + policy.minProfit, policy.tokens)
    return {
      action: 'wait',
      // A price that never suffices at this gas price may do when gas is cheaper.
      until: Math.max(now + 1, Math.min(from ?? now + LOOK_AGAIN, now + LOOK_AGAIN)),
      code: 'NOT_PROFITABLE',
      message: `it pays ${offer.price} wei and costs ${offer.cost} wei; ${policy.minProfit} wei of profit are asked for`,
    }
  }
  const free = (await chain.deposited()) - (await context.promisedBonds())
  const value = request.bond > free ? request.bond - (free > 0n ? free : 0n) : 0n
  return { action: 'lock', model, value, gas: limits, price: offer.price, profit: offer.profit }
}
