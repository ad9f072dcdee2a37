// SPDX-License-Identifier: GPL-3.0-or-later

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { packageFolder, packageVersion, projectFolder } from '../project'
import type { Gadget } from './gadgets'

/** Folder of the Circom templates. */
export const CIRCUITS = join(projectFolder(), 'circuits')

/** The Circom program whose main component is one instance of the gadget, every input public. */
export function gadgetProgram(gadget: Gadget): string {
  const parameters = gadget.parameters.map((value) => (typeof value === 'number' ? value : literalList(value)))
  const inputs = gadget.inputs.map((signal) => signal.name).join(', ')
  return [
    'pragma circom 2.2.0;',
    `include "${gadget.file}";`,
    `component main {public [${inputs}]} = ${gadget.template}(${parameters.join(', ')});`,
    '',
  ].join('\n')
}

/** Whole numbers as Circom writes them: BigInt, because a large double prints other digits than its own. */
export function literalList(values: readonly number[]): string {
  return `[${values.map((value) => BigInt(value)).join(', ')}]`
}

/** Folder that `include "circomlib/…"` resolves against. */
export function includeFolder(): string {
  return dirname(packageFolder('circomlib'))
}

/** Versions of the tools whose output is part of every circuit. */
export function toolVersions(): { readonly circom2: string; readonly circomlib: string } {
  return { circom2: packageVersion('circom2'), circomlib: packageVersion('circomlib') }
}

/** circom's optimisation level: O1 keeps a sum on the C side of one row, where O2 would copy it to wherever it is read. */
export const OPTIMISATION = 'O1'

/**
 * Name of a compiled program in the cache: a hash of its text, of every file it includes, of the optimisation level
 * and of the compiler's version.
 */
export function programKey(program: string): string {
  const hash = createHash('sha256')
  const versions = toolVersions()
  hash.update(`${versions.circom2}\n${versions.circomlib}\n${OPTIMISATION}\n${program}`)
  const seen = new Set<string>()
  const visit = (text: string, folder: string): void => {
    for (const [, path] of text.matchAll(/^\s*include\s+"([^"]+)"\s*;/gm)) {
      // circomlib is pinned by its version.
      if (path!.startsWith('circomlib/')) continue
      const file = join(folder, path!)
      if (seen.has(file)) continue
      seen.add(file)
      const source = readFileSync(file, 'utf8')
      hash.update(`\n${relative(CIRCUITS, file)}\n${source}`)
      visit(source, dirname(file))
    }
  }
  visit(program, CIRCUITS)
  return hash.digest('hex')
}
