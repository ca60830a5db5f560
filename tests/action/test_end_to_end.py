"""Workflows, run by a real runner against a Runway on loopback. Every scenario asserts what the server saw."""

import functools
import hashlib
import json
import platform
import re
import subprocess
import unittest

from ruamel.yaml import YAML

from support import (CHECKOUT, KEY, ROOT, Loopback, Runner, binary, commit, copy_of_the_repository, gate, led_to, organization, runway,
                     script, temporary_folder, workflow)

OUTPUTS = {"pass", "verdict", "exit-code", "codes", "warnings", "message", "credit-balance", "generations-left",
           "concurrency", "granted", "granted-tasks", "lasts-days", "report"}
ONCE = "GET /v1/organization"
HISTORY = "POST /v1/organization/usage"


@functools.cache
def runner():
    return Runner(binary())


def with_checksums(asset):
    """A commit that knows an asset by its SHA-256: the asset's name, and the folder."""
    folder = temporary_folder()
    copy_of_the_repository(folder)
    name = {"x86_64": "runway-preflight-x86_64-unknown-linux-musl", "aarch64": "runway-preflight-aarch64-unknown-linux-musl"}[
        platform.machine()]
    source = subprocess.run(["bash", folder / "action" / "sha256.sh", "--source", folder], check=True, capture_output=True,
                            text=True).stdout.strip()
    (folder / "action" / "checksums.txt").write_text(f"{source}  source\n{hashlib.sha256(asset).hexdigest()}  {name}\n")
    commit(folder)
    return name, folder


class Scenario(unittest.TestCase):
    maxDiff = None

    def act(self, flow, server=None, key=KEY, insecure=True, **settings):
        """Runs a workflow. Insecure: the runner hides nothing, so that a key in the log would be seen."""
        settings.setdefault("secrets", {"RUNWAYML_API_SECRET": key} if key else {})
        variables = {"RUNWAY": server.url} if server else {}
        variables.update(settings.pop("variables", {}))
        options = [*settings.pop("options", []), *(["--insecure-secrets"] if insecure else [])]
        run = runner().run(flow, variables=variables, options=options, **settings)
        shown = "\n".join([
            run.log,
            *(f"{properties} {text}" for _, properties, text in run.annotations),
            *(step.summary + json.dumps(step.outputs) for step in run.steps.values()),
        ])
        self.assertNotIn(KEY, shown)
        self.assertNotIn(KEY[-20:], shown)
        return run

    def gate(self, server=None, key=KEY, settings=None, condition="needs.preflight.outputs.pass == 'true'", **inputs):
        """Runs a workflow with one gate, which has these inputs."""
        return self.act(workflow(gate(**inputs), condition=condition), server, key, **(settings or {}))

    def assert_outputs(self, run, step="preflight", errors=(), warnings=(), **expected):
        """The outputs, the summary and the annotations, each annotation known by its code; None leaves them out."""
        outputs = run.steps[step].outputs
        self.assertEqual(OUTPUTS - set(outputs), set())
        expected = {"pass" if name == "passes" else name.replace("_", "-"): value for name, value in expected.items()}
        self.assertEqual({name: outputs[name] for name in expected}, expected)
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

    def assert_held_back(self, run, code):
        self.assert_jobs(run, preflight="failure", generate=None)
        self.assertIn(f"exit status {code}", run.raw)

    def assert_wrong(self, run, *said, step="preflight"):
        """Exit code 2: two outputs and no other, and one error, told as one of an input."""
        found = {name: value for name, value in run.steps[step].outputs.items() if value and name in OUTPUTS}
        self.assertEqual(found, {"pass": "false", "exit-code": "2"})
        self.assertEqual(len(run.of("error")), 1, run.of("error"))
        for text in said:
            self.assertIn(text, run.of("error")[0])
            self.assertIn(text, run.steps[step].summary)


