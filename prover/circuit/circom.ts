// SPDX-License-Identifier: GPL-3.0-or-later

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CircomRunner, bindings } from 'circom2'
import { noteTemporary } from '../binfile'
import { ZkmlError } from '../errors'
import { packageFolder } from '../project'
import { CIRCUITS, includeFolder, OPTIMISATION } from './gadget-source'

/** Thrown when circom2 rejects a program; carries the compiler's own words. */
export class CircomError extends ZkmlError {
  readonly code = 'CIRCOM_FAILED'
}

/** What circom2 made of a program. */
export type CompiledProgram = { readonly r1cs: Uint8Array; readonly wasm: Uint8Array }

let compiler: WebAssembly.Module | undefined

/**
 * Compiles a Circom program in this process. It may include files of `circuits/` and of circomlib by path.
 *
 * @throws CircomError with the compiler's message.
 */
export async function compileCircom(program: string): Promise<CompiledProgram> {
  compiler ??= await WebAssembly.compile(readFileSync(join(packageFolder('circom2'), 'circom.wasm')))
  const folder = mkdtempSync(join(tmpdir(), 'zkml-circom-'))
  noteTemporary(folder, true)
  try {
    mkdirSync(join(folder, 'out'))
    writeFileSync(join(folder, 'main.circom'), program)
    const output = await run(compiler, folder)
    try {
      return {
        r1cs: readFileSync(join(folder, 'out', 'main.r1cs')),
        wasm: readFileSync(join(folder, 'out', 'main_js', 'main.wasm')),
      }
    } catch {
      throw new CircomError(`circom2 rejected the program:\n${plain(output)}`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
    noteTemporary(folder, false)
  }
}

async function run(module: WebAssembly.Module, folder: string): Promise<string> {
  const output: string[] = []
  // The compiler prints to descriptors 1 and 2; everything else goes to the real file system.
  const files = {
    ...fs,
    writeSync: (descriptor: number, data: Uint8Array, ...rest: number[]) => {
      if (descriptor > 2) return fs.writeSync(descriptor, data, ...rest)
      output.push(Buffer.from(data).toString('utf8'))
      return data.length
    },
  }
  const runner = new CircomRunner({
    args: [
      '/program/main.circom',
      '--r1cs',
      '--wasm',
      `--${OPTIMISATION}`,
      '-l',
      '/circuits',
      '-l',
      '/include',
      '-o',
      '/program/out',
    ],
    env: {},
    preopens: { '/program': folder, '/circuits': CIRCUITS, '/include': includeFolder() },
    bindings: { ...bindings, fs: files },
  })
  try {
    const instance = await WebAssembly.instantiate(module, runner.wasi.getImports(module))
    runner.wasi.start(instance)
  } catch (error) {
    output.push(String(error))
  }
  return output.join('')
}

/** Compiler output without colours. */
function plain(text: string): string {
  return text.replace(/\u001b\[[0-9;]*m/g, '').trim()
}
