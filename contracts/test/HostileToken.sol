// SPDX-License-Identifier: MIT
/* solhint-disable use-natspec */
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A token with one habit, for tests
contract HostileToken is ERC20 {
    enum Habit {
        NONE,
        FEE,
        REVERT,
        RETURN_FALSE,
        REENTER
    }

    Habit public habit;
    address private _target;
    bytes private _data;
    bool public reentered;
    bytes4 public answer;

    error Refused();

    constructor() ERC20("Hostile", "HOST") {}

    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }

    function burn(address account, uint256 amount) external {
        _burn(account, amount);
    }

    function behave(Habit habit_) external {
        habit = habit_;
    }

    /// @dev What to call in the middle of a transfer.
    function aim(address target_, bytes calldata data_) external {
        (habit, _target, _data) = (Habit.REENTER, target_, data_);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        _spendAllowance(from, msg.sender, amount);
        return _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        if (habit == Habit.REVERT) revert Refused();
        if (habit == Habit.RETURN_FALSE) return false;
        if (habit == Habit.REENTER) {
            habit = Habit.NONE;
            bytes memory result;
            // solhint-disable-next-line avoid-low-level-calls
            (reentered, result) = _target.call(_data);
            answer = bytes4(result);
        }
        _transfer(from, to, amount);
        if (habit == Habit.FEE) _burn(to, amount / 10);
        return true;
    }
}
