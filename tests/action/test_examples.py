"""The guards that people copy, run as they stand."""

import functools
import json
import os
import re
import subprocess
import unittest
import xml.etree.ElementTree

from ci_examples import gate_scripts, load
from support import KEY, ROOT, Loopback, Runner, binary, commit, organization, runway, script, temporary_folder

EXAMPLES = ROOT / "examples"
ONCE = "GET /v1/organization"


@functools.cache
def runner():
    return Runner(binary())


def plan(scenes, seconds=5):
    tasks = ({"model": "gen4.5", "promptText": scene, "duration": seconds} for scene in scenes)
    return "".join(json.dumps(task) + "\n" for task in tasks)


class Workflow(unittest.TestCase):
    """An example workflow, in a repository with nothing but a script that renders."""

    def act(self, name, server, event="push", seconds=5, scenes=("harbour", "lighthouse"), **secrets):
        caller = temporary_folder()
        workflow = caller / ".github" / "workflows" / name
        workflow.parent.mkdir(parents=True)
        workflow.write_text((EXAMPLES / name).read_text())
        # A task is a request body; other recipes hand over a name.
        script(caller / "render.sh", '#!/bin/sh\ncase $1 in {*) set -- "$(echo "$1" | jq -r .promptText)" ;; esac\n'
               'echo "rendering $* with ${#RUNWAYML_API_SECRET} characters"\n')
        (caller / "tasks.jsonl").write_text(plan(scenes, seconds))
        commit(caller)
        return runner().run(
            f".github/workflows/{name}", repository=caller, event=event,
            secrets={name: value for name, value in secrets.items() if value},
            environment={"RUNWAYML_BASE_URL": server.url},
            options=["--local-repository", f"OWNER/runway-preflight@v0={runner().repository}"])

    def assert_rendered(self, run, *expected):
        rendered = sorted(line for line in run.lines if line.startswith("rendering"))
        self.assertEqual(rendered, [f"rendering {what} with {len(KEY)} characters" for what in expected], run.raw[-3000:])


class WholePipeline(Workflow):
    def act(self, *answers, key=KEY, alert=True):
        with Loopback(lambda request: (200, "")) as alerts, runway(*answers) as self.server:
            run = super().act("github-workflow.yml", self.server, RUNWAYML_API_SECRET=key,
                              ALERT_URL=alerts.url if alert else "")
        self.alerted = [request["body"] for request in alerts.requests]
        return run

    def assert_held_back(self, run, code, found):
        """The job fails with the command's own code, and the message is posted."""
        self.assertEqual(run.jobs, {"preflight": ["failure"]}, run.raw[-3000:])
        self.assertIn(f"exit status {code}", run.raw)
        self.assertIn(found, run.of("error")[0])
        self.assertEqual(self.alerted, [run.steps["preflight"].outputs["message"]])
        self.assertTrue(self.alerted[0])
        self.assertEqual(run.of("notice"), [])

    def test_go(self):
        run = self.act(organization())
        self.assertEqual((self.server.asked(), self.alerted), ([ONCE], []))
        self.assertEqual(run.jobs, {"preflight": ["success"], "render": ["success"] * 2}, run.raw[-3000:])
        self.assert_rendered(run, "harbour", "lighthouse")
        self.assertEqual(run.of("notice"), [])

    def test_not_enough_for_now_is_skipped_and_said(self):
        run = self.act(organization(used={"gen4.5": 199}))
        self.assertEqual((self.server.asked(), self.alerted), ([ONCE], []))
        self.assertEqual(run.jobs, {"preflight": ["success"]}, run.raw[-3000:])
        message = run.steps["preflight"].outputs["message"]
        self.assertTrue(message)
        self.assertEqual(run.of("notice"), [f"Nothing is rendered {message}"])

    def test_what_waiting_does_not_cure_alerts(self):
        run = self.act(organization(balance=119))
        self.assertEqual(self.server.asked(), [ONCE])
        self.assert_held_back(run, 6, "credits-short")

    def test_without_an_address_nothing_is_posted(self):
        run = self.act(organization(balance=119), alert=False)
        self.assertEqual(run.jobs, {"preflight": ["failure"]}, run.raw[-3000:])
        self.assertIn("exit status 6", run.raw)
        self.assertEqual((self.alerted, run.of("warning")), ([], []))

    def test_missing_key(self):
        run = self.act(organization(), key=None)
        self.assertEqual(self.server.asked(), [])
        self.assert_held_back(run, 4, "key-missing")


