// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IFlowLedger} from "./IFlowLedger.sol";

/// @title Flow reputation
/// @notice What a trader pays, by what a model expects of its flow. `requestScore` fixes a trader's settled history as the
/// model's input; then anyone proves what the model says of it and hands it in with `submitScore`.
///
/// A score is what the pool is expected to lose to the trader, in millionths of volume. The trader pays the lowest of a few
/// fees, fixed at deployment, that covers score and margin. The highest of them is what everyone pays of whom nothing is
/// proven: addresses are free, so nobody can be made to pay more than a stranger does. A score can only lower a fee.
///
/// A lowered fee is for so much volume as the history shows that moved the price and was not reversed within its period,
/// counted from the snapshot, and each unit of history is good once: a newer score is good for what is left of the last proven
/// one and for what was earned since its snapshot, never for more than the history. So whoever trades to look harmless has paid
/// the full fee for as much as its first lowered fee is good for, whatever the model says; to itself, though, as far as it owns the
/// liquidity, and for as little as was traded where there is far less liquidity than the reporter expects. Trades that the model
/// never sees, because they move no price or too little for a period to be kept, renew nothing. A lowered fee ends `scoreTtl` seconds after the snapshot, whenever it was proven, and
/// at once while the model's verification is stopped. When the model is deprecated no score is accepted any more, and lowered
/// fees run out.
///
/// Anyone may ask for anyone; the contract knows the input, so neither who asks nor who proves has a say in the result. Nobody
/// can ask while trades of the trader are not settled, so none of them can be left out: not by a second address of the trader
/// either, which is why others wait, too. The price is that a trader who trades in every period, if only dust, puts off being
/// asked about, and keeps its score until it expires or is used up.
interface IFlowReputation is IFlowLedger {
    /// @notice What is fixed at deployment.
    /// @param leastVolume least volume for a period to enter a history
    /// @param margin what a fee has to cover above the score
    /// @param requestPeriod least seconds from one request for a trader to the next
    /// @param scoreTtl how many seconds a score holds, from its snapshot
    /// @param fees what can be charged, in millionths, rising; the last one is for everyone of whom nothing is proven
    struct Config {
        uint64 leastVolume;
        uint24 margin;
        uint48 requestPeriod;
        uint48 scoreTtl;
        uint24[] fees;
    }

    /// @notice A trader's score was asked for.
    /// @param trader the trader
    /// @param requestId what the proof has to be made for, with this contract as the caller
    /// @param inputWord the model's input, packed
    /// @param expiresAt last second of the score
    event ScoreRequested(address indexed trader, bytes32 indexed requestId, uint256 inputWord, uint256 expiresAt);

    /// @notice A score was proven.
    /// @param trader the trader
    /// @param requestId the request that it answers
    /// @param score expected loss of the pool, in millionths of volume
    /// @param fee what follows from it
    /// @param expiresAt last second of it
    event ScoreProven(address indexed trader, bytes32 indexed requestId, uint256 score, uint256 fee, uint256 expiresAt);

    /// @notice Fees do not rise, are none, more than eight or above 10%, or a time is 0 or does not fit.
    error BadConfig();

    /// @notice The model does not take twenty-four digits of 10 bits from −512 on and give one number.
    error NotAFlowModel(uint256 modelId);

    /// @notice Trades of the trader wait for their period, or the one after it, to end.
    error FlowStillOpen(address trader);

    /// @notice The trader's history has less than twelve periods.
    error HistoryTooShort(address trader, uint256 periods);

    /// @notice The trader's score was asked for not long ago.
    error RequestTooEarly(address trader, uint256 earliest);

    /// @notice No answer is waited for: nobody asked, or it was given.
    error NoOpenRequest(address trader);

    /// @notice The snapshot is too old to be worth a score.
    error RequestExpired(bytes32 requestId, uint256 expiredAt);

    /// @notice The proof was made for another request.
    error WrongRequest(bytes32 expected, bytes32 actual);

    /// @notice Asks for a trader's score: settles what is due and fixes its history.
    /// @param trader the trader
    /// @return requestId what the proof has to be made for, with this contract as the caller
    function requestScore(address trader) external returns (bytes32 requestId);

    /// @notice Hands in the score that was asked for. Anyone may.
    /// @param trader the trader
    /// @param output the model's output
    /// @param proof the proof blob, bound to this contract and the request, with any prover
    function submitScore(address trader, bytes calldata output, bytes calldata proof) external;

    /// @notice What a trader pays now.
    /// @param trader the trader
    /// @param volume volume of the trade, in units of the ledger; one that goes beyond what the score is good for pays the highest fee;
    /// with 0 it is not asked what is left, so a score that is used up gives its lowered fee
    /// @return fee in millionths
    function feeFor(address trader, uint256 volume) external view returns (uint24 fee);

    /// @notice The newest proven score of a trader, in force or not.
    /// @param trader the trader
    /// @return score the score
    /// @return fee what follows from it
    /// @return expiresAt last second of it, 0 if there is none
    /// @return volumeLeft volume that it is still good for
    function scoreOf(
        address trader
    ) external view returns (uint256 score, uint24 fee, uint256 expiresAt, uint256 volumeLeft);

    /// @notice The open request for a trader, expired or not.
    /// @param trader the trader
    /// @return requestId its id, 0 if there is none
    /// @return inputWord the model's input, packed
    /// @return expiresAt last second of it and of its score
    function requestOf(address trader) external view returns (bytes32 requestId, uint256 inputWord, uint256 expiresAt);

    /// @notice What everyone pays of whom nothing is proven.
    /// @return fee in millionths
    function highestFee() external view returns (uint24 fee);
}
