// SPDX-License-Identifier: GPL-3.0-or-later
import { expect } from 'chai'
import { provePlot } from '../../scripts/bench/prove-plot'

describe('bench: plot of proving times', () => {
  const point = (power: number, median: number) => ({ power, median, least: median / 2, most: median * 2 })
  const svg = provePlot([
    { name: 'slow', points: [point(12, 400), point(14, 1600), point(17, 12_000)] },
    { name: 'fast', points: [point(12, 20), point(14, 60), point(17, 400)] },
  ])

  it('has a line, a name and a whisker a point for every series', () => {
    expect(svg.match(/<polyline/g)).to.have.length(2)
    expect(svg.match(/<circle/g)).to.have.length(6)
    for (const name of ['slow', 'fast']) expect(svg).to.include(`>${name}</text>`)
  })

  it('puts longer times higher and larger sizes further right, within the picture', () => {
    const [slow, fast] = [...svg.matchAll(/points="([^"]+)"/g)].map((match) =>
      match[1]!.split(' ').map((pair) => pair.split(',').map(Number) as [number, number]),
    )
    for (const [i, [x, y]] of slow!.entries()) {
      expect(y).to.be.lessThan(fast![i]![1])
      expect(x).to.equal(fast![i]![0])
      expect(y).to.be.within(0, 420)
    }
    expect(slow!.map(([x]) => x)).to.deep.equal(slow!.map(([x]) => x).toSorted((a, b) => a - b))
  })

  it('keeps names and whiskers of lines that meet apart', () => {
    const same = ['a', 'b', 'c'].map((name) => ({ name, points: [point(12, 50), point(14, 100)] }))
    const close = provePlot(same)
    const names = [...close.matchAll(/y="([\d.]+)"[^>]*font-weight/g)].map(([, y]) => Number(y))
    expect(names).to.have.length(3)
    for (const [i, y] of names.slice(1).entries()) expect(y - names[i]!).to.be.at.least(15)
    const whiskers = [...close.matchAll(/<line x1="([\d.]+)"[^>]*stroke-width="1.5"/g)].map(([, x]) => x)
    expect(new Set(whiskers).size).to.equal(6)
  })

  it('marks every decade in between', () => {
    for (const label of ['10 ms', '100 ms', '1 s', '10 s', '100 s']) expect(svg).to.include(`>${label}</text>`)
  })
})
