// SPDX-License-Identifier: GPL-3.0-or-later

/**
 * Base of every error the prover throws on purpose. The message is one sentence that says what went wrong, where,
 * and what to do; `code` is stable and listed in docs/errors.md.
 *
 * @example
 * ```ts
 * try { parseModel(bytes) } catch (error) { if (error instanceof ZkmlError) console.error(error.code) }
 * ```
 */
export abstract class ZkmlError extends Error {
  abstract readonly code: string
  /** Whether the same may succeed later, unchanged: what failed was an endpoint, a disk or another program. */
  readonly transient: boolean = false

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }
}
