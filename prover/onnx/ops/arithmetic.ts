// SPDX-License-Identifier: GPL-3.0-or-later
import { ofNumber, ofNumbers } from './elementwise'

export const add = ofNumbers((algebra, a, b) => algebra.add(a, b))
export const sub = ofNumbers((algebra, a, b) => algebra.sub(a, b))
export const mul = ofNumbers((algebra, a, b) => algebra.mul(a, b))
export const neg = ofNumber((algebra, x) => algebra.neg(x))
