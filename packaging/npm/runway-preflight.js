#!/usr/bin/env node
// Runs the program in the package for this system, and ends as it ends: never with 0 where it did not.
"use strict";

const { spawn } = require("node:child_process");
const fs = require("node:fs");
const { constants } = require("node:os");
const path = require("node:path");

// "Runway could not be asked", as the program itself ends.
const CANNOT_TELL = 5;

// What the header of a program says of its machine.
const MACHINES = {
  linux: { x64: 0x3e, arm64: 0xb7 },
  darwin: { x64: 0x01000007, arm64: 0x0100000c },
  win32: { x64: 0x8664, arm64: 0x8664 },
};

function fail(message) {
  process.stderr.write(`runway-preflight: ${message}\n`);
  process.exitCode = CANNOT_TELL;
}

// Windows on ARM runs the x64 program.
const system = `${process.platform}-${process.platform === "win32" && process.arch === "arm64" ? "x64" : process.arch}`;
const name = `runway-preflight-${system}`;
const known = Object.keys(require("../package.json").optionalDependencies);

function resolve(name) {
  try {
    return require.resolve(`${name}/bin/runway-preflight${name.includes("-win32-") ? ".exe" : ""}`);
  } catch {
    return undefined;
  }
}

/** The lockfile around this package that leaves out the package for this system, but names one for another. */
function foreignLockfile() {
  for (let folder = __dirname; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    for (const file of ["package-lock.json", "npm-shrinkwrap.json"].map((name) => path.join(folder, name))) {
      try {
        const locked = Object.keys(JSON.parse(fs.readFileSync(file, "utf8")).packages).map((key) => path.basename(key));
        if (!locked.includes(name) && known.some((other) => locked.includes(other))) {
          return file;
        }
      } catch {
        // There is none here, or none that can be read.
      }
    }
  }
  return undefined;
}

function whyMissing() {
  if (!known.includes(name)) {
    const systems = known.map((name) => name.replace("runway-preflight-", "")).join(", ");
    return `there is no package for ${process.platform}-${process.arch}, only for ${systems}; build it with Rust instead: cargo install --locked runway-preflight`;
  }
  const missing = `the package ${name} is not installed`;
  const lockfile = foreignLockfile();
  if (lockfile) {
    return `${missing}: ${lockfile} was written on another system and leaves it out; delete that file and node_modules, and run npm install again`;
  }
  const other = known.find(resolve);
  if (other) {
    return `${missing}, but ${other} is: node_modules comes from another system; delete it, and run npm install here`;
  }
  return `${missing}: run npm install without --omit=optional (--no-optional)`;
}

/** Whether the operating system can run it. What it cannot run, Node hands to `sh`, which may find nothing wrong. */
function isProgram(bytes) {
  const machine = MACHINES[process.platform][system.split("-")[1]];
  const u16 = (at) => bytes.readUInt16LE(at);
  const u32 = (at) => bytes.readUInt32LE(at);
  const u64 = (at) => Number(bytes.readBigUInt64LE(at));
  const begins = (text) => bytes.latin1Slice(0, text.length) === text;
  try {
    if (process.platform === "win32") {
      return begins("MZ") && bytes.latin1Slice(u32(0x3c), u32(0x3c) + 4) === "PE\0\0" && u16(u32(0x3c) + 4) === machine;
    }
    if (begins("#!/")) {
      return true; // a script, which names what runs it
    }
    if (process.platform === "linux") {
      // The table of sections is at the end of the file.
      return begins("\x7fELF\x02\x01") && u16(18) === machine && bytes.length >= u64(40) + u16(58) * u16(60);
    }
    let end = 32 + u32(20);
    for (let command = 32, left = u32(16); left > 0; left -= 1, command += u32(command + 4)) {
      if (u32(command) === 0x19) {
        end = Math.max(end, u64(command + 40) + u64(command + 48)); // a segment
      }
    }
    return u32(0) === 0xfeedfacf && u32(4) === machine && bytes.length >= end;
  } catch {
    return false; // it ends before its header does
  }
}

function run(binary) {
  let child;
  // What is meant for the program reaches it; then this process ends as the program does.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"]) {
    process.on(signal, () => child?.kill(signal));
  }
  try {
    if (!isProgram(fs.readFileSync(binary))) {
      return fail(`${binary} is not a whole program for ${system}; delete node_modules, and run npm install again`);
    }
    child = spawn(binary, process.argv.slice(2), { stdio: "inherit" });
  } catch (error) {
    return fail(`${binary} could not be run: ${error.message}`);
  }
  child.on("error", (error) => fail(`${binary} could not be run: ${error.message}`));
  child.on("exit", (code, signal) => {
    if (signal === null) {
      process.exitCode = code;
      return;
    }
    // It stands where the signal does not end this process: Node ignores some, and process 1 of a container most.
    process.exitCode = 128 + constants.signals[signal];
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

const binary = resolve(name);
if (binary === undefined) {
  fail(whyMissing());
} else {
  run(binary);
}
