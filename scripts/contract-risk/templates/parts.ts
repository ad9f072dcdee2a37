// SPDX-License-Identifier: GPL-3.0-or-later

/** Chooses among ways to write the same thing; the same choices for the same seed. */
export type Choice = {
  below(count: number): number
  pick<T>(options: readonly T[]): T
  chance(percent: number): boolean
}

/** Choices from a seed: mulberry32. */
export function choices(seed: number): Choice {
  let state = seed >>> 0
  const below = (count: number): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * count)
  }
  return { below, pick: (options) => options[below(options.length)]!, chance: (percent) => below(100) < percent }
}

/**
 * What the families of contracts are written with. Comments mark what the mutations change, and compile to nothing:
 * `E…e` state that is written before `I…i` goes out to others; `A…a` a modifier that keeps strangers out; `S…s` who is
 * let in; `C…c` a check of what a call returned; `U…u` arithmetic and `R…r` the check in it; `W…w` where chance comes
 * from; `N…n` what keeps an initialiser from running again; `Z…z` a check of a signature.
 */
export type Parts = {
  readonly r: Choice
  /** State, modifiers and errors of a contract with an owner; `owned` goes behind a function that strangers must not call. */
  readonly ownable: string
  readonly owned: string
  /** Modifier of functions that cannot be entered again, or nothing, with what declares it. */
  readonly guard: string
  readonly guardCode: string
  /** A check with a text or an error of its own. */
  check(condition: string, text: string): string
  /** Coins to somebody, checked. */
  send(to: string, amount: string): string
  /** Tokens to somebody, checked. */
  pay(token: string, to: string, amount: string): string
  /** State written and coins sent, in this order. */
  settle(effect: string, interaction: string): string
  /** Takes from a balance. */
  take(balance: string, amount: string): string
  /** Functions that any contract may have. */
  readonly extras: string
}

const INTERFACE_ERC20 = `interface IToken {
  function transfer(address to, uint256 amount) external returns (bool);
  function transferFrom(address from, address to, uint256 amount) external returns (bool);
  function balanceOf(address account) external view returns (uint256);
}`

export function partsOf(r: Choice): Parts {
  const useErrors = r.chance(50)
  const check = (condition: string, text: string): string =>
    useErrors ? `if (!(${condition})) revert Refused();` : `require(${condition}, "${text}");`
  const guarded = r.chance(35)
  const locked = r.pick(['uint256', 'bool'])
  const [off, on] = locked === 'bool' ? ['false', 'true'] : ['1', '2']
  const guardCode = guarded
    ? `${locked} private _lock = ${off};
  modifier nonReentrant() { ${check(`_lock == ${off}`, 'reentrant')} _lock = ${on}; _; _lock = ${off}; }`
    : ''
  const style = r.below(3)
  const helper = r.chance(50)
  const sender = '/*S*/msg.sender/*s*/'
  const ownable = [
    `address public owner = msg.sender;
  modifier onlyOwner() { ${check(`${sender} == owner`, 'not the owner')} _; }`,
    `address public owner = msg.sender;
  function _checkOwner() internal view { ${check(`${sender} == owner`, 'caller is not the owner')} }
  modifier onlyOwner() { _checkOwner(); _; }`,
    `mapping(address => bool) public isAdmin;
  function setAdmin(address who, bool yes) external onlyOwner { isAdmin[who] = yes; }
  modifier onlyOwner() { ${check(`isAdmin[${sender}]`, 'admins only')} _; }`,
  ][style]!
  const send = (to: string, amount: string): string =>
    helper ? `_send(${to}, ${amount});` : callWith(to, amount, check)
  const sender2 = helper
    ? `function _send(address to, uint256 amount) internal { ${callWith('to', 'amount', check)} }`
    : ''
  // With a guard the order does not matter, and some write it the other way round.
  const swapped = guarded && r.chance(50)
  return {
    r,
    ownable: `${useErrors ? 'error Refused();' : ''} ${ownable} ${sender2}`,
    owned: '/*A*/ onlyOwner /*a*/',
    guard: guarded ? '/*G*/ nonReentrant /*g*/' : '',
    guardCode,
    check,
    send,
    pay: (token, to, amount) => `/*C*/require(/*c*/${token}.transfer(${to}, ${amount})/*C*/)/*c*/;`,
    settle: (effect, interaction) =>
      swapped ? `${interaction} ${effect}` : `/*E*/${effect}/*e*/ /*I*/${interaction}/*i*/`,
    take: (balance, amount) =>
      `/*U*/ /*R*/${check(`${balance} >= ${amount}`, 'too little')}/*r*/ ${balance} -= ${amount}; /*u*/`,
    extras: extras(r, check),
  }
}