class TheAction(Scenario):
    def test_go(self):
        with runway(organization()) as server:
            run = self.gate(server, generations="gen4.5=100@12", credits=1200, concurrency="gen4.5=2", warn_generations="gen4_turbo=51")
        self.assert_asked(server, ONCE)
        self.assert_jobs(run, preflight="success", generate="success")
        report = self.assert_outputs(run, passes="true", verdict="go", exit_code="0", codes="", credit_balance="5000",
                                     warnings=["over-daily-limit"])
        rows = {(row["kind"], row.get("model")): row for row in report["requirements"]}
        self.assertEqual(rows["generations", "gen4.5"]["needed"], 100)
        self.assertEqual(rows["generations", "gen4.5"]["left"], 188)
        self.assertEqual(rows["planned-cost", None]["needed"], 1200)
        self.assertEqual(rows["concurrency", "gen4.5"]["left"], 2)
        outputs = run.steps["preflight"].outputs
        self.assertEqual(json.loads(outputs["generations-left"])["gen4.5"], 188)
        self.assertEqual(json.loads(outputs["concurrency"])["act_two"], 1)
        self.assertIn("GO", run.log)
        for text in ("gen4.5", "188", "over-daily-limit"):
            self.assertIn(text, run.steps["preflight"].summary)

    def test_it_is_built_once_and_kept_in_the_tool_cache(self):
        with runway(organization()) as server:
            # A no-go fails the step, and the binary is kept all the same.
            first = self.gate(server, generations="gen4.5=189")
            self.assert_held_back(first, 3)
            self.assertIn("no released binary is known for this source on Linux X64", first.log)
            self.assertEqual((len(runner().builds()), len(first.warned_of_building())), (1, 1))
            self.assertTrue(runner().builds()[0].startswith("build --release --locked --manifest-path "), runner().builds())
            again = self.act(workflow(gate(generations="gen4.5=1", quiet=True), gate("again", generations="gen4.5=201", fail=False)),
                             server, keep_cache=True)
            self.assertEqual((runner().builds(), again.warned_of_building()), ([], []))
            self.assert_jobs(again, preflight="success", generate="success")
            self.assert_outputs(again, errors=None, passes="true", verdict="go")
            self.assert_outputs(again, step="again", passes="false", verdict="no-go", codes="over-daily-limit",
                                errors=["over-daily-limit"])
            (kept,) = runner().tool_cache.glob("runway-preflight/source-*")
            with open(kept, "ab") as file:
                file.write(b"\n")
            exchanged = self.gate(server, generations="gen4.5=1", settings={"keep_cache": True})
        self.assert_asked(server, ONCE, ONCE, ONCE)
        self.assert_jobs(exchanged, preflight="failure", generate=None)
        self.assertIn("the checksum of ", exchanged.of("error")[0])
        self.assertNotEqual(exchanged.steps["preflight"].outputs.get("pass"), "true")

    def test_no_go_fails_the_step_and_the_later_job(self):
        with runway(organization()) as server:
            run = self.gate(server, generations="gen4.5=189", concurrency="veo3.1=1", credits=6000, condition=None)
        self.assert_asked(server, ONCE)
        self.assertEqual(run.code, 1)
        self.assert_held_back(run, 6)
        report = self.assert_outputs(run, passes="false", verdict="no-go", exit_code="6", codes=run.steps["preflight"].outputs["codes"],
                                     errors=["generations-short", "credits-short"])
        self.assertEqual([row["met"] for row in report["requirements"]], [False, False, True])
        self.assertIn("credits-short", run.steps["preflight"].outputs["codes"])
        self.assertIn("NO-GO", run.log)
        for text in ("generations-short", "credits-short", "188", "1,000"):
            self.assertIn(text, run.steps["preflight"].summary)

    def test_fail_false_stays_green_and_pass_stops_the_later_job(self):
        with runway(organization()) as server:
            run = self.gate(server, generations="gen4.5=189", fail=False)
        self.assert_asked(server, ONCE)
        self.assertEqual(run.code, 0)
        self.assert_jobs(run, preflight="success", generate=None)
        self.assert_outputs(run, passes="false", verdict="no-go", exit_code="3", codes="generations-short",
                            errors=["generations-short"])
        self.assertIn("exit code 3; the step stays green", run.log)

    def test_cannot_tell(self):
        for fail_open, code in ((False, 5), (True, 0)):
            with self.subTest(fail_open=fail_open), runway((503, {"error": "Down for a moment"})) as server:
                run = self.gate(server, generations="gen4.5=1", timeout="2s", fail_open=fail_open)
                self.assertEqual(set(server.asked()), {ONCE})
                told = {"warnings" if fail_open else "errors": ["unavailable"]}
                report = self.assert_outputs(run, passes=str(fail_open).lower(), verdict="cannot-tell", exit_code=str(code),
                                             codes="unavailable", generations_left="{}", concurrency="{}", **told)
                self.assertIsNone(report["organization"])
                self.assertEqual([row["met"] for row in report["requirements"]], [None])
                self.assertIn("Down for a moment", run.of("warning" if fail_open else "error")[0])
                if fail_open:
                    self.assert_jobs(run, preflight="success", generate="success")
                else:
                    self.assert_held_back(run, 5)

    def test_a_rejected_key_fails_also_with_fail_open(self):
        with runway((401, {"error": f"The key {KEY} is not valid"})) as server:
            run = self.gate(server, generations="gen4.5=1", fail_open=True)
        self.assert_asked(server, ONCE)
        self.assert_held_back(run, 4)
        self.assert_outputs(run, passes="false", verdict="cannot-tell", exit_code="4", codes="unauthorized", errors=["unauthorized"])

    def test_a_missing_key(self):
        with runway(organization()) as server:
            run = self.gate(server, key=None, generations="gen4.5=1")
            skipped = self.gate(server, key=None, generations="gen4.5=1", missing_key="skip")
        self.assert_asked(server)
        self.assert_held_back(run, 4)
        self.assert_outputs(run, passes="false", verdict="cannot-tell", exit_code="4", codes="key-missing",
                            generations_left="{}", concurrency="{}", errors=["key-missing"])
        self.assert_jobs(skipped, preflight="success", generate=None)
        self.assert_outputs(skipped, passes="false", verdict="skipped", exit_code="0", warnings=["key-missing"])

    def test_an_empty_api_secret_leaves_the_key_of_the_environment(self):
        """That of the step, of the job, and of an earlier step."""
        keyed = {"RUNWAYML_API_SECRET": "${{ secrets.RUNWAYML_API_SECRET }}"}
        step = gate(generations="gen4.5=1", api_secret="${{ secrets.NO_SUCH_SECRET }}")
        exported = {"run": 'echo "RUNWAYML_API_SECRET=$KEPT" >>"$GITHUB_ENV"', "env": {"KEPT": "${{ secrets.RUNWAYML_API_SECRET }}"}}
        for flow in (workflow({**step, "env": keyed}), workflow(step, env=keyed), workflow(exported, step)):
            with runway(organization()) as server:
                run = self.act(flow, server)
            self.assert_asked(server, ONCE)
            self.assert_jobs(run, preflight="success", generate="success")
            self.assert_outputs(run, passes="true", verdict="go")

    def test_a_key_given_as_api_secret_is_masked(self):
        """Not a secret to the runner: the Action itself has to mask it."""
        careless = {"env": {"SEEN": "${{ vars.NOT_A_SECRET }}"}, "run": 'echo "a careless step prints $SEEN"'}
        with runway(organization()) as server:
            run = self.act(workflow(gate(generations="gen4.5=1", api_secret="${{ vars.NOT_A_SECRET }}"), careless), server,
                           insecure=False, secrets={}, variables={"NOT_A_SECRET": KEY})
        self.assert_asked(server, ONCE)
        self.assert_jobs(run, preflight="success", generate="success")
        self.assertIn("add-mask", run.commands)
        self.assertIn("a careless step prints ***", run.log)

    def test_what_a_job_does_to_its_shells_shows_no_key_and_turns_no_verdict(self):
        function = "() { echo pwned; exit 0; }"
        with runway(organization()) as server:
            run = self.act(workflow(
                {"run": 'echo "set -x; set -v" >"$RUNNER_TEMP/environment"; echo "BASH_ENV=$RUNNER_TEMP/environment" >>"$GITHUB_ENV"'},
                {**gate(generations="gen4.5=189"), "env": {
                    "SHELLOPTS": "xtrace:verbose", "PS4": "+ $(printenv RUNWAYML_API_SECRET)", "BASH_XTRACEFD": "1", "PIPESTATUS": "0",
                    "FUNCNEST": "1", "POSIXLY_CORRECT": "1",
                    **{f"BASH_FUNC_{name}%%": function for name in ("bash", "exec", "awk", "printf", "unset", "env")}}}), server)
        self.assert_asked(server, ONCE)
        self.assert_held_back(run, 3)
        self.assert_outputs(run, passes="false", verdict="no-go", codes="generations-short", errors=["generations-short"])
        self.assertNotIn("pwned", run.log)

    def test_a_server_injects_nothing(self):
        names = ["x\npass=true", "x\r\n::set-output name=pass::true", "x\n::error::pwned", "##[error]pwned",
                 "x ##[set-output name=pass]true", "x%0A::warning::pwned", "<script>pwned</script>", "x|y\n\n# pwned",
                 "report<<END\npwned\nEND", "::add-mask::188", "\u001b[31mpwned", "x\u2028::error::pwned"]
        limits = {name: {"maxConcurrentGenerations": 1, "maxDailyGenerations": 1} for name in names}
        body = {"error": f"no\n::set-output name=pass::true\n##[error]pwned {KEY[:40]}\u0000{KEY[40:]} {KEY}"}
        for answer, code, found in ((organization(limits=limits), 3, "generations-short"), ((401, body), 4, "unauthorized")):
            with self.subTest(found), runway(answer) as server:
                run = self.gate(server, generations="gen4.5=189")
                self.assert_asked(server, ONCE)
                self.assert_held_back(run, code)
                self.assert_outputs(run, passes="false", exit_code=str(code), codes=found, errors=[found])
                # The only command of the whole run: the Action masking its key, and folding its build.
                self.assertEqual(set(run.commands), {"add-mask", "group", "endgroup"})
                step = run.steps["preflight"]
                for text in ("##[", "\u001b", "<script>"):
                    self.assertNotIn(text, run.log)
                    self.assertNotIn(text, "".join(step.outputs.values()).replace("<script>", ""))
                self.assertNotIn("<script>", step.summary)
                self.assertNotIn("\n# pwned", step.summary)
                if code == 3:
                    self.assertEqual(set(json.loads(step.outputs["concurrency"])) & set(names), set(names))

    def test_a_wrong_input_fails_also_with_fail_false(self):
        either = "takes true or false, and nothing else"
        for inputs, said in (({"generations": "gen4.5:20"}, 'the input generations "gen4.5:20" must be MODEL=N'),
                             ({"fail_open": "yes"}, f"the input fail-open {either}"), ({"quiet": "True"}, f"the input quiet {either}"),
                             ({"fail": "no"}, f"the input fail {either}"), ({"credits": "1 --help"}, "the input credits"),
                             ({"generations": "$(echo pwned >&2)=1", "credits": "5`echo pwned >&2`", "budget": "--help"}, "the input ")):
            with self.subTest(inputs), runway(organization()) as server:
                # The file of an earlier run, which no wrong input leaves as it was.
                earlier = {"run": "printf 'RUNWAY_PREFLIGHT_ACME_PASS=true\\n' >preflight.env"}
                run = self.act(workflow(earlier, gate(**{"fail": False, **inputs}, label="acme", write="env=preflight.env"), {
                    "if": "always()", "run": "sed 's/^/left /' preflight.env"}), server)
                self.assert_asked(server)
                self.assert_held_back(run, 2)
                self.assert_wrong(run, said)
                self.assertIn("left RUNWAY_PREFLIGHT_ACME_PASS=false", run.lines)
                self.assertNotIn("pwned", [line.strip() for line in run.lines])

    def test_nothing_asked_for_is_a_go_with_a_warning(self):
        with runway(organization()) as server:
            # Variables that are not set.
            run = self.gate(server, generations="${{ vars.GENERATIONS }}", credits="${{ vars.MIN_CREDITS }}")
        self.assert_asked(server, ONCE)
        self.assert_jobs(run, preflight="success", generate="success")
        self.assertEqual([text.split(" none", 1)[0] for text in run.of("warning")], ["Nothing was asked for"])
        self.assert_outputs(run, passes="true", verdict="go", warnings=None)

    def test_a_saved_answer_needs_neither_key_nor_runway(self):
        with runway(organization()) as server:
            run = self.gate(server, key=None, generations="gen4.5=100", tiers=True, format="json", **{"from": "examples/organization.json"})
        self.assert_asked(server)
        self.assert_jobs(run, preflight="success", generate="success")
        report = self.assert_outputs(run, passes="true", verdict="go", exit_code="0", credit_balance="5000")
        self.assertEqual(report["source"], "examples/organization.json")

    def test_a_budget_reads_the_history_and_nothing_else(self):
        with runway(organization()) as server:
            run = self.gate(server, generations="gen4.5=10@12", budget="600/7days", usage="30d")
        self.assertEqual(set(server.asked()), {ONCE, HISTORY})
        self.assert_held_back(run, 6)
        report = self.assert_outputs(run, passes="false", verdict="no-go", exit_code="6", codes="over-budget", errors=["over-budget"])
        budget = [row for row in report["requirements"] if row["kind"] == "budget"]
        self.assertEqual([(row["needed"], row["left"], row["met"]) for row in budget], [(120, 80, False)])
        self.assertEqual(report["usage"]["totalCredits"], 520)
        self.assertIn("520", run.steps["preflight"].summary)

    def test_waiting_checks_again_until_it_is_enough(self):
        with runway(organization(used={"gen4.5": 13}), organization()) as server:
            run = self.gate(server, generations="gen4.5=188", wait="20s", interval="5s", quiet=True)
        self.assert_asked(server, ONCE, ONCE)
        self.assert_jobs(run, preflight="success", generate="success")
        self.assert_outputs(run, passes="true", verdict="go", exit_code="0")

    def test_a_label_names_the_run_and_not_the_outputs_of_the_step(self):
        with runway(organization()) as server:
            run = self.act(workflow(gate(generations="gen4.5=188", label="acme"),
                                    {**gate("wrong", generations="gen4.5:20", label="acme"), "continue-on-error": True}), server)
        self.assert_asked(server, ONCE)
        self.assert_jobs(run, preflight="success", generate="success")
        self.assert_outputs(run, errors=None, passes="true", verdict="go")
        self.assertIn("acme", run.steps["preflight"].summary)
        self.assert_wrong(run, step="wrong")

    def test_a_plan_with_prices_and_reports_in_files(self):
        tasks = ['{"model": "gen4.5", "duration": 10, "promptText": "a harbour"}', '{"model": "gen4_image", "promptText": "a lighthouse"}']
        with runway(organization(), days_ago=1) as server:
            run = self.act(workflow(
                {"run": f"printf '%s\\n' {' '.join(map(repr, tasks))} >tasks.jsonl"},
                gate(plan="tasks.jsonl", price="gen4.5=12/s\ngen4_image=5  # an image\n", keep=4000, warn_lasts="10days",
                     write="json=report.json\nmarkdown=report.md"),
                {"run": "tr -d '\\n' <report.json | cut -c 1-300; head -n 1 report.md"}), server)
        self.assert_asked(server, ONCE, HISTORY)
        self.assert_jobs(run, preflight="success", generate="success")
        # 5,000 credits less the planned 125, at 520 a day.
        report = self.assert_outputs(run, passes="true", verdict="go", lasts_days="9", warnings=["running-low"])
        needed = {row["kind"]: row["needed"] for row in report["requirements"] if row.get("model") is None}
        self.assertEqual(needed, {"planned-cost": 125, "keep": 4000})
        self.assertEqual(json.loads(run.steps["preflight"].outputs["granted"]), {"gen4.5": 1, "gen4_image": 1})
        self.assertEqual(run.steps["preflight"].outputs["granted-tasks"], "2")
        written = [line.replace(" ", "")[:12] for line in run.lines if line.startswith("{")]
        self.assertEqual(written, ['{"schema":1,'])


