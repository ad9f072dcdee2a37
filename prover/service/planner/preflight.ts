// SPDX-License-Identifier: GPL-3.0-or-later

import type { RegisteredModel } from '../../chain/types'
import { marketLockExpiry, PROOF_SYSTEM_GROTH16, SHARED_VERIFIER, signalLayout } from '../../encodings'
import type { Catalogue, CatalogueModel } from '../artefacts/types'
import type { ProverPool } from '../pool/types'
import type { Job, MarketOrigin } from '../store/job'
import { fulfilBytes, gasLimits, profitableFrom, quote, quoteExpired, type GasLimits } from './economics'
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
      /** After this second a lock would leave too little time to prove. */
      readonly lastSecond: number
    }
  | { readonly action: 'prove'; readonly model: CatalogueModel }
  | {
      readonly action: 'wait'
      readonly until: number
      /** `until` is a number of seconds from now. */
      readonly isRelative?: true
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
  /** Whether a lock was taken by an account of ours, now or under an earlier configuration. */
  readonly isOurLock: (locker: string) => Promise<boolean>
  /** Whether a proof of ours settled the request, as far as our own transactions tell. */
  readonly hasFulfilled: () => Promise<boolean>
  /** Milliseconds until a prover gets to the job, with what is queued in front of it. */
  readonly queueTime: () => Promise<number>
  /** Coins that locks which are not mined yet will take from the account in the coordinator. */
  readonly promisedBonds: () => Promise<bigint>
  readonly signal: AbortSignal
}

/** Seconds until something that changes slowly is looked at again: gas prices, balances, an orphaned request. */
const LOOK_AGAIN = 30
/** The same for what hardly changes: a price that no gas price of these days makes worth it. */
const LOOK_SELDOM = 600
/** Blocks need time too: what is left for two transactions to be mined, in seconds. */
const MINING_SLACK = 30

const end = (state: 'skipped' | 'expired' | 'done', code: string, message: string): Verdict => ({
  action: 'end',
  state,
  code,
  message,
})

/**
 * Decides what to do about a request: everything that could make a lock a loss is checked before a bond is staked, and what is
 * cheap to check before what is not. Reads the chain, and sends nothing.
 */
export async function preflight(job: Job & { origin: MarketOrigin }, context: PreflightContext): Promise<Verdict> {
  const { chain, pool, catalogue, signal } = context
  const { request } = job.origin
  // What is needed only later is asked for at once, because every answer is a journey; it is remembered until then.
  for (const early of [chain.model(request.modelId), chain.gasPrice()]) early.catch(() => undefined)
  const [head, standing] = await Promise.all([chain.head(), whereItStands(job, context)])
  if (standing.action !== undefined) return standing
  if (head.timestamp > Number(request.deadline)) return end('expired', 'DEADLINE_PASSED', 'the deadline has passed')

  const entry = await chain.model(request.modelId)
  if (entry.stopped) return end('skipped', 'MODEL_STOPPED', 'its route or key was stopped')
  // What was locked is proved, whatever the policy is by now.
  const refusal = standing.state === 'locked' ? undefined : refuseModel(entry, chain, catalogue)
  if (refusal !== undefined) return end('skipped', refusal.code, refusal.message)
  const model = await catalogue.resolve(entry, signal)

  const offer =
    standing.state === 'locked' ? undefined : await priceIt(job.origin, model, head.timestamp, standing, context)
  if (offer?.action !== undefined) return offer
  if (offer !== undefined && standing.state === 'open') {
    const permit = chain.canLock(offer.gas.fulfill > offer.gas.lock ? offer.gas.fulfill : offer.gas.lock)
    if (!permit.ok)
      return { action: 'wait', until: head.timestamp + LOOK_AGAIN, code: 'CANNOT_LOCK', message: permit.reason, model }
  }
  const input = await context.inputOf(job, model)
  // The job is planned again as soon as an input arrives.
  if ('missing' in input)
    return { action: 'wait', until: Number(request.deadline) + 1, code: input.code, message: input.missing, model }
  if (offer === undefined) return { action: 'prove', model }

  const time = await timeNeeded(model, context)
  const lastSecond = Number(request.deadline) - time
  const lockEnd = standing.state === 'open' ? Number(request.lockSeconds) : Infinity
  if (head.timestamp > lastSecond || time > lockEnd) return tooLate(head.timestamp, time, lastSecond, lockEnd)
  // A witness that breaks a constraint would cost the bond.
  await pool.check(model.folder, input.input, input.salts, signal)
  if (standing.state === 'lock-expired') return { action: 'prove', model }
  return { action: 'lock', model, lastSecond, ...offer }
}

type Standing =
  | Verdict
  | { readonly action?: never; readonly state: 'open' | 'locked' }
  | { readonly action?: never; readonly state: 'lock-expired'; readonly lockedAt: number }

