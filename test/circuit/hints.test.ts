// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CIRCUITS } from '../../prover/circuit/gadget-source'
import { GADGET_CASES } from '../support/gadget-cases'

const files = readdirSync(CIRCUITS, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.circom'))
const sources = files.map((file) => ({ file, text: readFileSync(join(CIRCUITS, file), 'utf8') }))
const hinted = sources.filter(({ text }) => text.includes('<--'))

/** Hints are what a prover may choose: nothing but the rows around them holds them. */
describe('hints', () => {
  it('each say above them what fixes them, in a template that says why it is unique', () => {
    expect(hinted.length).to.be.at.least(10)
    for (const { file, text } of hinted) {
      const lines = text.split('\n')
      lines.forEach((line, i) => {
        if (line.includes('<--')) expect(lines[i - 1]!.trim(), `${file}:${i + 1}`).to.match(/^\/\/ .*fixed/i)
      })
      expect(text, file).to.include('// Unique: ')
    }
  })

  it('each stand in a gadget whose forged witnesses are searched exhaustively', () => {
    const searched = new Set(GADGET_CASES.filter(({ small }) => small).map(({ gadget }) => gadget.template))
    for (const { file, text } of hinted) {
      const [, template] = /^template (\w+)/m.exec(text)!
      const users = sources.filter((source) => source.text.includes(`= ${template}(`))
      const names = users.map((source) => /^template (\w+)/m.exec(source.text)![1]!)
      expect(
        [template!, ...names].some((name) => searched.has(name)),
        file,
      ).to.equal(true)
    }
  })
})
