// SPDX-License-Identifier: GPL-3.0-or-later

import type { CompiledGadget } from '../circuit'
import { ZkmlError } from '../errors'

/** Thrown when a gadget has no witness for its inputs: the statement would be false. */
export class WitnessError extends ZkmlError {
  readonly code = 'WITNESS_UNSATISFIED'
}

/** The functions circom's WASM exports. */
type CircomExports = {
  readonly init: (sanityCheck: number) => void
  readonly getWitness: (wire: number) => void
  readonly readSharedRWMemory: (word: number) => number
  readonly writeSharedRWMemory: (word: number, value: number) => void
  readonly setInputSignal: (hashHigh: number, hashLow: number, position: number) => void
}

const WORDS = 8

/**
 * Runs one gadget's own Circom witness program. The values of an instance go straight to and from 32-bit words,
 * least significant first, the form of `.wtns` on little-endian hosts.
 */
export class GadgetCalculator {
  private constructor(
    private readonly gadget: CompiledGadget,
    private readonly wasm: CircomExports,
    private readonly inputs: readonly { readonly high: number; readonly low: number; readonly position: number }[],
  ) {}

  static async create(gadget: CompiledGadget): Promise<GadgetCalculator> {
    const { template } = gadget.gadget
    const fail = (code: number) => {
      throw new WitnessError(`gadget ${template} has no witness for its inputs (circom exception ${code})`)
    }
    const ignore = () => undefined
    const imports = {
      runtime: {
        exceptionHandler: fail,
        printErrorMessage: ignore,
        writeBufferMessage: ignore,
        showSharedRWMemory: ignore,
      },
    }
    const module = await WebAssembly.compile(new Uint8Array(gadget.wasm))
    const instance = await WebAssembly.instantiate(module, imports)
    const inputs = gadget.gadget.inputs.flatMap(({ name, size }) => {
      const [high, low] = signalHash(name)
      return Array.from({ length: size }, (_, position) => ({ high, low, position }))
    })
    return new GadgetCalculator(gadget, instance.exports as unknown as CircomExports, inputs)
  }

  /**
   * Computes one instance.
   *
   * @param inputs field elements in input order.
   * @param witness receives outputs, then internal wires, from element `base` on.
   * @throws WitnessError
   */
  run(inputs: readonly bigint[], witness: Uint32Array, base: number): void {
    const { wasm, gadget } = this
    wasm.init(0)
    inputs.forEach((value, i) => {
      for (let word = 0, rest = value; word < WORDS; word++, rest >>= 32n) {
        wasm.writeSharedRWMemory(word, Number(rest & 0xffffffffn))
      }
      const { high, low, position } = this.inputs[i]!
      wasm.setInputSignal(high, low, position)
    })
    const firstInternal = gadget.outputCount + gadget.inputCount + 1
    let at = base * WORDS
    for (let wire = 1; wire < gadget.r1cs.nWires; wire++) {
      if (wire > gadget.outputCount && wire < firstInternal) continue
      wasm.getWitness(wire)
      for (let word = 0; word < WORDS; word++) witness[at++] = wasm.readSharedRWMemory(word)
    }
  }
}

/** 64-bit FNV-1a of a signal's name, as circom's WASM identifies inputs. */
function signalHash(name: string): [high: number, low: number] {
  let hash = 0xcbf29ce484222325n
  for (const byte of Buffer.from(name, 'utf8')) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return [Number(hash >> 32n), Number(hash & 0xffffffffn)]
}
