"""Workflows, run by a real runner against a Runway on loopback. Every scenario asserts what the server saw."""

import functools
import hashlib
import json
import platform
import re
import subprocess
import unittest

from support import (HERE, KEY, Loopback, Runner, binary, commit, copy_of_the_repository, organization, runway,
                     script, temporary_folder)

OUTPUTS = {"pass", "verdict", "exit-code", "codes", "warnings", "message", "credit-balance", "generations-left",
           "concurrency", "granted", "lasts-days", "report"}


@functools.cache
def runner():
    return Runner(binary())


def with_checksums(asset):
    """A commit that knows an asset by its SHA-256: the asset's name, and the folder."""
    folder = temporary_folder()
    copy_of_the_repository(folder)
    shell = functools.partial(subprocess.run, check=True, capture_output=True, text=True)
    architecture = {"x86_64": "X64", "aarch64": "ARM64"}[platform.machine()]
    name = shell(["bash", folder / "action" / "target.sh", "Linux", architecture]).stdout.strip()
    source = shell(["bash", folder / "action" / "sha256.sh", "--source", folder]).stdout.strip()
    (folder / "action" / "checksums.txt").write_text(f"{source}  source\n{hashlib.sha256(asset).hexdigest()}  {name}\n")
    commit(folder)
    return name, folder


class Scenario(unittest.TestCase):
    maxDiff = None

    def act(self, name, server=None, key=KEY, insecure=True, **settings):
        """Runs a workflow. Insecure: the runner hides nothing, so that a key in the log would be seen."""
        settings.setdefault("secrets", {"RUNWAYML_API_SECRET": key} if key else {})
        variables = {"RUNWAY": server.url} if server else {}
        variables.update(settings.pop("variables", {}))
        options = [*settings.pop("options", []), *(["--insecure-secrets"] if insecure else [])]
        workflow = name if "/" in name else f"tests/action/workflows/{name}.yml"
        run = runner().run(workflow, variables=variables, options=options, **settings)
        shown = "\n".join([
            run.log,
            *(f"{properties} {text}" for _, properties, text in run.annotations),
            *(step.summary + json.dumps(step.outputs) for step in run.steps.values()),
        ])
        self.assertNotIn(KEY, shown)
        self.assertNotIn(KEY[-20:], shown)
        return run

    def assert_outputs(self, run, step="preflight", errors=(), warnings=(), **expected):
        """The outputs, the summary and the annotations, each annotation known by its code; None leaves them out."""
        outputs = run.steps[step].outputs
        self.assertEqual(set(outputs), OUTPUTS)
        self.assertEqual({name: outputs[name.replace("_", "-")] for name in expected}, expected)
        report = json.loads(outputs["report"])
        self.assertEqual(report["verdict"], outputs["verdict"])
        self.assertEqual(str(report["exitCode"]), outputs["exit-code"])
        self.assertNotIn("days", report.get("usage") or {})
        summary = run.steps[step].summary
        self.assertIn(outputs["verdict"].replace("-", " "), summary.lower().replace("-", " "))
        for level, codes in (("error", errors), ("warning", warnings)):
            if codes is None:
                continue
            found = run.of(level)
            self.assertEqual(len(found), len(codes), found)
            for code, text in zip(codes, found):
                self.assertIn(code, text)
                self.assertIn(code, summary)
        return report

    def assert_asked(self, server, *expected):
        self.assertEqual(server.asked(), list(expected))
        for request in server.requests:
            self.assertEqual(request["headers"]["authorization"], f"Bearer {KEY}")
            self.assertEqual(request["headers"]["x-runway-version"], "2024-11-06")

    def assert_jobs(self, run, **expected):
        """Each job's conclusion; None for one that did not run."""
        self.assertEqual({job: run.jobs.get(job) for job in expected},
                         {job: result and [result] for job, result in expected.items()}, run.raw[-3000:])


ONCE = "GET /v1/organization"


