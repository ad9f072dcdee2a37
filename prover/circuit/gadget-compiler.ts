// SPDX-License-Identifier: GPL-3.0-or-later

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readR1cs, type R1cs } from '../binfile'
import { ZkmlError } from '../errors'
import { cacheFolder } from '../project'
import { compileCircom, type CompiledProgram } from './circom'
import { gadgetProgram, programKey } from './gadget-source'
import type { Gadget } from './gadgets'

/** Thrown when a compiled gadget could not be linked soundly. */
export class GadgetError extends ZkmlError {
  readonly code = 'GADGET_UNLINKABLE'
}

/** A gadget's constraints and witness calculator. Wires: one, outputs, inputs, internal. */
export type CompiledGadget = {
  readonly gadget: Gadget
  readonly r1cs: R1cs
  readonly wasm: Uint8Array
  readonly outputCount: number
  readonly inputCount: number
}

/** Compiles gadgets, each once per process and once per cache. */
export class GadgetCompiler {
  private readonly compiled = new Map<string, Promise<CompiledGadget>>()
  /** How many programs went through circom2 rather than coming from the cache. */
  compilations = 0

  constructor(private readonly folder: string = join(cacheFolder(), 'gadgets')) {}

  compile(gadget: Gadget): Promise<CompiledGadget> {
    const program = gadgetProgram(gadget)
    const key = programKey(program)
    let result = this.compiled.get(key)
    if (!result) {
      result = this.load(key, program).then((files) => linkable(gadget, files))
      this.compiled.set(key, result)
    }
    return result
  }

  private async load(key: string, program: string): Promise<CompiledProgram> {
    const cached = readEntry(join(this.folder, key))
    if (cached) return cached
    this.compilations++
    const files = await compileCircom(program)
    writeEntry(this.folder, key, files)
    return files
  }
}

function digest(files: CompiledProgram): string {
  return createHash('sha256').update(files.r1cs).update(files.wasm).digest('hex')
}

/** A cache entry, or nothing when it is absent or not as it was written. */
function readEntry(folder: string): CompiledProgram | undefined {
  try {
    const files = { r1cs: readFileSync(join(folder, 'r1cs')), wasm: readFileSync(join(folder, 'wasm')) }
    return readFileSync(join(folder, 'sha256'), 'utf8') === digest(files) ? files : undefined
  } catch {
    return undefined
  }
}

function writeEntry(folder: string, key: string, files: CompiledProgram): void {
  const temporary = join(folder, `${key}.${process.pid}.tmp`)
  const final = join(folder, key)
  try {
    mkdirSync(temporary, { recursive: true, mode: 0o700 })
    writeFileSync(join(temporary, 'r1cs'), files.r1cs)
    writeFileSync(join(temporary, 'wasm'), files.wasm)
    writeFileSync(join(temporary, 'sha256'), digest(files))
    if (existsSync(final)) rmSync(final, { recursive: true, force: true })
    renameSync(temporary, final)
  } catch {
    // The cache only saves time: a full disk, or another process that was quicker, must not fail the compilation.
    rmSync(temporary, { recursive: true, force: true })
  }
}

/**
 * Refuses a gadget whose wires are not where the linker will look for them. circom drops rows on private inputs and
 * unused signals, after which header counts point at the wrong wires.
 */
export function linkable(gadget: Gadget, files: CompiledProgram): CompiledGadget {
  const r1cs = readR1cs(files.r1cs)
  const where = `gadget ${gadget.template}(${gadget.parameters.map((p) => (typeof p === 'number' ? p : '…')).join(', ')})`
  const inputCount = gadget.inputs.reduce((sum, signal) => sum + signal.size, 0)
  const outputCount = gadget.outputs.reduce((sum, signal) => sum + signal.size, 0)
  if (r1cs.nPrvIn !== 0) throw new GadgetError(`${where} has ${r1cs.nPrvIn} private inputs; declare every input public`)
  if (r1cs.nPubIn !== inputCount)
    throw new GadgetError(`${where} has ${r1cs.nPubIn} inputs in its r1cs, but ${inputCount} are declared`)
  if (r1cs.nPubOut !== outputCount)
    throw new GadgetError(`${where} has ${r1cs.nPubOut} outputs in its r1cs, but ${outputCount} are declared`)
  for (let wire = 0; wire <= outputCount + inputCount; wire++) {
    if (r1cs.wireToLabel[wire] !== wire)
      throw new GadgetError(
        `${where}: wire ${wire} carries signal ${r1cs.wireToLabel[wire]}; circom moved its interface`,
      )
  }
  const seen = new Set<number>()
  for (const rows of [r1cs.a, r1cs.b, r1cs.c]) for (const wire of rows.wire) seen.add(wire)
  for (let output = 1; output <= outputCount; output++) {
    if (!seen.has(output)) throw new GadgetError(`${where}: output ${output} occurs in no row and would be free`)
  }
  return { gadget, r1cs, wasm: files.wasm, outputCount, inputCount }
}
