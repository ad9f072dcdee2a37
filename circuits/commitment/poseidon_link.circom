// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

include "circomlib/circuits/poseidon_constants.circom";

// One link of a tensor commitment: out = Poseidon(previous, words[0..3]), circomlib's permutation with t = 6
// (docs/encodings.md). The first link of a chain is Poseidon(tag, salt, w0, w1, w2).
//
//   previous, words   any field elements
//   out               field element
//
// Cost: 324 rows. The linear layers are expressions, so no row is linear but the last; circomlib's own template has 835
// rows at O1, and at O2 rows that the audit cannot follow, as circom then writes states in terms of later ones.
// Unique: a chain of products of known values; nothing is hinted.
template PoseidonLink() {
    signal input previous;
    signal input words[4];
    signal output out;

    var t = 6;
    var half = 4;
    var partial = 60;
    var constants[t * 2 * half + partial] = POSEIDON_C(t);
    var sparse[partial * (2 * t - 1)] = POSEIDON_S(t);
    var mix[t][t] = POSEIDON_M(t);
    var entry[t][t] = POSEIDON_P(t);

    // Of each S-box: its argument squared, to the fourth and to the fifth power.
    signal square[2 * half * t + partial];
    signal fourth[2 * half * t + partial];
    signal fifth[2 * half * t + partial];
    var box = 0;

    var state[t];
    state[0] = constants[0];
    state[1] = previous + constants[1];
    for (var i = 2; i < t; i++) state[i] = words[i - 2] + constants[i];

    for (var r = 0; r < 2 * half; r++) {
        if (r == half) {
            for (var p = 0; p < partial; p++) {
                square[box] <== state[0] * state[0];
                fourth[box] <== square[box] * square[box];
                fifth[box] <== fourth[box] * state[0];
                var first = fifth[box] + constants[(half + 1) * t + p];
                var sum = first * sparse[(2 * t - 1) * p];
                for (var i = 1; i < t; i++) {
                    sum += state[i] * sparse[(2 * t - 1) * p + i];
                    state[i] += first * sparse[(2 * t - 1) * p + t + i - 1];
                }
                state[0] = sum;
                box++;
            }
        }
        var powers[t];
        for (var i = 0; i < t; i++) {
            square[box] <== state[i] * state[i];
            fourth[box] <== square[box] * square[box];
            fifth[box] <== fourth[box] * state[i];
            powers[i] = fifth[box];
            // Round constants follow the S-boxes; those of the partial rounds lie between the two halves.
            if (r < half) powers[i] += constants[(r + 1) * t + i];
            else if (r < 2 * half - 1) powers[i] += constants[(r + 1) * t + partial + i];
            box++;
        }
        for (var i = 0; i < t; i++) {
            state[i] = 0;
            for (var j = 0; j < t; j++) state[i] += powers[j] * (r == half - 1 ? entry[j][i] : mix[j][i]);
        }
    }
    out <== state[0];
}
