// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IPriceFeed} from "./IPriceFeed.sol";
import {RiskParameters} from "./RiskParameters.sol";

/// @title Risk parameters that a model proposes from closing prices
/// @notice Keeps, for each collateral, the daily moves of its price, and gives a maximum loan-to-value and a liquidation threshold. The
/// model says which loan-to-value would still have been covered, on 99 of 100 days, if a liquidation took five trading days; the threshold
/// is that less a reserve, and the maximum loan-to-value is a buffer below the threshold.
///
/// Nobody chooses the input. The day to be closed is that of the feed's first round after the last closed one, and its closing price is its
/// last round, which the next round proves; so there is one history, whoever writes it and whenever. Days without a round are no days,
/// as weekends for an index. Parameters are asked for once after each closed day, when no later day can be closed; then anyone proves what
/// the model says and hands it in. A proof says one thing only: the model's number for this collateral after this day.
///
/// What an inference can do is bounded by limits fixed at deployment. The threshold stays between two bounds; one inference moves
/// it by at most `maxRise` or `maxFall`, and it never falls faster than `fallPerDay`, so that no proof makes a healthy borrower
/// liquidatable at once. Parameters hold for `ttl` seconds from the end of the day that they are made of; then the maximum
/// loan-to-value is the fallback's, if that is lower, and the threshold falls to the fallback at the same pace.
///
/// Whoever writes the feed's last round of a day shapes two adjacent moves of 64: one false close falsifies the move to it and the one
/// from it. A bare Chainlink proxy must not be given as a feed: its rounds do not go on one by one from one aggregator (phase) to the next,
/// which ends the history for good, so that the fallback holds. Give an adapter that numbers rounds through. Nobody owns or governs the engine.
interface IRiskEngine {
    /// @notice A collateral as it is fixed at deployment.
    /// @param token the collateral, a key and no more
    /// @param feed its price, trusted
    /// @param firstRoundId round with whose day the history begins
    /// @param limits what an inference can do
    struct Collateral {
        address token;
        IPriceFeed feed;
        uint80 firstRoundId;
        RiskParameters.Limits limits;
    }

    /// @notice A day was closed.
    /// @param collateral the collateral
    /// @param day the day, counted from 1970
    /// @param price its closing price
    event DayClosed(address indexed collateral, uint256 indexed day, uint256 price);

    /// @notice Parameters were asked for.
    /// @param collateral the collateral
    /// @param requestId what the proof has to be made for, with the engine as the caller
    /// @param day the last closed day
    /// @param values the model's input
    event ParametersRequested(
        address indexed collateral,
        bytes32 indexed requestId,
        uint256 indexed day,
        int256[] values
    );

    /// @notice Parameters were proven.
    /// @param collateral the collateral
    /// @param requestId the request that they answer
    /// @param proposed what the model says
    /// @param target where the threshold goes
    /// @param expiresAt last second of them
    event ParametersProven(
        address indexed collateral,
        bytes32 indexed requestId,
        uint256 proposed,
        uint256 target,
        uint256 expiresAt
    );

    /// @notice Limits are out of order, or a feed, a token or a first round is not there, or a token comes twice.
    error BadCollateral(address collateral);

    /// @notice The model does not take twelve digits of 13 bits and give one number.
    error NotARiskModel(uint256 modelId);

    /// @notice The engine does not know the collateral.
    error UnknownCollateral(address collateral);

    /// @notice The round is not the last one of the day to be closed.
    error NotTheClosingRound(address collateral, uint256 day, uint80 roundId);

    /// @notice The feed's answer is not from 1 to 2^112 - 1.
    error BadPrice(address collateral, int256 answer);

    /// @notice The feed's newest answer is too old, or from the future.
    error StalePrice(address collateral, uint256 updatedAt);

    /// @notice There are not 64 moves yet.
    error HistoryTooShort(address collateral, uint256 moves);

    /// @notice A later day can be closed, and has to be before anybody asks.
    error DayNotClosed(address collateral, uint256 day);

    /// @notice The last closed day is too old for parameters that still hold.
    error HistoryTooOld(address collateral, uint256 day);

    /// @notice After this day parameters were already asked for.
    error AlreadyRequested(address collateral, uint256 day);

    /// @notice There is no request, or it has its answer.
    error NoOpenRequest(address collateral);

    /// @notice What the request asks about holds no longer.
    error RequestExpired(bytes32 requestId, uint256 expiredAt);

    /// @notice The proof was made for another request.
    error WrongRequest(bytes32 expected, bytes32 actual);

    /// @notice Closes days, in order. Anyone may; there is one right list.
    /// @param collateral the collateral
    /// @param roundIds last round of each day that has any
    function closeDays(address collateral, uint80[] calldata roundIds) external;

    /// @notice Asks for parameters after the last closed day. Anyone may, once for each day.
    /// @param collateral the collateral
    /// @return requestId what the proof has to be made for, with the engine as the caller
    function requestParameters(address collateral) external returns (bytes32 requestId);

    /// @notice Hands in what the model says. Anyone may.
    /// @param collateral the collateral
    /// @param output the model's output
    /// @param proof the proof blob, bound to the engine and the request, with any prover
    function submitParameters(address collateral, bytes calldata output, bytes calldata proof) external;

    /// @notice Most that can be borrowed now, in basis points of the collateral's value.
    /// @param collateral the collateral
    /// @return ltv the maximum loan-to-value
    function maxLtv(address collateral) external view returns (uint256 ltv);

    /// @notice The debt above which a loan is liquidated now, in basis points of the collateral's value.
    /// @param collateral the collateral
    /// @return threshold the liquidation threshold
    function liquidationThreshold(address collateral) external view returns (uint256 threshold);

    /// @notice The newest price; reverts if it is too old.
    /// @param collateral the collateral
    /// @return price the price, with the decimals of the feed
    function priceOf(address collateral) external view returns (uint256 price);

    /// @notice Feed of a collateral.
    /// @param collateral the collateral
    /// @return feed the feed
    function feedOf(address collateral) external view returns (IPriceFeed feed);

    /// @notice Limits of a collateral.
    /// @param collateral the collateral
    /// @return limits what was fixed at deployment
    function limitsOf(address collateral) external view returns (RiskParameters.Limits memory limits);

    /// @notice What is stored of the parameters of a collateral.
    /// @param collateral the collateral
    /// @return parameters target, pace and expiry
    function parametersOf(address collateral) external view returns (RiskParameters.Parameters memory parameters);

    /// @notice What is known of a collateral's past.
    /// @param collateral the collateral
    /// @return day the last closed day, counted from 1970
    /// @return price its closing price, 0 if no day is closed
    /// @return roundId its last round
    /// @return count how many moves there have been
    function historyOf(
        address collateral
    ) external view returns (uint256 day, uint256 price, uint80 roundId, uint256 count);

    /// @notice The last 64 moves, the newest first, in basis points; reverts if there are fewer.
    /// @param collateral the collateral
    /// @return moves the moves
    function movesOf(address collateral) external view returns (int256[] memory moves);

    /// @notice The model's input after the last closed day.
    /// @param collateral the collateral
    /// @return values twelve numbers
    function valuesOf(address collateral) external view returns (int256[] memory values);

    /// @notice The open request of a collateral, expired or not.
    /// @param collateral the collateral
    /// @return requestId its id, 0 if there is none
    /// @return inputWord the model's input, packed
    /// @return expiresAt last second of it and of its parameters
    function requestOf(
        address collateral
    ) external view returns (bytes32 requestId, uint256 inputWord, uint256 expiresAt);
}
