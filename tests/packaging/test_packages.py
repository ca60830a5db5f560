"""The packages of a rehearsed release, installed and run as users do. What this machine cannot run is skipped aloud."""

import functools
import hashlib
import io
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import unittest
import zipfile
from pathlib import Path

from shared import KEY, ROOT, runway, table, temporary_folder

REHEARSAL = Path(os.environ.get("REHEARSAL") or subprocess.run(
    [ROOT / "packaging" / "release", "--dry-run"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip())
PACKAGES = REHEARSAL / "packages"
ORGANIZATION = ROOT / "examples" / "organization.json"
VERSION = table.package()["version"].removesuffix("-dev")
# One build for all that is tested, and not as it is released.
GIVEN = "RUNWAY_PREFLIGHT" in os.environ
HERE = f"{platform.machine()}-unknown-linux-musl"

# Arguments after the command, and how it ends: a go, a no-go, a wrong command line.
CASES = [
    (["--from", ORGANIZATION, "--generations", "gen4.5=20", "--credits", "1200"], 0, "GO"),
    (["--from", ORGANIZATION, "--generations", "gen4.5=20000"], 6, "NO-GO"),
    (["--generations", "gen4.5"], 2, "error: "),
]


def packed(triple):
    target = table.target(triple)
    path = PACKAGES / "assets" / target.asset
    if not path.exists():
        raise unittest.SkipTest(f"the rehearsal has no binary for {target.system}")
    return path


def wheel(triple):
    return PACKAGES / "pypi" / f"runway_preflight-{VERSION}-py3-none-{table.target(triple).wheel}.whl"


def image(platform_):
    """What the image for a platform is configured to be, and its one layer."""
    def blob(descriptor):
        data = (PACKAGES / "container" / "blobs" / descriptor["digest"].replace(":", "/")).read_bytes()
        assert (f"sha256:{hashlib.sha256(data).hexdigest()}", len(data)) == (descriptor["digest"], descriptor["size"])
        return data

    [images] = json.loads((PACKAGES / "container" / "index.json").read_text())["manifests"]
    [manifest] = [json.loads(blob(one)) for one in json.loads(blob(images))["manifests"]
                  if one["platform"] == dict(zip(("os", "architecture"), platform_.split("/")))]
    [layer] = manifest["layers"]
    return json.loads(blob(manifest["config"])), tarfile.open(fileobj=io.BytesIO(blob(layer)))


def binaries():
    return [target for target in table.TARGETS if (PACKAGES / "assets" / target.asset).exists()]


def run(*command, **settings):
    settings.setdefault("timeout", 300)
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, **settings)


def tool(*names):
    for name in names:
        if found := shutil.which(name):
            return found
    raise unittest.SkipTest(f"there is no {' or '.join(names)} here")


class Case(unittest.TestCase):
    def decides(self, *command, **settings):
        """Every case ends as it must, and an answer over a real connection is read."""
        for arguments, code, says in CASES:
            done = run(*command, *arguments, **settings)
            self.assertEqual(done.returncode, code, done.stderr or done.stdout)
            self.assertIn(says, done.stdout + done.stderr)

    def asks(self, *command, **settings):
        environment = {**settings.pop("env", os.environ), "RUNWAYML_API_SECRET": KEY}
        with runway(json.loads(ORGANIZATION.read_text())) as server:
            done = run(*command, "--credits", "1", "--base-url", server.url, env=environment, **settings)
        self.assertEqual((done.returncode, server.asked()), (0, ["GET /v1/organization"]), done.stderr)

    def versions(self, *command, **settings):
        says = ["runway-preflight", VERSION + ("-dev" if GIVEN else "")]
        self.assertEqual(run(*command, "--version", **settings).stdout.split(), says)


class TheRelease(Case):
    def test_every_channel_carries_the_same_bytes(self):
        for target in binaries():
            built = (REHEARSAL / "binaries" / target.asset).read_bytes()
            name = f"runway-preflight{target.suffix}"
            found = {"asset": packed(target.triple).read_bytes()}
            archive = PACKAGES / "assets" / target.archive
            member = f"runway-preflight-{target.triple}/{name}"
            if target.suffix:
                found["archive"] = zipfile.ZipFile(archive).read(member)
            else:
                found["archive"] = tarfile.open(archive).extractfile(member).read()
            found["wheel"] = zipfile.ZipFile(wheel(target.triple)).read(
                f"runway_preflight-{VERSION}.data/scripts/{name}")
            package = PACKAGES / "npm" / "systems" / f"runway-preflight-{target.npm}-{VERSION}.tgz"
            found["npm"] = tarfile.open(package).extractfile(f"package/bin/{name}").read()
            if target.container:
                found["container"] = image(target.container)[1].extractfile(name).read()
            for channel, data in found.items():
                self.assertTrue(data == built, f"{target.system}: {channel}")

    def test_the_sums_name_every_file(self):
        lines = (PACKAGES / "assets" / "SHA256SUMS").read_text().splitlines()
        for line in lines:
            digest, name = line.split("  ")
            self.assertEqual(hashlib.sha256((PACKAGES / "assets" / name).read_bytes()).hexdigest(), digest)
        files = {path.name for path in (PACKAGES / "assets").iterdir()} - {"SHA256SUMS"}
        self.assertEqual({line.split("  ")[1] for line in lines}, files)

    def test_archives_hold_licences_manual_and_completions(self):
        for target in binaries():
            archive = PACKAGES / "assets" / target.archive
            names = zipfile.ZipFile(archive).namelist() if target.suffix else tarfile.open(archive).getnames()
            inside = {name.partition("/")[2] for name in names}
            self.assertLessEqual({"LICENSE-MIT", "LICENSE-APACHE", "THIRD-PARTY-LICENSES", "README.md", "man/runway-preflight.1",
                                  "completions/runway-preflight.bash"}, inside)

    @unittest.skipIf(GIVEN, "a binary was given that is not of a release")
    def test_no_file_names_owner_dev_or_this_machine(self):
        for path in filter(Path.is_file, PACKAGES.rglob("*")):
            data = path.read_bytes()
            if path.suffix == ".whl" or path.suffix == ".zip":
                archive = zipfile.ZipFile(path)
                data = b"".join(archive.read(name) for name in archive.namelist())
            elif path.suffix in (".tgz", ".gz", ".crate"):
                archive = tarfile.open(path)
                data = b"".join(archive.extractfile(member).read() for member in archive if member.isfile())
            for word in (f"{VERSION}-dev", "github.com/OWNER", str(ROOT), str(Path.home() / ".cargo")):
                self.assertFalse(word.encode() in data, f"{path.name} holds {word}")

    def test_binstall_finds_the_archives(self):
        metadata = table.package()["metadata"]["binstall"]
        for target in table.TARGETS:
            settings = metadata | metadata["overrides"].get(target.triple, {})

            def filled(text):
                values = {"repo": "R", "version": VERSION, "name": "runway-preflight", "target": target.triple,
                          "bin": "runway-preflight", "binary-ext": target.suffix}
                return re.sub(r"\{ ([\w-]+) \}", lambda found: values[found[1]], text)

            self.assertEqual(filled(settings["pkg-url"]), f"R/releases/download/v{VERSION}/{target.archive}")
            self.assertEqual(settings["pkg-fmt"], "zip" if target.suffix else "tgz")
            archive = PACKAGES / "assets" / target.archive
            if archive.exists():
                names = zipfile.ZipFile(archive).namelist() if target.suffix else tarfile.open(archive).getnames()
                self.assertIn(filled(settings["bin-dir"]), names)

    def test_the_formula_has_the_digests_of_the_archives(self):
        formula = PACKAGES / "homebrew" / "runway-preflight.rb"
        found = re.findall(r'url "[^"]*/(\S+)"\n\s+sha256 "(\w+)"', formula.read_text())
        self.assertEqual(dict(found), {
            target.archive: hashlib.sha256((PACKAGES / "assets" / target.archive).read_bytes()).hexdigest()
            for target in binaries() if target.homebrew})
        self.assertEqual(run(tool("ruby"), "-c", formula).stdout, "Syntax OK\n")

    def test_the_sbom_names_the_crates(self):
        for target in binaries():
            path = PACKAGES / "assets" / target.sbom
            if not path.exists():
                self.skipTest("the rehearsal had no cargo-cyclonedx")
            names = {part["name"] for part in json.loads(path.read_text())["components"]}
            self.assertLessEqual({"ureq", "rustls", "serde_json", "argh", "humantime"}, names)
            self.assertEqual("windows-sys" in names, "windows" in target.triple)
            self.assertNotIn("jni", names, "Android's")

    def test_the_licences_of_what_is_linked_are_there(self):
        target = binaries()[0]
        archive = tarfile.open(PACKAGES / "assets" / target.archive)
        text = archive.extractfile(f"runway-preflight-{target.triple}/THIRD-PARTY-LICENSES").read().decode()
        for words in ("ring 0.17", "webpki-roots", "Copyright 2019 The Fuchsia Authors",
                      "Permission to use, copy, modify, and/or distribute this software"):
            self.assertTrue(words in text, words)
        self.assertFalse("insta " in text, "what only tests need")

    @unittest.skipIf(GIVEN, "the same source has passed its tests")
    def test_the_crate_passes_its_tests(self):
        folder = temporary_folder()
        tarfile.open(PACKAGES / "crate" / f"runway-preflight-{VERSION}.crate").extractall(folder, filter="data")
        source = folder / f"runway-preflight-{VERSION}"
        done = run("cargo", "test", "--quiet", "--locked", cwd=source, timeout=1200,
                   env={**os.environ, "CARGO_TARGET_DIR": str(ROOT / "target")})
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        self.assertRegex(done.stdout, r"test result: ok\. [1-9]\d+ passed")


class PyPI(Case):
    def setUp(self):
        packed(HERE)
        self.wheel = wheel(HERE)

    def test_pip_installs_it(self):
        folder = temporary_folder()
        run(sys.executable, "-m", "venv", folder).check_returncode()
        pip = [folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
        run(*pip, "install", "--no-index", self.wheel).check_returncode()
        command = folder / "bin" / "runway-preflight"
        self.versions(command)
        self.decides(command)
        self.asks(command)
        self.versions(folder / "bin" / "python", "-m", "runway_preflight")
        self.decides(folder / "bin" / "python", "-m", "runway_preflight")
        self.assertTrue((folder / "share/man/man1/runway-preflight.1").exists())
        self.assertTrue((folder / "share/bash-completion/completions/runway-preflight").exists())
        metadata = "import importlib.metadata as m; print(*m.metadata('runway-preflight').get_all('License-Expression'))"
        self.assertEqual(run(folder / "bin" / "python", "-c", metadata).stdout.strip(), table.package()["license"])
        run(*pip, "check").check_returncode()
        for broken, says in ((None, "the program is not at"), (b"", "could not be run")):
            command.unlink() if broken is None else command.write_bytes(broken)
            done = run(folder / "bin" / "python", "-m", "runway_preflight")
            self.assertEqual((done.returncode, done.stdout), (5, ""), done.stderr)
            self.assertIn(says, done.stderr)
        run(*pip, "uninstall", "--yes", "runway-preflight").check_returncode()
        self.assertFalse(command.exists())

    def test_it_runs_where_it_is_no_part_of_python(self):
        folder = temporary_folder()
        run(sys.executable, "-m", "pip", "install", "--no-index", "--target", folder, self.wheel).check_returncode()
        self.versions(sys.executable, "-m", "runway_preflight", env={**os.environ, "PYTHONPATH": str(folder)})

    def test_pip_picks_a_wheel_of_each_system(self):
        for target in binaries():
            for tag in target.wheel.split("."):
                done = run(sys.executable, "-m", "pip", "download", "--no-index", "--no-deps", "--only-binary=:all:",
                           "--find-links", PACKAGES / "pypi", "--platform", tag, "--dest", temporary_folder(),
                           "runway-preflight")
                self.assertEqual(done.returncode, 0, f"{tag}: {done.stderr}")
                self.assertIn(wheel(target.triple).name, done.stdout)
        done = run(sys.executable, "-m", "pip", "download", "--no-index", "--only-binary=:all:", "--find-links",
                   PACKAGES / "pypi", "--platform", "linux_riscv64", "--dest", temporary_folder(), "runway-preflight")
        self.assertIn("No matching distribution found", done.stderr)

    def test_twine_has_nothing_to_say(self):
        done = run(tool("twine"), "check", "--strict", *(wheel(target.triple) for target in binaries()))
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_uvx_runs_it(self):
        command = [tool("uvx"), "--offline", "--no-config", "--from", self.wheel, "runway-preflight"]
        self.versions(*command)
        self.decides(*command)

    def test_pipx_runs_it(self):
        folder = temporary_folder()
        self.decides(tool("pipx"), "run", "--quiet", "--spec", self.wheel, "runway-preflight",
                     env={**os.environ, "PIPX_HOME": str(folder), "PIPX_DEFAULT_PYTHON": sys.executable})


class Npm(Case):
    def setUp(self):
        packed(HERE)
        tool("npm")

    def install(self, *without):
        """A project with the package, and with those of all systems that the rehearsal has, from files."""
        folder = temporary_folder()
        systems = {f"runway-preflight-{target.npm}":
                   f"file:{PACKAGES}/npm/systems/runway-preflight-{target.npm}-{VERSION}.tgz" for target in binaries()}
        # npm takes the versions that are needed from these files, since none is published yet.
        (folder / "package.json").write_text(json.dumps({
            "name": "project", "version": "1.0.0", "private": True,
            "dependencies": {"runway-preflight": f"file:{PACKAGES}/npm/runway-preflight-{VERSION}.tgz"},
            "optionalDependencies": systems}))
        done = run("npm", "install", "--offline", "--no-audit", "--no-fund", *without, cwd=folder,
                   env={**os.environ, "npm_config_cache": str(folder / "cache")})
        self.assertEqual(done.returncode, 0, done.stderr)
        return folder

    def test_npx_runs_it(self):
        folder = self.install()
        self.assertEqual(sorted(path.name for path in (folder / "node_modules").glob("runway-preflight*")),
                         ["runway-preflight", f"runway-preflight-{table.target(HERE).npm}"])
        self.versions("npx", "--offline", "runway-preflight", cwd=folder)
        self.decides("npx", "--offline", "runway-preflight", cwd=folder)
        self.asks("npx", "--offline", "runway-preflight", cwd=folder)

    def test_nothing_runs_at_install_time(self):
        for package in (PACKAGES / "npm").rglob("*.tgz"):
            manifest = json.load(tarfile.open(package).extractfile("package/package.json"))
            self.assertNotIn("scripts", manifest)
            if "win32" in manifest["name"]:
                self.assertEqual(manifest["cpu"], ["x64", "arm64"])
            self.assertEqual(manifest["version"], VERSION)
        manifest = json.load(tarfile.open(PACKAGES / "npm" / f"runway-preflight-{VERSION}.tgz")
                             .extractfile("package/package.json"))
        self.assertEqual(manifest["optionalDependencies"],
                         {f"runway-preflight-{target.npm}": VERSION for target in table.TARGETS})


class Image(Case):
    def setUp(self):
        packed(HERE)

    def test_it_says_what_it_is(self):
        labels = {key.removeprefix("org.opencontainers.image."): value
                  for key, value in image(table.target(HERE).container)[0]["config"]["Labels"].items()}
        self.assertEqual(labels.keys(), {"title", "description", "version", "source", "licenses"})
        self.assertEqual((labels["version"], labels["licenses"]), (VERSION, table.package()["license"]))

    def test_it_is_copied_to_a_registry_as_it_is(self):
        copy = temporary_folder()
        run(tool("skopeo"), "copy", "--all", "--preserve-digests", "--digestfile", copy / "digest",
            f"oci:{PACKAGES}/container", f"dir:{copy}/image").check_returncode()
        self.assertEqual((copy / "digest").read_text().strip(),
                         json.loads((PACKAGES / "container" / "index.json").read_text())["manifests"][0]["digest"])


class Container(Case):
    """The root file system of the image, entered as its user: no shell, no certificates, nothing else."""

    def setUp(self):
        packed(HERE)
        config, layer = image(table.target(HERE).container)
        settings = config["config"]
        self.entry, self.folder = settings["Entrypoint"], settings["WorkingDir"]
        self.user = [int(number) for number in settings["User"].split(":")]
        if os.geteuid() != 0:
            self.skipTest("only root may enter another root file system")
        if subprocess.run(["readelf", "--program-headers", packed(HERE)], capture_output=True).stdout.count(b"INTERP"):
            self.skipTest("the binary of this rehearsal is not static")
        self.root = temporary_folder()
        self.root.chmod(0o755)
        layer.extractall(self.root, filter="data")

    def enter(self):
        os.chroot(self.root)
        os.chdir(self.folder)
        os.setgroups([])
        os.setgid(self.user[1])
        os.setuid(self.user[0])

    def test_it_runs_as_nobody_and_is_as_large_as_the_binary(self):
        self.assertNotEqual(self.user[0], 0)
        whole = sum(path.stat().st_size for path in self.root.rglob("*") if path.is_file())
        self.assertLess(whole - packed(HERE).stat().st_size, 250_000, "the licences")
        shutil.copy2(ORGANIZATION, self.root / "work" / "organization.json")
        (self.root / "work" / "organization.json").chmod(0o644)
        for arguments, code, says in CASES:
            arguments = ["organization.json" if word == ORGANIZATION else word for word in arguments]
            done = run(*self.entry, *arguments, preexec_fn=self.enter)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(says, done.stdout + done.stderr)
        self.asks(*self.entry, env={}, preexec_fn=self.enter)

    def test_a_report_goes_to_a_folder_that_is_its_own(self):
        shutil.copy2(ORGANIZATION, self.root / "work" / "organization.json")
        arguments = ["--from", "organization.json", "--write", "json=report.json"]
        done = run(*self.entry, *arguments, preexec_fn=self.enter)
        self.assertEqual(done.returncode, 5)
        self.assertIn("report-failed", done.stderr)
        os.chown(self.root / "work", *self.user)
        done = run(*self.entry, *arguments, preexec_fn=self.enter)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads((self.root / "work" / "report.json").read_text())["verdict"], "go")

    def test_without_certificates_the_built_in_ones_decide(self):
        folder = temporary_folder()
        key, certificate = folder / "key.pem", folder / "certificate.pem"
        (folder / "openssl.cnf").write_text(
            "[req]\ndistinguished_name = name\nx509_extensions = server\n[name]\n"
            "[server]\nbasicConstraints = critical, CA:FALSE\nsubjectAltName = IP:127.0.0.1\n")
        run(tool("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=127.0.0.1", "-config",
            folder / "openssl.cnf").check_returncode()
        with tls_server(certificate, key, ORGANIZATION.read_bytes()) as url:
            command = [*self.entry, "--credits", "1", "--base-url", url]
            key = {"RUNWAYML_API_SECRET": KEY}
            done = run(*command, env=key, preexec_fn=self.enter)
            self.assertEqual(done.returncode, 5)
            self.assertIn("tls-failed", done.stderr)
            self.assertIn("signed by an authority that is not trusted here", done.stderr)
            shutil.copy2(certificate, self.root / "work" / "certificate.pem")
            done = run(*command, env={**key, "SSL_CERT_FILE": "/work/certificate.pem"}, preexec_fn=self.enter)
            self.assertEqual(done.returncode, 0, done.stderr)


def tls_server(certificate, key, body):
    """Answers over TLS as long as the block lasts; gives its address."""
    import contextlib
    import http.server
    import ssl
    import threading

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, *_):
            pass  # a client that refuses the certificate

    @contextlib.contextmanager
    def serving():
        server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield f"https://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()

    return serving()


class OtherSystems(Case):
    def in_github(self, *command, path=str, **environment):
        """Outputs and summary of a no-go are written, and a report beside them."""
        folder = temporary_folder()
        report, output, summary = folder / "report.json", folder / "output", folder / "summary"
        output.touch()
        summary.touch()
        done = run(*command, "--from", path(ORGANIZATION), "--credits", "999999", "--write", f"json={path(report)}",
                   env={**os.environ, **environment, "GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": path(output),
                        "GITHUB_STEP_SUMMARY": path(summary)})
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertIn("pass=false\n", output.read_text())
        self.assertIn("Runway preflight", summary.read_text())
        self.assertEqual(json.loads(report.read_text())["verdict"], "no-go")

    def test_the_arm_binary_under_qemu(self):
        binary = packed("aarch64-unknown-linux-musl")
        emulator = tool("qemu-aarch64-static", "qemu-aarch64")
        self.versions(emulator, binary)
        self.decides(emulator, binary)
        self.asks(emulator, binary)
        self.in_github(emulator, binary)

    @staticmethod
    @functools.cache
    def wine(binary):
        """The command that runs it, with a file that Windows has had since version 10 and Debian's Wine lacks."""
        emulator = tool("wine64", "wine", "/usr/lib/wine/wine64")
        folder = temporary_folder()
        shutil.copy2(binary, folder / binary.name)
        environment = {"WINEDEBUG": "-all", "WINEPREFIX": str(folder / "prefix"), "WINEDLLOVERRIDES": "mscoree,mshtml="}
        python = ROOT / "target" / "zig" / "bin" / "python"
        built = run(python, "-m", "ziglang", "cc", "-target", "x86_64-windows-gnu", "-shared", "-o",
                    folder / "bcryptprimitives.dll", Path(__file__).with_name("bcryptprimitives.c"), "-ladvapi32")
        built.check_returncode()
        os.environ.update(environment)
        return emulator, folder / binary.name

    def test_the_windows_binary_under_wine(self):
        command = self.wine(packed("x86_64-pc-windows-msvc"))

        def path(file):
            return "Z:" + str(file).replace("/", "\\")

        self.versions(*command)
        for arguments, code, says in CASES:
            arguments = [path(word) if isinstance(word, Path) else word for word in arguments]
            done = run(*command, *arguments)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(says, done.stdout + done.stderr)
        self.asks(*command)
        self.in_github(*command, path=path)


class Refusals(unittest.TestCase):
    def test_nothing_is_packed_for_owner_or_dev(self):
        copy = temporary_folder()
        shutil.copytree(ROOT / "packaging", copy / "packaging", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"):
            shutil.copy2(ROOT / name, copy / name)
        text = (ROOT / "Cargo.toml").read_text()
        (copy / "binaries").mkdir()
        version = tomllib.loads(text)["package"]["version"]
        for owner, number, because in (("studio", "1.0.0-dev", "holds the version 1.0.0-dev"),
                                       ("OWNER", "1.0.0", "holds OWNER"), ("studio", "1.0.0", "is missing")):
            (copy / "Cargo.toml").write_text(
                text.replace(f'"{version}"', f'"{number}"', 1).replace("/OWNER/", f"/{owner}/"))
            done = run(copy / "packaging" / "pack", copy / "binaries", copy / "packages")
            self.assertEqual(done.returncode, 1)
            self.assertIn(because, done.stderr)
            self.assertFalse((copy / "packages").exists())


if __name__ == "__main__":
    unittest.main()
