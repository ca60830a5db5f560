#!/usr/bin/env node
// Runs the binary of the package for this system, and ends as it ends.
"use strict";

const { spawn } = require("node:child_process");

// "Runway could not be asked", as the binary itself ends.
const CANNOT_TELL = 5;

function fail(message) {
  process.stderr.write(`runway-preflight: ${message}\n`);
  process.exit(CANNOT_TELL);
}

const system = `${process.platform}-${process.arch}`;
const name = `runway-preflight-${system}`;
const suffix = process.platform === "win32" ? ".exe" : "";
const known = Object.keys(require("../package.json").optionalDependencies);

let binary;
try {
  binary = require.resolve(`${name}/bin/runway-preflight${suffix}`);
} catch {
  fail(
    known.includes(name)
      ? `the package ${name} is not installed; install without --omit=optional (--no-optional), and on this kind of ` +
          "system: a node_modules folder from another one does not hold it"
      : `there is no package for ${system}, only for ` +
          `${known.map((known) => known.replace("runway-preflight-", "")).join(", ")}; ` +
          "build it with Rust instead: cargo install --locked runway-preflight",
  );
}

const child = spawn(binary, process.argv.slice(2), { stdio: "inherit" });
// What is meant for the command reaches it; then this process ends as the command does.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => child.kill(signal));
}
child.on("error", (error) => fail(`${binary} could not be run: ${error.message}`));
child.on("exit", (code, signal) => {
  if (signal === null) {
    process.exit(code);
  }
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
