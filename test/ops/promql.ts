// SPDX-License-Identifier: GPL-3.0-or-later

/** A metric that an expression reads, with the labels that it asks of it or groups it by. */
export type Use = { readonly metric: string; readonly labels: readonly string[] }

/** Labels that Prometheus adds by itself. */
export const ADDED: ReadonlySet<string> = new Set(['job', 'instance', 'le'])

const SELECTOR = /\b(zkml_\w+)(\{[^}]*\})?/g

/** Metrics of the daemon in a PromQL expression, each with the labels in its braces. */
export function selectors(expression: string): readonly Use[] {
  return [...expression.matchAll(SELECTOR)].map(([, metric, braces = '']) => ({
    metric: metric!,
    labels: [...braces.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label!),
  }))
}

/** Labels by which an expression groups or matches. */
export function groupings(expression: string): readonly string[] {
  return [...expression.matchAll(/\b(?:by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)/g)].flatMap(
    ([, list]) => list!.split(',').flatMap((label) => label.trim() || []),
  )
}

/** Labels that a text puts in: `{{ $labels.x }}` of alerts, `{{x}}` of legends. */
export function placeholders(text: string): readonly string[] {
  return [...text.matchAll(/\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}/g)].map(([, label]) => label!)
}