class MatrixOfWhatFits(Workflow):
    SCENES = ["harbour", "lighthouse", "market", "station"]

    def assert_fits(self, scenes, *answers):
        with runway(*answers) as server:
            run = self.act("what-fits-workflow.yml", server, event="workflow_dispatch", scenes=self.SCENES, RUNWAYML_API_SECRET=KEY)
        self.assertEqual(server.asked(), [ONCE])
        self.assertEqual(run.jobs, {"preflight": ["success"], "render": ["success"] * scenes}, run.raw[-3000:])
        self.assertEqual(run.steps["preflight"].outputs["granted-tasks"], str(scenes))
        self.assert_rendered(run, *self.SCENES[:scenes])

    def test_all_of_it(self):
        self.assert_fits(4, organization())

    def test_as_many_as_the_credits_allow(self):
        self.assert_fits(3, organization(balance=239))

    def test_as_many_as_the_daily_limit_allows(self):
        self.assert_fits(1, organization(used={"gen4.5": 199}))

    def test_nothing_fits(self):
        with runway(organization(balance=59)) as server:
            run = self.act("what-fits-workflow.yml", server, event="workflow_dispatch", RUNWAYML_API_SECRET=KEY)
        self.assertEqual(server.asked(), [ONCE])
        self.assertEqual(run.jobs, {"preflight": ["failure"]}, run.raw[-3000:])
        self.assertIn("exit status 6", run.raw)
        self.assert_rendered(run)


class Shell(unittest.TestCase):
    """What the shell recipes share: a folder of their own, a Runway, and the command on the PATH."""

    def setUp(self):
        self.folder = temporary_folder()
        script(self.folder / "render.sh", '#!/bin/sh\ncase $1 in {*) set -- "$(echo "$1" | jq -r .promptText)" ;; esac\necho "rendered $*"\nif [ $# -gt 1 ]; then touch "$2"; fi\ncat >>input\n')
        (self.folder / "bin").mkdir()
        (self.folder / "bin" / "runway-preflight").symlink_to(binary())

    def call(self, command, server, key=KEY, input=None, **environment):
        environment.setdefault("PATH", f"{self.folder}/bin:{os.environ['PATH']}")
        if key:
            environment["RUNWAYML_API_SECRET"] = key
        done = subprocess.run(
            command, cwd=self.folder, input=input, capture_output=True, text=True, timeout=120,
            env={"HOME": str(self.folder), "RUNWAYML_BASE_URL": server.url, **environment})
        self.assertNotIn(KEY, done.stdout + done.stderr)
        return done


class Guard(Shell):
    # Answer, settings, exit code, what is posted, and what the guard says by itself.
    CASES = {
        "go": ([organization()], {}, 0, [], ""),
        "no-go skips and says so": ([organization(used={"gen4.5": 199})], {}, 0, [], "guard: skipped"),
        "what waiting does not cure alerts": (
            [organization(balance=119)], {}, 6, ["Runway does not have what this job needs, and waiting does not help"], "guard: "),
        "a rejected key alerts": (
            [(401, {"error": "No such key"})], {}, 4, ["Runway does not accept the API key, or there is none"], "guard: "),
        "a missing key alerts": (
            [organization()], {"key": None}, 4, ["Runway does not accept the API key, or there is none"], "guard: "),
        "an outage alerts": ([(503, "")], {}, 5, ["Runway could not be asked what is left"], "guard: "),
        "a gate that is not installed alerts": (
            [organization()], {"PATH": os.environ["PATH"]}, 127, ["runway-preflight did not work (exit code 127)"], "guard: "),
    }

    def test_each(self):
        for name, (answers, settings, code, posted, said) in self.CASES.items():
            with self.subTest(name), Loopback(lambda request: (200, "")) as alerts, runway(*answers) as server:
                self.setUp()
                done = self.call([EXAMPLES / "guard.sh", "gen4.5=2@60", "./render.sh", "harbour", "two words"], server,
                                 ALERT_URL=alerts.url, **settings)
                self.assertEqual((done.returncode, set(server.asked())), (code, set() if settings else {ONCE}), done.stderr)
                self.assertEqual([request["body"] for request in alerts.requests], posted)
                self.assertEqual("rendered harbour two words" in done.stdout, name == "go")
                self.assertIn(said, done.stderr)

    def test_without_a_need_nothing_is_asked(self):
        with runway(organization()) as server:
            done = self.call([EXAMPLES / "guard.sh"], server)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual((server.asked(), "usage: guard.sh" in done.stderr), ([], True), done.stderr)


