"""`.env` files: what the gate takes for the key, beside `node --env-file` and python-dotenv (interpolate=False).

Both SDKs' users have such a file for one of the two. Where the two agree on a key, the gate reads the same. Where they
differ, it follows one of them, or refuses the file (`key-malformed`); a key that both find is never called missing.
The deliberate differences are the rows of DIFFERENT.
"""

import io
import json
import logging
import os
import random
import re
import subprocess
import unittest

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from gate import Loopback, gate

VARIABLE = "RUNWAYML_API_SECRET"
MISSING, MALFORMED = "key-missing", "key-malformed"
FILES = 1_500

# In the tables, K stands for the variable's name. These are read the same by all three.
SAME = [
    ("K=abc", "abc"),
    ("export K=abc", "abc"),
    ("K=abc # mine", "abc"),
    ("K = abc", "abc"),
    ("  K=  abc  \n", "abc"),
    ("K='abc'", "abc"),
    ('K="abc"', "abc"),
    ('K="abc" # mine', "abc"),
    ('K="abc"#mine', "abc"),
    ("K='a\\nb'", "a\\nb"),
    ("K==abc", "=abc"),
    ('K=a"b"', 'a"b"'),
    ("K=abc\\\ndef", "abc\\"),
    ("K=abc;", "abc;"),
    ("K=${OTHER}", "${OTHER}"),
    ("K='${OTHER}'", "${OTHER}"),
    ('K="${OTHER}"', "${OTHER}"),
    ("OTHER=1\nK=$OTHER", "$OTHER"),
    ("K=a$b", "a$b"),
    ("K=one\nK=two", "two"),
    ("A=1\r\nK=abc\r\nB=2\r\n", "abc"),
    ("# it's\nK=abc\n# isn't", "abc"),
    ("A=it's\nK=abc\nB=it's", "abc"),
    ("A='it\nK=abc", "abc"),
    ('A="two\nlines"\nK=abc', "abc"),
    ("K-B=one\nK=abc", "abc"),
    ("", None),
    ("A=1", None),
    ("K_B=abc", None),
    ("MY_K=abc", None),
    ("K=", None),
    ("K= \n", None),
    ('K=""', None),
    ("K=\nabc", None),
]

# File, what the gate makes of it, what Node does, what python-dotenv does. None: no such variable.
DIFFERENT = [
    # A `#` begins a comment after white space or at once, and is text elsewhere: no key is cut.
    ("K=abc#def", "abc#def", "abc", "abc#def"),
    ("K=#abc", MISSING, "", "#abc"),
    # White space is any, and wherever python-dotenv allows it.
    ("\tK=abc", "abc", None, "abc"),
    ("export\tK=abc", "abc", None, "abc"),
    ('export  K = "abc"', "abc", None, "abc"),
    ("K=\u00a0abc", "abc", "\u00a0abc", "abc"),
    # A line that is none does not hide the next ones.
    ("[env]\nK=abc", "abc", None, "abc"),
    ("K=one\nK", "one", "one", None),
    # Line ends and encodings of Windows and old tools.
    ("A=1\rK=abc\rB=2\r", "abc", None, "abc"),
    ("\ufeffK=abc", "abc", None, "abc"),
    # Escapes: as python-dotenv where a key could hold them; no key holds a tab.
    ('K="a\\"b"', 'a"b', "a\\", 'a"b'),
    ('K="a\\\\b"', "a\\b", "a\\\\b", "a\\b"),
    ('K="a\\tb"', "a\\tb", "a\\tb", "a\tb"),
    ("K='a\\'b'", MALFORMED, "a\\", "a'b"),
    # Backticks quote, as for Node.
    ("K=`abc`", "abc", "abc", "`abc`"),
    ("K=`abc\n", MALFORMED, "`abc", "`abc"),
    # More behind the closing quote, or none: Node guesses, python-dotenv drops the line.
    ('K="abc" x', MALFORMED, "abc", None),
    ('K="abc""def"', MALFORMED, "abc", None),
    ('K="abc', MALFORMED, None, None),
    # No key, and so not sent: both take it.
    ("K='a b'", MALFORMED, "a b", "a b"),
    ("K=abc B=1", MALFORMED, "abc B=1", "abc B=1"),
    ("K=$(cat x)", MALFORMED, "$(cat x)", "$(cat x)"),
    ('K="a\nb"', MALFORMED, "a\nb", "a\nb"),
    ('K=" abc "', "abc", " abc ", " abc "),
    # The name stands there, and is not a name of a variable that has a value: never missing.
    ("K", MALFORMED, None, None),
    ("#K=abc", MALFORMED, None, None),
    ("A=1 # K=abc", MALFORMED, None, None),
    ("exportK=abc", MALFORMED, None, None),
    ("K: abc", MALFORMED, None, None),
    ("set K=abc", MALFORMED, None, None),
    ("$env:K=abc", MALFORMED, None, None),
    ("K+=abc", MALFORMED, None, None),
    ("'K'=abc", MALFORMED, None, "abc"),
    ("A=1;K=abc", MALFORMED, None, None),
    ('A="\nK=abc"', MALFORMED, None, None),
    ('A="\nK=abc" x', MALFORMED, None, None),
]

