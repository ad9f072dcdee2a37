// SPDX-License-Identifier: GPL-3.0-or-later
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Logger, wtns } from 'snarkjs'

/** A folder for one test file; call `remove` in `after`. */
export type Workspace = { readonly path: (name: string) => string; readonly remove: () => void }

/** Makes an empty folder under the system's temporary folder. */
export function workspace(): Workspace {
  const folder = mkdtempSync(join(tmpdir(), 'zkml-test-'))
  return { path: (name) => join(folder, name), remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** A circuit compiled by circom2. */
export type CompiledCircuit = {
  readonly r1cs: string
  /** Writes the witness of an input and returns its path. */
  readonly witness: (name: string, input: Readonly<Record<string, unknown>>) => Promise<string>
}

/** Compiles a Circom program; circom2 sees only paths below its working folder. */
export function compileCircom(space: Workspace, name: string, source: string, level = '--O1'): CompiledCircuit {
  const folder = space.path(name)
  mkdirSync(folder)
  writeFileSync(join(folder, `${name}.circom`), source)
  execFileSync(process.execPath, [require.resolve('circom2/cli.js'), `${name}.circom`, '--r1cs', '--wasm', level], {
    cwd: folder,
    stdio: 'pipe',
  })
  return {
    r1cs: join(folder, `${name}.r1cs`),
    witness: async (witnessName, input) => {
      const out = join(folder, `${witnessName}.wtns`)
      await wtns.calculate(input, join(folder, `${name}_js`, `${name}.wasm`), out)
      return out
    },
  }
}

/** z = x·y + Σ bits, bits boolean, with a public output, a public input and private inputs; w is 2·x, linear. */
export const SMALL_CIRCUIT = `
pragma circom 2.1.0;
template Small(n) {
  signal input x;
  signal input y;
  signal input bits[n];
  signal output z;
  signal output w;
  var sum = 0;
  for (var i = 0; i < n; i++) {
    bits[i] * (bits[i] - 1) === 0;
    sum += (i + 3) * bits[i];
  }
  signal product;
  product <== x * y;
  signal square;
  square <== product * product + 7;
  z <== square + sum;
  w <== 2 * x;
}
component main {public [x]} = Small(6);
`

export const SMALL_INPUT = { x: 3, y: 5, bits: [1, 0, 1, 1, 0, 1] }

/** snarkjs dereferences its logger on some failures. */
export const QUIET: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