class AgentHook(Shell):
    """As such an agent calls it: the call is JSON on standard input, and exit code 2 alone blocks it."""

    def test_each(self):
        renders, other = "./render.sh harbour", "ls"
        for command, answer, settings, code, said in (
                (renders, organization(), {}, 0, ""), (renders, organization(used={"gen4.5": 199}), {}, 2, "generations-short"),
                (renders, organization(balance=0), {}, 2, "no-credits"), (renders, (401, ""), {}, 2, "unauthorized"),
                (renders, (404, ""), {}, 2, "unexpected-status"), (renders, organization(), {"key": None}, 2, "key-missing"),
                (renders, organization(), {"PATH": os.environ["PATH"]}, 2, "not found"), (other, organization(), {"key": None}, 0, "")):
            call = json.dumps({"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": command}})
            with self.subTest(said), runway(answer) as server:
                done = self.call([EXAMPLES / "agent-hook.sh"], server, input=call, **settings)
                self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
                self.assertIn(said, done.stderr)
                self.assertEqual(server.asked(), [] if settings else [ONCE])


class PullRequest(Workflow):
    def test_its_price_is_held_with_a_key_and_without_one(self):
        """From a fork there is none: nothing is asked."""
        for key, seconds, result in ((KEY, 20, "success"), (KEY, 25, "failure"), (None, 20, "success"), (None, 25, "failure")):
            with self.subTest(key=bool(key), seconds=seconds), runway(organization()) as server:
                run = self.act("pull-request-workflow.yml", server, event="pull_request", seconds=seconds, RUNWAYML_API_SECRET=key)
                self.assertEqual(run.jobs, {"preflight": [result]}, run.raw[-3000:])
                self.assertEqual(server.asked(), [ONCE] if key else [])
                self.assertEqual("exit status 6" in run.raw, result == "failure")
                self.assertEqual(["over-max-cost" in text for text in run.of("error")], [True] if result == "failure" else [])


class WhatFits(Shell):
    def fit(self, scenes, *answers):
        (self.folder / "tasks.jsonl").write_text(plan(scenes))
        with runway(*answers) as server:
            self.server = server
            return self.call([EXAMPLES / "what-fits.sh", "tasks.jsonl", "left.jsonl"], server)

    def left(self):
        return (self.folder / "left.jsonl").read_text()

    def test_all_of_it(self):
        done = self.fit(["harbour", "two words"], organization())
        self.assertEqual((done.returncode, self.server.asked()), (0, [ONCE]), done.stderr)
        self.assertIn("rendered harbour\nrendered two words\nrendered 2 of 2\n", done.stdout)
        self.assertEqual(self.left(), "")

    def test_as_much_as_fits(self):
        done = self.fit(["one", "two", "three"], organization(balance=179))
        self.assertEqual((done.returncode, self.server.asked()), (0, [ONCE]), done.stderr)
        self.assertIn("rendered one\nrendered two\nrendered 2 of 3\n", done.stdout)
        self.assertEqual(self.left(), plan(["three"]))
        self.assertIn("granted-fewer", done.stderr)

    def test_nothing_fits(self):
        done = self.fit(["one", "two"], organization(balance=59))
        self.assertEqual((done.returncode, self.left()), (6, plan(["one", "two"])), done.stderr)
        self.assertNotIn("rendered", done.stdout)

    def test_what_was_rendered_is_not_rendered_again(self):
        """The last line has no line break, one is blank, and a render fails."""
        lines = plan(["one", "two"]).replace("\n", "\n\n", 1).rstrip("\n")
        script(self.folder / "render.sh", '#!/bin/sh\ncase $1 in *two*) exit 7 ;; esac\necho "$1" >>rendered\n')
        (self.folder / "tasks.jsonl").write_text(lines)
        for tasks, code, left in (("tasks.jsonl", 7, ["two"]), ("left.jsonl", 7, ["two"])):
            with runway(organization()) as server:
                done = self.call([EXAMPLES / "what-fits.sh", tasks, "left.jsonl"], server)
            self.assertEqual((done.returncode, self.left()), (code, plan(left)), done.stderr)
        self.assertEqual((self.folder / "rendered").read_text(), plan(["one"]))

    def test_an_empty_list_asks_nothing(self):
        done = self.fit([], organization())
        self.assertEqual((done.returncode, self.server.asked(), self.left()), (0, [], ""), done.stderr)


