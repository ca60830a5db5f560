"""What the servers of this folder answer, and the certificates that they show."""

from __future__ import annotations

import datetime
import json
import random
import subprocess
from pathlib import Path

from support import die

MODELS_OF_A_HISTORY = 75
FIRST_DAY = datetime.date(2026, 8, 1)

SYSTEM_STORES = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
]


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")


def model_names(count: int) -> list[str]:
    """In no order, as an answer has them; the same in each run."""
    names = ["gen4.5", *(f"model_{n:05}" for n in range(1, count))]
    random.Random(count).shuffle(names)
    return names


def organization(count: int) -> dict:
    limits = {"maxConcurrentGenerations": 2, "maxDailyGenerations": 200}
    names = model_names(count)
    return {
        "tier": {"maxMonthlyCreditSpend": 10_000, "models": {name: limits for name in names}},
        "creditBalance": 5_000,
        "usage": {"models": {name: {"dailyGenerations": n % 150} for n, name in enumerate(reversed(names))}},
    }


def history(days: int) -> dict:
    names = model_names(MODELS_OF_A_HISTORY)
    results = [
        {
            "date": str(FIRST_DAY + datetime.timedelta(day)),
            "usedCredits": [{"model": name, "amount": 5 + (day * 7 + n) % 90} for n, name in enumerate(names)],
        }
        for day in range(days)
    ]
    return {"results": results, "models": names}


def usage_flag(days: int) -> list[str]:
    return ["--usage", f"{FIRST_DAY}..{FIRST_DAY + datetime.timedelta(days)}"]


def system_store() -> Path:
    for name in SYSTEM_STORES:
        if Path(name).is_file():
            return Path(name)
    die("no certificate store found (apt-get install ca-certificates); looked for " + ", ".join(SYSTEM_STORES))


def make_certificates(folder: Path) -> tuple[Path, Path, Path]:
    """An authority that exists for this run, and a certificate by it for loopback."""
    (folder / "openssl.cnf").write_text(
        "[req]\ndistinguished_name = name\n[name]\n"
        "[authority]\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign\n"
        "[leaf]\nbasicConstraints = critical, CA:FALSE\nsubjectAltName = DNS:localhost, IP:127.0.0.1\n"
        "keyUsage = critical, digitalSignature\nextendedKeyUsage = serverAuth\n",
        encoding="utf-8",
    )
    request = "req -config openssl.cnf -new"
    sign = "x509 -req -CA authority.pem -CAkey authority.key -set_serial 1 -days 2"
    for arguments in [
        "ecparam -name prime256v1 -genkey -noout -out authority.key",
        "ecparam -name prime256v1 -genkey -noout -out leaf.key",
        f"{request} -x509 -key authority.key -subj /CN=throw-away -days 2 -extensions authority -out authority.pem",
        f"{request} -key leaf.key -subj /CN=localhost -out leaf.csr",
        f"{sign} -in leaf.csr -extfile openssl.cnf -extensions leaf -out leaf.pem",
        "pkcs8 -topk8 -nocrypt -in leaf.key -out leaf.pk8",
    ]:
        done = subprocess.run(["openssl", *arguments.split()], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            die(f"openssl {arguments.split()[0]}: {done.stderr.strip()}")
    return folder / "leaf.pem", folder / "leaf.pk8", folder / "authority.pem"
