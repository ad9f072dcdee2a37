// SPDX-License-Identifier: GPL-3.0-or-later

import type { Database, Queryable } from './database'
import type { ApiOrigin, Job, JobFilter, JobPatch, JobState, MarketOrigin } from './job'
import type { OutgoingTransaction, TransactionAttempt, TransactionPurpose, TransactionRequest } from './transaction'

/** Jobs, each transition in the transaction that is passed in. */
export type JobStore = {
  /**
   * Records a request unless it is known (unique by chain, coordinator and request). A known job whose block was orphaned gets the
   * new block.
   *
   * @returns the new job, or undefined when it was known.
   */
  insertMarket(tx: Queryable, origin: MarketOrigin): Promise<Job | undefined>
  insertApi(tx: Queryable, origin: ApiOrigin, model: string): Promise<Job>
  get(tx: Queryable, id: string): Promise<Job | undefined>
  /** By the request of a market job. */
  find(tx: Queryable, chainId: number, requestId: string): Promise<Job | undefined>
  list(tx: Queryable, filter: JobFilter): Promise<readonly Job[]>
  count(tx: Queryable): Promise<Readonly<Record<JobState, number>>>
  /**
   * Moves a job on. Times of the new state are noted by themselves. Patches of `times` and `money` are merged.
   *
   * @throws JobConflictError when the job is not in `from` any more: somebody else moved it; JobTransitionError when `to` may
   * not follow.
   */
  move(tx: Queryable, id: string, from: JobState | readonly JobState[], to: JobState, patch?: JobPatch): Promise<Job>
  /** Changes facts of a job that stays where it is. */
  patch(tx: Queryable, id: string, patch: JobPatch): Promise<Job>
  /** Market jobs of a chain that were announced in a block of at least this number: those that a reorg touches. */
  fromBlock(tx: Queryable, chainId: number, block: number): Promise<readonly Job[]>
  /** Jobs that are locked or proved now, or wait for it. */
  backlog(tx: Queryable): Promise<readonly Backlog[]>
  /**
   * Unfinished jobs that have not moved for `ageMs` milliseconds since they were due, and that nothing will move: those to be planned
   * or proved have no message that is due and nobody who works on them, those in `locking` or `submitting` no live transaction.
   * Oldest first.
   */
  stalled(tx: Queryable, ageMs: number, limit: number): Promise<readonly Job[]>
  /**
   * Jobs that have been final for `ageMs` milliseconds are forgotten, with everything that hangs on them. A final job that was only
   * looked at again counts from its first end. Returns how many.
   */
  purge(tx: Queryable, ageMs: number): Promise<number>
}

/** How many jobs of a kind there are of a model; null while it is not known. */
export type Backlog = { readonly model: string | null; readonly kind: 'market' | 'api'; readonly jobs: number }

/** The two kinds of work that workers take: what is quick, and what takes a prover's time. */
export type QueueName = 'plan' | 'prove'

/**
 * A job that this process has taken. Exactly one of the two ends it, and one of them must: it stays taken until this process ends.
 * While the database is away they resolve, and are repeated in the background.
 */
export type TakenJob = {
  readonly jobId: string
  /** How often it was taken before. */
  readonly retries: number
  complete(): Promise<void>
  /** Gives it back, to be tried again after a pause of 1, 2, 4, … seconds, up to `atMostSeconds`; 300 by default. */
  retry(reason: string, options?: { readonly atMostSeconds?: number }): Promise<void>
}

/** When and before what a job is to be taken. */
export type SendOptions = {
  /** Milliseconds from now, by the clock of the database; at once by default, and ten years at most. */
  readonly delayMs?: number
  /** A whole number, 0 by default. What has a higher one is taken first, however late it came; it stays until the job is completed. */
  readonly priority?: number
}

/** Work to do, shared by all daemons on the database. Delivery is at least once: steps check the state of the job. */
export type JobQueue = {
  /**
   * Within a transaction: what it enqueues is there if and only if it commits. A job that waits there already is not doubled; the
   * earlier time and the higher priority count.
   */
  send(tx: Queryable, queue: QueueName, jobId: string, options?: SendOptions): Promise<void>
  /** The next that is due: of the highest priority, and of these the one that was sent first. */
  take(queue: QueueName): Promise<TakenJob | undefined>
  /** Calls back when there may be work. @returns stops. */
  onWork(queue: QueueName, wake: () => void): () => void
  /** Jobs that wait. */
  depth(queue: QueueName): Promise<number>
}

/** Where discovery stands on a chain. */
export type Cursor = {
  /** Last block that was read. */
  readonly block: number
  readonly hash: string
}

export type CursorStore = {
  get(tx: Queryable, chainId: number): Promise<Cursor | undefined>
  /** Hashes of the newest blocks that were read, newest first. */
  recent(tx: Queryable, chainId: number): Promise<readonly Cursor[]>
  /** Advances; keeps the newest 256 blocks. */
  advance(tx: Queryable, chainId: number, blocks: readonly Cursor[]): Promise<void>
  /** Forgets the blocks above this one. */
  rewind(tx: Queryable, chainId: number, block: number): Promise<void>
}

