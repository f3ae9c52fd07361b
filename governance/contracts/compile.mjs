// Compiles solidity/ with the solc and the OpenZeppelin Contracts that package-lock.json pins.
//
//   npm ci && node compile.mjs [DIRECTORY]
//
// Writes DIRECTORY (default: artifacts/, which is committed): compiler-input.json, the complete
// standard input with the text of every source, and <Contract>.json for each deployable contract.
// The output depends on nothing else: no path, no time and no environment gets into it, so a second
// run is equal byte for byte.

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import solc from "solc";

const HERE = dirname(fileURLToPath(import.meta.url));
const SOLC = "0.8.37";
const CODE_SIZE_LIMIT = 24576; // EIP-170, bytes
const OPENZEPPELIN = "@openzeppelin/contracts/";
const TIMELOCK = `${OPENZEPPELIN}governance/TimelockController.sol`;
const DEPLOYABLE = {
  AnchorRegistry: "AnchorRegistry.sol",
  ConcordGovernor: "ConcordGovernor.sol",
  ConcordToken: "ConcordToken.sol",
  MembershipRegistry: "MembershipRegistry.sol",
  ModelRegistry: "ModelRegistry.sol",
  PolicyRegistry: "PolicyRegistry.sol",
  TimelockController: TIMELOCK,
};

function ownSources() {
  const names = readdirSync(join(HERE, "solidity")).filter((name) => name.endsWith(".sol"));
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(join(HERE, "solidity", name), "utf8")]),
  );
}

function importsOf(name, text) {
  const found = [...text.matchAll(/^import\s[^;]*?"([^"]+)";/gms)].map((match) => match[1]);
  return found.map((path) => (path.startsWith(".") ? join(dirname(name), path) : path));
}

// Every file that the contracts reach by imports, and no other, sorted by name.
function collectSources() {
  const sources = ownSources();
  const pending = [...Object.keys(sources), TIMELOCK];
  const seen = new Set();
  while (pending.length > 0) {
    const name = pending.pop();
    if (seen.has(name)) continue;
    seen.add(name);
    sources[name] ??= readFileSync(join(HERE, "node_modules", name), "utf8");
    pending.push(...importsOf(name, sources[name]));
  }
  return Object.fromEntries(
    Object.keys(sources)
      .sort()
      .map((name) => [name, { content: sources[name] }]),
  );
}

function standardInput() {
  return {
    language: "Solidity",
    sources: collectSources(),
    settings: {
      evmVersion: "cancun",
      optimizer: { enabled: true, runs: 200 },
      viaIR: true,
      outputSelection: {
        "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] },
      },
    },
  };
}

function compile(input) {
  if (!solc.version().startsWith(`${SOLC}+`))
    throw new Error(`solc ${SOLC} is needed, found ${solc.version()}`);
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  // A warning in OpenZeppelin's sources is theirs to mend; one in ours is an error.
  const isTheirWarning = ({ severity, sourceLocation }) =>
    severity !== "error" && sourceLocation?.file.startsWith(OPENZEPPELIN);
  const messages = (output.errors ?? []).filter((message) => !isTheirWarning(message));
  if (messages.length > 0)
    throw new Error(messages.map((message) => message.formattedMessage).join("\n"));
  return output.contracts;
}

function artifactOf(name, source, contract) {
  const { abi, evm } = contract;
  const deployedSize = evm.deployedBytecode.object.length / 2;
  if (deployedSize > CODE_SIZE_LIMIT)
    throw new Error(`${name} has ${deployedSize} bytes, ${CODE_SIZE_LIMIT} are allowed`);
  return {
    contractName: name,
    sourceName: source,
    compiler: solc.version(),
    deployedSize,
    abi,
    bytecode: `0x${evm.bytecode.object}`,
    deployedBytecode: `0x${evm.deployedBytecode.object}`,
  };
}

function main(directory) {
  const input = standardInput();
  const contracts = compile(input);
  mkdirSync(directory, { recursive: true });
  const write = (name, value) =>
    writeFileSync(join(directory, name), `${JSON.stringify(value, null, 1)}\n`);
  write("compiler-input.json", input);
  for (const [name, source] of Object.entries(DEPLOYABLE)) {
    const artifact = artifactOf(name, source, contracts[source][name]);
    write(`${name}.json`, artifact);
    console.log(`${name.padEnd(20)} ${String(artifact.deployedSize).padStart(6)} bytes`);
  }
}

main(process.argv[2] ?? join(HERE, "artifacts"));
