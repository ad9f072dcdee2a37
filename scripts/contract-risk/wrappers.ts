// SPDX-License-Identifier: GPL-3.0-or-later

const HEAD = '// SPDX-License-Identifier: MIT\npragma solidity ^0.8.19;\n'

/** Contracts of OpenZeppelin that are there to be inherited from, inherited from. */
function openzeppelin(folder: string, five: boolean): Record<string, string> {
  const own = five ? 'Ownable(msg.sender)' : ''
  const utils = five ? 'utils' : 'security'
  const wrap = (imports: readonly string[], body: string) =>
    `${HEAD}${imports.map((path) => `import "${folder}/${path}.sol";`).join('\n')}\n${body}\n`
  return {
    [`${folder}-own/OwnedCoin.sol`]: wrap(
      ['token/ERC20/ERC20', 'access/Ownable'],
      `contract OwnedCoin is ERC20, Ownable { constructor() ERC20("Coin", "C") ${own} {}
  function mint(address to, uint256 amount) external onlyOwner { _mint(to, amount); }
  function burn(uint256 amount) external { _burn(msg.sender, amount); } }`,
    ),
    [`${folder}-own/PermitCoin.sol`]: wrap(
      ['token/ERC20/extensions/ERC20Permit', 'access/AccessControl'],
      `contract PermitCoin is ERC20Permit, AccessControl { bytes32 public constant MINTER = keccak256("MINTER");
  constructor() ERC20("Coin", "C") ERC20Permit("Coin") { _grantRole(DEFAULT_ADMIN_ROLE, msg.sender); }
  function mint(address to, uint256 amount) external onlyRole(MINTER) { _mint(to, amount); } }`,
    ),
    [`${folder}-own/ShareVault.sol`]: wrap(
      ['token/ERC20/extensions/ERC4626', 'access/Ownable'],
      `contract ShareVault is ERC4626, Ownable { constructor(IERC20 asset_) ERC20("Shares", "S") ERC4626(asset_) ${own} {}
  function rescue(IERC20 token, uint256 amount) external onlyOwner { SafeERC20.safeTransfer(token, msg.sender, amount); } }`,
    ),
    [`${folder}-own/Picture.sol`]: wrap(
      ['token/ERC721/extensions/ERC721URIStorage', 'access/Ownable'],
      `contract Picture is ERC721URIStorage, Ownable { uint256 public next; uint256 public price = 0.01 ether; constructor() ERC721("Picture", "P") ${own} {}
  function buy(string calldata uri) external payable { require(msg.value >= price, "price"); uint256 id = next++; _safeMint(msg.sender, id); _setTokenURI(id, uri); }
  function withdraw(address payable to) external onlyOwner { (bool success, ) = to.call{value: address(this).balance}(""); require(success, "not sent"); } }`,
    ),
    [`${folder}-own/GuardedBank.sol`]: wrap(
      [`${utils}/ReentrancyGuard`, `${utils}/Pausable`, 'access/Ownable', 'utils/Address'],
      `contract GuardedBank is ReentrancyGuard, Pausable, Ownable { mapping(address => uint256) public balances; ${five ? 'constructor() Ownable(msg.sender) {}' : ''}
  function deposit() external payable whenNotPaused { balances[msg.sender] += msg.value; }
  function withdraw(uint256 amount) external nonReentrant { Address.sendValue(payable(msg.sender), amount); balances[msg.sender] -= amount; }
  function pause() external onlyOwner { _pause(); } function close(address payable to) external onlyOwner { Address.sendValue(to, address(this).balance); } }`,
    ),
    [`${folder}-own/OpenBank.sol`]: wrap(
      ['access/Ownable', 'utils/Address'],
      `contract OpenBank is Ownable { mapping(address => uint256) public balances; ${five ? 'constructor() Ownable(msg.sender) {}' : ''}
  function deposit() external payable { balances[msg.sender] += msg.value; }
  function withdraw(uint256 amount) external { /*E*/balances[msg.sender] -= amount;/*e*/ /*I*/Address.sendValue(payable(msg.sender), amount);/*i*/ }
  function execute(address target, bytes calldata data) external onlyOwner returns (bytes memory) { return Address.functionCall(target, data); } }`,
    ),
    [`${folder}-own/Module.sol`]: wrap(
      ['proxy/utils/UUPSUpgradeable', 'proxy/utils/Initializable', 'access/Ownable'],
      `contract Module is Initializable, UUPSUpgradeable, Ownable { address public treasury; ${five ? 'constructor() Ownable(msg.sender) {}' : ''}
  function initialize(address treasury_, address owner_) external initializer { treasury = treasury_; _transferOwnership(owner_); }
  function _authorizeUpgrade(address) internal override onlyOwner {}
  function setTreasury(address treasury_) external onlyOwner { treasury = treasury_; } }`,
    ),
  }
}

