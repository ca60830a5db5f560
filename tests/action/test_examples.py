"""The guards that people copy, run as they stand."""

import functools
import os
import subprocess
import unittest
import xml.etree.ElementTree

from ci_examples import gate_scripts
from support import KEY, ROOT, Loopback, Runner, binary, commit, organization, runway, script, temporary_folder

EXAMPLES = ROOT / "examples"
ONCE = "GET /v1/organization"


@functools.cache
def runner():
    return Runner(binary())


class Workflow(unittest.TestCase):
    """An example workflow, in a repository with nothing but a script that renders."""

    def act(self, name, server, **secrets):
        caller = temporary_folder()
        workflow = caller / ".github" / "workflows" / name
        workflow.parent.mkdir(parents=True)
        workflow.write_text((EXAMPLES / name).read_text())
        script(caller / "render.sh", '#!/bin/sh\necho "rendering $* with ${#RUNWAYML_API_SECRET} characters"\n')
        commit(caller)
        return runner().run(
            f".github/workflows/{name}", repository=caller,
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
            run = self.act("what-fits-workflow.yml", server, RUNWAYML_API_SECRET=KEY)
        self.assertEqual(server.asked(), [ONCE])
        self.assertEqual(run.jobs, {"preflight": ["success"], "render": ["success"] * scenes}, run.raw[-3000:])
        self.assertEqual(run.steps["preflight"].outputs["granted"], f'{{"gen4.5":{scenes}}}')
        self.assert_rendered(run, *self.SCENES[:scenes])

    def test_all_of_it(self):
        self.assert_fits(4, organization())

    def test_as_many_as_the_credits_allow(self):
        self.assert_fits(3, organization(balance=239))

    def test_as_many_as_the_daily_limit_allows(self):
        self.assert_fits(1, organization(used={"gen4.5": 199}))

    def test_nothing_fits(self):
        with runway(organization(balance=59)) as server:
            run = self.act("what-fits-workflow.yml", server, RUNWAYML_API_SECRET=KEY)
        self.assertEqual(server.asked(), [ONCE])
        self.assertEqual(run.jobs, {"preflight": ["failure"]}, run.raw[-3000:])
        self.assertIn("exit status 6", run.raw)
        self.assert_rendered(run)


class Shell(unittest.TestCase):
    """What the shell recipes share: a folder of their own, a Runway, and the command on the PATH."""

    def setUp(self):
        self.folder = temporary_folder()
        script(self.folder / "render.sh", '#!/bin/sh\necho "rendered $*"\nif [ $# -gt 1 ]; then touch "$2"; fi\ncat >>input\n')
        (self.folder / "bin").mkdir()
        (self.folder / "bin" / "runway-preflight").symlink_to(binary())

    def call(self, command, server, key=KEY, **environment):
        environment.setdefault("PATH", f"{self.folder}/bin:{os.environ['PATH']}")
        if key:
            environment["RUNWAYML_API_SECRET"] = key
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=120,
            env={"HOME": str(self.folder), "RUNWAYML_BASE_URL": server.url, **environment})
        self.assertNotIn(KEY, done.stdout + done.stderr)
        return done


class Guard(Shell):
    def guard(self, *answers, **settings):
        with Loopback(lambda request: (200, "")) as alerts, runway(*answers) as server:
            self.server, self.alerts = server, alerts
            done = self.call([EXAMPLES / "guard.sh", "./render.sh", "harbour", "two words"], server,
                             ALERT_URL=alerts.url, **settings)
        self.alerted = [request["body"] for request in alerts.requests]
        return done

    def test_go(self):
        done = self.guard(organization())
        self.assertEqual((done.returncode, self.server.asked(), self.alerted), (0, [ONCE], []), done.stderr)
        self.assertIn("rendered harbour two words", done.stdout)

    def test_no_go_skips_and_says_so(self):
        done = self.guard(organization(used={"gen4.5": 199}))
        self.assertEqual((done.returncode, self.server.asked(), self.alerted), (0, [ONCE], []), done.stderr)
        self.assertNotIn("rendered", done.stdout)
        self.assertIn("guard: skipped", done.stderr)
        self.assertIn("generations-short", done.stderr)

    def test_what_waiting_does_not_cure_alerts(self):
        done = self.guard(organization(balance=119))
        self.assertEqual((done.returncode, self.server.asked()), (6, [ONCE]), done.stderr)
        self.assertEqual(self.alerted, ["Runway does not have what this job needs, and waiting does not help"])
        self.assertNotIn("rendered", done.stdout)

    def test_a_rejected_key_alerts(self):
        done = self.guard((401, {"error": "No such key"}))
        self.assertEqual((done.returncode, self.server.asked()), (4, [ONCE]), done.stderr)
        self.assertEqual(self.alerted, ["Runway does not accept the API key, or there is none"])
        self.assertNotIn("rendered", done.stdout)

    def test_a_missing_key_alerts(self):
        done = self.guard(organization(), key=None)
        self.assertEqual((done.returncode, self.server.asked()), (4, []), done.stderr)
        self.assertEqual(len(self.alerted), 1)
        self.assertNotIn("rendered", done.stdout)

    def test_an_outage_alerts(self):
        done = self.guard((503, ""))
        self.assertEqual((done.returncode, set(self.server.asked())), (5, {ONCE}), done.stderr)
        self.assertEqual(self.alerted, ["Runway could not be asked what is left"])
        self.assertNotIn("rendered", done.stdout)

    def test_a_gate_that_is_not_installed_alerts(self):
        done = self.guard(organization(), PATH=os.environ["PATH"])
        self.assertEqual((done.returncode, self.server.asked()), (127, []), done.stderr)
        self.assertEqual(self.alerted, ["runway-preflight did not work (exit code 127)"])
        self.assertNotIn("rendered", done.stdout)


