// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {IInferenceCallback} from "../../../contracts/interfaces/IInferenceCallback.sol";

/// @title An account and callback that does the worst it can wherever it is called
contract Attacker is IInferenceCallback {
    enum Habit {
        QUIET,
        REVERT,
        BURN,
        RETURN_BOMB,
        REVERT_BOMB,
        REENTER
    }

    Habit public habit;
    uint256 public entered;
    address private _target;
    bytes[] private _calls;

    receive() external payable {
        if (habit == Habit.REVERT) revert("no coins");
        if (habit == Habit.REENTER) _reenter();
    }

    function become(Habit habit_) external {
        habit = habit_;
    }

    /// @dev What to try when called, one after the other.
    function aim(address target, bytes[] calldata calls) external {
        _target = target;
        delete _calls;
        for (uint256 i = 0; i < calls.length; ++i) _calls.push(calls[i]);
    }

    function fulfillInference(bytes32, uint256, bytes32, bytes calldata) external {
        Habit now_ = habit;
        if (now_ == Habit.REVERT) revert("no");
        if (now_ == Habit.REENTER) _reenter();
        assembly ("memory-safe") {
            switch now_
            case 2 {
                invalid()
            }
            case 3 {
                return(0, 200000)
            }
            case 4 {
                revert(0, 200000)
            }
        }
    }

    function _reenter() private {
        for (uint256 i = 0; i < _calls.length; ++i) {
            (bool success, ) = _target.call(_calls[i]);
            if (success) ++entered;
        }
    }
}

/// @title A token that keeps a fee, refuses, or lies, as it is told
contract FickleToken {
    enum Habit {
        HONEST,
        FEE,
        REVERT,
        RETURN_FALSE
    }

    Habit public habit;
    mapping(address account => uint256) public balanceOf;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    function become(Habit habit_) external {
        habit = habit_;
    }

    function mint(address account, uint256 amount) external {
        balanceOf[account] += amount;
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        allowance[from][msg.sender] -= amount;
        return _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        if (habit == Habit.REVERT) revert("no");
        if (habit == Habit.RETURN_FALSE) return false;
        balanceOf[from] -= amount;
        balanceOf[to] += habit == Habit.FEE ? amount - amount / 10 : amount;
        return true;
    }
}
