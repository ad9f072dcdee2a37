// SPDX-License-Identifier: GPL-3.0-or-later

/** Milliseconds of one backend, by size of the domain. */
export type Series = {
  readonly name: string
  readonly points: readonly {
    readonly power: number
    readonly median: number
    readonly least: number
    readonly most: number
  }[]
}

const [WIDTH, HEIGHT] = [720, 420]
const [LEFT, RIGHT, TOP, BOTTOM] = [70, 110, 40, 50]
/** Told apart on light and on dark ground, and by the colour-blind (Okabe and Ito). */
const COLOURS = ['#D55E00', '#0072B2', '#009E73', '#CC79A7']
const GREY = '#808080'

/** Between the names of lines, and between whiskers of one size. */
const [LABEL_HEIGHT, DODGE] = [16, 4]

/** A chart of proving times, both axes logarithmic: medians joined by lines, with the least and the most as whiskers. */
export function provePlot(series: readonly Series[]): string {
  const points = series.flatMap((one) => one.points)
  const powers = [...new Set(points.map(({ power }) => power))].sort((a, b) => a - b)
  const [first, last] = [powers[0]!, powers.at(-1)!]
  const decades = [
    Math.floor(Math.log10(Math.min(...points.map(({ least }) => least)))),
    Math.ceil(Math.log10(Math.max(...points.map(({ most }) => most)))),
  ] as const
  const x = (power: number): number => LEFT + ((power - first) / Math.max(1, last - first)) * (WIDTH - LEFT - RIGHT)
  const y = (milliseconds: number): number =>
    HEIGHT - BOTTOM - ((Math.log10(milliseconds) - decades[0]) / (decades[1] - decades[0])) * (HEIGHT - TOP - BOTTOM)
  const text = (at: number, down: number, content: string, more = ''): string =>
    `<text x="${at.toFixed(1)}" y="${down.toFixed(1)}" fill="${GREY}" ${more}>${content}</text>`
  const line = (x1: number, y1: number, x2: number, y2: number, more: string): string =>
    `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" ${more}/>`

  const grid: string[] = []
  for (let decade = decades[0]; decade <= decades[1]; decade++) {
    const at = y(10 ** decade)
    grid.push(line(LEFT, at, WIDTH - RIGHT, at, `stroke="${GREY}" stroke-opacity="0.35"`))
    grid.push(text(LEFT - 8, at + 4, label(10 ** decade), 'text-anchor="end"'))
  }
  for (const power of powers) {
    grid.push(
      `<text x="${x(power).toFixed(1)}" y="${HEIGHT - BOTTOM + 20}" fill="${GREY}" text-anchor="middle">2<tspan dy="-5" font-size="10">${power}</tspan></text>`,
    )
  }
  const names = spread(series.map(({ points: own }) => y(own.at(-1)!.median)))
  const lines = series.map(({ name, points: own }, i) => {
    const beside = (i - (series.length - 1) / 2) * DODGE
    const colour = COLOURS[i % COLOURS.length]!
    const path = own.map(({ power, median }) => `${x(power).toFixed(1)},${y(median).toFixed(1)}`).join(' ')
    const end = own.at(-1)!
    return [
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2.5"/>`,
      ...own.flatMap(({ power, median, least, most }) => [
        line(x(power) + beside, y(least), x(power) + beside, y(most), `stroke="${colour}" stroke-width="1.5"`),
        `<circle cx="${x(power).toFixed(1)}" cy="${y(median).toFixed(1)}" r="4" fill="${colour}"/>`,
      ]),
      `<text x="${(x(end.power) + 10).toFixed(1)}" y="${(names[i]! + 4).toFixed(1)}" fill="${colour}" font-weight="bold">${name}</text>`,
    ].join('\n')
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="Proving time by backend and size of the domain">`,
    text(LEFT, 22, 'A proof, key loading included: median of five, least to most', 'font-size="15"'),
    ...grid,
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, 'rows of the domain', 'text-anchor="middle"'),
    ...lines,
    '</svg>',
    '',
  ].join('\n')
}

/** Moves heights apart, downwards, until names at them do not touch. */
function spread(heights: readonly number[]): number[] {
  const moved = [...heights]
  let free = -Infinity
  for (const { height, i } of heights.map((height, i) => ({ height, i })).sort((a, b) => a.height - b.height)) {
    moved[i] = Math.max(height, free)
    free = moved[i] + LABEL_HEIGHT
  }
  return moved
}

function label(milliseconds: number): string {
  return milliseconds >= 1000 ? `${milliseconds / 1000} s` : `${milliseconds} ms`
}
