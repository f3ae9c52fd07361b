// What a wallet's page does through ethers: deploy, send, read events, and understand refusals.
// Arguments: URL of the JSON-RPC endpoint, file URL of ethers, path of Probe.json. Prints JSON.

import { readFileSync } from "node:fs";

const [url, library, artifact] = process.argv.slice(2);
const { ethers } = await import(library);
const { abi, bytecode } = JSON.parse(readFileSync(artifact, "utf8"));

const refusal = async (attempt) => {
  try {
    await attempt();
    return "nothing was refused";
  } catch (error) {
    return { code: error.code, reason: error.reason, revert: error.revert?.name };
  }
};

const provider = new ethers.JsonRpcProvider(url);
const wallet = ethers.Wallet.createRandom().connect(provider);
const probe = await new ethers.ContractFactory(abi, bytecode, wallet).deploy();
await probe.waitForDeployment();
const heard = new Promise((resolve) => probe.on("Noted", (topic, number) => resolve(number)));
const receipt = await (await probe.stamp()).wait();
await (await probe.note(ethers.ZeroHash, 7, 1)).wait();
const stamped = await probe.queryFilter(probe.filters.Stamped(wallet.address));
const used = await wallet.signTransaction({
  ...(await wallet.populateTransaction({ to: wallet.address })),
  nonce: 0,
});

console.log(
  JSON.stringify({
    chainId: Number((await provider.getNetwork()).chainId),
    status: receipt.status,
    fee: Number(receipt.fee),
    event: receipt.logs[0].fragment.name,
    stamped: stamped.length,
    heard: Number(await heard),
    full: (await provider.getBlock("latest", true)).prefetchedTransactions.length,
    custom: await refusal(() => probe.refuse(42, "no")),
    reason: await refusal(() => probe.complain("why")),
    panic: await refusal(() => probe.divide(1, 0)),
    funds: await refusal(() => wallet.sendTransaction({ to: wallet.address, value: 5 })),
    nonce: await refusal(() => provider.broadcastTransaction(used)),
  }),
);
provider.destroy();
process.exit(0);
