// SPDX-License-Identifier: GPL-3.0-or-later

import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceError } from '../errors'
import { AddressRefusedError } from './hosts'
import { ArtefactSourceError, type Timeouts } from './http'
import type { PartialFile } from './partial-file'
import type { ByteProgress } from './shared-tasks'
import type { Source } from './sources'

/** No source delivered a file with the right content; each one's reason is in the message. */
export class ArtefactFetchError extends ServiceError {
  readonly code = 'ARTEFACT_FETCH_FAILED'

  constructor(
    message: string,
    override readonly transient: boolean,
  ) {
    super(message)
  }
}

/** A file is larger than the operator lets files be. */
export class ArtefactTooLargeError extends ServiceError {
  readonly code = 'ARTEFACT_TOO_LARGE'
}

export type DownloadRules = {
  readonly timeouts: Timeouts
  /** Bytes a second; whoever is slower on the whole is given up. */
  readonly slowest: number
  /** How often a source may fail in a row. */
  readonly attempts: number
  /** Wait after the first failure, in milliseconds; doubled after each further one. */
  readonly backoff: number
}

/** What is to be had. */
export type Wanted = {
  readonly sha256: string
  /** Its size, where it is known. */
  readonly bytes: number | undefined
  /** Its size at most. */
  readonly maxBytes: number
}

/** So much in one attempt is progress, which lets earlier failures be forgotten. */
const PROGRESS_BYTES = 2 ** 20

/**
 * Fills a partial file from the first source that has the right content, going on where the last attempt ended.
 *
 * @throws ArtefactFetchError, FileWriteError, StoreFullError
 */
export async function download(
  partial: PartialFile,
  wanted: Wanted,
  sources: readonly Source[],
  rules: DownloadRules,
  signal: AbortSignal,
  report: ByteProgress,
): Promise<void> {
  if (partial.bytes === wanted.bytes && partial.digest() === wanted.sha256) return
  const reasons: string[] = []
  let isTransient = false
  for (const source of sources) {
    const failure = await trySource(partial, wanted, source, rules, signal, report)
    if (!failure) return
    reasons.push(failure.message)
    isTransient ||= failure.transient
  }
  const why = reasons.length === 0 ? 'no place is known that may have it; configure a mirror' : reasons.join('; ')
  throw new ArtefactFetchError(`the artefact ${wanted.sha256} could not be fetched: ${why}`, isTransient)
}

/** Asks one source until it delivers, or there is no point in asking again. Returns why it was given up. */
async function trySource(
  partial: PartialFile,
  wanted: Wanted,
  source: Source,
  rules: DownloadRules,
  signal: AbortSignal,
  report: ByteProgress,
): Promise<ServiceError | undefined> {
  for (let failures = 0; ;) {
    signal.throwIfAborted()
    const before = partial.bytes
    // The whole file at the least speed: a source cannot hold us longer by sending a byte now and then.
    const patience = rules.timeouts.answer + rules.timeouts.idle + (1000 * wanted.maxBytes) / rules.slowest
    const deadline = AbortSignal.timeout(Math.min(Math.ceil(patience), 2 ** 31 - 1))
    try {
      await attempt(partial, wanted, source, rules, AbortSignal.any([signal, deadline]), report)
      return undefined
    } catch (error) {
      signal.throwIfAborted()
      if (deadline.aborted) return new ArtefactSourceError(`${source.name} is too slow`, true)
      if (error instanceof AddressRefusedError) return error
      if (!(error instanceof ArtefactSourceError)) throw error
      failures = partial.bytes - before >= PROGRESS_BYTES ? 1 : failures + 1
      if (!error.transient || failures >= rules.attempts) return error
      const wait = rules.backoff * 2 ** (failures - 1) * (0.75 + Math.random() / 2)
      await sleep(Math.max(wait, error.retryAfter ?? 0), undefined, { signal })
    }
  }
}

async function attempt(
  partial: PartialFile,
  { sha256, bytes, maxBytes }: Wanted,
  source: Source,
  { timeouts }: DownloadRules,
  signal: AbortSignal,
  report: ByteProgress,
): Promise<void> {
  // What is there already may be of no use: too much of it, or complete and wrong.
  if (partial.bytes >= (bytes ?? maxBytes)) await partial.restart()
  const etag = partial.etagOf(source.name)
  const offer = await source.open({ offset: partial.bytes, etag, bytes, maxBytes, timeouts, signal })
  let isMixed: boolean
  try {
    if (offer.offset !== partial.bytes) await partial.restart()
    isMixed = partial.bytes > 0
    partial.comesFrom(source.name, offer.etag)
    for await (const chunk of offer.body) {
      signal.throwIfAborted()
      if (partial.bytes + chunk.byteLength > maxBytes) {
        await partial.restart()
        throw new ArtefactSourceError(`${source.name} sends more than ${maxBytes} bytes`, isMixed)
      }
      await partial.append(chunk)
      report(partial.bytes, bytes)
    }
  } finally {
    offer.close()
  }
  if (bytes !== undefined && partial.bytes < bytes)
    throw new ArtefactSourceError(`${source.name} ended after ${partial.bytes} of ${bytes} bytes`, true)
  if (partial.digest() === sha256) return
  await partial.restart()
  // With bytes of another answer in it, the fault may lie there: this source is asked for all of it.
  throw new ArtefactSourceError(`${source.name} does not have that content`, isMixed)
}
