// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {IPoolManager} from "@uniswap/v4-core/src/interfaces/IPoolManager.sol";
import {TickMath} from "@uniswap/v4-core/src/libraries/TickMath.sol";
import {BalanceDelta} from "@uniswap/v4-core/src/types/BalanceDelta.sol";
import {Currency} from "@uniswap/v4-core/src/types/Currency.sol";
import {Slot0} from "@uniswap/v4-core/src/types/Slot0.sol";
import {SwapParams} from "@uniswap/v4-core/src/types/PoolOperation.sol";
import {PoolState} from "../defi/v4/PoolState.sol";
import {SinglePoolHook} from "../defi/v4/SinglePoolHook.sol";
import {FlowClock} from "./FlowClock.sol";
import {IFlowLedger} from "./IFlowLedger.sol";
import {IFlowReporter} from "./IFlowReporter.sol";
import {IFlowReputation} from "./IFlowReputation.sol";
import {INamingRouter} from "./INamingRouter.sol";

/// @title A pool of Uniswap v4 in which each trader pays by its flow
/// @notice Names the fee that `FlowReputation` has for the trader, reports each trade to it, and keeps the mean ticks that
/// trades are judged by. It serves one pool: in a pool of tokens that a trader made itself, harmless trades would cost nothing.
///
/// Who the trader is must not be for the trader to say. v4 tells a hook who called the manager. If that is one of the routers
/// fixed at deployment, it is asked for whom it acts; anyone else, be it a contract that trades for itself or a router
/// that this hook does not know, is the trader itself, with a history of its own. Data sent along is not looked at.
///
/// What a swap counts for in a history is what a pool of the reference liquidity would have exchanged for the same move of the
/// price, and no more than was exchanged. So a trader that is its own counterparty, with liquidity added for a moment, earns
/// as little as it moves the price; and where there is little liquidity in all, as little as it trades. That holds no longer for who
/// owns most of the liquidity that stays: its fees come back to it. And where there is far less liquidity than the reference, every
/// trade counts in full, though moves cost little: a young or emptied pool is the time to build histories. Deployers choose
/// a reference that the pool soon reaches.
/// @dev Volume is in units of currency 1. Before the swap it is estimated, if only the amount of currency 0 is known, at the mean tick
/// of the last closed period; so after a fast rise of the price one swap can go beyond what the score is good for, by as much as the price rose.
/// An amount that is only bounded by its price limit counts in full, and so pays the highest fee.
contract FlowTierHook is IFlowReporter, SinglePoolHook {
    using FlowClock for FlowClock.Clock;
    using PoolState for IPoolManager;

    /// @notice What traders pay, and where their trades are reported.
    IFlowReputation public immutable reputation;

    /// @notice How much of currency 1 is a unit of volume: about a millionth of what the pool is expected to hold.
    uint256 public immutable volumeUnit;

    /// @notice Liquidity that the pool is expected to hold in range.
    uint256 public immutable referenceLiquidity;

    /// @notice Routers that are asked for whom they act.
    mapping(address router => bool) public isRouter;

    FlowClock.Clock private _clock;

    /// @dev Root of the price before the swap that is being made.
    uint160 private transient _root;

    /// @notice The unit or the liquidity is 0.
    error BadScale();

    /// @notice Fixes everything for good. The reputation names this hook as a reporter, and so is deployed afterwards, at
    /// an address known before.
    /// @param manager the pool manager
    /// @param currencies the two currencies of the pool, in order
    /// @param tickSpacing the pool's tick spacing
    /// @param reputation_ what traders pay
    /// @param volumeUnit_ how much of currency 1 is a unit of volume
    /// @param referenceLiquidity_ liquidity that the pool is expected to hold in range
    /// @param routers contracts that truly say for whom they act
    constructor(
        IPoolManager manager,
        Currency[2] memory currencies,
        int24 tickSpacing,
        IFlowReputation reputation_,
        uint256 volumeUnit_,
        uint128 referenceLiquidity_,
        address[] memory routers
    ) SinglePoolHook(manager, currencies, tickSpacing) {
        if (volumeUnit_ == 0 || referenceLiquidity_ == 0) revert BadScale();
        (reputation, volumeUnit, referenceLiquidity) = (reputation_, volumeUnit_, referenceLiquidity_);
        for (uint256 i = 0; i < routers.length; ++i) {
            isRouter[routers[i]] = true;
        }
    }

    /// @inheritdoc IFlowReporter
    function closedTick(uint256 period) external view returns (int24 tick) {
        return _clock.closedTick(period);
    }

    /// @notice Who trades when an address calls the manager.
    /// @param sender the address
    /// @return trader whose history counts
    function traderOf(address sender) public view returns (address trader) {
        return isRouter[sender] ? INamingRouter(sender).msgSender() : sender;
    }

    /// @dev The pool begins, if its trades can be reported: otherwise each swap would revert.
    function _opened(int24 tick) internal override {
        if (!reputation.isReporter(address(this))) revert IFlowLedger.NotAReporter(address(this));
        _clock.start(tick);
    }

    /// @dev What the trader pays.
    function _feeOf(address sender, SwapParams calldata params, bytes calldata) internal override returns (uint24) {
        _root = poolManager.slot0(poolId()).sqrtPriceX96();
        return reputation.feeFor(traderOf(sender), _volumeOf(params));
    }

    /// @dev Only swaps move the tick: liquidity does not.
    function _swapped(
        address sender,
        SwapParams calldata params,
        BalanceDelta delta,
        bytes calldata
    ) internal override {
        int24 before = _clock.tick;
        Slot0 slot0 = poolManager.slot0(poolId());
        _clock.move(slot0.tick());
        (uint256 low, uint256 high) = (_root, slot0.sqrtPriceX96());
        if (params.zeroForOne) (low, high) = (high, low);
        uint256 volume = Math.ceilDiv(SignedMath.abs(int256(delta.amount1())), volumeUnit);
        uint256 moved = Math.min(volume, Math.mulDiv(referenceLiquidity, high - low, 1 << 96) / volumeUnit);
        int256 signed = params.zeroForOne ? -int256(moved) : int256(moved);
        reputation.report(traderOf(sender), int256(before) + slot0.tick(), volume, signed);
    }

    /// @dev Volume of a swap to be made, as far as its amount tells.
    function _volumeOf(SwapParams calldata params) private view returns (uint256) {
        // Above, the price is not known to fit, and no pool has it.
        uint256 amount = Math.min(SignedMath.abs(params.amountSpecified), type(uint128).max);
        bool isCurrency0 = (params.amountSpecified < 0) == params.zeroForOne;
        if (isCurrency0) {
            uint256 root = TickMath.getSqrtPriceAtTick(_clock.recentTick());
            amount = Math.mulDiv(Math.mulDiv(amount, root, 1 << 96), root, 1 << 96);
        }
        return Math.ceilDiv(amount, volumeUnit);
    }
}
