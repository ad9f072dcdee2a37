// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// out = a · b over the field; the linker proves that the product of the two intervals does not wrap.
//
//   a, b    integers with |a|·|b| < 2^251
//   out     a · b
//
// Cost: 1 row.
// Unique: out is a product of inputs.
template Product() {
    signal input a;
    signal input b;
    signal output out;
    out <== a * b;
}
