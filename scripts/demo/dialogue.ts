// SPDX-License-Identifier: GPL-3.0-or-later

/** Lines of `npc-dialogue`, by its integers, one step after the other. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pack, tensorCommitment, type IoSchema } from '../../prover/encodings'
import { evaluateProgram, type QuantizedProgram } from '../../prover/quantize'
import { modelFolder } from '../bundled'

export const DIALOGUE_MODEL = 'npc-dialogue'
/** Tokens of a prompt: character, sky, standing, topic. */
export const PROMPT_TOKENS = 4
/** Tokens below are no words. */
export const FIRST_WORD = 39
const STEP_BITS = 9

/** What the model reads at one position. */
export type StepInput = { readonly token: number; readonly position: number; readonly cache: Float64Array }
/** What it gives. */
export type StepOutput = { readonly next: number; readonly cache: Float64Array }
/** A step of a line. */
export type Step = StepInput & { readonly output: StepOutput }

const read = (file: string): string => readFileSync(join(modelFolder(DIALOGUE_MODEL), file), 'utf8')

/** Texts of all tokens. */
export function vocabulary(): readonly string[] {
  return JSON.parse(read('vocabulary.json')) as readonly string[]
}

/** What the contract is deployed with: the words, each ended by a line feed. */
export function lexicon(): string {
  return vocabulary()
    .slice(FIRST_WORD)
    .map((word) => `${word}\n`)
    .join('')
}

/** Held-out lines: prompt, words, and 0 where the line ends before the last position. */
export function heldOutLines(): readonly (readonly number[])[] {
  return (JSON.parse(read('samples.json')) as { whole_lines: number[][] }).whole_lines
}

/** Words as the contract joins them: no space before a word that begins with a punctuation mark. */
export function textOf(words: readonly number[]): string {
  const texts = vocabulary()
  return words
    .map((word) => texts[word]!)
    .join(' ')
    .replace(/ (?=[!,.?])/g, '')
}

/** The four tokens of a prompt as the contract gives them. */
export function promptTokens(prompt: bigint): number[] {
  return Array.from({ length: PROMPT_TOKENS }, (_, i) => Number((prompt >> BigInt(8 * i)) & 0xffn))
}

/** The word of the public input. */
export function stepWord({ token, position }: Pick<StepInput, 'token' | 'position'>): bigint {
  return BigInt(token + position * 2 ** STEP_BITS)
}

/** The model as it is proved; neither circuit nor key is needed to run it. */
export class Speaker {
  constructor(
    private readonly program: QuantizedProgram,
    private readonly schema: IoSchema,
  ) {}

  /** The cache before the first token. */
  get empty(): Float64Array {
    const [slots, row] = this.schema.inputs[1]!.shape
    return new Float64Array(slots! * row!)
  }

  run({ token, position, cache }: StepInput): StepOutput {
    const tensors = evaluateProgram(this.program, [Float64Array.of(token, position), cache])
    const [next, after] = this.program.outputs.map(({ tensor }) => Float64Array.from(tensors[tensor]!, Number))
    return { next: next![0]!, cache: after! }
  }

  /** The steps of a line after its prompt, to its end or the last position. */
  *steps(prompt: readonly number[]): Generator<Step> {
    const positions = this.schema.inputs[1]!.shape[0]!
    let cache = this.empty
    let token = prompt[0]!
    for (let position = 0; position < positions; position++) {
      const output = this.run({ token, position, cache })
      yield { token, position, cache, output }
      const says = position + 1 >= PROMPT_TOKENS
      if (says && output.next < FIRST_WORD) return
      cache = output.cache
      token = says ? output.next : prompt[position + 1]!
    }
  }

  /** The words of the line after a prompt. */
  line(prompt: readonly number[]): number[] {
    return [...this.steps(prompt)]
      .slice(PROMPT_TOKENS - 1)
      .map(({ output }) => output.next)
      .filter((token) => token >= FIRST_WORD)
  }

  /** What a cache is committed to with. Nothing here is secret, so salts are 0, and anyone can go on. */
  commit(cache: Float64Array, salt = 0n): bigint {
    const spec = this.schema.inputs[1]!
    const format = { lo: spec.lo, bits: spec.bits, count: cache.length }
    return tensorCommitment(pack(Array.from(cache, BigInt), spec), salt, format)
  }
}
