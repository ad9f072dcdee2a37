// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.2.0;

// Floor of the square root: y = ⌊√x⌋.
//
//   x       integer, 0 ≤ x < 2^(2n); a larger or negative one has no witness
//   y       0 ≤ y < 2^n
//
// Cost: 3n + 3 rows. The lowest bits of y and of the slack are expressions, so no row is linear.
// Unique: with all digits boolean, 0 ≤ y < 2^n, 0 ≤ rem < 2^(n+1) and 0 ≤ 2y − rem, over the integers as all are small;
// y² + rem < 2^(2n) + 2^(n+1) < r, so y² ≤ x ≤ y² + 2y < (y + 1)² holds over the integers, and has one solution.
template SquareRoot(n) {
    assert(n >= 1 && n <= 125);
    signal input x;
    signal output y;

    // Position i holds bit i + 1 of y.
    signal rootBits[n - 1];
    signal remBits[n + 1];
    // Position i holds bit i + 1 of 2y − rem.
    signal slackBits[n];

    // Binary search; of use to the hints only.
    var root = 0;
    for (var i = n - 1; i >= 0; i--) {
        var larger = root + (1 << i);
        if (larger * larger <= x) root = larger;
    }
    // Fixed by the inequalities that the digits state.
    y <-- root;
    var rem = x - root * root;
    var slack = 2 * root - rem;

    var rootRest = y;
    for (var i = 1; i < n; i++) {
        // Boolean; fixed as a digit of the unique root.
        rootBits[i - 1] <-- (root >> i) & 1;
        rootBits[i - 1] * (rootBits[i - 1] - 1) === 0;
        rootRest -= rootBits[i - 1] * (1 << i);
    }
    rootRest * (rootRest - 1) === 0;

    var remSum = 0;
    for (var i = 0; i <= n; i++) {
        // Boolean; fixed as a digit of x − y².
        remBits[i] <-- (rem >> i) & 1;
        remBits[i] * (remBits[i] - 1) === 0;
        remSum += remBits[i] * (1 << i);
    }
    y * y === x - remSum;

    var slackRest = 2 * y - remSum;
    for (var i = 1; i <= n; i++) {
        // Boolean; fixed as a digit of 2y − rem.
        slackBits[i - 1] <-- (slack >> i) & 1;
        slackBits[i - 1] * (slackBits[i - 1] - 1) === 0;
        slackRest -= slackBits[i - 1] * (1 << i);
    }
    slackRest * (slackRest - 1) === 0;
}
