// SPDX-License-Identifier: GPL-3.0-or-later

import { expect } from 'chai'

/** Draws an SVG of paths of rectangles, as a browser would, later ones on top: colours of 12 bits, 0xf00 is red. */
export function rasterise(svg: string, side: number): number[] {
  const pixels = new Array<number>(side * side).fill(-1)
  const [head, ...paths] = svg.split('<path ')
  expect(head).to.equal(
    `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 ${side} ${side}' shape-rendering='crispEdges'>`,
  )
  for (const path of paths) {
    const [, colour, d] = /^(?:fill='#([0-9a-f]{3})' )?d='([^']*)'\/>(?:<\/svg>)?$/.exec(path) ?? []
    expect(d, path).to.be.a('string')
    for (const piece of d!.match(/[^z]+z/g)!) {
      const rectangle = /^M(\d+) (\d+)h(\d+)v(\d+)(?:h-(\d+)|H0)z$/.exec(piece)
      const [x, y, width, height] = rectangle!.slice(1, 5).map(Number) as [number, number, number, number]
      if (rectangle![5] !== undefined) expect(Number(rectangle![5])).to.equal(width)
      for (let row = y; row < y + height; row++)
        for (let column = x; column < x + width; column++)
          pixels[side * row + column] = colour === undefined ? 0 : parseInt(colour, 16)
    }
  }
  return pixels
}
