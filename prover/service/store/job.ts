// SPDX-License-Identifier: GPL-3.0-or-later

import type { MarketRequest } from '../../encodings'

/**
 * Where a job stands. A market job goes received → (waiting) → locking → proving → submitting → done; one of the HTTP API
 * received → proving → (submitting) → done. The last five are final.
 */
export type JobState =
  /** Known; the planner decides what becomes of it. */
  | 'received'
  /** Nothing can be done yet: the input is missing, or somebody else holds the lock. `notBefore` says when to look again. */
  | 'waiting'
  /** A transaction that locks the request is on its way. */
  | 'locking'
  /** To be proved, or being proved. */
  | 'proving'
  /** Proved; a transaction with the proof is on its way, until it is confirmed deep enough. */
  | 'submitting'
  | 'done'
  /** Not worth it, not possible, or somebody else's; `error` says why. */
  | 'skipped'
  | 'failed'
  | 'cancelled'
  /** Its deadline passed. */
  | 'expired'

export const FINAL_STATES = ['done', 'skipped', 'failed', 'cancelled', 'expired'] as const satisfies readonly JobState[]

/** The other states, as SQL has them. */
export const OPEN = `('received', 'waiting', 'locking', 'proving', 'submitting')`

/** Which states may follow which. `received` follows where a reorg or a lost race makes a new plan necessary. */
export const NEXT_STATES: Readonly<Record<JobState, readonly JobState[]>> = {
  received: ['waiting', 'locking', 'proving', 'done', 'skipped', 'failed', 'cancelled', 'expired'],
  waiting: ['received', 'locking', 'proving', 'done', 'skipped', 'failed', 'cancelled', 'expired'],
  locking: ['received', 'proving', 'skipped', 'failed', 'cancelled', 'expired'],
  proving: ['received', 'submitting', 'done', 'failed', 'cancelled', 'expired', 'skipped'],
  submitting: ['received', 'proving', 'done', 'failed', 'expired', 'skipped'],
  // What a deep reorganisation of the chain undid is submitted or planned again; an operator may retry the others.
  done: ['received', 'submitting'],
  skipped: ['received'],
  failed: ['received'],
  cancelled: [],
  expired: ['received'],
}

/** Why a job is where it is: a stable code and one sentence. */
export type JobError = { readonly code: string; readonly message: string }

/** A request of a coordinator, as discovered on chain. */
export type MarketOrigin = {
  readonly kind: 'market'
  readonly chainId: number
  readonly coordinator: string
  /** 0x string of 32 bytes. */
  readonly requestId: string
  readonly request: MarketRequest
  /** The block whose log announced it. */
  readonly block: { readonly number: number; readonly hash: string }
}

/** A request of the HTTP API: prove, and perhaps submit to `verifyInference` in the name of an account of ours. */
export type ApiOrigin = {
  readonly kind: 'api'
  /** Who asked: name of the API token. */
  readonly client: string
  /** Bound to this statement, or null for a portable proof. Decimal strings. */
  readonly context: StoredContext | null
  /** Chain whose `verifyInference` gets the proof, or null. */
  readonly submitTo: number | null
}

/** A `ProofContext` as JSON has it: integers are decimal strings. */
export type StoredContext = {
  readonly chainId: string
  readonly caller: string
  readonly requestId: string
  readonly modelId: string
  readonly prover: string
}

/** What a proof was made of, as JSON: what `zkml prove` writes. */
export type StoredProof = Readonly<Record<string, unknown>>

/** Milliseconds since 1970 at which a job reached a stage for the first time. */
export type JobTimes = Readonly<Partial<Record<JobState | 'locked' | 'proved' | 'mined', number>>>

/** Money of a job, in wei of the chain's native coin; decimal strings. */
export type JobMoney = {
  /** Worth of what the request pays, at the price fixed by the lock, or expected. */
  readonly price?: string
  readonly gasSpent?: string
  /** price − gasSpent, once settled. */
  readonly profit?: string
}

export type Job = {
  /** UUID. */
  readonly id: string
  readonly origin: MarketOrigin | ApiOrigin
  /** Key of the model in the catalogue; absent while the planner has not found it. */
  readonly model: string | null
  readonly state: JobState
  /** Present in states that say why. */
  readonly error: JobError | null
  /** How often the job was taken up after a failure. */
  readonly attempts: number
  /** Milliseconds since 1970. */
  readonly notBefore: number | null
  /** Decoded public outputs and the like, once proved. */
  readonly result: Readonly<Record<string, unknown>> | null
  readonly proof: StoredProof | null
  readonly times: JobTimes
  readonly money: JobMoney
  readonly createdAt: number
  readonly updatedAt: number
}

/** What a transition may change besides the state. */
export type JobPatch = {
  readonly model?: string
  readonly error?: JobError | null
  readonly attempts?: number
  /** Milliseconds from now, by the clock of the database, until which there is nothing to do; ten years at most. */
  readonly delayMs?: number
  readonly result?: Readonly<Record<string, unknown>> | null
  readonly proof?: StoredProof | null
  readonly times?: JobTimes
  readonly money?: JobMoney
}

export type JobFilter = {
  readonly states?: readonly JobState[]
  readonly kind?: 'market' | 'api'
  readonly chainId?: number
  readonly limit?: number
  /** Only jobs created before this one: for paging, newest first. */
  readonly before?: string
}
