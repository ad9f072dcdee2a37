// SPDX-License-Identifier: GPL-3.0-or-later

export { bitwiseAnd, divide, product, squareRoot } from './arithmetic'
export { argMaxStep, isZero, max, nonNegative } from './compare'
export type { Gadget, GadgetSignal, Interval, Requirement } from './gadget'
export { bindContext, inputDigit, poseidonLink } from './interface'
export { round, roundClamp, roundEven, roundRelu, roundSplit } from './requantise'
export { bucket, oneHot } from './select'
export { table, tableLinear } from './table'
