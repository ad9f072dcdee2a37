// SPDX-License-Identifier: GPL-3.0-or-later

import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/** The folder of this project, whether it runs from source or from `dist/`. */
export function projectFolder(): string {
  let folder = __dirname
  while (!existsSync(join(folder, 'circuits', 'range'))) {
    const parent = dirname(folder)
    if (parent === folder) throw new Error('the folder "circuits" is missing from this installation; reinstall zkml')
    folder = parent
  }
  return folder
}

/** The folder of an installed package. */
export function packageFolder(name: string): string {
  for (let folder = projectFolder(); ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name)
    if (existsSync(join(candidate, 'package.json'))) return candidate
    if (folder === dirname(folder)) throw new Error(`package "${name}" is missing; run "npm ci"`)
  }
}

/** Version of an installed package. */
export function packageVersion(name: string): string {
  return versionIn(packageFolder(name))
}

/** Version of this project. */
export function projectVersion(): string {
  return versionIn(projectFolder())
}

function versionIn(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version
}

/** Where compiled gadgets are kept: `ZKML_CACHE`, or `~/.cache/zkml`. */
export function cacheFolder(): string {
  return process.env.ZKML_CACHE ?? join(homedir(), '.cache', 'zkml')
}
