// SPDX-License-Identifier: GPL-3.0-or-later

/** One measured figure and the bar it is held against. */
export type Figure = {
  readonly name: string
  readonly value: string
  readonly bar: string
  readonly met: boolean
}

/** Middle of an odd number of measurements. */
export function median(values: readonly number[]): number {
  return [...values].sort((x, y) => x - y)[Math.floor(values.length / 2)]!
}

export function atMost(name: string, value: number, bar: number, unit = ''): Figure {
  return { name, value: show(value, unit), bar: `≤ ${show(bar, unit)}`, met: value <= bar }
}

export function atLeast(name: string, value: number, bar: number, unit = ''): Figure {
  return { name, value: show(value, unit), bar: `≥ ${show(bar, unit)}`, met: value >= bar }
}

export function isTrue(name: string, met: boolean, value: string, bar: string): Figure {
  return { name, value, bar, met }
}

function show(value: number, unit: string): string {
  const text = Number.isInteger(value) ? value.toLocaleString('en-US') : value.toPrecision(3)
  return unit === '' ? text : `${text} ${unit}`
}

/** Aligned Markdown table. */
export function markdown(figures: readonly Figure[]): string {
  const rows = [
    ['figure', 'measured', 'bar', ''],
    ['---', '---', '---', '---'],
    ...figures.map(({ name, value, bar, met }) => [name, value, bar, met ? 'met' : '**missed**']),
  ]
  return rows.map((row) => `| ${row.join(' | ')} |`).join('\n')
}
