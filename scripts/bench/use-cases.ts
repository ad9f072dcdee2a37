// SPDX-License-Identifier: GPL-3.0-or-later

import { tellStory, type Fidelity, type Merit } from '../demo/scene'
import { quietly } from '../demo/show'
import { STORIES } from '../demo/stories'
import { atMost, isTrue, type Figure } from './figures'

/** Points of accuracy, and percent of the range, that integers may cost. */
const MOST_POINTS = 0.2
const MOST_PERCENT = 1
const MOST_SECONDS = 2

/** What each use case takes, told as in `npm run demo`. */
export async function useCaseFigures(): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const { name, contract, mostSeconds = MOST_SECONDS, ...story } of STORIES) {
    const { gas, proveMilliseconds, fidelity, merit, constraints } = await quietly(() =>
      tellStory({ name, contract, ...story }),
    )
    figures.push(
      isTrue(`${name}: constraints`, true, constraints.toLocaleString('en-US'), '–'),
      atMost(`${name}: witness and proof`, proveMilliseconds / 1000, mostSeconds, 's'),
      isTrue(`${name}: gas, ${contract}`, true, gas.toLocaleString('en-US'), '–'),
      fidelityFigure(name, fidelity),
      meritFigure(name, merit),
    )
  }
  return figures
}

function fidelityFigure(name: string, fidelity: Fidelity): Figure {
  if (fidelity.kind === 'values') {
    const percent = 100 * fidelity.meanError
    const bar = `≤ ${MOST_PERCENT}% of range`
    return isTrue(`${name}: proved against float`, percent <= MOST_PERCENT, `${percent.toFixed(3)}% of range`, bar)
  }
  const lost = 100 * (fidelity.float - fidelity.proved)
  const shares = `${(100 * fidelity.float).toFixed(2)}% float, ${(100 * fidelity.proved).toFixed(2)}% proved`
  return isTrue(`${name}: held-out accuracy`, lost <= MOST_POINTS + 1e-9, shares, `≤ ${MOST_POINTS} points lost`)
}

function meritFigure(name: string, { measure, baselineName, better, model, baseline }: Merit): Figure {
  const met = better === 'higher' ? model > baseline : model < baseline
  const bar = `${better} than ${baseline.toPrecision(4)} (${baselineName})`
  return isTrue(`${name}: ${measure}`, met, model.toPrecision(4), bar)
}
