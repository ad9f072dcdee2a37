// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CompiledModel } from '../../prover/pipeline'
import { compileBundled } from '../../scripts/bundle'
import { BUNDLED, modelFolder } from '../../scripts/bundled'
import {
  DIALOGUE_MODEL,
  FIRST_WORD,
  heldOutLines,
  lexicon,
  PROMPT_TOKENS,
  Speaker,
  vocabulary,
} from '../../scripts/demo/dialogue'
import { randomNumbers } from '../support/consumers'

describe('model of dialogues: npc-dialogue', () => {
  let model: CompiledModel
  let speaker: Speaker

  before(async () => {
    model = await compileBundled(BUNDLED.find(({ name }) => name === DIALOGUE_MODEL)!)
    speaker = new Speaker(model.quantized, model.circuit.schema)
  })

  it('shows a token, what it read, and two commitments of one format', () => {
    const { schema, r1cs } = model.circuit
    const [next, after] = schema.outputs
    const [step, before] = schema.inputs
    expect([next, after, step, before].map((spec) => spec!.visibility)).to.deep.equal([
      'public',
      'hashed',
      'public',
      'hashed',
    ])
    expect({ ...after, name: '' }).to.deep.equal({ ...before, name: '' })
    expect(r1cs.nPubOut + r1cs.nPubIn).to.equal(5)
    expect(r1cs.nConstraints).to.be.below(100_000)
  })

  it('has 39 tokens that are no words, and 256 words', () => {
    expect(vocabulary().map((text) => text.startsWith('<'))).to.deep.equal(
      Array.from({ length: FIRST_WORD + 256 }, (_, token) => token < FIRST_WORD),
    )
    expect(new Set(vocabulary()).size).to.equal(FIRST_WORD + 256)
    expect(lexicon().startsWith('errand\nreward\n')).to.equal(true)
  })

  it('gives a token of its vocabulary and digits of its cache, whatever comes in', () => {
    const random = randomNumbers(11)
    for (let i = 0; i < 20; i++) {
      const cache = speaker.empty.map(() => random(64) - 32)
      const { next, cache: after } = speaker.run({ token: random(512), position: random(512), cache })
      expect(next).to.be.within(0, FIRST_WORD + 255)
      expect(after.every((digit) => Number.isInteger(digit) && digit >= -32 && digit <= 31)).to.equal(true)
      const row = model.circuit.schema.inputs[1]!.shape[1]!
      expect(after.slice(0, -row)).to.deep.equal(cache.slice(row))
    }
  })

  it('says held-out lines word for word', () => {
    const lines = heldOutLines().slice(0, 8)
    const same = lines.filter(
      (line) =>
        speaker.line(line.slice(0, PROMPT_TOKENS)).join() ===
        line
          .slice(PROMPT_TOKENS)
          .filter((token) => token >= FIRST_WORD)
          .join(),
    )
    expect(same.length).to.be.at.least(lines.length - 1)
  })

  it('has a card that states the committed circuit', () => {
    const card = readFileSync(join(modelFolder(DIALOGUE_MODEL), 'card.md'), 'utf8')
    expect(card).to.include(`${model.circuit.r1cs.nConstraints.toLocaleString('en-US')} constraints`)
  })
})
