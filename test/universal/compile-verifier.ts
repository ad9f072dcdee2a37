// SPDX-License-Identifier: GPL-3.0-or-later
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

import { projectFolder } from '../../prover/project'

const ROOT = projectFolder()

type Output = {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[]
  readonly contracts: {
    readonly 'Verifier.sol': Readonly<
      Record<string, { readonly evm: Readonly<Record<'bytecode' | 'deployedBytecode', { readonly object: string }>> }>
    >
  }
}

type Solc = {
  compile(input: string, callbacks: { import: (path: string) => { contents: string } }): string
}

/** Creation code and runtime code of a contract of a generated file, as an integrator's tools compile it. */
export function compileVerifier(source: string, name: string): { readonly bytecode: string; readonly runtime: string } {
  const solc = createRequire(__filename)('solc') as Solc
  const importSource = (path: string): { contents: string } => {
    const own = '@zkml/contracts/'
    const file = path.startsWith(own)
      ? join(ROOT, 'contracts', path.slice(own.length))
      : join(ROOT, 'node_modules', path)
    return { contents: readFileSync(file, 'utf8') }
  }
  const input = {
    language: 'Solidity',
    sources: { 'Verifier.sol': { content: source } },
    settings: {
      evmVersion: 'cancun',
      optimizer: { enabled: true, runs: 200 },
      metadata: { bytecodeHash: 'none', appendCBOR: false },
      outputSelection: { '*': { '*': ['evm.bytecode.object', 'evm.deployedBytecode.object'] } },
    },
  }
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: importSource })) as Output
  const errors = (output.errors ?? []).filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join('\n'))
  const { bytecode, deployedBytecode } = output.contracts['Verifier.sol'][name]!.evm
  return { bytecode: `0x${bytecode.object}`, runtime: `0x${deployedBytecode.object}` }
}
