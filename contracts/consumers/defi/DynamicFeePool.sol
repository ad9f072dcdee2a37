// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {InferenceConsumer} from "../../inference/InferenceConsumer.sol";
import {SnapshotConsumer} from "../../inference/SnapshotConsumer.sol";
import {IInferenceCoordinator} from "../../interfaces/IInferenceCoordinator.sol";
import {Tensors} from "../../libraries/Tensors.sol";
import {ConstantProduct} from "./ConstantProduct.sol";
import {IDynamicFeePool} from "./IDynamicFeePool.sol";
import {TradeHistory} from "./TradeHistory.sol";

/// @title Dynamic fee pool
/// @notice See {IDynamicFeePool}. Shares are an ERC-20 token.
contract DynamicFeePool is IDynamicFeePool, ERC20, SnapshotConsumer, ReentrancyGuard {
    using SafeERC20 for IERC20;
    using TradeHistory for TradeHistory.History;

    /// @notice What is fixed at deployment; fees in millionths.
    /// @param minFee least fee that an inference can set
    /// @param maxFee highest fee that an inference can set
    /// @param fallbackFee the fee while there is no fresh inference
    /// @param feeTtl seconds that a fee holds, from its snapshot
    /// @param updatePeriod least seconds from one answered snapshot to the next, an hour at least
    struct Config {
        uint24 minFee;
        uint24 maxFee;
        uint24 fallbackFee;
        uint32 feeTtl;
        uint32 updatePeriod;
    }

    /// @notice No fee is higher: a tenth.
    uint256 public constant FEE_LIMIT = 100_000;

    /// @notice Least gas of the callback that sets the fee; it takes two thirds of that.
    uint256 public constant MIN_CALLBACK_GAS = 100_000;

    /// @dev Shares of the first deposit that belong to nobody, so that a share always costs little.
    uint256 private constant LOCKED_SHARES = 1000;
    address private constant NOBODY = address(0xdead);

    /// @inheritdoc IDynamicFeePool
    IERC20 public immutable token0;

    /// @inheritdoc IDynamicFeePool
    IERC20 public immutable token1;

    /// @notice Least fee that an inference can set.
    uint256 public immutable minFee;

    /// @notice Highest fee that an inference can set.
    uint256 public immutable maxFee;

    /// @notice The fee while there is no fresh inference.
    uint256 public immutable fallbackFee;

    /// @notice Seconds that a fee holds, from its snapshot.
    uint256 public immutable feeTtl;

    uint112 private _reserve0;
    uint112 private _reserve1;
    uint24 private _fee;
    TradeHistory.History private _history;

    /// @dev What the pool offers for an inference. Nothing writes it after the constructor.
    Terms private _terms;

    /// @notice Fixes everything for good.
    /// @param coordinator_ where inferences are asked for
    /// @param modelId_ a model with the encoding of `fee-mlp`
    /// @param tokens the two tokens
    /// @param config bounds and times
    /// @param terms_ what the pool offers for an inference, in the native coin. If no prover finds that worth its while,
    /// the fallback fee holds for ever
    constructor(
        IInferenceCoordinator coordinator_,
        uint256 modelId_,
        IERC20[2] memory tokens,
        Config memory config,
        Terms memory terms_
    )
        ERC20("Dynamic fee pool share", "DFP")
        InferenceConsumer(coordinator_, modelId_)
        SnapshotConsumer(config.updatePeriod)
    {
        (token0, token1) = (tokens[0], tokens[1]);
        if (token0 == token1 || address(token0) == address(0) || address(token1) == address(0)) {
            revert BadTokens(token0, token1);
        }
        bool ordered = config.minFee <= config.fallbackFee && config.fallbackFee <= config.maxFee;
        bool timely = config.updatePeriod >= 1 hours && config.feeTtl >= config.updatePeriod;
        // A result that comes in its last second still has to hold for one.
        bool fitting = terms_.token == address(0) && terms_.lifetime < config.feeTtl;
        if (!ordered || config.maxFee > FEE_LIMIT || !timely || !fitting) revert BadConfig();
        if (terms_.callbackGas < MIN_CALLBACK_GAS) revert BadConfig();
        Tensors.Format memory input = _inputFormat();
        if (
            input.lo != TradeHistory.LO ||
            input.bits != TradeHistory.BITS ||
            input.count != 2 * TradeHistory.HOURS ||
            _outputFormat().count != 1
        ) revert NotAFeeModel(modelId_);
        (minFee, maxFee, fallbackFee, feeTtl) = (config.minFee, config.maxFee, config.fallbackFee, config.feeTtl);
        _terms = terms_;
    }

    /// @inheritdoc IDynamicFeePool
    function swap(
        IERC20 tokenIn,
        uint256 amountIn,
        uint256 minAmountOut,
        address to,
        uint256 deadline
    ) external nonReentrant returns (uint256 amountOut) {
        _requireInTime(deadline);
        uint256 fee = currentFee();
        (uint256 reserveIn, uint256 reserveOut) = _reservesFor(tokenIn);
        amountOut = ConstantProduct.amountOut(amountIn, reserveIn, reserveOut, fee);
        if (amountOut == 0) revert NothingToDo();
        if (amountOut < minAmountOut) revert BelowMinimum(amountOut, minAmountOut);
        _pull(tokenIn, amountIn);
        TradeHistory.History memory history = _history.close(_reserve0, _reserve1);
        history.count(amountIn, reserveIn);
        _history = history;
        bool forward = tokenIn == token0;
        if (forward) _setReserves(reserveIn + amountIn, reserveOut - amountOut);
        else _setReserves(reserveOut - amountOut, reserveIn + amountIn);
        emit Swapped(msg.sender, to, tokenIn, amountIn, amountOut, fee);
        (forward ? token1 : token0).safeTransfer(to, amountOut);
    }

    /// @inheritdoc IDynamicFeePool
    function addLiquidity(
        uint256 maxAmount0,
        uint256 maxAmount1,
        uint256 minShares,
        address to,
        uint256 deadline
    ) external nonReentrant returns (uint256 amount0, uint256 amount1, uint256 shares) {
        _requireInTime(deadline);
        uint256 supply = totalSupply();
        (uint256 reserve0, uint256 reserve1) = (_reserve0, _reserve1);
        if (supply == 0) {
            (amount0, amount1) = (maxAmount0, maxAmount1);
            // Amounts of more than 112 bits are refused by `_setReserves`; the product must not wrap before that.
            shares = Math.sqrt(SafeCast.toUint112(amount0) * uint256(SafeCast.toUint112(amount1)));
            shares = Math.saturatingSub(shares, LOCKED_SHARES);
        } else {
            shares = ConstantProduct.sharesFor(maxAmount0, maxAmount1, reserve0, reserve1, supply);
            amount0 = ConstantProduct.costOf(shares, reserve0, supply);
            amount1 = ConstantProduct.costOf(shares, reserve1, supply);
        }
        if (shares == 0) revert NothingToDo();
        if (shares < minShares) revert BelowMinimum(shares, minShares);
        _pull(token0, amount0);
        _pull(token1, amount1);
        if (supply == 0) {
            _history = TradeHistory.open(amount0, amount1);
            _mint(NOBODY, LOCKED_SHARES);
        } else {
            _history = _history.close(reserve0, reserve1);
        }
        _setReserves(reserve0 + amount0, reserve1 + amount1);
        _mint(to, shares);
        emit LiquidityAdded(msg.sender, to, amount0, amount1, shares);
    }

    /// @inheritdoc IDynamicFeePool
    function removeLiquidity(
        uint256 shares,
        uint256 minAmount0,
        uint256 minAmount1,
        address to,
        uint256 deadline
    ) external nonReentrant returns (uint256 amount0, uint256 amount1) {
        _requireInTime(deadline);
        uint256 supply = totalSupply();
        _burn(msg.sender, shares);
        if (shares == 0) revert NothingToDo();
        (uint256 reserve0, uint256 reserve1) = (_reserve0, _reserve1);
        amount0 = ConstantProduct.valueOf(shares, reserve0, supply);
        amount1 = ConstantProduct.valueOf(shares, reserve1, supply);
        if (amount0 < minAmount0) revert BelowMinimum(amount0, minAmount0);
        if (amount1 < minAmount1) revert BelowMinimum(amount1, minAmount1);
        _history = _history.close(reserve0, reserve1);
        _setReserves(reserve0 - amount0, reserve1 - amount1);
        emit LiquidityRemoved(msg.sender, to, amount0, amount1, shares);
        token0.safeTransfer(to, amount0);
        token1.safeTransfer(to, amount1);
    }

    /// @inheritdoc IDynamicFeePool
    function updateFee() external payable nonReentrant returns (bytes32 requestId) {
        if (msg.value != 0) coordinator.deposit{value: msg.value}(address(0), msg.value);
        uint256 missing = updateCost();
        if (missing != 0) revert RequestUnderpaid(missing);
        TradeHistory.History memory history = _history;
        uint256 readyAt = history.readyAt();
        if (block.timestamp < readyAt) revert HistoryTooShort(readyAt);
        history = history.close(_reserve0, _reserve1);
        _history = history;
        return _requestFromState(history.values(), _terms);
    }

    /// @inheritdoc IDynamicFeePool
    function quote(IERC20 tokenIn, uint256 amountIn) external view returns (uint256 amountOut) {
        (uint256 reserveIn, uint256 reserveOut) = _reservesFor(tokenIn);
        return ConstantProduct.amountOut(amountIn, reserveIn, reserveOut, currentFee());
    }

    /// @inheritdoc IDynamicFeePool
    function closedHours() external view returns (int256[] memory values) {
        if (_history.opened == 0) return values;
        return _history.close(_reserve0, _reserve1).values();
    }

    /// @notice What the pool offers for an inference.
    /// @return terms_ the terms
    function terms() external view returns (Terms memory terms_) {
        return _terms;
    }

    /// @inheritdoc IDynamicFeePool
    function reserves() external view returns (uint256 reserve0, uint256 reserve1) {
        return (_reserve0, _reserve1);
    }

    /// @inheritdoc IDynamicFeePool
    function updateCost() public view returns (uint256 missing) {
        return Math.saturatingSub(_terms.maxPrice, coordinator.balanceOf(address(0), address(this)));
    }

    /// @inheritdoc IDynamicFeePool
    function currentFee() public view returns (uint256 fee) {
        return snapshotAge() > feeTtl ? fallbackFee : _fee;
    }

    /// @dev Bounds what was proven. How long it holds follows from the snapshot, not from when this is called.
    function _fulfillSnapshot(Snapshot memory snapshot, bytes calldata output) internal override {
        int256 proposed = SignedMath.max(0, _decodeOutput(output)[0]);
        uint256 fee = Math.max(minFee, Math.min(maxFee, uint256(proposed)));
        _fee = uint24(fee);
        emit FeeUpdated(snapshot.requestId, uint256(proposed), fee, snapshot.takenAt + feeTtl);
    }

    /// @dev Takes tokens from the sender, all of them.
    function _pull(IERC20 token, uint256 amount) private {
        uint256 held = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - held;
        if (received != amount) revert UnsupportedToken(token, amount, received);
    }

    function _setReserves(uint256 reserve0, uint256 reserve1) private {
        (_reserve0, _reserve1) = (SafeCast.toUint112(reserve0), SafeCast.toUint112(reserve1));
    }

    function _reservesFor(IERC20 tokenIn) private view returns (uint256 reserveIn, uint256 reserveOut) {
        (reserveIn, reserveOut) = (_reserve0, _reserve1);
        if (tokenIn == token1) (reserveIn, reserveOut) = (reserveOut, reserveIn);
        else if (tokenIn != token0) revert UnknownToken(tokenIn);
    }

    function _requireInTime(uint256 deadline) private view {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline);
    }
}
