"""Writes vectors.json beside this file: what OpenAI's own library makes of many texts.

    python3 -m venv venv && venv/bin/pip install tiktoken==0.14.0
    venv/bin/python vectors.py "$(go list -m -f '{{.Dir}}' github.com/pkoukk/tiktoken-go-loader)/assets"

The rank files are the ones that the Go package embeds; the library checks that they have the SHA-256 of OpenAI's own.
Patterns, special tokens and the table of models are the library's.
"""

import base64
import hashlib
import json
import os
import sys

import tiktoken
import tiktoken.model
import tiktoken_ext.openai_public as public

HERE = os.path.dirname(os.path.abspath(__file__))


def load(url, expected_hash):
    with open(os.path.join(sys.argv[1], os.path.basename(url)), "rb") as f:
        data = f.read()
    assert hashlib.sha256(data).hexdigest() == expected_hash, url
    return {base64.b64decode(t): int(r) for t, r in (line.split() for line in data.splitlines() if line)}


TEXTS = [
    "",
    " ",
    "hello world",
    "Hello, World! How are you today?",
    "The quick brown fox jumps over the lazy dog.",
    "I'm sure they'll say we've won, but he'd disagree; it's what I'd expect, isn't it?",
    "I'M SURE THEY'LL SAY WE'VE WON; IT'S WHAT HE'D EXPECT, YOU'RE RIGHT, ISN'T IT?",
    "rock'n'roll 'tis 'twas O'Neill's '90s 'sup 'llama 've 're' 'd 'S 'Ll 'vE it'\u017f '\u017fabc",
    "'s't'm'd'll've're'S'T'M'D'LL'VE'RE ' s'  't",
    "\u2019s typographic \u201cquotes\u201d don\u2019t contract\u2026",
    "func main() {\n\tfmt.Println(\"hello\")\n\tfor i := 0; i < 10; i++ {\n\t\tsum += i * 2 // twice\n\t}\n}\n",
    "def f(x: int = 3, *args, **kw) -> dict[str, int]:\n    return {k: v**2 for k, v in kw.items() if v != x}\n\n\n",
    "#include <stdio.h>\r\nint main(void)\r\n{\r\n    printf(\"%d\\n\", 0xFF);\r\n    return 0;\r\n}\r\n",
    '{"model":"gpt-5","messages":[{"role":"user","content":"hi"}],"stream":true,"temperature":0.7}',
    "SELECT id, COUNT(*) FROM \"Users\" WHERE age >= 21 AND name LIKE '%O''Brien%' GROUP BY id;",
    "<html><body class=\"a-b\"><p>Hello&nbsp;world</p><!-- comment --></body></html>",
    "https://example.com/a/b/c?x=1&y=2#frag //// /\n/ a/\nb/\r\n\n/",
    "$ curl -sS -X POST 'http://127.0.0.1:8080/v1/chat' | jq -r '.choices[0]' && echo $?",
    "camelCase PascalCase snake_case SCREAMING_SNAKE HTTPServer XMLHttpRequest iPhone eBay McDonald aB Ab AB ab",
    "1 12 123 1234 12345 1234567890 3.14159 1,000,000 1e-9 0x1F 007 \u0663\u0664\u0665\u0666 \u2167 \u00bd \u00b2\u00b3",
    "a1b2c3 1a2b3c 1st 2nd x86_64 v1.2.3-rc4 2024-05-13T12:34:56Z",
    "   leading, trailing   ",
    "tabs\t\tand  two   three    four     spaces",
    "line\nline\n\nline\n\n\nline\r\n\r\nline \n \n  \n\t\nend",
    " \n \n",
    "\n\n\n",
    "a\n  ",
    "a\n  \n  b",
    " \t \t x\t y",
    "\u00a0no\u00a0break\u2003em\u3000ideographic\u2028line\u2029paragraph\u0085next\u000bvt\u000cff",
    "zero\u200bwidth\u200djoin\ufeffbom\u00adsoft",
    "caf\u00e9 na\u00efve r\u00e9sum\u00e9 \u00c5ngstr\u00f6m fa\u00e7ade co\u00f6perate \u0152uvre stra\u00dfe",
    "cafe\u0301 nai\u0308ve A\u030angstro\u0308m \u0301lone \u0301\u0302 !\u0301 1\u0301 \u0301ABC A\u0301B\u0301C AB\u0301C",
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440! \u041a\u0430\u043a \u0434\u0435\u043b\u0430? \u0421\u0421\u0421\u0420",
    "\u0393\u03b5\u03b9\u03ac \u03c3\u03bf\u03c5 \u039a\u03cc\u03c3\u03bc\u03b5, \u039f\u0394\u039f\u03a3",
    "\u6211\u4eec\u5efa\u7acb\u4e00\u4e2a\u6d4b\u91cf\u5927\u8bed\u8a00\u6a21\u578b\u7684\u5de5\u5177\u3002\u4f60\u597d\uff0c\u4e16\u754c\uff01",
    "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8\u3068\u30ab\u30bf\u30ab\u30ca\u3001\u30fc\u3068\u3005\u3002 \uff76\uff85 \uff11\uff12\uff13",
    "\uc548\ub155\ud558\uc138\uc694 \uc138\uacc4, \ud55c\uad6d\uc5b4 \ud14d\uc2a4\ud2b8\uc785\ub2c8\ub2e4.",
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645\u060c \u0643\u064a\u0641\u064e \u062d\u0627\u0644\u064f\u0643\u061f",
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd \u05d1\u05bc\u05b0\u05e8\u05b5\u05d0\u05e9\u05c1\u05b4\u05d9\u05ea",
    "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e \u0915\u094d\u0937 \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35\u0e0a\u0e32\u0e27\u0e42\u0e25\u0e01",
    "\U0001f600\U0001f680 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \U0001f44d\U0001f3fd \u2764\ufe0f \u2600 \u00a9\u2122",
    "\u01c5 \u01c8ubav \u1f88 \u02b0\u02b7 A\u02b0B \u02b0AB AB\u02b0 ABc aBC \u6f22AB AB\u6f22 AB\u6f22C AB\u6f22c \u6f22a\u6f22A",
    "\u2211\u222b\u221a\u2248\u2260 \u03b1+\u03b2=\u03b3 x\u00b2+y\u00b2 \u211d \U0001d400\U0001d41a \u2192\u21d2",
    "\u0000\u0001\u001b[31mred\u001b[0m\u007f",
    "=====-----_____*****#####.....!!!!!?????",
    "!!! ??? ... --- *** ### @@@ &&& ||| ;;; ::: ,,, \"\"\" ''' ```\n```go\n```",
    "<|endoftext|>",
    "before <|endoftext|> after<|fim_prefix|>x<|fim_middle|>y<|fim_suffix|>z<|endofprompt|>",
    "<|start|>assistant<|channel|>final<|message|>hi<|return|><|call|><|end|> <|im_start|>user<|im_sep|>",
    "supercalifragilisticexpialidocious pneumonoultramicroscopicsilicovolcanoconiosis",
    "SGVsbG8sIFdvcmxkISBUaGlzIGlzIGEgYmFzZTY0IHRleHQgd2l0aG91dCBzcGFjZXM+PT0/Lw==",
    "\ufffd\ufffe \ue000 \U0010ffff",
]
# A text repeated many times, as one piece where it holds no space: its tokens are stored as their count and a checksum.
LONG = [
    ("a", 5000), ("A", 3001), ("abcdefghij", 1000), ("aAbB", 1000), ("\u6f22\u5b57", 1500), ("\u00e9\u0301", 1000),
    (" ", 4000), ("\n", 3000), (" \n", 1000), ("\t ", 1000), ("=", 4000), ("!?", 1500), ("7", 4000), ("\U0001f600", 1000),
    ("SGVsbG8sIFdvcmxk", 400), ("<|endoftext|>", 300), ("'s", 1000), ("ACGTTGCATTAGC", 700),
]


