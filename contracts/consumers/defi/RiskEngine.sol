// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {PinnedModel} from "../../inference/PinnedModel.sol";
import {IInferenceVerifier} from "../../interfaces/IInferenceVerifier.sol";
import {Tensors} from "../../libraries/Tensors.sol";
import {IPriceFeed} from "./IPriceFeed.sol";
import {IRiskEngine} from "./IRiskEngine.sol";
import {PriceHistory} from "./PriceHistory.sol";
import {RiskParameters} from "./RiskParameters.sol";

/// @title Risk engine
/// @notice See {IRiskEngine}. No owner.
contract RiskEngine is IRiskEngine, PinnedModel {
    using PriceHistory for PriceHistory.History;
    using PriceHistory for int256[];
    using RiskParameters for RiskParameters.Limits;
    using RiskParameters for RiskParameters.Parameters;

    /// @dev What was last asked about.
    struct Snapshot {
        uint160 inputWord;
        uint32 day;
        bool open;
    }

    /// @dev Feed and limits are never written after the constructor.
    struct Asset {
        IPriceFeed feed;
        Snapshot snapshot;
        RiskParameters.Limits limits;
        RiskParameters.Parameters parameters;
        PriceHistory.History history;
    }

    bytes32 private constant DOMAIN_REQUEST = keccak256("zkml.risk.request.v1");

    mapping(address collateral => Asset) private _assets;

    /// @notice Fixes everything for good.
    /// @param inferenceVerifier_ checks the proofs
    /// @param modelId_ a model with the encoding of `risk-engine`
    /// @param collaterals what the engine keeps parameters of
    constructor(
        IInferenceVerifier inferenceVerifier_,
        uint256 modelId_,
        Collateral[] memory collaterals
    ) PinnedModel(inferenceVerifier_, modelId_) {
        Tensors.Format memory input = _inputFormat();
        Tensors.Format memory output = _outputFormat();
        bool fits =
            input.lo == PriceHistory.LO && input.bits == PriceHistory.BITS && input.count == PriceHistory.FEATURES;
        if (!fits || output.lo != 0 || output.bits > 16 || output.count != 1) revert NotARiskModel(modelId_);
        for (uint256 i = 0; i < collaterals.length; ++i) {
            Collateral memory one = collaterals[i];
            Asset storage asset = _assets[one.token];
            bool known =
                one.token == address(0) || address(asset.feed) != address(0) || address(one.feed) == address(0);
            if (known || one.firstRoundId == 0 || !one.limits.areSound()) revert BadCollateral(one.token);
            if (_timeOf(one.feed, one.firstRoundId) == 0) revert BadCollateral(one.token);
            asset.feed = one.feed;
            asset.limits = one.limits;
            asset.parameters = one.limits.initial();
            asset.history.roundId = one.firstRoundId - 1;
        }
    }

    /// @inheritdoc IRiskEngine
    function closeDays(address collateral, uint80[] calldata roundIds) external {
        Asset storage asset = _asset(collateral);
        for (uint256 i = 0; i < roundIds.length; ++i) {
            _closeDay(collateral, asset, roundIds[i]);
        }
    }

    /// @inheritdoc IRiskEngine
    function requestParameters(address collateral) external returns (bytes32 requestId) {
        Asset storage asset = _asset(collateral);
        PriceHistory.History storage history = asset.history;
        int256[] memory values = _valuesOf(collateral, history);
        uint32 day = history.day;
        _requireAllClosed(collateral, asset.feed, history.roundId);
        if (asset.snapshot.day == day) revert AlreadyRequested(collateral, day);
        if (block.timestamp > _expiryOf(asset, day)) revert HistoryTooOld(collateral, day);
        // Twelve digits of 13 bits.
        asset.snapshot = Snapshot({inputWord: uint160(_packInput(values)[0]), day: day, open: true});
        requestId = _requestId(collateral, day);
        emit ParametersRequested(collateral, requestId, day, values);
    }

    /// @inheritdoc IRiskEngine
    function submitParameters(address collateral, bytes calldata output, bytes calldata proof) external {
        Asset storage asset = _asset(collateral);
        Snapshot memory snapshot = asset.snapshot;
        if (!snapshot.open) revert NoOpenRequest(collateral);
        bytes32 requestId = _requestId(collateral, snapshot.day);
        uint256 expiresAt = _expiryOf(asset, snapshot.day);
        if (block.timestamp > expiresAt) revert RequestExpired(requestId, expiresAt);
        asset.snapshot.open = false;
        uint256[] memory words = new uint256[](1);
        words[0] = snapshot.inputWord;
        Inference memory inference = _verify(_inputCommitmentOf(words), output, proof);
        if (inference.requestId != requestId) revert WrongRequest(requestId, inference.requestId);
        // From 0 to below 2^16, as the constructor made sure.
        uint256 proposed = uint256(_decodeOutput(output)[0]);
        RiskParameters.Parameters memory next = asset.parameters.next(asset.limits, proposed, expiresAt);
        asset.parameters = next;
        emit ParametersProven(collateral, requestId, proposed, next.target, expiresAt);
    }

    /// @inheritdoc IRiskEngine
    function maxLtv(address collateral) external view returns (uint256 ltv) {
        Asset storage asset = _asset(collateral);
        RiskParameters.Limits memory limits = asset.limits;
        return asset.parameters.targetNow(limits) - limits.buffer;
    }

    /// @inheritdoc IRiskEngine
    function liquidationThreshold(address collateral) external view returns (uint256 threshold) {
        Asset storage asset = _asset(collateral);
        return asset.parameters.thresholdNow(asset.limits);
    }

    /// @inheritdoc IRiskEngine
    function priceOf(address collateral) external view returns (uint256 price) {
        Asset storage asset = _asset(collateral);
        (, int256 answer, , uint256 updatedAt, ) = asset.feed.latestRoundData();
        if (updatedAt > block.timestamp || block.timestamp - updatedAt > asset.limits.maxPriceAge) {
            revert StalePrice(collateral, updatedAt);
        }
        return _checked(collateral, answer);
    }

    /// @inheritdoc IRiskEngine
    function feedOf(address collateral) external view returns (IPriceFeed feed) {
        return _asset(collateral).feed;
    }

    /// @inheritdoc IRiskEngine
    function limitsOf(address collateral) external view returns (RiskParameters.Limits memory limits) {
        return _asset(collateral).limits;
    }

    /// @inheritdoc IRiskEngine
    function parametersOf(address collateral) external view returns (RiskParameters.Parameters memory parameters) {
        return _asset(collateral).parameters;
    }

    /// @inheritdoc IRiskEngine
    function historyOf(
        address collateral
    ) external view returns (uint256 day, uint256 price, uint80 roundId, uint256 count) {
        PriceHistory.History storage history = _asset(collateral).history;
        return (history.day, history.price, history.roundId, history.count);
    }

    /// @inheritdoc IRiskEngine
    function movesOf(address collateral) external view returns (int256[] memory moves) {
        return _movesOf(collateral, _asset(collateral).history);
    }

    /// @inheritdoc IRiskEngine
    function valuesOf(address collateral) external view returns (int256[] memory values) {
        return _valuesOf(collateral, _asset(collateral).history);
    }

    /// @inheritdoc IRiskEngine
    function requestOf(
        address collateral
    ) external view returns (bytes32 requestId, uint256 inputWord, uint256 expiresAt) {
        Asset storage asset = _asset(collateral);
        Snapshot memory snapshot = asset.snapshot;
        if (!snapshot.open) return (0, 0, 0);
        return (_requestId(collateral, snapshot.day), snapshot.inputWord, _expiryOf(asset, snapshot.day));
    }

    /// @dev Which day is closed follows from the last closed one, and so does which round closes it.
    function _closeDay(address collateral, Asset storage asset, uint80 roundId) private {
        IPriceFeed feed = asset.feed;
        uint80 first = asset.history.roundId + 1;
        uint256 day = _dayOf(feed, first);
        (, int256 answer, , uint256 updatedAt, ) = feed.getRoundData(roundId);
        bool closes = roundId >= first && updatedAt / 1 days == day && _dayOf(feed, roundId + 1) > day;
        // A round of day 0 does not exist.
        if (!closes || day == 0) revert NotTheClosingRound(collateral, day, roundId);
        uint256 price = _checked(collateral, answer);
        asset.history.push(price, roundId, day);
        emit DayClosed(collateral, day, price);
    }

    /// @dev Reverts if the day after the last closed one has ended.
    function _requireAllClosed(address collateral, IPriceFeed feed, uint80 closed) private view {
        (uint80 newest, , , uint256 updatedAt, ) = feed.latestRoundData();
        if (newest <= closed) return;
        uint256 day = _dayOf(feed, closed + 1);
        if (updatedAt / 1 days > day) revert DayNotClosed(collateral, day);
    }

    function _movesOf(
        address collateral,
        PriceHistory.History storage history
    ) private view returns (int256[] memory moves) {
        if (history.count < PriceHistory.DAYS) revert HistoryTooShort(collateral, history.count);
        return history.newestFirst();
    }

    function _valuesOf(
        address collateral,
        PriceHistory.History storage history
    ) private view returns (int256[] memory values) {
        return _movesOf(collateral, history).features();
    }

    function _asset(address collateral) private view returns (Asset storage asset) {
        asset = _assets[collateral];
        if (address(asset.feed) == address(0)) revert UnknownCollateral(collateral);
    }

    /// @dev Parameters are as old as the day they are made of.
    function _expiryOf(Asset storage asset, uint256 day) private view returns (uint256) {
        return (day + 1) * 1 days + asset.limits.ttl;
    }

    function _dayOf(IPriceFeed feed, uint80 roundId) private view returns (uint256) {
        return _timeOf(feed, roundId) / 1 days;
    }

    function _timeOf(IPriceFeed feed, uint80 roundId) private view returns (uint256 updatedAt) {
        (, , , updatedAt, ) = feed.getRoundData(roundId);
    }

    function _checked(address collateral, int256 answer) private pure returns (uint256) {
        if (answer <= 0 || answer > int256(uint256(type(uint112).max))) revert BadPrice(collateral, answer);
        return uint256(answer);
    }

    /// @dev Chain and engine are in the proof's context.
    function _requestId(address collateral, uint256 day) private pure returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_REQUEST, collateral, day));
    }
}
