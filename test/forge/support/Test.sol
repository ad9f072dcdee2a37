// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {VM} from "./Vm.sol";

/// @title Assertions and numbers in range, for tests and for the handlers of invariants
/// @notice A failed assertion reverts. Invariants run with `fail_on_revert`, so one in a handler fails the run.
abstract contract Assertions {
    error AssertionFailed(string what);

    /// @dev Whatever forge gives as `x`, a number in [lo, hi]; bounds are drawn more often than others.
    function bound(uint256 x, uint256 lo, uint256 hi) internal pure returns (uint256) {
        require(lo <= hi, "bound: lo > hi");
        if (x >= lo && x <= hi) return x;
        uint256 size;
        unchecked {
            size = hi - lo + 1;
        }
        // Small numbers and those near 2^256 stand for the ends of the range.
        if (x < 4 && size > x) return lo + x;
        if (x > type(uint256).max - 4 && size > type(uint256).max - x) return hi - (type(uint256).max - x);
        return lo + (x % size);
    }

    function check(bool condition, string memory what) internal pure {
        if (!condition) revert AssertionFailed(what);
    }

    function same(uint256 actual, uint256 expected, string memory what) internal pure {
        if (actual != expected) _differ(VM.toString(actual), VM.toString(expected), what);
    }

    function same(int256 actual, int256 expected, string memory what) internal pure {
        if (actual != expected) _differ(VM.toString(actual), VM.toString(expected), what);
    }

    function same(address actual, address expected, string memory what) internal pure {
        if (actual != expected) _differ(VM.toString(actual), VM.toString(expected), what);
    }

    function same(bytes32 actual, bytes32 expected, string memory what) internal pure {
        if (actual != expected) _differ(VM.toString(actual), VM.toString(expected), what);
    }

    function same(bytes memory actual, bytes memory expected, string memory what) internal pure {
        if (keccak256(actual) != keccak256(expected)) _differ(VM.toString(actual), VM.toString(expected), what);
    }

    function _differ(string memory actual, string memory expected, string memory what) private pure {
        revert AssertionFailed(string.concat(what, ": ", actual, " instead of ", expected));
    }
}

/// @title Base of all tests
abstract contract Test is Assertions {
    // forge takes a contract for a test by this name.
    // solhint-disable-next-line func-name-mixedcase
    bool public constant IS_TEST = true;

    /// @dev The first four bytes of what a call reverted with.
    function selectorOf(bytes memory reason) internal pure returns (bytes4) {
        return reason.length < 4 ? bytes4(0) : bytes4(reason);
    }
}

/// @title Base of invariant tests
/// @notice forge calls the functions of the targets in random order, with random arguments, and the invariants between.
abstract contract InvariantTest is Test {
    /// @dev As forge's reference has it.
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    address[] private _targets;
    FuzzSelector[] private _excluded;

    function targetContract(address target) internal {
        _targets.push(target);
    }

    /// @dev A function of a target that is not an action.
    function excludeSelector(address target, bytes4 selector) internal {
        FuzzSelector storage excluded = _excluded.push();
        excluded.addr = target;
        excluded.selectors.push(selector);
    }

    function targetContracts() external view returns (address[] memory) {
        return _targets;
    }

    function excludeSelectors() external view returns (FuzzSelector[] memory) {
        return _excluded;
    }
}