async function whereItStands({ origin }: Job & { origin: MarketOrigin }, context: PreflightContext): Promise<Standing> {
  const { chain } = context
  const { request, requestId } = origin
  const state = await chain.stateOf(request)
  switch (state) {
    case 'open':
      return { state }
    case 'lock-expired':
      return { state, lockedAt: (await chain.recordOf(requestId)).lockedAt }
    case 'locked': {
      const { locker, lockedAt } = await chain.recordOf(requestId)
      if (await context.isOurLock(locker)) return { state }
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
      if (await context.hasFulfilled()) return end('done', 'FULFILLED', 'fulfilled with our proof')
      // Somebody may have relayed it.
      const fulfiller = await chain.fulfillerOf(requestId, origin.block.number)
      return fulfiller !== undefined && (await context.isOurLock(fulfiller))
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
  const no = (code: string, message: string) => ({ code, message })
  const id = entry.modelId.toString()
  if (entry.proofSystemId !== PROOF_SYSTEM_GROTH16)
    return no('MODEL_NOT_SERVED', `its proof system ${entry.proofSystemId} is not served`)
  if (entry.weightsCommitment !== 0n) return no('MODEL_NOT_SERVED', 'its weights are private')
  if (entry.verifierCodeHash !== SHARED_VERIFIER && !policy.trustedVerifiers.has(entry.verifierCodeHash))
    return no(
      'VERIFIER_NOT_TRUSTED',
      `it has a verifier of its own, ${entry.verifierCodeHash}, which could take the bond; rebuild it and add its code hash to trustedVerifiers`,
    )
  if (policy.models === 'any' || (policy.models !== 'local' && policy.models.has(id))) return undefined
  const isLocal = policy.models === 'local' && catalogue.get(entry.modelHash)?.source === 'local'
  return isLocal ? undefined : no('MODEL_NOT_SERVED', 'the model is not among those served here')
}

/** Seconds that proving takes, with what is queued in front of it and room for surprises. */
async function timeNeeded(model: CatalogueModel, context: PreflightContext): Promise<number> {
  const one = expectedProveTime(context.pool, model)
  return Math.ceil((context.chain.policy.timeFactor * one + (await context.queueTime())) / 1000) + MINING_SLACK
}

/** Milliseconds that a proof of a model takes: as measured or, before the first, as on a slow machine with snarkjs. */
export function expectedProveTime(pool: ProverPool, { folder, file }: CatalogueModel): number {
  return pool.proveTime(folder) ?? 3_000 + file.constraints / 5
}

function tooLate(now: number, time: number, lastSecond: number, lockEnd: number): Verdict {
  const message = `proving is expected to take ${time} s with what is queued; the lock lasts ${lockEnd} s, the deadline is in ${lastSecond + time - now} s`
  if (now > lastSecond) return end('skipped', 'TOO_LATE', message)
  return { action: 'wait', until: now + LOOK_AGAIN, code: 'TOO_BUSY', message }
}

type Offer = {
  readonly action?: never
  readonly value: bigint
  readonly gas: GasLimits
  readonly price: bigint
  readonly profit: bigint
}

/** What the request would bring now, or why it is not taken. */
async function priceIt(
  { request }: MarketOrigin,
  model: CatalogueModel,
  now: number,
  standing: Exclude<Standing, Verdict>,
  context: PreflightContext,
): Promise<Offer | Verdict> {
  const { chain, gas } = context
  const { policy, chainId } = chain
  const isExpired = standing.state === 'lock-expired'
  if (!isExpired && request.bond > policy.maxBond)
    return end('skipped', 'BOND_TOO_HIGH', `the bond of ${request.bond} wei is above maxBond, ${policy.maxBond} wei`)
  const signals = signalLayout(model.file.schema).total
  const [cap, dataGas] = await Promise.all([chain.verifierGasCap(request.modelId), chain.l1Gas(fulfilBytes(signals))])
  const limits = gasLimits(request, model.file.schema, cap, dataGas)
  const expected = gas.expected(chainId, model.key, request, limits)
  const offer = isExpired
    ? await quoteExpired(chain, request, expected, signals, standing.lockedAt)
    : await quote(chain, request, expected, signals, now)
  if (offer === undefined)
    return end('skipped', 'TOKEN_NOT_TAKEN', `it pays in ${request.token}, which is not among tokens`)
  if (offer.profit < policy.minProfit) {
    const from = isExpired ? undefined : profitableFrom(request, now, offer.cost + policy.minProfit, policy.tokens)
    return {
      action: 'wait',
      // A price that never suffices at this gas price may do when gas is cheaper.
      until: from === undefined ? now + LOOK_SELDOM : Math.max(now + 1, Math.min(from, now + LOOK_AGAIN)),
      code: 'NOT_PROFITABLE',
      message: `it pays ${offer.price} wei and costs ${offer.cost} wei; ${policy.minProfit} wei of profit are asked for`,
    }
  }
  const value = isExpired || request.bond === 0n ? 0n : await missingBond(request.bond, context)
  return { value, gas: limits, price: offer.price, profit: offer.profit }
}

/** What the account in the coordinator lacks of a bond. */
async function missingBond(bond: bigint, { chain, promisedBonds }: PreflightContext): Promise<bigint> {
  const [deposited, promised] = await Promise.all([chain.deposited(), promisedBonds()])
  const free = deposited > promised ? deposited - promised : 0n
  return bond > free ? bond - free : 0n
}
