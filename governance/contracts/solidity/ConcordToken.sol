// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Capped} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Capped.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {Time} from "@openzeppelin/contracts/utils/types/Time.sol";

/**
 * @title ConcordToken
 * @dev Voting power. Capped; allocated once at deployment, and minted afterwards by the owner
 * alone, which is the timelock. Its clock (ERC-6372) is the block's time in seconds, so that
 * deadlines mean the same on every chain.
 *
 * Power follows delegation, and {ERC20Votes} counts nothing for an account that has not delegated,
 * while the quorum is a share of the whole supply. An account that receives its first tokens
 * therefore delegates to itself, unless it has chosen a delegate before.
 *
 * NOTE: An account that delegates to the zero address abstains from delegation on purpose. It is
 * left alone for as long as it holds tokens; if it gives all away and receives again, it delegates
 * to itself again.
 *
 * WARNING: Tokens that the treasury (the timelock) holds count in the quorum's supply and never
 * vote. Keep other assets there, and mint when tokens are to be given out.
 */
contract ConcordToken is ERC20, ERC20Capped, ERC20Permit, ERC20Votes, Ownable2Step {
    struct Allocation {
        address holder;
        uint256 amount;
    }

    constructor(
        string memory name_,
        string memory symbol_,
        uint256 cap_,
        address timelock,
        Allocation[] memory allocations
    ) ERC20(name_, symbol_) ERC20Capped(cap_) ERC20Permit(name_) Ownable(timelock) {
        for (uint256 i = 0; i < allocations.length; ++i) {
            _mint(allocations[i].holder, allocations[i].amount);
        }
    }

    /// @dev Mints up to the cap. Power at past times, and so every running vote, is not affected.
    function mint(address to, uint256 amount) external onlyOwner {
        _mint(to, amount);
    }

    function clock() public view override returns (uint48) {
        return Time.timestamp();
    }

    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    function _update(
        address from,
        address to,
        uint256 amount
    ) internal override(ERC20, ERC20Capped, ERC20Votes) {
        bool first = amount != 0 && to != address(0) && balanceOf(to) == 0;
        super._update(from, to, amount);
        if (first && delegates(to) == address(0)) {
            _delegate(to, to);
        }
    }
}
