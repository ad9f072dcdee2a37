// SPDX-License-Identifier: GPL-3.0-or-later

import { reset } from '@nomicfoundation/hardhat-network-helpers'
import { expect } from 'chai'
import { BUNDLED } from '../../scripts/bundled'
import { tellStory } from '../../scripts/demo/scene'
import { quietly } from '../../scripts/demo/show'
import { STORIES } from '../../scripts/demo/stories'
import { describeUninstrumented } from '../support/coverage'

describeUninstrumented('use cases, as the demo tells them', function () {
  this.timeout(120_000)
  // Other tests find an empty chain.
  afterEach(() => reset())

  it('are each of a bundled model, and have names of their own', () => {
    const names = STORIES.map(({ name }) => name)
    expect(BUNDLED.map(({ name }) => name)).to.include.members(names)
    expect(new Set(names).size).to.equal(names.length)
  })

  for (const story of STORIES) {
    it(`${story.name} ends with its effect, above its baseline, and integers cost little`, async () => {
      const { gas, fidelity, merit, constraints } = await quietly(() => tellStory(story))
      expect(gas).to.be.greaterThan(200_000n)
      expect(constraints).to.be.greaterThan(0)
      if (fidelity.kind === 'values') expect(fidelity.meanError).to.be.at.most(0.01)
      else expect(fidelity.float - fidelity.proved).to.be.at.most(0.002 + 1e-9)
      const [better, worse] = merit.better === 'higher' ? [merit.model, merit.baseline] : [merit.baseline, merit.model]
      expect(better, merit.measure).to.be.greaterThan(worse)
    })
  }
})