class Around(Scenario):
    """Where the step stands, and where the command comes from."""

    def test_in_a_matrix(self):
        flow = workflow(gate(generations="${{ matrix.generations }}"), strategy={"matrix": {"generations": ["gen4.5=188", "veo3.1=95"]}})
        with runway(organization()) as server:
            run = self.act(flow, server)
        self.assert_asked(server, ONCE, ONCE)
        self.assertEqual(run.jobs["preflight"], ["success"] * 2, run.raw[-3000:])

    def test_in_a_reusable_workflow(self):
        called = runner().repository / ".github" / "workflows" / "called.yml"
        inner = workflow(gate(generations="${{ inputs.generations }}", base_url="${{ inputs.runway }}"))
        inner["on"] = {"workflow_call": {
            "inputs": {name: {"type": "string", "required": True} for name in ("generations", "runway")},
            "secrets": {"RUNWAYML_API_SECRET": {"required": True}}, "outputs": {"pass": {"value": "${{ jobs.gate.outputs.pass }}"}}}}
        inner["jobs"] = {"gate": inner["jobs"]["preflight"]}
        called.write_text(json.dumps(inner))
        flow = workflow()
        flow["jobs"]["preflight"] = {"uses": "./.github/workflows/called.yml", "with": {
            "generations": "gen4.5=188", "runway": "${{ vars.RUNWAY }}"},
            "secrets": {"RUNWAYML_API_SECRET": "${{ secrets.RUNWAYML_API_SECRET }}"}}
        with runway(organization()) as server:
            run = self.act(flow, server)
        self.assert_asked(server, ONCE)
        self.assert_jobs(run, gate="success", generate="success")

    def test_in_a_composite_of_somebody_else(self):
        keyed = {"RUNWAYML_API_SECRET": "${{ secrets.RUNWAYML_API_SECRET }}"}
        def outer(name, generations):
            return gate(name, "./tests/action/outer", generations=generations, api_secret=None)
        seen = " ".join(f"${{{{ steps.{output} }}}}" for output in (
            "preflight.outputs.exit-code", "again.outputs.pass", "again.outputs.exit-code"))
        with runway(organization()) as server:
            run = self.act(workflow(outer("preflight", "gen4.5=188"), outer("again", "gen4.5=189"), {"run": f"echo seen {seen}"}, env=keyed), server)
        self.assert_asked(server, ONCE, ONCE)
        self.assert_jobs(run, preflight="success", generate="success")
        self.assertIn("seen 0 false 3", run.lines)

    def test_as_a_remote_action_it_downloads_from_its_own_repository(self):
        """A caller with nothing but the workflow, and a curl that only writes down where it was sent."""
        asset, folder = with_checksums(b"never seen")
        caller = temporary_folder()
        commit(caller, empty=True)
        curl = script(runner().bin / "curl", f"#!/bin/sh\necho \"$*\" >'{caller}/curl.log'\nexit 6\n")
        self.addCleanup(curl.unlink)
        flow = workflow(gate(uses="example/runway-preflight@v0", generations="gen4.5=189"), condition=None)
        with runway(organization()) as server:
            run = self.act(flow, server, repository=caller, options=["--local-repository", f"example/runway-preflight@v0={folder}"])
        self.assert_asked(server, ONCE)
        version = re.search(r'^version = "(.*)"$', (folder / "Cargo.toml").read_text(), re.M)[1]
        self.assertTrue((caller / "curl.log").read_text().strip().endswith(
            f" https://github.com/example/runway-preflight/releases/download/v{version}/{asset}"))
        self.assertIn(f"{asset} could not be downloaded (curl ended with 6)", run.log)
        self.assertEqual(len(runner().builds()), 1)
        self.assert_held_back(run, 3)
        self.assert_outputs(run, passes="false", codes="generations-short", errors=["generations-short"])

    def test_a_released_binary_is_downloaded_and_checked(self):
        """With a curl that fetches from loopback."""
        asset = binary().read_bytes()
        name, folder = with_checksums(asset)
        for served in (asset, asset + b"\n"):
            with self.subTest(served is asset), runway(organization()) as server, Loopback(lambda request: (200, served)) as release:
                curl = led_to(release, runner().bin) / "curl"
                self.addCleanup(curl.unlink, missing_ok=True)
                run = self.act(workflow(gate(generations="gen4.5=1")), server, repository=folder)
                self.assertEqual([path.rsplit("/", 1)[1] for path in release.asked()], [name])
                self.assertEqual(runner().builds(), [])
                if served is asset:
                    self.assert_asked(server, ONCE)
                    self.assert_jobs(run, preflight="success", generate="success")
                    self.assert_outputs(run, passes="true", verdict="go", credit_balance="5000")
                    self.assertIn(hashlib.sha256(asset).hexdigest(), run.log)
                else:
                    self.assert_asked(server)
                    self.assert_jobs(run, preflight="failure", generate=None)
                    self.assertIn("checksum", run.of("error")[0])
                    self.assertNotEqual(run.steps["preflight"].outputs.get("pass"), "true")

    def test_our_own_workflow(self):
        run = self.act(".github/workflows/ci.yml", key=None, options=[
            "-j", "action", "--matrix", "runner:ubuntu-24.04", "-P", "ubuntu-24.04=-self-hosted"])
        self.assert_jobs(run, action="success")
        self.assert_outputs(run, step="go", errors=None, passes="true", verdict="go")
        self.assert_outputs(run, step="no-go", passes="false", codes="generations-short", errors=None)
        self.assert_outputs(run, step="red", passes="false", exit_code="3", errors=["generations-short"] * 2)
        self.assertEqual(len(runner().builds()), 1)

    def test_max_parallel_as_the_example_has_it(self):
        """act does not work it out, so a step shows it."""
        expression = YAML(typ="safe").load(ROOT / "examples" / "github-workflow.yml")["jobs"]["render"]["strategy"]["max-parallel"]
        no_limit = organization(limits={"gen4.5": {"maxConcurrentGenerations": None}})
        for answer, expected in ((organization(), 2), (no_limit, 256), ((500, ""), 256)):
            shown = {"strategy": {"max-parallel": expression, "matrix": {"scene": [1, 2]}},
                     "steps": [{"run": f"echo scene ${{{{ matrix.scene }}}} of at most {expression} at a time"}]}
            with self.subTest(expected), runway(answer) as server:
                run = self.act(workflow(gate(generations="gen4.5=2", timeout="2s", fail_open=True), generate=shown), server)
                self.assertEqual(set(server.asked()), {ONCE})
                self.assertEqual(run.jobs.get("generate"), ["success"] * 2, run.raw[-3000:])
                self.assertEqual(sorted(line for line in run.lines if line.startswith("scene")),
                                 [f"scene {scene} of at most {expected} at a time" for scene in (1, 2)])


