// SPDX-License-Identifier: GPL-3.0-or-later

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getBytes } from 'ethers'
import { written, type Source } from './corpus'
import { compileSources, SETTINGS } from './compile'
import { metadataLength } from './features'
import { packaged, type Package } from './packages'

/** A compiled source. */
export type Row = {
  readonly family: string
  readonly origin: string
  /** Which rows are of one contract, sound and mutated. */
  readonly base: string
  readonly kind: string
  readonly setting: string
  readonly code: string
}

/** What an earlier run left in the folder, or what `make` makes now. */
function cached(name: string, folder: string, make: () => Row[]): Row[] {
  const path = join(folder, 'compiled', `${name}.json`)
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as Row[]
  const rows = make()
  mkdirSync(join(folder, 'compiled'), { recursive: true })
  writeFileSync(path, JSON.stringify(rows))
  return rows
}

/** Compiles the contracts of a family written for the corpus. */
export function compileFamily(family: string, folder: string): Row[] {
  return cached(family, folder, () => {
    const sources = written(family)
    return SETTINGS.flatMap((setting, index) => {
      const chosen: Source[] = sources.filter((source) => source.setting === index)
      if (chosen.length === 0) return []
      const texts = Object.fromEntries(chosen.map(({ text }, i) => [`${i}.sol`, text]))
      return compileSources(texts, setting, folder).map(({ path, code }) => {
        const { origin, base, kind } = chosen[parseInt(path)]!
        return { family, origin, base: `${family} ${base}`, kind, setting: setting.name, code }
      })
    })
  })
}

/** Compiles the contracts of a package; mutations that leave no code, or the code as it was, are left out. */
export function compilePackage(one: Package, folder: string): Row[] {
  const setting = SETTINGS[0]!
  return cached(one.folder.replace(/\W/g, '-'), folder, () => {
    const sound = new Map<string, string>()
    return packaged(one, join(folder, 'node_modules')).flatMap(({ family, origin, kind, path, contract, read }) => {
      const code = compileOne(path, contract, read, kind === 'sound')
      if (code === null) return []
      if (kind === 'sound') sound.set(path, withoutMetadata(code))
      else if (sound.get(path) === withoutMetadata(code)) return []
      return [{ family, origin, base: `${origin} ${contract}`, kind, setting: setting.name, code }]
    })
  })
}

function compileOne(
  path: string,
  contract: string,
  read: (path: string) => string | null,
  mustCompile: boolean,
): string | null {
  try {
    const all = compileSources({ [path]: read(path)! }, SETTINGS[0]!, '', read)
    return all.find((one) => one.contract === contract)?.code ?? null
  } catch (error) {
    if (mustCompile) throw error
    return null
  }
}

function withoutMetadata(code: string): string {
  const bytes = getBytes(code)
  return Buffer.from(bytes.subarray(0, bytes.length - metadataLength(bytes))).toString('hex')
}
