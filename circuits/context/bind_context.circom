// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// Binds the context signal to the proof: a public signal that occurs in no row could be changed after proving.
//
//   context   any field element
//
// Cost: 1 row.
// Unique: the square of an input.
template BindContext() {
    signal input context;
    signal square;
    square <== context * context;
}
