// SPDX-License-Identifier: GPL-3.0-or-later

/** What a term counts: a bit of the conditions, or a product made earlier. */
export type TermKind = 'bit' | 'product'

type Cell = {
  readonly kind: TermKind
  readonly index: number
  readonly weight: number
  readonly next: Cell | undefined
}

/** bias + Σ weight·(bit or product). Forms share their tails, so that adding a term costs nothing. */
export type LinearForm = {
  readonly bias: number
  /** Most products within products, of its terms. */
  readonly level: number
  readonly terms: Cell | undefined
}

export function constantForm(bias: number): LinearForm {
  return { bias, level: 0, terms: undefined }
}

/** A form with one more term; `level` is that of the bit, which is 0, or of the product. */
export function plusTerm(form: LinearForm, kind: TermKind, index: number, weight: number, level: number): LinearForm {
  const terms = { kind, index, weight, next: form.terms }
  return { bias: form.bias, level: Math.max(form.level, level), terms }
}

/** Visits the terms of a form. */
export function eachTerm(form: LinearForm, visit: (kind: TermKind, index: number, weight: number) => void): void {
  for (let cell = form.terms; cell !== undefined; cell = cell.next) visit(cell.kind, cell.index, cell.weight)
}