class Plans(Shell):
    def test_each_line_of_the_page_makes_a_plan(self):
        """Files and commands in their order; behind each command the plan is one."""
        (self.folder / "images").mkdir()
        for name in ("a b", "c"):
            (self.folder / "images" / f"{name}.png").touch()
        page = (ROOT / "docs" / "plans.md").read_text()
        blocks = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", page, flags=re.S | re.M)
        commands = 0
        with runway(organization()) as server:
            for kind, name, text in blocks:
                if kind != "sh":
                    (self.folder / name).write_text(text)
                    continue
                with self.subTest(text):
                    done = self.call(["sh", "-euc", text], server)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    check = ["bin/runway-preflight", "--plan", "tasks.jsonl", "--price", "gen4.5=12/s", "--json"]
                    plan = json.loads(self.call(check, server).stdout)["plan"]
                    self.assertGreater(plan["tasks"], 1)
                    self.assertEqual([rule["model"] for rule in plan["rules"]], ["gen4.5"])
                    commands += 1
        self.assertGreaterEqual(commands, 9)
        self.assertEqual((self.folder / "today.jsonl").read_text(), (self.folder / "tasks.jsonl").read_text())
        self.assertEqual((self.folder / "tomorrow.jsonl").read_text(), "")
        # None of what is not a body is followed, and each is told what it is.
        for plan, told in {"gateway.jsonl": "", "batch.json": "no model", "pipeline.json": "per second", "scenes.json": "no model"}.items():
            done = self.call(["bin/runway-preflight", "--plan", plan, "--price", "gen4.5=12/s"], server)
            self.assertEqual(done.returncode, 2, plan)
            self.assertIn(told, done.stderr)
            self.assertNotIn("lighthouse", done.stderr)


def by_key(answers):
    """A Runway that answers each key as it says."""
    def answer(request):
        key = request["headers"]["authorization"].removeprefix("Bearer ")
        return answers[key] if isinstance(answers[key], tuple) else (200, answers[key])
    return Loopback(answer)


