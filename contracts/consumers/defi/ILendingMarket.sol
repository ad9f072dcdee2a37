// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IRiskEngine} from "./IRiskEngine.sol";

/// @title A lending market of one collateral and one debt token
/// @notice Suppliers lend the debt token; borrowers put up collateral. How much may be borrowed and when a loan is liquidated comes from a
/// risk engine, fixed at deployment like everything else. One unit of the debt token counts as one unit of what the engine's feed quotes.
///
/// Interest is a fixed rate, all of it for suppliers. With a rate of 0 nothing drives a borrower to pay back. Balances are counted inside, so tokens sent without a call belong to nobody.
/// Rounding is against whoever calls. Debts and supplies are shares, and a million virtual shares keep a share from costing much.
///
/// Anyone liquidates a loan whose debt is above the threshold, all of it at once if they like: they pay debt and get collateral worth as much
/// and a bonus. When the collateral of a loan is gone and debt is left, that debt is bad: it is written off in the same call, and all
/// suppliers bear it in proportion. Until then nobody does, so who leaves before a write-off leaves it to the others. After a write-off of
/// nearly all that was supplied, the shares that a supply would become do not fit: the market is dead, and another one has to be deployed.
///
/// Collateral goes by whole units. If it has few decimals and a unit is dear, who pays less than a unit's worth gets nothing for it, so a loan
/// on few units pays no liquidator until it is bad: such a collateral needs a wrapper of more decimals.
///
/// Without a fresh price nothing that needs one works: borrowing, taking collateral from under a debt, liquidating. Supplying,
/// repaying and adding collateral do, and so does withdrawing, as far as tokens are not lent: the rest waits until borrowers pay back or are
/// liquidated. Tokens whose transfers deliver less than asked for are refused.
interface ILendingMarket {
    /// @notice Tokens were lent to the market.
    /// @param account whose shares they are
    /// @param assets how many
    /// @param shares what they became
    event Supplied(address indexed account, uint256 assets, uint256 shares);

    /// @notice Tokens were taken back by a supplier.
    /// @param account whose shares they were
    /// @param to who got them
    /// @param assets how many
    /// @param shares what they were
    event Withdrawn(address indexed account, address indexed to, uint256 assets, uint256 shares);

    /// @notice Collateral was put up.
    /// @param account whose it is
    /// @param amount how much
    event CollateralAdded(address indexed account, uint256 amount);

    /// @notice Collateral was taken back.
    /// @param account whose it was
    /// @param to who got it
    /// @param amount how much
    event CollateralRemoved(address indexed account, address indexed to, uint256 amount);

    /// @notice A loan was taken.
    /// @param account whose debt it is
    /// @param to who got the tokens
    /// @param assets how many
    event Borrowed(address indexed account, address indexed to, uint256 assets);

    /// @notice Debt was paid.
    /// @param account whose debt it was
    /// @param payer who paid
    /// @param assets how many
    event Repaid(address indexed account, address indexed payer, uint256 assets);

    /// @notice A loan was liquidated.
    /// @param account whose it was
    /// @param liquidator who did it
    /// @param repaid debt that was paid
    /// @param seized collateral that was given for it
    /// @param badDebt debt that nobody pays, written off
    event Liquidated(
        address indexed account,
        address indexed liquidator,
        uint256 repaid,
        uint256 seized,
        uint256 badDebt
    );

    /// @notice Tokens are the same or not there, the rate or the bonus is too high, or decimals do not fit.
    error BadMarket();

    /// @notice The amount comes to nothing.
    error NothingToDo();

    /// @notice The debt would be more than the collateral allows.
    error NotCovered(address account, uint256 debt, uint256 most);

    /// @notice The loan is not above the threshold.
    error Healthy(address account, uint256 debt, uint256 most);

    /// @notice The market does not hold as many tokens that are not lent.
    error NotEnoughLiquidity(uint256 asked, uint256 held);

    /// @notice A liquidation would give less than asked for.
    error BelowMinimum(uint256 amount, uint256 minimum);

    /// @notice A transfer delivered another amount than asked for.
    error UnsupportedToken(IERC20 token, uint256 asked, uint256 received);

    /// @notice Lends tokens to the market.
    /// @param assets how many
    /// @return shares what they become, rounded down
    function supply(uint256 assets) external returns (uint256 shares);

    /// @notice Takes lent tokens back.
    /// @param shares of the sender
    /// @param to who gets the tokens
    /// @return assets how many, rounded down
    function withdraw(uint256 shares, address to) external returns (uint256 assets);

    /// @notice Puts up collateral.
    /// @param amount how much
    /// @param account whose it shall be
    function addCollateral(uint256 amount, address account) external;

    /// @notice Takes collateral back, as far as the debt allows.
    /// @param amount how much
    /// @param to who gets it
    function removeCollateral(uint256 amount, address to) external;

    /// @notice Borrows against the sender's collateral.
    /// @param assets how many tokens
    /// @param to who gets them
    function borrow(uint256 assets, address to) external;

    /// @notice Pays debt of an account.
    /// @param account whose debt
    /// @param most the most to pay; the debt is all that is taken
    /// @return assets what was paid
    function repay(address account, uint256 most) external returns (uint256 assets);

    /// @notice Pays debt of a loan above the threshold, for collateral.
    /// @param account whose loan
    /// @param most the most to pay
    /// @param minSeized least collateral to get
    /// @return repaid what was paid
    /// @return seized collateral for it
    function liquidate(
        address account,
        uint256 most,
        uint256 minSeized
    ) external returns (uint256 repaid, uint256 seized);

    /// @notice Debt of an account now, rounded up.
    /// @param account the account
    /// @return debt its debt
    function debtOf(address account) external view returns (uint256 debt);

    /// @notice What the shares of a supplier are worth now, rounded down.
    /// @param account the account
    /// @return assets tokens
    function suppliedBy(address account) external view returns (uint256 assets);

    /// @notice Collateral of an account.
    /// @param account the account
    /// @return amount how much
    function collateralOf(address account) external view returns (uint256 amount);

    /// @notice Value of an amount of collateral at the newest price, rounded down; reverts if the price is too old.
    /// @param amount how much
    /// @return value in debt tokens
    function collateralValue(uint256 amount) external view returns (uint256 value);

    /// @notice Where the parameters come from.
    /// @return engine_ the engine
    function engine() external view returns (IRiskEngine engine_);
}