class WhatFits(Shell):
    def fit(self, scenes, *answers):
        (self.folder / "scenes.txt").write_text(scenes)
        with runway(*answers) as server:
            self.server = server
            return self.call([EXAMPLES / "what-fits.sh", "scenes.txt", "left.txt"], server)

    def left(self):
        path = self.folder / "left.txt"
        return path.read_text() if path.exists() else None

    def test_all_of_it(self):
        done = self.fit("harbour\ntwo words\n", organization())
        self.assertEqual((done.returncode, self.server.asked()), (0, [ONCE]), done.stderr)
        self.assertIn("rendered harbour\nrendered two words\nrendered 2 of 2\n", done.stdout)
        self.assertEqual(self.left(), "")

    def test_as_much_as_fits(self):
        done = self.fit("one\ntwo\nthree", organization(balance=179))
        self.assertEqual((done.returncode, self.server.asked()), (0, [ONCE]), done.stderr)
        self.assertIn("rendered one\nrendered two\nrendered 2 of 3\n", done.stdout)
        self.assertEqual(self.left(), "three")
        self.assertIn("granted-fewer", done.stderr)

    def test_nothing_fits(self):
        done = self.fit("one\ntwo\n", organization(balance=59))
        self.assertEqual((done.returncode, self.left()), (6, "one\ntwo\n"), done.stderr)
        self.assertNotIn("rendered", done.stdout)

    def test_an_empty_list_asks_nothing(self):
        done = self.fit("", organization())
        self.assertEqual((done.returncode, self.server.asked(), self.left()), (0, [], ""), done.stderr)


def by_key(answers):
    """A Runway that answers each key as it says."""
    def answer(request):
        key = request["headers"]["authorization"].removeprefix("Bearer ")
        return answers[key] if isinstance(answers[key], tuple) else (200, answers[key])
    return Loopback(answer)


class Organizations(Shell):
    NAMES = ["acme", "b.2", "c-3", "d_4", "e", "f", "g", "h"]

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
        self.assertIn("ready: b.2 c-3 d_4 f g h\n", done.stdout)
        found = [self.outputs[f"{name}-{output}"] for name in ("acme", "b.2", "e") for output in ("pass", "verdict")]
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

    def run_each(self, *answers, **settings):
        for name, text in gate_scripts().items():
            with self.subTest(name), runway(*answers) as server:
                self.setUp()
                # What only the system's own agent has.
                for agent in ("buildkite-agent", "circleci-agent"):
                    script(self.folder / "bin" / agent, f'#!/bin/sh\necho "{agent} $*"\n')
                done = self.call(["bash", "-eo", "pipefail", "-c", text], server, **settings)
                yield name, done, server

    def junit(self):
        path = next(self.folder.rglob("preflight.xml"))
        return xml.etree.ElementTree.parse(path).getroot().find("testsuite").attrib

    def variables(self):
        text = (self.folder / "preflight.env").read_text()
        self.assertLess(len(text), 5000)
        return dict(line.split("=", 1) for line in text.splitlines())

    def test_go(self):
        for name, done, server in self.run_each(organization()):
            self.assertEqual((done.returncode, server.asked()), (0, [ONCE]), done.stderr)
            found = self.junit()
            self.assertEqual((found["tests"], found["failures"], found["errors"]), ("2", "0", "0"))
            if name in ("gitlab", "azure"):
                self.assertEqual(self.variables()["RUNWAY_PREFLIGHT_PASS"], "true")
            if name == "azure":
                self.assertIn("variable=pass;isOutput=true]true", done.stdout)

    def test_not_enough_for_now(self):
        skips = {"azure", "circleci"}
        for name, done, _ in self.run_each(organization(used={"gen4.5": 199})):
            self.assertEqual(done.returncode, 0 if name in skips else 3, done.stderr)
            self.assertEqual(self.junit()["failures"], "1")
            if name == "gitlab":
                self.assertEqual(self.variables()["RUNWAY_PREFLIGHT_PASS"], "false")
            if name == "azure":
                self.assertIn("variable=pass;isOutput=true]false", done.stdout)
            if name == "circleci":
                self.assertIn("circleci-agent step halt", done.stdout)
            if name == "buildkite":
                self.assertIn("annotate --style error", done.stdout)
                self.assertIn("generations-short", (self.folder / "preflight.md").read_text())

    def test_what_waiting_does_not_cure_fails(self):
        for _, done, _ in self.run_each(organization(balance=119)):
            self.assertEqual(done.returncode, 6, done.stderr)
            self.assertEqual(self.junit()["failures"], "1")

    def test_cannot_tell_fails(self):
        for _, done, _ in self.run_each(organization(), key=None):
            self.assertEqual(done.returncode, 4, done.stderr)
            self.assertEqual(self.junit()["errors"], "2")


if __name__ == "__main__":
    unittest.main()
