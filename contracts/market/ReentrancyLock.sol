// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Reentrancy lock
/// @notice Lets one guarded function of a contract run at a time. The lock is a transient variable, cleared when the
/// function ends, so that a transaction may call such functions one after the other.
/// @dev OpenZeppelin's transient guard writes its slot in assembly, of which the compiler warns; this one it checks itself.
abstract contract ReentrancyLock {
    bool private transient _entered;

    /// @notice A guarded function was called from inside of another one.
    error ReentrantCall();

    /// @dev One guarded function at a time.
    modifier nonReentrant() {
        if (_entered) revert ReentrantCall();
        _entered = true;
        _;
        _entered = false;
    }
}