/** A job that is to be followed up after its lock. */
export type BondedJob = {
  readonly jobId: string
  /** Gas limit of the transaction with the proof, as noted with the lock. */
  readonly gas: bigint
  /** Whether a block has the lock. */
  readonly isLocked: boolean
  /** Whether the transaction with the proof is signed, and not known to have failed. */
  readonly isFollowed: boolean
}

export type TransactionStore = {
  /** @returns undefined when the job has a live transaction of this purpose that is not superseded. */
  insert(tx: Queryable, request: TransactionRequest): Promise<OutgoingTransaction | undefined>
  get(tx: Queryable, id: string): Promise<OutgoingTransaction | undefined>
  /**
   * Of a lane: one account on one chain; queued first in order of creation, pending and mined by nonce.
   *
   * @param known what the last call returned: what has not changed since is taken from there, which is quicker than reading it.
   */
  unsettled(
    tx: Queryable,
    chainId: number,
    from: string,
    known?: readonly OutgoingTransaction[],
  ): Promise<readonly OutgoingTransaction[]>
  /** Wei that locks of an account that are not mined yet will take from its deposit: of each the bond, without what it brings along. */
  promisedBonds(tx: Queryable, chainId: number, from: string): Promise<bigint>
  ofJob(tx: Queryable, jobId: string, purpose?: TransactionPurpose): Promise<readonly OutgoingTransaction[]>
  /** Takes the next nonce of the lane, at least `floor`. */
  takeNonce(tx: Queryable, chainId: number, from: string, floor: number): Promise<number>
  update(
    tx: Queryable,
    id: string,
    change: {
      readonly state?: OutgoingTransaction['state']
      readonly nonce?: number
      readonly attempt?: TransactionAttempt
      readonly superseded?: true
      readonly receipt?: OutgoingTransaction['receipt']
      readonly error?: string | null
    },
  ): Promise<OutgoingTransaction>
  /**
   * Makes confirmed transactions of blocks from this one on `mined` again, because a reorganisation reached deeper than what was
   * taken for final. Returns how many.
   */
  reopen(tx: Queryable, chainId: number, fromBlock: number): Promise<number>
  /** What the account has spent on fees since a time, and what live transactions may still spend at most. */
  spent(tx: Queryable, chainId: number, from: string, since: Date): Promise<{ settled: bigint; reserved: bigint }>
  /** Jobs of the lane, or those of these, that are not final and whose lock is signed: bonds hang on their proofs. */
  bonded(tx: Queryable, chainId: number, from: string, jobIds?: readonly string[]): Promise<readonly BondedJob[]>
}

/** Values that must not lie around: encrypted at rest, and erased when their time has come. */
export type SecretStore = {
  put(tx: Queryable, jobId: string, name: 'input' | 'opening', value: unknown): Promise<void>
  get(tx: Queryable, jobId: string, name: 'input' | 'opening'): Promise<unknown>
  has(tx: Queryable, jobId: string, name: 'input' | 'opening'): Promise<boolean>
  /**
   * Erases those of jobs that have been final for `ageMs` milliseconds. A final job that was only looked at again counts from its
   * first end. Returns how many.
   */
  erase(tx: Queryable, ageMs: number): Promise<number>
}

/** Answers to requests with an `Idempotency-Key`. */
export type IdempotencyStore = {
  /**
   * Claims a key for a request. The first caller gets `claimed`; the same request again gets what the first one was answered, or
   * `busy` while it has not been; another request under the same key gets `mismatch`.
   */
  claim(
    tx: Queryable,
    client: string,
    key: string,
    requestHash: string,
  ): Promise<
    | { readonly outcome: 'claimed' | 'busy' | 'mismatch' }
    | { readonly outcome: 'answered'; readonly status: number; readonly body: unknown }
  >
  answer(tx: Queryable, client: string, key: string, status: number, body: unknown): Promise<void>
  /** Gives up a claim whose request failed before it did anything. */
  release(tx: Queryable, client: string, key: string): Promise<void>
  /** Forgets what was claimed more than `ageMs` milliseconds ago. */
  purge(tx: Queryable, ageMs: number): Promise<void>
}

/** Exclusive roles among the daemons of a database, such as sending the transactions of one account on one chain. */
export type LeaseStore = {
  /** Takes or renews a lease. @returns whether this process holds it now. */
  hold(name: string, milliseconds: number): Promise<boolean>
  release(name: string): Promise<void>
}

/** Everything the daemon remembers. */
export type Store = {
  readonly db: Database
  /** Names this process among the daemons of the database. */
  readonly daemonId: string
  readonly jobs: JobStore
  readonly queue: JobQueue
  readonly cursors: CursorStore
  readonly transactions: TransactionStore
  readonly secrets: SecretStore
  readonly idempotency: IdempotencyStore
  readonly leases: LeaseStore
  /** Whether a query gets through, for health checks. */
  ping(): Promise<void>
  close(): Promise<void>
}
