// SPDX-License-Identifier: GPL-3.0-or-later

import { createRequire } from 'node:module'

type Solc = {
  compile(input: string, callbacks?: { import(path: string): { contents: string } | { error: string } }): string
}
type Output = {
  readonly errors?: readonly { severity: string; formattedMessage: string }[]
  readonly contracts?: Readonly<
    Record<string, Readonly<Record<string, { evm: { deployedBytecode: { object: string } } }>>>
  >
}

/** How a source is compiled. */
export type Setting = {
  readonly name: string
  /** npm package of the compiler. */
  readonly compiler: string
  readonly viaIR: boolean
  readonly runs: number
}

/** The compiler of this project, through both of its code generators, and an older one that does not know PUSH0. */
export const SETTINGS: readonly Setting[] = [
  { name: 'legacy', compiler: 'solc', viaIR: false, runs: 200 },
  { name: 'ir', compiler: 'solc', viaIR: true, runs: 200 },
  { name: 'old', compiler: 'solc-0.8.19', viaIR: false, runs: 10_000 },
]

const compilers = new Map<string, Solc>()

function compilerOf(setting: Setting, folder: string): Solc {
  const known = compilers.get(setting.compiler)
  if (known !== undefined) return known
  const load = createRequire(setting.compiler === 'solc' ? __filename : `${folder}/package.json`)
  const solc = load(setting.compiler) as Solc
  compilers.set(setting.compiler, solc)
  return solc
}

/** Runtime code of a contract in a file. */
export type Compiled = { readonly path: string; readonly contract: string; readonly code: string }

/**
 * Compiles source files, given by path, with their imports found by `find`. Interfaces, abstract contracts, contracts
 * that have to be linked and those beyond the limit of EIP-170 are left out. Throws where solc finds an error.
 */
export function compileSources(
  sources: Readonly<Record<string, string>>,
  setting: Setting,
  folder = '',
  find: (path: string) => string | null = () => null,
): Compiled[] {
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(Object.entries(sources).map(([path, content]) => [path, { content }])),
    settings: {
      viaIR: setting.viaIR,
      optimizer: { enabled: true, runs: setting.runs },
      ...(setting.compiler === 'solc' ? { evmVersion: 'cancun' } : {}),
      outputSelection: Object.fromEntries(
        Object.keys(sources).map((path) => [path, { '*': ['evm.deployedBytecode.object'] }]),
      ),
    },
  }
  const lookUp = (path: string) => {
    const contents = find(path)
    return contents === null ? { error: 'not found' } : { contents }
  }
  const output = JSON.parse(compilerOf(setting, folder).compile(JSON.stringify(input), { import: lookUp })) as Output
  const error = output.errors?.find(({ severity }) => severity === 'error')
  if (error !== undefined) throw new Error(error.formattedMessage)
  return Object.entries(output.contracts ?? {}).flatMap(([path, contracts]) =>
    Object.entries(contracts).flatMap(([contract, { evm }]) => {
      const { object } = evm.deployedBytecode
      const fits = object.length > 200 && object.length <= 2 * 24_576 && !object.includes('__$')
      return fits ? [{ path, contract, code: `0x${object}` }] : []
    }),
  )
}