class TheAction(Scenario):
    def test_go(self):
        with runway(organization()) as server:
            run = self.act("go", server)
        self.assert_asked(server, ONCE)
        self.assert_jobs(run, preflight="success", generate="success")
        report = self.assert_outputs(run, **{"pass": "true"}, verdict="go", exit_code="0", codes="", credit_balance="5000",
                                     warnings=["over-daily-limit"])
        rows = {(row["kind"], row.get("model")): row for row in report["requirements"]}
        self.assertEqual(rows["generations", "gen4.5"]["needed"], 100)
        self.assertEqual(rows["generations", "gen4.5"]["left"], 188)
        self.assertEqual(rows["generations", "veo3.1"]["needed"], 50)
        self.assertEqual(rows["planned-cost", None]["needed"], 1200)
        self.assertEqual(rows["concurrency", "gen4.5"]["left"], 2)
        outputs = run.steps["preflight"].outputs
        self.assertEqual(json.loads(outputs["generations-left"])["gen4.5"], 188)
        self.assertEqual(json.loads(outputs["concurrency"])["gen4_aleph"], 1)
        self.assertIn("GO", run.log)
        summary = run.steps["preflight"].summary
        for text in ("gen4.5", "188", "over-daily-limit"):
            self.assertIn(text, summary)

    def test_the_log_says_that_it_builds_from_source(self):
        with runway(organization()) as server:
            run = self.act("go", server)
        self.assert_asked(server, ONCE)
        self.assertIn("no released binary is known for this source on Linux X64", run.log)
        builds = runner().builds()
        self.assertEqual(len(builds), 1)
        self.assertTrue(builds[0].startswith("build --release --locked --manifest-path "), builds)
        self.assertEqual(len(run.warned_of_building()), 1)

    def test_a_later_run_takes_the_binary_from_the_cache(self):
        with runway(organization()) as server:
            # A no-go fails the step, and the binary is kept all the same.
            first = self.act("no-go", server)
            self.assertEqual((len(runner().builds()), len(first.warned_of_building())), (1, 1))
            run = self.act("go", server, keep_cache=True)
        self.assert_asked(server, ONCE, ONCE)
        self.assert_jobs(run, preflight="success", generate="success")
        self.assert_outputs(run, **{"pass": "true"}, verdict="go", warnings=["over-daily-limit"])
        self.assertIn("using the binary that an earlier run has built", run.log)
        self.assertEqual((runner().builds(), run.warned_of_building()), ([], []))

    def test_a_binary_of_the_cache_that_was_exchanged_stops_the_step(self):
        with runway(organization()) as server:
            self.act("go", server)
            (kept,) = (runner().folder / "cache").glob("*/runway-preflight")
            with open(kept, "ab") as file:
                file.write(b"\n")
            run = self.act("go", server, keep_cache=True)
        self.assert_asked(server, ONCE)
        self.assert_jobs(run, preflight="failure", generate=None)
        self.assertIn("does not have the SHA-256 that stands beside it", run.of("error")[0])
        self.assertNotEqual(run.steps["preflight"].outputs.get("pass"), "true")

    def test_no_go_fails_the_step_and_the_later_job(self):
        with runway(organization()) as server:
            run = self.act("no-go", server)
        self.assert_asked(server, ONCE)
        self.assertEqual(run.code, 1)
        self.assert_jobs(run, preflight="failure", generate=None)
        self.assertIn("exit status 6", run.raw)
        report = self.assert_outputs(
            run, **{"pass": "false"}, verdict="no-go", exit_code="6", codes="generations-short,credits-short",
            errors=["generations-short", "credits-short"])
        self.assertEqual([row["met"] for row in report["requirements"]], [False, True, False])
        self.assertIn("NO-GO", run.log)
        summary = run.steps["preflight"].summary
        for text in ("generations-short", "credits-short", "188", "1,000"):
            self.assertIn(text, summary)

    def test_fail_false_stays_green_and_pass_stops_the_later_job(self):
        with runway(organization()) as server:
            run = self.act("no-go-green", server)
        self.assert_asked(server, ONCE)
        self.assertEqual(run.code, 0)
        self.assert_jobs(run, preflight="success", generate=None)
        self.assert_outputs(run, **{"pass": "false"}, verdict="no-go", exit_code="3", codes="generations-short",
                            errors=["generations-short"])
        self.assertIn("exit code 3; the step stays green", run.log)

    def test_cannot_tell_fails_the_step(self):
        with runway((503, {"error": "Down for a moment"})) as server:
            run = self.act("cannot-tell", server)
        self.assertEqual(set(server.asked()), {ONCE})
        self.assertGreater(len(server.requests), 1)
        self.assert_jobs(run, preflight="failure", generate=None)
        self.assertIn("exit status 5", run.raw)
        self.assert_outputs(run, **{"pass": "false"}, verdict="cannot-tell", exit_code="5", codes="unavailable",
                            generations_left="{}", concurrency="{}", errors=["unavailable"])
        self.assertIn("Down for a moment", run.of("error")[0])

    def test_cannot_tell_passes_with_fail_open_and_warns(self):
        with runway((503, {"error": "Down for a moment"})) as server:
            run = self.act("fail-open", server)
        self.assertEqual(set(server.asked()), {ONCE})
        self.assert_jobs(run, preflight="success", generate="success")
        report = self.assert_outputs(run, **{"pass": "true"}, verdict="cannot-tell", exit_code="0", codes="unavailable",
                                     warnings=["unavailable"])
        self.assertIsNone(report["organization"])
        self.assertEqual([row["met"] for row in report["requirements"]], [None])

    def test_a_rejected_key_fails_also_with_fail_open(self):
        with runway((401, {"error": f"The key {KEY} is not valid"})) as server:
            run = self.act("fail-open", server)
        self.assert_asked(server, ONCE)
        self.assert_jobs(run, preflight="failure", generate=None)
        self.assertIn("exit status 4", run.raw)
        self.assert_outputs(run, **{"pass": "false"}, verdict="cannot-tell", exit_code="4", codes="unauthorized",
                            errors=["unauthorized"])

    def test_missing_key_fails(self):
        with runway(organization()) as server:
            run = self.act("missing-key", server, key=None)
        self.assert_asked(server)
        self.assert_jobs(run, preflight="failure", generate=None)
        self.assertIn("exit status 4", run.raw)
        self.assert_outputs(run, **{"pass": "false"}, verdict="cannot-tell", exit_code="4", codes="key-missing",
                            generations_left="{}", concurrency="{}", errors=["key-missing"])

    def test_missing_key_can_be_skipped_and_is_no_pass(self):
        with runway(organization()) as server:
            run = self.act("missing-key-skip", server, key=None)
        self.assert_asked(server)
        self.assert_jobs(run, preflight="success", generate=None)
        self.assert_outputs(run, **{"pass": "false"}, verdict="skipped", exit_code="0", warnings=["key-missing"])

    def test_an_empty_api_secret_leaves_the_key_of_the_environment(self):
        with runway(organization()) as server:
            run = self.act("environment-key", server)
        self.assert_asked(server, ONCE)
        self.assert_jobs(run, preflight="success", generate="success")
        self.assert_outputs(run, **{"pass": "true"}, verdict="go")

    def test_a_key_given_as_api_secret_is_masked(self):
        with runway(organization()) as server:
            run = self.act("masked", server, insecure=False, secrets={}, variables={"NOT_A_SECRET": KEY})
        self.assert_asked(server, ONCE)
        self.assert_jobs(run, preflight="success", generate="success")
        self.assert_outputs(run, **{"pass": "true"}, verdict="go")
        self.assertIn("add-mask", run.commands)
        self.assertIn("a careless step prints ***", run.log)

    def test_a_model_name_injects_nothing(self):
        names = ["x\npass=true", "x\r\n::set-output name=pass::true", "x\n::error::pwned", "##[error]pwned",
                 "x ##[set-output name=pass]true", "x%0A::warning::pwned", "<script>pwned</script>", "x|y\n\n# pwned",
                 "report<<END\npwned\nEND", "::add-mask::188", "\u001b[31mpwned", "x\u2028::error::pwned"]
        limits = {name: {"maxConcurrentGenerations": 1, "maxDailyGenerations": 1} for name in names}
        with runway(organization(limits=limits)) as server:
            run = self.act("injection", server)
        self.assert_asked(server, ONCE)
        self.assert_jobs(run, preflight="failure", generate=None)
        self.assert_outputs(run, **{"pass": "false"}, verdict="no-go", exit_code="3", codes="generations-short",
                            errors=["generations-short"])
        self.assertEqual(set(json.loads(run.steps["preflight"].outputs["concurrency"])) & set(names), set(names))
        # The only command of the whole run: the Action masking its key.
        self.assertEqual(set(run.commands), {"add-mask", "group", "endgroup"})
        summary = run.steps["preflight"].summary
        for text in ("##[", "\u001b", "<script>"):
            self.assertNotIn(text, run.log)
            self.assertNotIn(text, "".join(run.steps["preflight"].outputs.values()).replace("<script>", ""))
        self.assertNotIn("<script>", summary)
        self.assertNotIn("\n# pwned", summary)

    def test_an_error_of_the_server_injects_nothing(self):
        body = {"error": f"no\n::set-output name=pass::true\n##[error]pwned {KEY[:40]}\u0000{KEY[40:]} {KEY}"}
        with runway((401, body)) as server:
            run = self.act("injection", server)
        self.assert_asked(server, ONCE)
        self.assert_jobs(run, preflight="failure", generate=None)
        self.assert_outputs(run, **{"pass": "false"}, verdict="cannot-tell", exit_code="4", codes="unauthorized",
                            errors=["unauthorized"])
        self.assertEqual(set(run.commands), {"add-mask", "group", "endgroup"})
        self.assertNotIn("##[", run.log)

    def test_a_wrong_command_line_fails_also_with_fail_false(self):
        with runway(organization()) as server:
            run = self.act("wrong-value", server)
        self.assert_asked(server)
        self.assert_jobs(run, preflight="failure", generate=None)
        self.assertIn("exit status 2", run.raw)
        found = {name: value for name, value in run.steps["preflight"].outputs.items() if value}
        self.assertEqual(found, {"pass": "false", "exit-code": "2"})
        expected = 'the input generations "gen4.5:20" must be MODEL=N'
        self.assertIn(expected, run.steps["preflight"].summary)
        self.assertEqual([expected in text for text in run.of("error")], [True], run.of("error"))
        self.assertNotIn("--generations", run.log + run.steps["preflight"].summary)

    def test_nothing_asked_for_is_a_go_with_a_warning(self):
        with runway(organization()) as server:
            run = self.act("nothing", server)
        self.assert_asked(server, ONCE)
        self.assert_jobs(run, preflight="success", generate="success")
        self.assertEqual([text.split(" none", 1)[0] for text in run.of("warning")], ["Nothing was asked for"])
        self.assert_outputs(run, **{"pass": "true"}, verdict="go", warnings=None)

    def test_a_switch_takes_only_true_and_false(self):
        with runway(organization()) as server:
            run = self.act("wrong-switch", server)
        self.assert_asked(server)
        self.assert_jobs(run, preflight="failure", generate=None)
        self.assertIn("exit status 2", run.raw)
        found = {name: value for name, value in run.steps["preflight"].outputs.items() if value}
        self.assertEqual(found, {"pass": "false", "exit-code": "2"})
        self.assertEqual(run.of("error"), ["runway-preflight the input fail-open takes true or false, and nothing else"])

    def test_an_input_reaches_no_shell_and_becomes_no_flag(self):
        with runway(organization()) as server:
            run = self.act("shell-text", server)
        self.assert_asked(server)
        self.assert_jobs(run, preflight="failure", generate=None)
        self.assertIn("exit status 2", run.raw)
        self.assertNotIn("pwned", [line.strip() for line in run.lines])

    def test_saved_answers_need_neither_key_nor_runway(self):
        with runway(organization()) as server:
            run = self.act("offline", server, key=None)
        self.assert_asked(server)
        self.assert_jobs(run, preflight="success", generate="success")
        self.assert_outputs(run, **{"pass": "true"}, verdict="go", exit_code="0", credit_balance="5000")

    def test_a_budget_reads_the_history_and_nothing_else(self):
        with runway(organization()) as server:
            run = self.act("spend", server)
        self.assertEqual(set(server.asked()), {ONCE, "POST /v1/organization/usage"})
        self.assert_jobs(run, preflight="failure", generate=None)
        report = self.assert_outputs(run, **{"pass": "false"}, verdict="no-go", exit_code="6", codes="over-budget",
                                     errors=["over-budget"])
        budget = [row for row in report["requirements"] if row["kind"] == "budget"]
        self.assertEqual([(row["needed"], row["left"], row["met"]) for row in budget], [(120, 80, False)])

    def test_waiting_checks_again_until_it_is_enough(self):
        with runway(organization(used={"gen4.5": 13}), organization()) as server:
            run = self.act("wait", server)
        self.assert_asked(server, ONCE, ONCE)
        self.assert_jobs(run, preflight="success", generate="success")
        self.assert_outputs(run, **{"pass": "true"}, verdict="go", exit_code="0")

    def test_twice_in_one_job_builds_once(self):
        with runway(organization()) as server:
            run = self.act("twice", server)
        self.assert_asked(server, ONCE, ONCE)
        self.assert_jobs(run, preflight="success", generate="success")
        self.assert_outputs(run, errors=None, **{"pass": "true"}, verdict="go")
        self.assert_outputs(run, step="again", **{"pass": "false"}, verdict="no-go", codes="over-daily-limit",
                            errors=["over-daily-limit"])
        self.assertEqual(len(runner().builds()), 1)
        self.assertIn("using the binary that an earlier step of this job has built", run.log)

    def first_and_second(self, name, server, **jobs):
        """The same workflow twice: built at first, then taken from the cache. The second run."""
        self.act(name, server)
        self.assertGreater(len(runner().builds()), 0)
        asked = len(server.requests)
        run = self.act(name, server, keep_cache=True)
        self.assertEqual(len(server.requests), 2 * asked)
        self.assertEqual((runner().builds(), run.warned_of_building()), ([], []))
        self.assertEqual({job: run.jobs.get(job) for job in jobs}, jobs, run.raw[-3000:])
        return run

    def test_in_a_matrix(self):
        with runway(organization()) as server:
            self.first_and_second("gates", server, preflight=["success", "success"])
        self.assert_asked(server, *[ONCE] * 4)

    def test_in_a_reusable_workflow(self):
        with runway(organization()) as server:
            self.first_and_second("reusable", server, gate=["success"], generate=["success"])
        self.assert_asked(server, ONCE, ONCE)

    def test_in_a_composite_of_somebody_else(self):
        with runway(organization()) as server:
            run = self.first_and_second("nested", server, preflight=["success"], generate=["success"])
        self.assert_asked(server, *[ONCE] * 4)
        self.assertIn("seen 0 false 3", run.lines)

    def test_as_a_remote_action(self):
        """From another repository, which holds nothing but the workflow."""
        caller = runner().folder / "caller"
        workflow = caller / "tests" / "action" / "workflows" / "remote.yml"
        workflow.parent.mkdir(parents=True)
        workflow.write_text((HERE / "workflows" / "remote.yml").read_text())
        commit(caller)
        with runway(organization()) as server:
            run = self.act("remote", server, repository=caller, options=[
                "--local-repository", f"example/runway-preflight@v0={runner().repository}"])
        self.assert_asked(server, ONCE)
        self.assert_jobs(run, preflight="failure", generate=None)
        self.assertIn("exit status 3", run.raw)
        self.assert_outputs(run, **{"pass": "false"}, verdict="no-go", codes="generations-short",
                            errors=["generations-short"])
        self.assertEqual(len(runner().builds()), 1)

    def test_as_a_remote_action_it_downloads_from_its_own_repository(self):
        """A curl that only writes down where it was sent: this machine reaches no release."""
        asset, folder = with_checksums(b"never seen")
        caller = temporary_folder()
        workflow = caller / "tests" / "action" / "workflows" / "remote.yml"
        workflow.parent.mkdir(parents=True)
        workflow.write_text((HERE / "workflows" / "remote.yml").read_text())
        commit(caller)
        curl = script(runner().bin / "curl", f"#!/bin/sh\necho \"$*\" >'{caller}/curl.log'\nexit 6\n")
        self.addCleanup(curl.unlink)
        with runway(organization()) as server:
            run = self.act("remote", server, repository=caller, options=[
                "--local-repository", f"example/runway-preflight@v0={folder}"])
        self.assert_asked(server, ONCE)
        version = re.search(r'^version = "(.*)"$', (folder / "Cargo.toml").read_text(), re.M)[1]
        self.assertTrue((caller / "curl.log").read_text().strip().endswith(
            f" https://github.com/example/runway-preflight/releases/download/v{version}/{asset}"))
        self.assertIn(f"{asset} could not be downloaded (curl ended with 6)", run.log)
        self.assertEqual(len(runner().builds()), 1)
        self.assert_outputs(run, **{"pass": "false"}, codes="generations-short", errors=["generations-short"])

    def released(self, asset, served):
        """Runs `go` from a commit that knows this asset by its SHA-256, with a release that serves something."""
        name, folder = with_checksums(asset)
        with runway(organization()) as server, Loopback(lambda request: (200, served)) as release:
            run = self.act("go", server, repository=folder, environment={"RUNWAY_PREFLIGHT_RELEASES": release.url})
        self.assertEqual([path.rsplit("/", 1)[1] for path in release.asked()], [name])
        self.assertEqual(runner().builds(), [])
        return run, server

    def test_a_released_binary_is_downloaded_and_not_built(self):
        asset = binary().read_bytes()
        run, server = self.released(asset, asset)
        self.assert_asked(server, ONCE)
        self.assert_jobs(run, preflight="success", generate="success")
        self.assert_outputs(run, **{"pass": "true"}, verdict="go", credit_balance="5000",
                            warnings=["over-daily-limit"])
        self.assertIn(hashlib.sha256(asset).hexdigest(), run.log)

    def test_a_released_binary_that_was_exchanged_stops_the_step(self):
        asset = binary().read_bytes()
        run, server = self.released(asset, asset + b"\n")
        self.assert_asked(server)
        self.assert_jobs(run, preflight="failure", generate=None)
        self.assertIn("checksum", run.of("error")[0])
        self.assertNotEqual(run.steps["preflight"].outputs.get("pass"), "true")

    def test_our_own_workflow(self):
        run = self.act(".github/workflows/ci.yml", key=None, options=[
            "-j", "action", "--matrix", "runner:ubuntu-24.04", "-P", "ubuntu-24.04=-self-hosted"])
        self.assert_jobs(run, action="success")
        self.assert_outputs(run, step="go", errors=None, **{"pass": "true"}, verdict="go")
        self.assert_outputs(run, step="no-go", **{"pass": "false"}, codes="generations-short", errors=None)
        self.assert_outputs(run, step="red", **{"pass": "false"}, exit_code="3", errors=["generations-short"] * 2)
        self.assertEqual(len(runner().builds()), 1)


