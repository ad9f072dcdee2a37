// SPDX-License-Identifier: GPL-3.0-or-later

import { tellStory } from '../demo/scene'
import { quietly } from '../demo/show'
import { STORIES } from '../demo/stories'
import { atMost, isTrue, type Figure } from './figures'

/** Points of accuracy that integers may cost. */
const MOST_LOST = 0.2
const MOST_SECONDS = 2

/** What each use case takes, told as in `npm run demo`. */
export async function useCaseFigures(): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const story of STORIES) {
    const { gas, proveMilliseconds, accuracy, constraints } = await quietly(() => tellStory(story))
    const lost = 100 * (accuracy.float - accuracy.proved)
    const shares = `${(100 * accuracy.float).toFixed(2)}% float, ${(100 * accuracy.proved).toFixed(2)}% proved`
    figures.push(
      isTrue(`${story.name}: constraints`, true, constraints.toLocaleString('en-US'), '–'),
      atMost(`${story.name}: witness and proof`, proveMilliseconds / 1000, MOST_SECONDS, 's'),
      isTrue(`${story.name}: gas, ${story.contract}`, true, gas.toLocaleString('en-US'), '–'),
      isTrue(`${story.name}: held-out accuracy`, lost <= MOST_LOST + 1e-9, shares, `≤ ${MOST_LOST} points lost`),
    )
  }
  return figures
}
