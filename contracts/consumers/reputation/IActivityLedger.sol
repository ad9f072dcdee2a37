// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title What protocols say of accounts
/// @notice Counters that reporters keep: contracts, fixed at deployment, that saw what they report. Whoever reads the
/// counters trusts those contracts, and nobody else can write them.
interface IActivityLedger {
    /// @notice Counters of an account, as they stand.
    /// @param firstDay day of the first report, counted from 1970
    /// @param lastDay day of the last interaction
    /// @param activeDays days with an interaction
    /// @param interactions number of interactions
    /// @param onTime debts repaid on time
    /// @param late debts repaid late
    /// @param defaulted debts defaulted
    /// @param writtenIn block of the last report, modulo 2^32
    /// @param volume sum of all interactions, in whole units of account
    struct Activity {
        uint32 firstDay;
        uint32 lastDay;
        uint32 activeDays;
        uint32 interactions;
        uint32 onTime;
        uint32 late;
        uint32 defaulted;
        uint32 writtenIn;
        uint128 volume;
    }

    /// @notice What became of a debt.
    enum Debt {
        ON_TIME,
        LATE,
        DEFAULTED
    }

    /// @notice An account did something.
    /// @param account the account
    /// @param reporter who says so
    /// @param volume of what size, in whole units of account
    event InteractionReported(address indexed account, address indexed reporter, uint256 volume);

    /// @notice A debt of an account ended.
    /// @param account the account
    /// @param reporter who says so
    /// @param debt how it ended
    event DebtReported(address indexed account, address indexed reporter, Debt debt);

    /// @notice There are no reporters, or one of them is 0.
    error BadReporters();

    /// @notice Only reporters write.
    error NotAReporter(address sender);

    /// @notice Counts an interaction of today.
    /// @param account the account
    /// @param volume its size, in whole units of account
    function reportInteraction(address account, uint128 volume) external;

    /// @notice Counts a debt that ended.
    /// @param account the account
    /// @param debt how it ended
    function reportDebt(address account, Debt debt) external;

    /// @notice The counters of an account.
    /// @param account the account
    /// @return activity its counters, all 0 if it was never seen
    function activityOf(address account) external view returns (Activity memory activity);

    /// @notice Whether an address may report.
    /// @param reporter the address
    /// @return allowed whether it may
    function isReporter(address reporter) external view returns (bool allowed);
}
