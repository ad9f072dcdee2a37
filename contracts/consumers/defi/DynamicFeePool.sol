// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IInferenceCoordinator} from "../../interfaces/IInferenceCoordinator.sol";
import {ConstantProduct} from "./ConstantProduct.sol";
import {IDynamicFeePool} from "./IDynamicFeePool.sol";
import {ModelFee} from "./ModelFee.sol";
import {TradeHistory} from "./TradeHistory.sol";

/// @title Dynamic fee pool
/// @notice See {IDynamicFeePool}. Shares are an ERC-20 token.
contract DynamicFeePool is IDynamicFeePool, ERC20, ModelFee {
    using SafeERC20 for IERC20;
    using TradeHistory for TradeHistory.History;

    /// @dev Shares of the first deposit that belong to nobody, so that a share always costs little.
    uint256 private constant LOCKED_SHARES = 1000;
    address private constant NOBODY = address(0xdead);

    /// @inheritdoc IDynamicFeePool
    IERC20 public immutable token0;

    /// @inheritdoc IDynamicFeePool
    IERC20 public immutable token1;

    uint112 private _reserve0;
    uint112 private _reserve1;
    TradeHistory.History private _history;

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
    ) ERC20("Dynamic fee pool share", "DFP") ModelFee(coordinator_, modelId_, TradeHistory.PER_HOUR, config, terms_) {
        (token0, token1) = (tokens[0], tokens[1]);
        if (token0 == token1 || address(token0) == address(0) || address(token1) == address(0)) {
            revert BadTokens(token0, token1);
        }
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
    function quote(IERC20 tokenIn, uint256 amountIn) external view returns (uint256 amountOut) {
        (uint256 reserveIn, uint256 reserveOut) = _reservesFor(tokenIn);
        return ConstantProduct.amountOut(amountIn, reserveIn, reserveOut, currentFee());
    }

    /// @inheritdoc IDynamicFeePool
    function closedHours() external view returns (int256[] memory values) {
        if (_history.opened == 0) return values;
        return _history.close(_reserve0, _reserve1).values();
    }

    /// @inheritdoc IDynamicFeePool
    function reserves() external view returns (uint256 reserve0, uint256 reserve1) {
        return (_reserve0, _reserve1);
    }

    /// @dev Closes the hours before this one with the reserves as they stand: nobody traded since.
    function _closeHours() internal override returns (int256[] memory values) {
        TradeHistory.History memory history = _history;
        _requireHours(history.opened);
        history = history.close(_reserve0, _reserve1);
        _history = history;
        return history.values();
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