WORDS = (
    f"{VARIABLE} {VARIABLE} {VARIABLE}= {VARIABLE}= A= B= = \" \" ' ' ` \\ \\n \\\" # $ ${{A}} : #c abc abcdefgh xyz1 key_1"
).split() + ["export ", " ", " ", " #", "\t", "\n", "\n", "\n", "\n#", "\r\n"]


def by_node(texts):
    """What `node --env-file` sets the variable to, by the parser that it shares with `util.parseEnv`."""
    script = f"""
        const texts = JSON.parse(require("fs").readFileSync(0, "utf8"));
        const read = text => require("util").parseEnv(text)["{VARIABLE}"] ?? null;
        console.log(JSON.stringify(texts.map(read)));
    """
    done = subprocess.run(
        ["node", "-e", script], input=json.dumps(texts), text=True, capture_output=True, check=True, timeout=60
    )
    return json.loads(done.stdout)


def by_python(text, named_alone=True):
    """What python-dotenv reads; it opens files with universal line ends. A line that names the variable alone takes its
    value away, unless such lines are passed over."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if named_alone:
        return dotenv_values(stream=io.StringIO(text), interpolate=False).get(VARIABLE)
    found = [line.value for line in parse_stream(io.StringIO(text)) if line.key == VARIABLE and line.value is not None]
    return found[-1] if found else None


def is_key(value):
    """Whether a value is one word of visible ASCII, whole, and not itself quoted, an assignment or a placeholder."""
    value = (value or "").strip()
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    assigns = value.startswith(VARIABLE) or re.match(r"\w+=+[^=]", value)
    return bool(re.fullmatch(r"[!-~]*[!-\[\]-~]", value)) and not quoted and not assigns and not value.startswith("$")


class Dotenv(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        logging.disable(logging.CRITICAL)
        cls.addClassCleanup(logging.disable, logging.NOTSET)
        # It refuses every key.
        cls.server = cls.enterClassContext(Loopback(lambda _: (401, "")))

    def by_gate(self, content):
        """The key that is sent, or the diagnostic."""
        self.server.requests.clear()
        run = gate("--format", "json", base_url=self.server.url, key=None, files={".env": content})
        if self.server.requests:
            self.assertEqual(run.codes(), ["unauthorized"], run)
            return self.server.requests[0]["headers"]["authorization"].removeprefix("Bearer ")
        (code,) = run.codes()
        self.assertIn(code, [MISSING, MALFORMED], run)
        return code

    def test_files_that_all_read_the_same(self):
        texts = [(text.replace("K", VARIABLE), value) for text, value in SAME]
        nodes = by_node([text for text, _ in texts])
        for (text, value), node in zip(texts, nodes):
            with self.subTest(text):
                found = self.by_gate(text.encode()), node or None, by_python(text) or None
                by_gate = value if value is None or is_key(value) else MALFORMED
                self.assertEqual(found, (by_gate or MISSING, value, value))

    def test_files_that_are_read_otherwise_on_purpose(self):
        nodes = by_node([text.replace("K", VARIABLE) for text, *_ in DIFFERENT])
        for (text, *expected), node in zip(DIFFERENT, nodes):
            text = text.replace("K", VARIABLE)
            with self.subTest(text):
                self.assertEqual([self.by_gate(text.encode()), node, by_python(text)], expected)

    def test_utf_16_is_read_by_its_mark(self):
        text = f"{VARIABLE}=abc\r\n"
        for encoding in ("utf-16-le", "utf-16-be"):
            self.assertEqual(self.by_gate(("\ufeff" + text).encode(encoding)), "abc")
            self.assertEqual(self.by_gate(text.encode(encoding)), MALFORMED)

    def test_random_files(self):
        # Others are for a hand to try: a change must not be blamed for an old fault.
        seed = int(os.environ.get("DOTENV_SEED", "1"))
        chance = random.Random(seed)
        begins = ["", f"{VARIABLE}=", f"{VARIABLE}=abc"]
        texts = [chance.choice(begins) + "".join(chance.choices(WORDS, k=chance.randint(1, 12))) for _ in range(FILES)]
        # python-dotenv takes a quote at the beginning of a line for that of a name, up to its end.
        texts = [text for text in texts if not re.search(r"(?m)^\s*(export\s+)?'", text)]
        found = {"the same key": 0, "a key of one": 0, "malformed": 0, "missing": 0}
        opens_quote = re.compile(VARIABLE + "\\s*=\\s*[\"'`]")
        for text, node in zip(texts, by_node(texts)):
            python = by_python(text, named_alone=False)
            read = self.by_gate(text.encode())
            values = [(node or "").strip(), (python or "").strip()]
            with self.subTest(seed=seed, text=text, node=node, python=python, gate=read):
                if read == MISSING:
                    found["missing"] += 1
                    # Of several values the last counts, and is empty.
                    self.assertTrue(not values[0] or python is not None)
                    self.assertTrue(not values[1] or values[1][0] in "#`")
                elif read == MALFORMED:
                    found["malformed"] += 1
                    agreed = values[0] == values[1] and is_key(values[0])
                    # A quote that does not close, where they read on or take what came before; or a value that
                    # names the variable, which is no key here.
                    self.assertTrue(not agreed or opens_quote.search(text) or VARIABLE in values[0])
                else:
                    found["the same key" if values[0] == values[1] else "a key of one"] += 1
                    self.assertIn(read, values)
        print(f"{len(texts)} random files: {found}", flush=True)


if __name__ == "__main__":
    unittest.main()
