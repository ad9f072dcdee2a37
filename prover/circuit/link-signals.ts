// SPDX-License-Identifier: GPL-3.0-or-later

import { weightsTag, type TensorSpec } from '../encodings'
import { constantFeed, wireFeed, type Feed } from './feed'
import { bindContext, poseidonLink } from './gadgets'
import type { Linker } from './linker'
import { commitmentTag, weightFormat, weightsOf, weightWords, wordFeeds } from './schema'

/** Fixes the public wires: outputs, inputs, context, in the order of docs/encodings.md. */
export function linkSignals(linker: Linker): void {
  const { program, schema } = linker
  const salts = [...linker.saltWires]
  let wire = 1
  const bind = (spec: TensorSpec, tensor: number) => {
    const { size } = program.tensors[tensor]!
    if (spec.visibility === 'private') return
    const words = wordFeeds(spec, tensor, size)
    if (spec.visibility === 'public') {
      for (const word of words) linker.bindWire(wire++, word)
      return
    }
    linker.bindCopy(wire++, commit(linker, words, commitmentTag(spec, size), salts.shift()!))
  }
  const part = (name: string, op: string, link: () => void) =>
    linker.part({ step: name, origin: { node: name, op } }, link)

  part('public outputs', 'Output', () => {
    program.outputs.forEach(({ tensor }, i) => bind(schema.outputs[i]!, tensor))
  })
  part('public inputs', 'Input', () => {
    schema.inputs.forEach((spec, i) => bind(spec, program.inputs[i]!.tensor))
  })
  if (schema.weightsCommitted)
    part('weights commitment', 'Weights', () => {
      const formats = weightsOf(program).map(({ tensor, recipe }) =>
        weightFormat(recipe, program.tensors[tensor]!.size),
      )
      linker.bindCopy(wire++, commit(linker, weightWords(program), weightsTag(formats), linker.weightsSaltWire!))
    })
  part('context', 'Context', () => {
    linker.instance(bindContext(), [wireFeed(linker.contextWire)])
  })
}

/** The chain P(tag, salt, w0, w1, w2), P(h, next four) …; returns the wire of the last link. */
function commit(linker: Linker, words: readonly Feed[], tag: bigint, salt: number): number {
  const at = (i: number) => words[i] ?? constantFeed(0n)
  const gadget = poseidonLink()
  let wire = linker.instance(gadget, [constantFeed(tag), wireFeed(salt), at(0), at(1), at(2)])
  for (let next = 3; next < words.length; next += 4) {
    wire = linker.instance(gadget, [wireFeed(wire), at(next), at(next + 1), at(next + 2), at(next + 3)])
  }
  return wire
}
