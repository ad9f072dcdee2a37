// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// One step of a running argmax. `best` is the largest value so far, at position `index`; `next` is the value at
// `position`. Ties keep `index`, so the lowest position wins.
//
//   best, next       integers, −2^(n−1) ≤ best − next < 2^(n−1)
//   index, position  any field elements
//   out, outIndex    max(best, next) and its position
//
// Cost: n + 3 rows.
// Unique: bits are boolean and Σ 2^i·bits[i] = best − next + 2^(n−1) < 2^n < r has one solution; its top digit is
// [best ≥ next], and both outputs are products of known values.
template ArgMaxStep(n) {
    assert(n >= 2 && n <= 250);
    signal input best;
    signal input index;
    signal input next;
    signal input position;
    signal output out;
    signal output outIndex;

    signal bits[n];
    var sum = 0;
    for (var i = 0; i < n; i++) {
        // Boolean, and fixed by the sum below.
        bits[i] <-- ((best - next + (1 << (n - 1))) >> i) & 1;
        bits[i] * (bits[i] - 1) === 0;
        sum += bits[i] * (1 << i);
    }
    sum === best - next + (1 << (n - 1));
    out <== bits[n - 1] * (best - next) + next;
    outIndex <== bits[n - 1] * (index - position) + position;
}
