// SPDX-License-Identifier: GPL-3.0-or-later

import { accessSync, constants, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Progress } from '../../pipeline'

/** Something that has to work. Returns what was found; throws what is wrong, and what to do. */
export type Check = { readonly name: string; readonly run: () => string | Promise<string> }

/** What came of a check; `detail` says what was found, or what is wrong and what to do. */
export type HealthCheck = { readonly name: string; readonly ok: boolean; readonly detail: string }

/** Runs every check; a failure of one does not stop the others. */
export async function runChecks(checks: readonly Check[], progress: Progress): Promise<HealthCheck[]> {
  const results: HealthCheck[] = []
  for (const { name, run } of checks) {
    progress('doctor', results.length / checks.length, name)
    results.push(await runCheck(name, run))
  }
  return results
}

async function runCheck(name: string, run: Check['run']): Promise<HealthCheck> {
  try {
    return { name, ok: true, detail: await run() }
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) }
  }
}

/**
 * Makes sure that a folder can be written to, or be made where it is missing; leaves nothing in it.
 *
 * @param setting What chooses the folder, for the message.
 */
export function checkFolder(folder: string, setting: string): string {
  const there = existsSync(folder)
  try {
    if (there) rmSync(mkdtempSync(join(folder, 'doctor-')), { recursive: true })
    // With its dot, a file in the place of a folder shows.
    else accessSync(`${nearest(folder)}/.`, constants.W_OK)
  } catch (error) {
    throw new Error(
      `${folder} cannot be ${there ? 'written to' : 'made'} (${(error as NodeJS.ErrnoException).code}); correct its rights, or ${setting}`,
    )
  }
  return there ? `${folder} is writable` : `${folder} is made at the first start`
}

function nearest(folder: string): string {
  const parent = dirname(resolve(folder))
  return existsSync(parent) ? parent : nearest(parent)
}

export function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`
}