function callWith(to: string, amount: string, check: Parts['check']): string {
  return `{ (bool ok, ) = ${to}.call{value: ${amount}}(""); /*C*/${check('ok', 'not sent')}/*c*/ }`
}

function extras(r: Choice, check: Parts['check']): string {
  const all = [
    `bool public paused; event Paused(bool yes);
  function setPaused(bool yes) external onlyOwner { paused = yes; emit Paused(yes); }`,
    `uint256 public feeBips; event FeeSet(uint256 fee);
  function setFee(uint256 fee) external onlyOwner { ${check('fee <= 1000', 'fee too high')} feeBips = fee; emit FeeSet(fee); }
  function feeOf(uint256 amount) public view returns (uint256) { return amount * feeBips / 10_000; }`,
    `string public label = "${r.pick(['first', 'second series', 'a contract with a rather long name of its own'])}";
  function setLabel(string calldata text) external onlyOwner { label = text; }`,
    `mapping(address => bool) public isAllowed;
  function allow(address[] calldata who) external onlyOwner { for (uint256 i = 0; i < who.length; ++i) isAllowed[who[i]] = true; }`,
    `mapping(address => uint256) public lastSeen; uint256 public cooldown = ${1 + r.below(7)} days;
  function ping() external { ${check('block.timestamp >= lastSeen[msg.sender] + cooldown', 'too early')} lastSeen[msg.sender] = block.timestamp; }`,
    `function version() external pure returns (uint256) { return ${1 + r.below(90)}; }`,
    `event Noted(address indexed who, bytes data); function noteDown(bytes calldata data) external { emit Noted(msg.sender, data); }`,
    `function supportsInterface(bytes4 id) external pure returns (bool) { return id == 0x01ffc9a7 || id == 0x${(0x10000000 + r.below(0xeffffff)).toString(16)}; }`,
    `address[] public members; function join() external { members.push(msg.sender); }
  function memberCount() external view returns (uint256) { return members.length; }`,
    `function digestOf(address a, uint256 b) public view returns (bytes32) { return keccak256(abi.encode(block.chainid, address(this), a, b)); }`,
    `mapping(bytes32 => bytes) public records; function setRecord(bytes32 key, bytes calldata value) external onlyOwner { records[key] = value; }`,
    `uint64 public opensAt = uint64(block.timestamp); function isOpen() public view returns (bool) { return block.timestamp >= opensAt; }`,
    `function average(uint256 a, uint256 b) external pure returns (uint256) { return (a & b) + (a ^ b) / 2; }`,
  ]
  const left = [...all]
  const chosen: string[] = []
  for (let i = r.below(5); i > 0; i--) chosen.push(left.splice(r.below(left.length), 1)[0]!)
  return chosen.join('\n  ')
}

/** A source file with one contract. */
export function file(name: string, p: Parts, body: string, before = ''): string {
  const parts = p.r.chance(50) ? [p.ownable, p.guardCode, body, p.extras] : [p.extras, p.ownable, body, p.guardCode]
  const usesTokens = body.includes('IToken')
  return `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.19;
${usesTokens ? INTERFACE_ERC20 : ''}
${before}
contract ${name} {
  ${parts.join('\n  ')}
}
`
}
