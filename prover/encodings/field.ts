// SPDX-License-Identifier: GPL-3.0-or-later

/** Order of BN254's groups: the scalar field in which circuits, public signals and commitments live. */
export const FIELD_R = 21888242871839275222246405745257275088548364400416034343698204186575808495617n

/** Whether a value is a field element in its one canonical form, 0 ≤ value < r. */
export const isFieldElement = (value: bigint): boolean => value >= 0n && value < FIELD_R