class APlainStep(Scenario):
    KEYED = {"RUNWAYML_API_SECRET": "${{ secrets.RUNWAYML_API_SECRET }}", "RUNWAYML_BASE_URL": "${{ vars.RUNWAY }}"}

    def test_has_every_output_of_the_action(self):
        shown = ("echo left ${{ fromJSON(steps.preflight.outputs.generations-left)['gen4.5'] }}, "
                 "balance ${{ fromJSON(steps.preflight.outputs.report).organization.creditBalance }}")
        with runway(organization()) as server:
            run = self.act(workflow({"id": "preflight", "run": "runway-preflight --generations gen4.5=10 --format json"},
                                    {"run": shown}, env=self.KEYED), server)
        self.assert_asked(server, ONCE)
        self.assert_jobs(run, preflight="success", generate="success")
        self.assert_outputs(run, passes="true", verdict="go", exit_code="0")
        self.assertIn("left 188, balance 5000", run.log)
        self.assertEqual(runner().builds(), [])

    def test_a_file_of_the_runner_that_cannot_be_written_is_no_pass(self):
        asks = 'runway-preflight --generations gen4.5=1 --fail-open; echo "ended with $?"'
        with runway(organization()) as server:
            run = self.act(workflow(*({"id": name, "shell": "bash {0}", "run": f"{before}; {asks}"} for name, before in (
                ("preflight", "export GITHUB_OUTPUT=/nowhere/output"), ("no-summary", "export GITHUB_STEP_SUMMARY=/nowhere/summary"),
                ("neither", "unset GITHUB_OUTPUT GITHUB_STEP_SUMMARY"))), env=self.KEYED), server)
        self.assert_asked(server, ONCE, ONCE, ONCE)
        self.assert_jobs(run, preflight="success", generate=None)
        self.assertEqual([line for line in run.lines if line.startswith("ended with")],
                         ["ended with 5", "ended with 5", "ended with 0"])
        self.assertEqual(["report-failed" in text for text in run.of("error")], [True, True])
        self.assertEqual(run.steps["preflight"].outputs, {})
        outputs = run.steps["no-summary"].outputs
        self.assertEqual((outputs["pass"], outputs["verdict"], outputs["exit-code"], outputs["codes"]),
                         ("false", "cannot-tell", "5", "report-failed"))

    def test_ten_annotations_at_most_and_the_others_plain(self):
        limits = {f"model_{number:02}": {"maxConcurrentGenerations": 1, "maxDailyGenerations": 1} for number in range(12)}
        flags = " ".join(f"--generations={model}=2" for model in limits)
        with runway(organization(limits=limits)) as server:
            run = self.act(workflow({"id": "preflight", "run": f"runway-preflight {flags}"}, condition=None, env=self.KEYED), server)
        self.assert_asked(server, ONCE)
        self.assert_held_back(run, 6)
        report = self.assert_outputs(run, passes="false", codes=run.steps["preflight"].outputs["codes"], errors=["over-daily-limit"] * 10)
        self.assertEqual(len(report["diagnostics"]), 12)
        self.assertEqual(sum("[over-daily-limit]" in line for line in run.lines), 2)


if __name__ == "__main__":
    unittest.main()
