"""Plans as the official SDKs send them: the recorded request bodies are what `--plan` reads."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from gate import KEY, Loopback, gate
from runwayml import RunwayML

HERE = pathlib.Path(__file__).parent
EXAMPLE = HERE.parents[1] / "examples" / "organization.json"
PRICES = ["--price", "gen4.5=12/s", "--price", "gen4_turbo=5/s", "--price", "gen4_image=5"]
IMAGE = "https://example.com/harbour.png"

# What the tasks below come to: 15 seconds at 12, 5 at 5, one at 5.
RULES = [
    {"model": "gen4.5", "rule": "gen4.5=12/s", "tasks": 2, "outputs": 2, "seconds": 15, "credits": 180},
    {"model": "gen4_turbo", "rule": "gen4_turbo=5/s", "tasks": 1, "outputs": 1, "seconds": 5, "credits": 25},
    {"model": "gen4_image", "rule": "gen4_image=5", "tasks": 1, "outputs": 1, "credits": 5},
]


class Plans(unittest.TestCase):
    def setUp(self):
        self.runway = self.enterContext(Loopback(lambda _: (200, {"id": "17f20503-6c24-4c16-946b-35dbbce2af2f"})))

    def bodies(self):
        return [request["body"].encode() for request in self.runway.requests]

    def assert_read(self, bodies):
        """As lines and as an array: the same plan, and no word of a prompt."""
        lines = b"\n".join(bodies)
        array = b"[" + b",\n".join(bodies) + b"]"
        for plan in (lines, array):
            with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
                file.write(plan)
                file.flush()
                run = gate("--from", str(EXAMPLE), "--plan", file.name, *PRICES, "--format", "json", key=None)
            self.assertEqual(run.report["plan"], {"tasks": 4, "granted": 4, "rules": RULES}, run)
            cost = [row["needed"] for row in run.report["requirements"] if row["kind"] == "planned-cost"]
            self.assertEqual(cost, [210], run)
            self.assertNotIn("PROMPT", run.out + run.err)

    def test_the_python_sdk(self):
        with RunwayML(api_key=KEY, base_url=self.runway.url, max_retries=0) as client:
            for duration in (5, 10):
                client.text_to_video.create(model="gen4.5", prompt_text="PROMPT", ratio="1280:720", duration=duration)
            client.image_to_video.create(
                model="gen4_turbo", prompt_image=[{"uri": IMAGE, "position": "first"}], prompt_text="PROMPT",
                ratio="1280:720", duration=5, content_moderation={"public_figure_threshold": "low"})
            client.text_to_image.create(
                model="gen4_image", prompt_text="PROMPT of @model", ratio="1920:1080",
                reference_images=[{"uri": IMAGE, "tag": "model"}])
        self.assert_read(self.bodies())

    def test_the_node_sdk(self):
        # It searches for its packages beside the script.
        installs = pathlib.Path(os.environ["INSTALLS"])
        with tempfile.TemporaryDirectory(dir=installs) as folder:
            script = pathlib.Path(folder) / "plan.mjs"
            script.write_text((HERE / "plan.mjs").read_text())
            subprocess.run(["node", script, self.runway.url, KEY], check=True, timeout=60)
        self.assert_read(self.bodies())


if __name__ == "__main__":
    unittest.main()