def digest(tokens):
    text = ",".join(map(str, tokens))
    return {"count": len(tokens), "sha256": hashlib.sha256(text.encode()).hexdigest()}


def special(encoding):
    """The special tokens by number, without most of the thousand reserved ones and one that shares its number with a named one."""
    last = encoding.max_token_value
    tokens = {t: s for s, t in encoding._special_tokens.items() if s != "<|reserved_200018|>"}
    return {t: s for t, s in tokens.items() if t < 200020 or t == last}


def main():
    public.load_tiktoken_bpe = load
    names = [n for n in public.ENCODING_CONSTRUCTORS if n != "gpt2"]
    encodings = [tiktoken.Encoding(**public.ENCODING_CONSTRUCTORS[n]()) for n in names]
    models = dict(tiktoken.model.MODEL_TO_ENCODING)
    for prefix, e in tiktoken.model.MODEL_PREFIX_TO_ENCODING.items():
        tuned = prefix.startswith("ft:")
        models[prefix + ":acme::id" if tuned else prefix.removesuffix("-") + "-2099-01-01"] = e
    models = {m: e for m, e in models.items() if e != "gpt2"}
    out = {
        "library": "tiktoken " + tiktoken.__version__,
        "max_token_value": {e.name: e.max_token_value for e in encodings},
        "special": {e.name: special(e) for e in encodings},
        "models": models,
        "texts": [{"text": t, "tokens": {e.name: e.encode_ordinary(t) for e in encodings}} for t in TEXTS],
        "long": [
            {"text": t, "times": n, "tokens": {e.name: digest(e.encode_ordinary(t * n)) for e in encodings}}
            for t, n in LONG
        ],
    }
    with open(os.path.join(HERE, "vectors.json"), "w") as f:
        for part in ("texts", "long"):  # one line for each text
            out[part] = [json.dumps(v, separators=(",", ":")) for v in out[part]]
        head = json.dumps({k: v for k, v in out.items() if k not in ("texts", "long")}, separators=(",", ":"))
        f.write(head[:-1])
        for part in ("texts", "long"):
            f.write(',\n"%s":[\n%s\n]' % (part, ",\n".join(out[part])))
        f.write("}\n")


main()
