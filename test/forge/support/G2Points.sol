// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity ^0.8.28;

import {BN254} from "../../../contracts/libraries/BN254.sol";

/// @title Points of the twist, computed once: no precompile multiplies in G2
library G2Points {
    uint256 internal constant COUNT = 8;
    uint256 internal constant STRAYS = 4;

    /// @dev k_i·G2, four words a point in EIP-197 order.
    bytes private constant POINTS =
        hex"0dbf0d053ec84fecab5c5ce6dc3f5cb5373d6e41c44d0b060cb257b643fb0e90"
        hex"105f18bc0552eaef6b9635fdc216460a6c2b595c6f1a46ec73470fc3ac4c22c2"
        hex"13291e0893a8b387e420c2e05405412fe97e0f4bca0e95df4979a704f8b974f9"
        hex"0954288a06679d897df66002a7f0220122923baf68a3680611a95e34ca1dadad"
        hex"086f1e3257da8f2636c17f1f098e07bf7d542c964a1677da2e20e867c8bd5fc6"
        hex"2e4bebb77024b34469681c9146dce4bbb40d309d84af6954f77d9670871bd9f9"
        hex"14003669b58cfe89beb31cc302e5f5b82feb5878a462f6a96c06e99faf4f9996"
        hex"281eb1e3c7d9931007f380ce1a909d56ab583cf35d309ab88d269629335687f6"
        hex"05872987ee55a391d26c17cc8b71e6d3722fc1052fea7a52738e2a8ca50ac4cf"
        hex"0bf98a55c74e437714b7cecafe461bccc803c049479b879b48b352426714b6ec"
        hex"1b22d4f884d51a562a9ee5f94b6248500b546fa7e9835f3838a94e7b90cf0fe8"
        hex"264b8c087321386f0b64e3dd1e8d924b38a2a1b9009397c1ac20c345966a9f1d"
        hex"0980ca240440ed52ab7920fd6e51224c617f9316a951b1e00e5b96f62ab1eb7d"
        hex"215690d53f3130934c20a9fe90ede3eea013ea5f0a40e4b65a65909be9544807"
        hex"0408cc8c9bf86a71f4360a4e068027a04709ac93e776aae8d24676e1a9590aec"
        hex"01686d8130569458f34d55b5d30c2bf7225eee9befbda23b519f290baf642543"
        hex"1f53c04463efd39bf41bf9c7878d74752449561c4d6fee7ab9c2f179da0362cd"
        hex"10564a181417bedfe8dc64dc8e2f6f477ef39e611db60e124b74c90536ca876f"
        hex"1604b4e06ca773cdaff436d8283781b1fd865c047ddd156e7b083fe0d3850e54"
        hex"20dc64805acbd5513b454aa3b0728eef6a191dfd147740d9a904babc92b4e217"
        hex"1b57cbc6cd79139650a205f5ddc9e64ecd564a0deb84b0563ab69644d3e5b037"
        hex"050284a0aaa1336e5cc21f5d3604bce443f8713daeb5aedf6bdcbb0c7fd27e4b"
        hex"12133bb22ecaf97b1ecb04c6e9b63237a6ecab97a27d7dc3802b3d1956ca0990"
        hex"0249b7be5c49004cd757800253deba2664520894ac5dd8b73037d20f8baa6549"
        hex"12f0b1e0b1264fce254c0e5efc263c612e9b360be18cd326dcaae749e5f6b84a"
        hex"1ddce66639250b4cd2d29009c8c51654bd1f8a58abfa3e55d0d823c8f4164108"
        hex"0ed54814dbb679ba62d372f4bbd39f43a8b8400658e9dca0aae0731840f2d1fe"
        hex"0ce91876d7154988f251dd1908bbbfa2dd6484d28e2dba56f004894d1a3433fc"
        hex"24c8fd69d7f6d10d2b654a626782421f1e8868f793f83f2faa318ce21f4d820a"
        hex"2945c3bdf7919038ed382ef174eb1c58c0e617f30776d028dad3984d3261c788"
        hex"0b8c4aa80db0e8e20b022e145af742a8e1ce2b1ec2c25b94c60ee4f156a43ded"
        hex"0c8b42984270411b689643610154ef0a2313658b9956993032de3eb5a7c3b35e";

    /// @dev On the twist, but not of order r.
    bytes private constant OUTSIDE =
        hex"0000000000000000000000000000000000000000000000000000000000000001"
        hex"0000000000000000000000000000000000000000000000000000000000000002"
        hex"2b76c179599bb92a963dac85546a005a777f7c13f6a7b75d5918b6b5808f5fde"
        hex"101f7278419308b95099eca02dcee0c5381f4d26d1d62313f057167f064101ce"
        hex"0000000000000000000000000000000000000000000000000000000000000001"
        hex"0000000000000000000000000000000000000000000000000000000000000003"
        hex"16f36623ff7c6a394eb9190bb391072c1e41899e5fd5bf84d7132ea39ab5ab0c"
        hex"18317863a822ced60b87aca78e89515cb87f54f50c1600e4512dc35743fa5543"
        hex"0000000000000000000000000000000000000000000000000000000000000001"
        hex"0000000000000000000000000000000000000000000000000000000000000004"
        hex"2ad2c9383d8bdabe86bb6884f007a452191a7cab23442363c36e30c2ae62ef3e"
        hex"269a1a6eb8412c8096e7a79ffd87746fb121bb38e308ba0f3590da864f033a6c"
        hex"0000000000000000000000000000000000000000000000000000000000000001"
        hex"0000000000000000000000000000000000000000000000000000000000000005"
        hex"237844edbccd623aa254f432320c2e7bae38e90e3287cade3214e4a4a041de6b"
        hex"031d14917c0ef54369ffd8eaec5cd0e2197651b9e62887359568223266784540";

    /// @dev k_i, the logarithm of the point of that index.
    function logOf(uint256 index) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("zkml.trapdoor.g2", index))) % BN254.R;
    }

    /// @dev k_i·G2.
    function pointAt(uint256 index) internal pure returns (bytes memory) {
        return _at(POINTS, index);
    }

    /// @dev A point that no key and no proof may hold.
    function strayAt(uint256 index) internal pure returns (bytes memory) {
        return _at(OUTSIDE, index);
    }

    function generator() internal pure returns (bytes memory) {
        return
            abi.encode(
                BN254.G2_X1,
                BN254.G2_X0,
                4082367875863433681332203403145435568316851327593401208105741076214120093531,
                8495653923123431417604973247489272438418190587263600148770280649306958101930
            );
    }

    /// @dev The opposite of a point.
    function negate(bytes memory point) internal pure returns (bytes memory) {
        (uint256 x1, uint256 x0, uint256 y1, uint256 y0) = abi.decode(point, (uint256, uint256, uint256, uint256));
        return abi.encode(x1, x0, _minus(y1), _minus(y0));
    }

    function _minus(uint256 y) private pure returns (uint256) {
        return y == 0 ? 0 : BN254.Q - y;
    }

    function _at(bytes memory points, uint256 index) private pure returns (bytes memory point) {
        point = new bytes(128);
        assembly ("memory-safe") {
            mcopy(add(point, 32), add(add(points, 32), mul(index, 128)), 128)
        }
    }
}
