// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {IAccounts} from "../interfaces/IAccounts.sol";
import {ReentrancyLock} from "./ReentrancyLock.sol";

/// @title Accounts of the market
/// @notice See {IAccounts}.
abstract contract Accounts is IAccounts, ReentrancyLock {
    using SafeERC20 for IERC20;

    /// @dev The native coin, as a token.
    address internal constant NATIVE = address(0);

    mapping(address token => mapping(address account => uint256)) private _balances;

    /// @inheritdoc IAccounts
    function deposit(address token, uint256 amount) external payable nonReentrant {
        _deposit(token, amount, msg.sender);
    }

    /// @inheritdoc IAccounts
    function depositFor(address token, uint256 amount, address account) external payable nonReentrant {
        _requireAccount(account);
        _deposit(token, amount, account);
    }

    /// @inheritdoc IAccounts
    function withdraw(address token, uint256 amount, address to) external nonReentrant {
        _requireAccount(to);
        _debit(token, msg.sender, amount);
        emit Withdrawn(token, msg.sender, to, amount);
        if (token == NATIVE) {
            Address.sendValue(payable(to), amount);
        } else {
            IERC20(token).safeTransfer(to, amount);
        }
    }

    /// @inheritdoc IAccounts
    function balanceOf(address token, address account) external view returns (uint256 balance) {
        return _balances[token][account];
    }

    /// @dev Credits the sender with the coins of this call.
    function _depositValue() internal {
        if (msg.value == 0) return;
        _credit(NATIVE, msg.sender, msg.value);
        emit Deposited(NATIVE, msg.sender, msg.value);
    }

    function _credit(address token, address account, uint256 amount) internal {
        if (amount != 0) _balances[token][account] += amount;
    }

    function _debit(address token, address account, uint256 amount) internal {
        if (amount == 0) return;
        uint256 balance = _balances[token][account];
        if (balance < amount) revert BalanceTooLow(token, account, balance, amount);
        _balances[token][account] = balance - amount;
    }

    /// @dev Money credited to these could never be claimed.
    function _requireAccount(address account) internal view {
        if (account == address(0) || account == address(this)) revert InvalidAccount(account);
    }

    /// @dev Credits what arrives. The guard keeps a token from nesting one deposit in another and counting it twice.
    function _deposit(address token, uint256 amount, address account) private {
        uint256 received = amount;
        if (token == NATIVE) {
            if (msg.value != amount) revert WrongValue(msg.value, amount);
        } else {
            if (msg.value != 0) revert WrongValue(msg.value, 0);
            uint256 before = IERC20(token).balanceOf(address(this));
            IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
            received = IERC20(token).balanceOf(address(this)) - before;
        }
        // A token that lies could otherwise fill an account to the brim, and a payment to it would overflow and fail.
        if (received > type(uint128).max) revert DepositTooHigh(token, received);
        _credit(token, account, received);
        emit Deposited(token, account, received);
    }
}