class Organizations(Shell):
    NAMES = ["acme", "b-2", "c-3", "d4", "e", "f", "g", "h"]

    def loop(self, **changes):
        """Eight organizations, all with enough but for the changes."""
        answers = {}
        (self.folder / "keys").mkdir()
        for number, name in enumerate(self.NAMES):
            key = "key_" + f"{number:x}7c" * 42
            (self.folder / "keys" / f"{name}.key").write_text(key + "\n")
            answers[key] = changes.get(name, organization())
        outputs = self.folder / "outputs"
        outputs.touch()
        keys = [f"keys/{name}.key" for name in self.NAMES]
        with by_key(answers) as self.server:
            done = self.call([EXAMPLES / "organizations.sh", *keys], self.server, key=None,
                             GITHUB_ACTIONS="true", GITHUB_OUTPUT=str(outputs))
        self.outputs = dict(line.split("=", 1) for line in outputs.read_text().splitlines())
        return done

    def test_all_can(self):
        done = self.loop()
        self.assertEqual((done.returncode, len(self.server.asked())), (0, 8), done.stderr)
        self.assertIn("ready: " + " ".join(self.NAMES) + "\n", done.stdout)
        self.assertEqual({self.outputs[f"{name}-pass"] for name in self.NAMES}, {"true"})

    def test_some_cannot(self):
        done = self.loop(acme=organization(used={"gen4.5": 199}), e=(401, {"error": "No such key"}))
        self.assertEqual((done.returncode, len(self.server.asked())), (4, 8), done.stderr)
        self.assertIn("ready: b-2 c-3 d4 f g h\n", done.stdout)
        found = [self.outputs[f"{name}-{output}"] for name in ("acme", "b-2", "e") for output in ("pass", "verdict")]
        self.assertEqual(found, ["false", "no-go", "true", "go", "false", "cannot-tell"])
        self.assertNotIn("pass", self.outputs)


class OrganizationsAsSteps(Workflow):
    def assert_rendered_for(self, names, acme, globex, conclusion="success"):
        other = KEY[:-1] + "0"
        with by_key({KEY: acme, other: globex}) as server:
            run = self.act("organizations-workflow.yml", server,
                           ACME_RUNWAYML_API_SECRET=KEY, GLOBEX_RUNWAYML_API_SECRET=other)
        self.assertEqual(server.asked(), [ONCE, ONCE])
        self.assertEqual(run.jobs, {"render": [conclusion]}, run.raw[-3000:])
        for name in ("acme", "globex"):
            self.assertEqual(run.steps[name].outputs["pass"], "true" if name in names else "false")
            self.assertIn(name, run.steps[name].summary)
        self.assert_rendered(run, *names)

    def test_all_can(self):
        self.assert_rendered_for(["acme", "globex"], organization(), organization())

    def test_one_that_cannot_holds_the_other_not_back(self):
        used_up = organization(used={"gen4.5": 199})
        self.assert_rendered_for(["globex"], used_up, organization(), "failure")
        self.assert_rendered_for(["acme"], organization(), (401, {"error": "No such key"}), "failure")


class Fallback(Shell):
    def fall_back(self, *answers):
        with runway(*answers) as server:
            self.server = server
            return self.call([EXAMPLES / "fallback.sh", "harbour"], server)

    def test_the_first_model(self):
        done = self.fall_back(organization())
        self.assertEqual((done.returncode, self.server.asked()), (0, [ONCE]), done.stderr)
        self.assertIn("rendered harbour gen4.5\n", done.stdout)

    def test_the_second_model(self):
        limits = {"gen4_turbo": {"maxConcurrentGenerations": 1, "maxDailyGenerations": 50}}
        done = self.fall_back(organization(used={"gen4.5": 199}, limits=limits))
        self.assertEqual((done.returncode, self.server.asked()), (0, [ONCE, ONCE]), done.stderr)
        self.assertIn("rendered harbour gen4_turbo\n", done.stdout)

    def test_neither(self):
        done = self.fall_back(organization(balance=49))
        self.assertEqual((done.returncode, self.server.asked()), (6, [ONCE, ONCE]), done.stderr)
        self.assertIn("neither model has enough left", done.stderr)
        self.assertNotIn("rendered", done.stdout)

    def test_what_no_other_model_helps_ends_it(self):
        for answer, code in (((401, {"error": "No such key"}), 4), ((404, ""), 5)):
            done = self.fall_back(answer)
            self.assertEqual((done.returncode, self.server.asked()), (code, [ONCE]), done.stderr)
            self.assertNotIn("neither model", done.stderr)
            self.assertNotIn("rendered", done.stdout)