const SOLADY: Record<string, string> = {
  'solady-own/SoladyCoin.sol': `${HEAD}import "solady/src/tokens/ERC20.sol"; import "solady/src/auth/Ownable.sol";
contract SoladyCoin is ERC20, Ownable { constructor() { _initializeOwner(msg.sender); }
  function name() public pure override returns (string memory) { return "Coin"; } function symbol() public pure override returns (string memory) { return "C"; }
  function mint(address to, uint256 amount) external onlyOwner { _mint(to, amount); } function burn(uint256 amount) external { _burn(msg.sender, amount); } }
`,
  'solady-own/SoladyVault.sol': `${HEAD}import "solady/src/tokens/ERC4626.sol"; import "solady/src/auth/Ownable.sol";
contract SoladyVault is ERC4626, Ownable { address private _token; constructor(address token) { _token = token; _initializeOwner(msg.sender); }
  function asset() public view override returns (address) { return _token; } function name() public pure override returns (string memory) { return "Vault"; } function symbol() public pure override returns (string memory) { return "V"; }
  function rescue(address token, uint256 amount) external onlyOwner { SafeTransferLib.safeTransfer(token, msg.sender, amount); } }
`,
  'solady-own/SoladyBank.sol': `${HEAD}import "solady/src/auth/Ownable.sol"; import "solady/src/utils/SafeTransferLib.sol"; import "solady/src/utils/ReentrancyGuard.sol";
contract SoladyBank is Ownable, ReentrancyGuard { mapping(address => uint256) public balances; constructor() { _initializeOwner(msg.sender); }
  function deposit() external payable { balances[msg.sender] += msg.value; }
  function withdraw(uint256 amount) external { /*E*/balances[msg.sender] -= amount;/*e*/ /*I*/SafeTransferLib.safeTransferETH(msg.sender, amount);/*i*/ }
  function sweep(address to) external onlyOwner nonReentrant { SafeTransferLib.safeTransferAllETH(to); } }
`,
  'solady-own/SoladyPicture.sol': `${HEAD}import "solady/src/tokens/ERC721.sol"; import "solady/src/auth/OwnableRoles.sol";
contract SoladyPicture is ERC721, OwnableRoles { uint256 public next; constructor() { _initializeOwner(msg.sender); }
  function name() public pure override returns (string memory) { return "Picture"; } function symbol() public pure override returns (string memory) { return "P"; } function tokenURI(uint256) public pure override returns (string memory) { return ""; }
  function mint(address to) external onlyRoles(1) { _safeMint(to, next++); }
  function withdraw(address payable to) external onlyOwner { (bool success, ) = to.call{value: address(this).balance}(""); require(success, "not sent"); } }
`,
}

/** Small contracts on top of packages, by folder of the package and path. */
export const WRAPPERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  oz5: openzeppelin('oz5', true),
  '@openzeppelin/contracts': openzeppelin('@openzeppelin/contracts', false),
  solady: SOLADY,
}
