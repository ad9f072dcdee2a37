// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Accounts of the market
/// @notice What the market owes whom, per token; the native coin is token 0. Money comes in by deposit and leaves by
/// withdrawal alone, so that no payment depends on a receiver. Nobody can stop withdrawals.
/// @dev A token whose balances shrink by themselves (negative rebase) is not supported: its last withdrawals fail. Tokens
/// that take a fee are credited with what arrives. A bad token harms its own accounts only.
interface IAccounts {
    /// @notice An account was credited with a deposit.
    /// @param token the token, 0 for the native coin
    /// @param account whose account
    /// @param amount what arrived
    event Deposited(address indexed token, address indexed account, uint256 amount);

    /// @notice An account was paid out.
    /// @param token the token, 0 for the native coin
    /// @param account whose account
    /// @param to who received it
    /// @param amount how much
    event Withdrawn(address indexed token, address indexed account, address indexed to, uint256 amount);

    /// @notice The account does not hold that much.
    error BalanceTooLow(address token, address account, uint256 balance, uint256 required);

    /// @notice The coins sent are not the amount named, or were sent along with a token deposit.
    error WrongValue(uint256 sent, uint256 expected);

    /// @notice No more than 2^128 − 1 is taken at a time.
    error DepositTooHigh(address token, uint256 amount);

    /// @notice Neither zero nor this contract can claim money.
    error InvalidAccount(address account);

    /// @notice Deposits into the sender's account. A token has to be approved first.
    /// @param token the token, 0 for the native coin, which is sent along
    /// @param amount how much; less is credited when the token takes a fee
    function deposit(address token, uint256 amount) external payable;

    /// @notice Deposits into any account, at the sender's cost.
    /// @param token the token, 0 for the native coin, which is sent along
    /// @param amount how much; less is credited when the token takes a fee
    /// @param account who is credited
    function depositFor(address token, uint256 amount, address account) external payable;

    /// @notice Pays out from the sender's account.
    /// @param token the token, 0 for the native coin
    /// @param amount how much
    /// @param to who receives it
    function withdraw(address token, uint256 amount, address to) external;

    /// @notice What an account holds and is free to withdraw.
    /// @param token the token, 0 for the native coin
    /// @param account whose account
    /// @return balance how much
    function balanceOf(address token, address account) external view returns (uint256 balance);
}