class FallbackAsSteps(Workflow):
    def fall_back(self, *answers):
        with runway(*answers) as self.server:
            return self.act("fallback-workflow.yml", self.server, RUNWAYML_API_SECRET=KEY)

    def test_the_first_model(self):
        run = self.fall_back(organization())
        self.assertEqual((self.server.asked(), run.jobs), ([ONCE], {"render": ["success"]}), run.raw[-3000:])
        self.assert_rendered(run, "harbour gen4.5")

    def test_the_second_model(self):
        run = self.fall_back(organization(used={"gen4.5": 199}))
        self.assertEqual((self.server.asked(), run.jobs), ([ONCE, ONCE], {"render": ["success"]}), run.raw[-3000:])
        self.assert_rendered(run, "harbour gen4_turbo")

    def test_neither(self):
        run = self.fall_back(organization(balance=49))
        self.assertEqual((self.server.asked(), run.jobs), ([ONCE, ONCE], {"render": ["failure"]}), run.raw[-3000:])
        self.assertIn("exit status 6", run.raw)
        self.assert_rendered(run)


class Make(Shell):
    def make(self, *answers, rendered=(), **settings):
        for folder in ("scenes", "out"):
            (self.folder / folder).mkdir()
        for scene in ("harbour", "lighthouse"):
            path = self.folder / "scenes" / f"{scene}.txt"
            path.write_text(scene)
            os.utime(path, (1, 1))
        for scene in rendered:
            (self.folder / "out" / f"{scene}.mp4").write_text(scene)
        with runway(*answers) as server:
            self.server = server
            return self.call(["make", "-j2", "-f", EXAMPLES / "Makefile", "render"], server, **settings)

    def rendered(self):
        return sorted(path.name for path in self.folder.glob("out/*"))

    def test_go(self):
        done = self.make(organization())
        self.assertEqual((done.returncode, self.server.asked()), (0, [ONCE]), done.stderr)
        self.assertEqual(self.rendered(), ["harbour.mp4", "lighthouse.mp4"])

    def test_no_go(self):
        done = self.make(organization(balance=119))
        self.assertEqual((done.returncode, self.server.asked(), self.rendered()), (2, [ONCE], []), done.stderr)
        self.assertIn("waiting does not help", done.stderr)
        self.assertIn("credits-short", done.stderr)

    def test_not_enough_for_now(self):
        done = self.make(organization(used={"gen4.5": 199}))
        self.assertEqual((done.returncode, self.server.asked(), self.rendered()), (2, [ONCE], []), done.stderr)
        self.assertIn("preflight: not enough quota is left on Runway for now", done.stderr)

    def test_what_is_rendered_needs_nothing(self):
        # Two would cost 120, and one is left to render.
        done = self.make(organization(balance=60), rendered=["harbour"])
        self.assertEqual((done.returncode, self.server.asked()), (0, [ONCE]), done.stderr)
        self.assertEqual(self.rendered(), ["harbour.mp4", "lighthouse.mp4"])

    def test_where_all_is_rendered_nothing_is_asked(self):
        done = self.make(organization(balance=0), rendered=["harbour", "lighthouse"])
        self.assertEqual((done.returncode, self.server.asked()), (0, []), done.stderr)

    def test_cannot_tell(self):
        done = self.make(organization(), key=None)
        self.assertEqual((done.returncode, self.server.asked(), self.rendered()), (2, [], []), done.stderr)
        self.assertIn("there is no valid key", done.stderr)

    def test_a_gate_that_is_not_installed(self):
        done = self.make(organization(), PATH=os.environ["PATH"])
        self.assertEqual((done.returncode, self.rendered()), (2, []))
        self.assertIn("did not work (exit code 127)", done.stderr)


