// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ILendingMarket} from "./ILendingMarket.sol";
import {IRiskEngine} from "./IRiskEngine.sol";
import {RiskParameters} from "./RiskParameters.sol";

/// @title Lending market
/// @notice See {ILendingMarket}. No owner.
contract LendingMarket is ILendingMarket, ReentrancyGuard {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;
    using Math for uint256;

    /// @dev Assets and the shares of them.
    struct Pot {
        uint128 assets;
        uint128 shares;
    }

    struct Loan {
        uint128 collateral;
        uint128 debtShares;
    }

    /// @notice Highest rate: 100% a year, in 10^-18 a second.
    uint256 public constant MAX_RATE = 31_709_791_983;

    uint256 private constant BPS = RiskParameters.BPS;
    uint256 private constant RATE_UNIT = 1e18;

    /// @dev Belong to nobody, so that a share always costs little.
    uint256 private constant VIRTUAL_SHARES = 1e6;
    uint256 private constant VIRTUAL_ASSETS = 1;

    /// @inheritdoc ILendingMarket
    IRiskEngine public immutable engine;

    /// @notice What is put up.
    IERC20 public immutable collateral;

    /// @notice What is lent.
    IERC20 public immutable debtToken;

    /// @notice What a liquidator gets beyond the debt that it pays, in basis points of that.
    uint256 public immutable bonus;

    /// @notice Interest a second, in 10^-18; compounds whenever it is counted.
    uint256 public immutable rate;

    /// @dev Collateral times price of one debt token.
    uint256 private immutable _unit;

    Pot private _supply;
    Pot private _debt;
    uint64 private _accruedAt;
    /// @dev Interest that is not yet a whole unit, below `RATE_UNIT`: however often it is counted, none is lost.
    uint64 private _carry;
    mapping(address account => Loan) private _loans;

    /// @notice Shares of a supplier.
    mapping(address account => uint256) public sharesOf;

    /// @notice Fixes everything for good.
    /// @param engine_ keeps parameters and price of the collateral
    /// @param collateral_ what is put up
    /// @param debtToken_ what is lent, worth one unit of what the engine's feed quotes
    /// @param bonus_ what a liquidator gets beyond the debt that it pays, in basis points of that
    /// @param rate_ interest a second, in 10^-18
    constructor(IRiskEngine engine_, IERC20 collateral_, IERC20 debtToken_, uint256 bonus_, uint256 rate_) {
        // At the threshold, collateral has to be worth debt and bonus.
        uint256 highest = engine_.limitsOf(address(collateral_)).maxThreshold;
        if (collateral_ == debtToken_ || rate_ > MAX_RATE || highest * (BPS + bonus_) > BPS * BPS) revert BadMarket();
        uint256 decimals =
            uint256(engine_.feedOf(address(collateral_)).decimals()) + IERC20Metadata(address(collateral_)).decimals();
        uint256 debtDecimals = IERC20Metadata(address(debtToken_)).decimals();
        if (decimals < debtDecimals || decimals - debtDecimals > 36) revert BadMarket();
        (engine, collateral, debtToken, bonus, rate) = (engine_, collateral_, debtToken_, bonus_, rate_);
        _unit = 10 ** (decimals - debtDecimals);
        _accruedAt = uint64(block.timestamp);
    }

    /// @inheritdoc ILendingMarket
    function supply(uint256 assets) external nonReentrant returns (uint256 shares) {
        _accrue();
        shares = _toShares(assets, _supply, Math.Rounding.Floor);
        if (shares == 0) revert NothingToDo();
        _grow(_supply, assets, shares);
        sharesOf[msg.sender] += shares;
        emit Supplied(msg.sender, assets, shares);
        _pull(debtToken, assets);
    }

    /// @inheritdoc ILendingMarket
    function withdraw(uint256 shares, address to) external nonReentrant returns (uint256 assets) {
        _accrue();
        assets = _toAssets(shares, _supply, Math.Rounding.Floor);
        if (assets == 0) revert NothingToDo();
        _requireLiquidity(assets);
        sharesOf[msg.sender] -= shares;
        _shrink(_supply, assets, shares);
        emit Withdrawn(msg.sender, to, assets, shares);
        debtToken.safeTransfer(to, assets);
    }

    /// @inheritdoc ILendingMarket
    function addCollateral(uint256 amount, address account) external nonReentrant {
        if (amount == 0) revert NothingToDo();
        _loans[account].collateral += amount.toUint128();
        emit CollateralAdded(account, amount);
        _pull(collateral, amount);
    }

    /// @inheritdoc ILendingMarket
    function removeCollateral(uint256 amount, address to) external nonReentrant {
        _accrue();
        if (amount == 0) revert NothingToDo();
        Loan storage loan = _loans[msg.sender];
        loan.collateral -= amount.toUint128();
        if (loan.debtShares != 0) _requireCovered(msg.sender);
        emit CollateralRemoved(msg.sender, to, amount);
        collateral.safeTransfer(to, amount);
    }

    /// @inheritdoc ILendingMarket
    function borrow(uint256 assets, address to) external nonReentrant {
        _accrue();
        if (assets == 0) revert NothingToDo();
        _requireLiquidity(assets);
        uint256 shares = _toShares(assets, _debt, Math.Rounding.Ceil);
        _grow(_debt, assets, shares);
        _loans[msg.sender].debtShares += shares.toUint128();
        _requireCovered(msg.sender);
        emit Borrowed(msg.sender, to, assets);
        debtToken.safeTransfer(to, assets);
    }

    /// @inheritdoc ILendingMarket
    function repay(address account, uint256 most) external nonReentrant returns (uint256 assets) {
        _accrue();
        assets = Math.min(most, _debtOf(account));
        if (assets == 0) revert NothingToDo();
        _payDebt(account, assets);
        emit Repaid(account, msg.sender, assets);
        _pull(debtToken, assets);
    }

    /// @inheritdoc ILendingMarket
    function liquidate(
        address account,
        uint256 most,
        uint256 minSeized
    ) external nonReentrant returns (uint256 repaid, uint256 seized) {
        _accrue();
        if (most == 0) revert NothingToDo();
        Loan storage loan = _loans[account];
        uint256 price = engine.priceOf(address(collateral));
        uint256 debt = _debtOf(account);
        uint256 allowed = _allowed(loan.collateral, price, engine.liquidationThreshold(address(collateral)));
        if (debt <= allowed) revert Healthy(account, debt, allowed);
        (repaid, seized) = _exchange(Math.min(most, debt), loan.collateral, price);
        if (seized < minSeized) revert BelowMinimum(seized, minSeized);
        loan.collateral -= uint128(seized);
        _payDebt(account, repaid);
        uint256 badDebt = loan.collateral == 0 ? _writeOff(loan) : 0;
        emit Liquidated(account, msg.sender, repaid, seized, badDebt);
        collateral.safeTransfer(msg.sender, seized);
        _pull(debtToken, repaid);
    }

    /// @inheritdoc ILendingMarket
    function debtOf(address account) external view returns (uint256 debt) {
        (Pot memory pot, , ) = _accrued();
        return _toAssets(_loans[account].debtShares, pot, Math.Rounding.Ceil);
    }

    /// @inheritdoc ILendingMarket
    function suppliedBy(address account) external view returns (uint256 assets) {
        (, Pot memory pot, ) = _accrued();
        return _toAssets(sharesOf[account], pot, Math.Rounding.Floor);
    }

    /// @inheritdoc ILendingMarket
    function collateralOf(address account) external view returns (uint256 amount) {
        return _loans[account].collateral;
    }

    /// @inheritdoc ILendingMarket
    function collateralValue(uint256 amount) external view returns (uint256 value) {
        return Math.mulDiv(amount, engine.priceOf(address(collateral)), _unit);
    }

    /// @dev Counts interest up to now.
    function _accrue() private {
        (_debt, _supply, _carry) = _accrued();
        _accruedAt = uint64(block.timestamp);
    }

    /// @dev Pays debt off; a payment of all of it leaves no share.
    function _payDebt(address account, uint256 assets) private {
        Loan storage loan = _loans[account];
        uint256 shares = loan.debtShares;
        if (assets < _debtOf(account)) shares = Math.min(shares, _toShares(assets, _debt, Math.Rounding.Floor));
        loan.debtShares -= uint128(shares);
        // A debt is rounded up, so the last one paid may be more than all of them.
        _shrinkDebt(Math.min(assets, _debt.assets), shares);
    }

    /// @dev With the last share goes what virtual shares owe, which nobody would pay: suppliers could not take it out.
    function _shrinkDebt(uint256 assets, uint256 shares) private {
        _shrink(_debt, assets, shares);
        if (_debt.shares != 0) return;
        _supply.assets -= _debt.assets;
        _debt.assets = 0;
    }

    /// @dev Suppliers bear what is left of a debt without collateral.
    function _writeOff(Loan storage loan) private returns (uint256 badDebt) {
        uint256 shares = loan.debtShares;
        if (shares == 0) return 0;
        badDebt = Math.min(_toAssets(shares, _debt, Math.Rounding.Ceil), _debt.assets);
        loan.debtShares = 0;
        _supply.assets -= uint128(badDebt);
        _shrinkDebt(badDebt, shares);
    }

    /// @dev Takes tokens from the sender, all of them.
    function _pull(IERC20 token, uint256 amount) private {
        uint256 held = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - held;
        if (received != amount) revert UnsupportedToken(token, amount, received);
    }

    function _accrued() private view returns (Pot memory debt, Pot memory supplied, uint64 carry) {
        (debt, supplied) = (_debt, _supply);
        // Below 2^(128 + 35 + 64).
        uint256 exact = uint256(debt.assets) * rate * (block.timestamp - _accruedAt) + _carry;
        uint128 interest = (exact / RATE_UNIT).toUint128();
        debt.assets += interest;
        supplied.assets += interest;
        carry = uint64(exact % RATE_UNIT);
    }

    /// @dev What a liquidator pays, at least 1, and gets for it with the bonus; less of both, if there is too little collateral.
    function _exchange(
        uint256 most,
        uint256 held,
        uint256 price
    ) private view returns (uint256 repaid, uint256 seized) {
        seized = Math.mulDiv(most * (BPS + bonus), _unit, BPS * price);
        if (seized <= held) return (most, seized);
        uint256 value = Math.mulDiv(held, price, _unit, Math.Rounding.Ceil);
        return (Math.min(most, Math.mulDiv(value, BPS, BPS + bonus, Math.Rounding.Ceil)), held);
    }

    function _requireCovered(address account) private view {
        uint256 price = engine.priceOf(address(collateral));
        uint256 most = _allowed(_loans[account].collateral, price, engine.maxLtv(address(collateral)));
        uint256 debt = _debtOf(account);
        if (debt > most) revert NotCovered(account, debt, most);
    }

    function _requireLiquidity(uint256 assets) private view {
        uint256 held = _supply.assets - _debt.assets;
        if (assets > held) revert NotEnoughLiquidity(assets, held);
    }

    function _debtOf(address account) private view returns (uint256) {
        return _toAssets(_loans[account].debtShares, _debt, Math.Rounding.Ceil);
    }

    function _allowed(uint256 amount, uint256 price, uint256 bps) private view returns (uint256) {
        return Math.mulDiv(Math.mulDiv(amount, price, _unit), bps, BPS);
    }

    function _grow(Pot storage pot, uint256 assets, uint256 shares) private {
        pot.assets += assets.toUint128();
        pot.shares += shares.toUint128();
    }

    function _shrink(Pot storage pot, uint256 assets, uint256 shares) private {
        pot.assets -= assets.toUint128();
        pot.shares -= shares.toUint128();
    }

    function _toShares(uint256 assets, Pot memory pot, Math.Rounding rounding) private pure returns (uint256) {
        return Math.mulDiv(assets, pot.shares + VIRTUAL_SHARES, pot.assets + VIRTUAL_ASSETS, rounding);
    }

    function _toAssets(uint256 shares, Pot memory pot, Math.Rounding rounding) private pure returns (uint256) {
        return Math.mulDiv(shares, pot.assets + VIRTUAL_ASSETS, pot.shares + VIRTUAL_SHARES, rounding);
    }
}
