// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

include "circomlib/circuits/poseidon.circom";

// One link of a tensor commitment: out = Poseidon(previous, words[0..3]), circomlib's permutation with t = 6
// (docs/encodings.md). The first link of a chain is Poseidon(tag, salt, w0, w1, w2).
//
//   previous, words   any field elements
//   out               field element
//
// Cost: about 320 rows.
// Unique: a chain of products of known values; nothing is hinted.
template PoseidonLink() {
    signal input previous;
    signal input words[4];
    signal output out;

    component hash = Poseidon(5);
    hash.inputs[0] <== previous;
    for (var i = 0; i < 4; i++) hash.inputs[i + 1] <== words[i];
    out <== hash.out;
}