class OtherSystems(Shell):
    """The gate's step of each, as its runner runs it: one shell that stops at the first failure."""

    def junit(self):
        path = next(self.folder.rglob("preflight.xml"))
        return xml.etree.ElementTree.parse(path).getroot().find("testsuite").attrib

    def left(self):
        """What the files say, those of an earlier run as well."""
        return "".join(path.read_text() for path in self.folder.rglob("preflight.*"))

    # Answer, settings, exit codes, and of JUnit: failures, errors.
    SKIPS = ("gitlab", "azure", "circleci", "buildkite")
    CASES = {
        "go": (organization(), {}, 0, 0, (0, 0)),
        "not enough for now": (organization(used={"gen4.5": 199}), {}, 0, 3, (1, 0)),
        "what waiting does not cure": (organization(balance=119), {}, 6, 6, (1, 0)),
        "no key": (organization(), {"key": None}, 4, 4, None),
        "a gate that is not installed": (organization(), {"PATH": os.environ["PATH"]}, 127, 127, None),
        "a gate that is killed": (organization(), {"kill": "-KILL"}, 137, 137, None),
        "a gate that says go and writes nothing": (organization(), {"kill": ""}, None, None, None),
    }

    def test_each(self):
        for case, (answer, settings, skipped, code, counts) in self.CASES.items():
            for name, text in gate_scripts().items():
                with self.subTest(f"{name}: {case}"), runway(answer) as server:
                    self.setUp()
                    environment = {name: value for name, value in settings.items() if name != "kill"}
                    # What only the system's own agent has.
                    for agent in ("buildkite-agent", "circleci-agent"):
                        script(self.folder / "bin" / agent, f'#!/bin/sh\necho "{agent} $*"\n')
                    # An earlier go, as a workspace that is not cleaned has it.
                    (self.folder / "results").mkdir()
                    for file in set(re.findall(r"(?:results/)?preflight\.(?:env|xml|md)", text)):
                        (self.folder / file).write_text("RUNWAY_PREFLIGHT_PASS=true\nRUNWAY_PREFLIGHT_STALE=1\n")
                    if "kill" in settings:
                        (self.folder / "bin" / "runway-preflight").unlink()
                        dies = f"kill {settings['kill']} $$" if settings["kill"] else "exit 0"
                        script(self.folder / "bin" / "runway-preflight", f"#!/bin/sh\n{dies}\n")
                    done = self.call(["bash", "-eo", "pipefail", "-c", text], server, **environment)
                    if code is not None:
                        ended = done.returncode if done.returncode >= 0 else 128 - done.returncode
                        self.assertEqual(ended, skipped if name in self.SKIPS else code, done.stderr)
                    self.assertNotIn("RUNWAY_PREFLIGHT_STALE", self.left())
                    if case != "go":
                        self.assertNotIn("PASS=true", self.left())
                    if name == "azure":
                        self.assertEqual(re.findall(r"variable=pass;isOutput=true\](\w+)", done.stdout), {
                            "go": ["true"], "a gate that says go and writes nothing": []}.get(case, ["false"]))
                    if name in ("gitlab", "buildkite") and code is not None:
                        self.assertEqual("rendered" in done.stdout, case == "go")
                    if name == "circleci":
                        self.assertEqual("circleci-agent step halt" in done.stdout, case == "not enough for now")
                    if name == "buildkite" and counts:
                        style = {"go": None, "not enough for now": "warning"}.get(case, "error")
                        said = re.search(r"annotate --style (\w+)", done.stdout)
                        self.assertEqual(said and said.group(1), style)
                    if counts:
                        found = self.junit()
                        self.assertEqual((found["tests"], int(found["failures"]), int(found["errors"])), ("2", *counts))

    def test_a_job_behind_it_goes_by_the_code_and_by_pass(self):
        azure = load("azure-pipelines.yml")["jobs"][1]["condition"]
        self.assertEqual(azure, "and(succeeded(), eq(dependencies.preflight.outputs['gate.pass'], 'true'))")
        gitlab = load("gitlab-ci.yml")
        self.assertNotIn("rules", gitlab["publish"])
        self.assertEqual(gitlab["render"]["resource_group"], "runway")
        for passes in ("true", "false", "", None):
            self.setUp()
            script(self.folder / "publish.sh", "#!/bin/sh\necho published\n")
            with runway(organization()) as server:
                done = self.call(["bash", "-eo", "pipefail", "-c", "\n".join(gitlab["publish"]["script"])], server,
                                 **({} if passes is None else {"RUNWAY_PREFLIGHT_PASS": passes}))
            self.assertEqual((done.returncode, "published" in done.stdout), (0, passes == "true"), done.stderr)


if __name__ == "__main__":
    unittest.main()
