// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title A value and what it was before this block
/// @notice The first write of a block keeps the old value, so that one can ask what stood at the end of the last block: a
/// transaction can change the value, but not what it was before. Whoever controls two blocks in a row can still shape it,
/// at the risk of standing exposed in between.
/// @dev One slot. Where block.number counts slower than blocks (some rollups), "this block" is longer, and the closed value
/// older, never younger.
library ClosedValue {
    /// @notice The value.
    /// @param current as it is now
    /// @param closed as it was before the block of the last write
    /// @param writtenIn block of the last write, 0 for never
    struct Value {
        int104 current;
        int104 closed;
        uint48 writtenIn;
    }

    /// @dev Stands for "there was no value".
    int104 private constant NONE = type(int104).min;

    /// @notice The value was first written in this block, or never.
    error NotClosed();

    /// @dev Writes the value; to be called at every change.
    function set(Value storage self, int256 value) internal {
        Value memory old = self;
        int104 current = SafeCast.toInt104(value);
        if (current == NONE) revert SafeCast.SafeCastOverflowedIntDowncast(104, value);
        int104 closed = old.closed;
        if (old.writtenIn == 0) {
            closed = NONE;
        } else if (old.writtenIn != block.number) {
            closed = old.current;
        }
        (self.current, self.closed, self.writtenIn) = (current, closed, uint48(block.number));
    }

    /// @dev The value at the end of the last block before this one.
    function get(Value storage self) internal view returns (int256) {
        Value memory value = self;
        if (value.writtenIn == 0) revert NotClosed();
        if (value.writtenIn != block.number) return value.current;
        if (value.closed == NONE) revert NotClosed();
        return value.closed;
    }
}
