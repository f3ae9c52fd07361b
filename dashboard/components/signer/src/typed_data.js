// EIP-712: the 32 bytes that are signed for typed data. Only the types that Concord's events use
// (string, address, bytes32, uint64, uint256) are known; anything else is refused.

import { keccak_256 } from "@noble/hashes/sha3";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils";

export { bytesToHex, hexToBytes };

const hash = (bytes) => keccak_256(bytes);

function word(value, size) {
  const hex = BigInt(value).toString(16);
  if (hex.length > size * 2 || hex.startsWith("-")) throw new Error("a number is out of range");
  return hexToBytes(hex.padStart(64, "0"));
}

function plainHex(value, bytes) {
  const text = String(value).replace(/^0x/, "");
  if (text.length !== bytes * 2) throw new Error(`expected ${bytes} bytes`);
  return hexToBytes(text.toLowerCase());
}

function encodeValue(type, value) {
  if (type === "string") return hash(utf8ToBytes(value));
  if (type === "bytes32") return plainHex(value, 32);
  if (type === "address") return concatBytes(new Uint8Array(12), plainHex(value, 20));
  if (type === "uint64") return word(value, 8);
  if (type === "uint8") return word(value, 1);
  if (type === "uint48") return word(value, 6);
  if (type === "uint256") return word(value, 32);
  if (type === "bytes") return hash(hexToBytes(String(value).replace(/^0x/, "").toLowerCase()));
  throw new Error(`the type ${type} is not one that is signed here`);
}

function hashStruct(name, types, value) {
  const fields = types[name];
  const signature = `${name}(${fields.map((f) => `${f.type} ${f.name}`).join(",")})`;
  const parts = fields.map((f) => encodeValue(f.type, value[f.name]));
  return hash(concatBytes(hash(utf8ToBytes(signature)), ...parts));
}

/** The digest of typed data as `eth_signTypedData_v4` takes it; a Uint8Array of 32 bytes. */
export function digestOf({ types, primaryType, domain, message }) {
  return hash(
    concatBytes(
      Uint8Array.of(0x19, 0x01),
      hashStruct("EIP712Domain", types, domain),
      hashStruct(primaryType, types, message),
    ),
  );
}

/** The digest of a message of text as `personal_sign` takes it (EIP-191, version 0x45). */
export function messageDigestOf(message) {
  const text = utf8ToBytes(message);
  return hash(concatBytes(utf8ToBytes(`\x19Ethereum Signed Message:\n${text.length}`), text));
}

/** EIP-55 address of an uncompressed public key of 65 bytes. */
export function addressOf(publicKey) {
  const lower = bytesToHex(hash(publicKey.slice(1)).slice(12));
  const check = bytesToHex(hash(utf8ToBytes(lower)));
  return "0x" + [...lower].map((c, i) => (parseInt(check[i], 16) >= 8 ? c.toUpperCase() : c)).join("");
}
