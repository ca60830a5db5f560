#!/usr/bin/env bash
# target.sh OS ARCH: the name of the released asset for a runner, as RUNNER_OS and RUNNER_ARCH name it.
# Prints nothing, and fails, for a system that no asset is released for.
set -euo pipefail

case "$1/$2" in
  Linux/X64) echo runway-preflight-x86_64-unknown-linux-musl ;;
  Linux/ARM64) echo runway-preflight-aarch64-unknown-linux-musl ;;
  macOS/X64) echo runway-preflight-x86_64-apple-darwin ;;
  macOS/ARM64) echo runway-preflight-aarch64-apple-darwin ;;
  Windows/X64) echo runway-preflight-x86_64-pc-windows-msvc.exe ;;
  *) exit 1 ;;
esac