class NewerFlags(Scenario):
    """A command without the flag is none that can be tried."""

    def need(self, *flags):
        shown = subprocess.run([binary(), "--help"], capture_output=True, text=True).stdout
        for flag in flags:
            if flag not in shown:
                self.skipTest(f"this command has no {flag}")

    def test_a_label_names_the_run_and_not_the_outputs_of_the_step(self):
        self.need("--label")
        with runway(organization()) as server:
            run = self.act("label", server)
        self.assert_asked(server, ONCE)
        self.assert_jobs(run, preflight="success", generate="success")
        # act shows the outputs of the last step inside as those of the whole, which GitHub does not.
        for step in run.steps.values():
            step.outputs = {name: value for name, value in step.outputs.items() if not name.startswith("acme.")}
        self.assert_outputs(run, errors=None, **{"pass": "true"}, verdict="go")
        self.assertIn("acme.video", run.steps["preflight"].summary)
        found = {name: value for name, value in run.steps["wrong"].outputs.items() if value}
        self.assertEqual(found, {"pass": "false", "exit-code": "2"})
        self.assertIn("generations", " ".join(run.of("error")))
        self.assertNotIn("--generations", " ".join(run.of("error")))

    def test_a_plan_with_prices_and_reports_in_files(self):
        self.need("--plan", "--price", "--keep", "--write", "--warn-lasts")
        with runway(organization(), days_ago=1) as server:
            run = self.act("plan", server)
        self.assert_asked(server, ONCE, "POST /v1/organization/usage")
        self.assert_jobs(run, preflight="success", generate="success")
        # 5,000 credits less the planned 125, at 520 a day.
        report = self.assert_outputs(run, **{"pass": "true"}, verdict="go", lasts_days="9", warnings=["running-low"])
        needed = {row["kind"]: row["needed"] for row in report["requirements"] if row.get("model") is None}
        self.assertEqual(needed, {"planned-cost": 125, "keep": 4000})
        self.assertEqual(json.loads(run.steps["preflight"].outputs["granted"]), {"gen4.5": 1, "gen4_image": 1})
        written = [line.replace(" ", "")[:12] for line in run.lines if line.startswith("{")]
        self.assertEqual(written, ['{"schema":1,'])


