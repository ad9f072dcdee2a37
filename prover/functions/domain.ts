// SPDX-License-Identifier: GPL-3.0-or-later

/** Where a function of one real variable is defined. An infinite end is not included. */
export type FunctionDomain = {
  readonly lo: number
  readonly hi: number
  readonly loIncluded: boolean
  readonly hiIncluded: boolean
  /** A pole inside the interval. Those of tan are irrational: no argument here meets one. */
  readonly pole?: number
}

/** The interval from lo to hi with those of its ends that are finite. */
export function closed(lo: number, hi: number): FunctionDomain {
  return { lo, hi, loIncluded: Number.isFinite(lo), hiIncluded: Number.isFinite(hi) }
}

/** The interval from lo to hi without either end. */
export function open(lo: number, hi: number): FunctionDomain {
  return { lo, hi, loIncluded: false, hiIncluded: false }
}

export const LINE = open(-Infinity, Infinity)
export const NOT_ZERO: FunctionDomain = { ...LINE, pole: 0 }

/** In words, for messages: "(0, ∞)". */
export function formatDomain(domain: FunctionDomain): string {
  const end = (value: number) => String(value).replace('Infinity', '∞')
  const interval = `${domain.loIncluded ? '[' : '('}${end(domain.lo)}, ${end(domain.hi)}${domain.hiIncluded ? ']' : ')'}`
  return domain.pole === undefined ? interval : `${interval} without ${domain.pole}`
}
