// SPDX-License-Identifier: GPL-3.0-or-later

/** What Istanbul reports, as far as lines go: how often each line with code ran, by file. */
export type IstanbulReport = Readonly<Record<string, { readonly l: Readonly<Record<string, number>> }>>

export type FileCoverage = {
  readonly path: string
  readonly lines: number
  readonly uncovered: readonly number[]
}

/** Lines of each file that has any, and which of them never ran. */
export function lineCoverage(report: IstanbulReport): FileCoverage[] {
  return Object.entries(report)
    .map(([path, { l }]) => ({
      path,
      lines: Object.keys(l).length,
      uncovered: Object.entries(l)
        .filter(([, runs]) => runs === 0)
        .map(([line]) => Number(line)),
    }))
    .filter(({ lines }) => lines > 0)
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}