class TheMatrix(Scenario):
    def assert_parallel(self, server, expected, warnings=()):
        run = self.act("matrix", server)
        self.assertEqual(set(server.asked()), {ONCE})
        self.assertEqual(run.jobs.get("generate"), ["success"] * 2, run.raw[-3000:])
        self.assertEqual(sorted(line for line in run.lines if line.startswith("scene")),
                         [f"scene {scene} of at most {expected} at a time" for scene in (1, 2)])
        return self.assert_outputs(run, **{"pass": "true"}, warnings=warnings)

    def test_max_parallel_is_what_the_tier_allows(self):
        with runway(organization()) as server:
            self.assert_parallel(server, 2)

    def test_max_parallel_without_a_limit(self):
        with runway(organization(limits={"gen4.5": {"maxConcurrentGenerations": None}})) as server:
            self.assert_parallel(server, 256)

    def test_max_parallel_where_nothing_was_read(self):
        with runway((500, "")) as server:
            self.assert_parallel(server, 256, warnings=["unavailable"])


class APlainStep(Scenario):
    def test_has_every_output_of_the_action(self):
        with runway(organization()) as server:
            run = self.act("plain-run", server)
        self.assert_asked(server, ONCE)
        self.assert_jobs(run, preflight="success", generate="success")
        self.assert_outputs(run, **{"pass": "true"}, verdict="go", exit_code="0")
        self.assertIn("left 188, balance 5000", run.log)
        self.assertEqual(runner().builds(), [])

    def test_a_file_of_the_runner_that_cannot_be_written_is_no_pass(self):
        with runway(organization()) as server:
            run = self.act("unwritable", server)
        self.assert_asked(server, ONCE, ONCE, ONCE)
        self.assert_jobs(run, preflight="success", generate=None)
        self.assertEqual([line for line in run.lines if line.startswith("ended with")],
                         ["ended with 5", "ended with 5", "ended with 0"])
        self.assertEqual([code in text for code, text in zip(["report-failed"] * 2, run.of("error"))], [True, True])
        self.assertEqual(run.steps["no-output"].outputs, {})
        outputs = run.steps["no-summary"].outputs
        self.assertEqual((outputs["pass"], outputs["verdict"], outputs["exit-code"], outputs["codes"]),
                         ("false", "cannot-tell", "5", "report-failed"))

    def test_ten_annotations_at_most_and_the_others_plain(self):
        limits = {f"model_{number:02}": {"maxConcurrentGenerations": 1, "maxDailyGenerations": 1} for number in range(12)}
        with runway(organization(limits=limits)) as server:
            run = self.act("many", server)
        self.assert_asked(server, ONCE)
        self.assert_jobs(run, preflight="failure", generate=None)
        self.assertIn("exit status 6", run.raw)
        report = self.assert_outputs(run, **{"pass": "false"}, codes=run.steps["preflight"].outputs["codes"],
                                     errors=["over-daily-limit"] * 10)
        self.assertEqual(len(report["diagnostics"]), 12)
        self.assertEqual(sum("[over-daily-limit]" in line for line in run.lines), 2)


if __name__ == "__main__":
    unittest.main()
