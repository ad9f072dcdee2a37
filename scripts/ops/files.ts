// SPDX-License-Identifier: GPL-3.0-or-later

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectFolder } from '../../prover/project'

/** The operator's files. */
export const OPS = join(projectFolder(), 'ops')

/** As much of a Grafana dashboard as is looked at here. */
export type Dashboard = {
  readonly uid: string
  readonly title: string
  readonly schemaVersion: number
  readonly annotations: { readonly list: readonly { readonly expr?: string }[] }
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string }[]
  }
  readonly panels: readonly DashboardPanel[]
}

export type DashboardPanel = {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly datasource?: { readonly uid: string }
  readonly targets?: readonly {
    readonly refId: string
    readonly expr: string
    readonly legendFormat: string
    readonly datasource: { readonly uid: string }
  }[]
}

/** The dashboard of the daemon. */
export function readDashboard(): Dashboard {
  return JSON.parse(readFileSync(join(OPS, 'grafana', 'zkml.json'), 'utf8')) as Dashboard
}

/** Every PromQL expression of the dashboard. */
export function dashboardQueries({ panels, annotations } = readDashboard()): readonly string[] {
  return [
    ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ...annotations.list.flatMap(({ expr }) => (expr === undefined ? [] : [expr])),
  ]
}
