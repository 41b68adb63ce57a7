"""Paths that nobody means well with; each must be refused wherever a path is taken.

Grouped by what they try. The same strings go through the pure rule and through every address.
"""

_TRAVERSAL = [
    "..",
    ".",
    "../a.md",
    "../../../etc/passwd",
    "../secret.md",
    "a/..",
    "a/../b.md",
    "a/../../secret.md",
    "./a.md",
    "a/./b.md",
    "a .md/../b.md",
    "production/../../../canary.md",
    "..\\a.md",
    "a\\..\\..\\canary.md",
    "....//a.md",
    "..;/a.md",
    ".../a.md",
    "%2e%2e/a.md",
    "%2e%2e%2fa.md",
    "..%2fa.md",
    "..%252fa.md",
    "..%c0%afa.md",
    "a%00.md",
]
_ABSOLUTE = [
    "/a.md",
    "/etc/passwd",
    "/etc/passwd.md",
    "//a.md",
    "//etc/passwd.md",
    "///a.md",
    "/proc/self/environ",
    "/dev/zero",
    "C:a.md",
    "C:\\a.md",
    "C:/a.md",
    "\\\\server\\share\\a.md",
    "//?/C:/a.md",
    "file:///etc/passwd.md",
    "http://example.org/a.md",
    "~/a.md",
    "~root/a.md",
    "$HOME/a.md",
    "${HOME}.md",
]
_SLASHES = ["a//b.md", "a/", "a.md/", "/", "//", "a/b/", "a\\b.md", "a.md//"]
_HIDDEN = [
    ".a.md",
    ".env",
    ".git/config",
    ".git/config.txt",
    ".aider.conf.yml",
    "a/.hidden.md",
    "notes/.git/hooks.sh",
    ".md",
    "a/.md",
    "..md",
]
_UNICODE = [
    "a\u2215b.md",  # division slash
    "a\u2044b.md",  # fraction slash
    "a\u29f8b.md",  # big solidus
    "a\u2571b.md",  # box drawings diagonal
    "a\uff0fb.md",  # fullwidth solidus
    "\uff0fa.md",
    "a\uff3cb.md",  # fullwidth reverse solidus
    "a\u29f5b.md",  # reverse solidus operator
    "\uff0e\uff0e/a.md",  # fullwidth full stops
    "\u2024\u2024/a.md",  # one dot leaders
    "\u2025/a.md",  # two dot leader
    "a\uff0emd",
    "a\u3002md",
    "a\u2024md",
    "a\u202e.md",  # right-to-left override
    "a\u202ddm.md",
    "a\u2066b\u2069.md",  # isolates
    "a\u200eb.md",
    "a\u061cb.md",
    "a\u200bb.md",  # zero width
    "a\u200cb.md",
    "a\u200db.md",
    "a\u2060b.md",
    "a\ufeffb.md",
    "\ufeffa.md",
    "a\u00adb.md",  # soft hyphen
    "a\u034fb.md",  # combining grapheme joiner
    "a\u180eb.md",
    "a\u115f.md",  # letters that show nothing
    "\u1160.md",
    "\u3164.md",
    "a\uffa0b.md",
    "a\u2800b.md",  # braille blank
    "a\u00a0b.md",  # other spaces
    "a\u3000b.md",
    "a\u2003b.md",
    "a\u2028b.md",
    "a\u2029b.md",
    "a\u0085b.md",
    "\u0301a.md",  # marks that compose with nothing
    "a\u0338.md/b.md",
    "a\u20ddb.md",
    "q\u0301.md",
    "a\ufe0f.md",  # variation selector
    "a\U000e0041.md",  # tag
    "a\U000f0000.md",  # private use
    "a\uffff.md",
    "a\U0001f642.md",
    "½.md",
    "Ⅷ.md",
    "com¹.md",
    "a.\uff4d\uff44",  # fullwidth md
    "a.\u017fql",  # long s
    "\ud800.md",
    "a\udcff.md",
    "\udc2e\udc2e/a.md",
]
_CONTROL = [
    "a\0.md",
    "a\0",
    "a.md\0.exe",
    "a\nb.md",
    "a.md\n",
    "a\rb.md",
    "a\tb.md",
    "a\x1b[31m.md",
    "a\x7fb.md",
    "a\x80b.md",
    "\x01.md",
]
_SHELL = [
    "-a.md",
    "--help.md",
    "-rf.md",
    "a`b`.md",
    "a$(b).md",
    "a;b.md",
    "a|b.md",
    "a&b.md",
    "a>b.md",
    "a<b>.md",
    "a*b.md",
    "a?.md",
    "a[b].md",
    "a{b,c}.md",
    'a"b.md',
    "a'b.md",
    "a:b.md",
    "a.md:stream.md",
    "a#b.md",
    "a!b.md",
    "a=b.md",
    "a,b.md",
    "a@b.md",
    "a+b.md",
    "a^b.md",
    "<script>.md",
    "{{ 7 }}.md",
]
_ENDS = [" a.md", "a.md ", "a.md.", "a.", "a /b.md", "a./b.md", "a/ b.md", "(a.md", "   ", "."]
_NAMES = [
    "a",
    "Makefile",
    "a.exe",
    "a.md.exe",
    "a.so",
    "a.md~",
    "a.md.tmp",
    "a.md.aside",
    "a.md/b.md",
    "a.MD/b.md",
    "a.json/b/c.md",
    "CON.md",
    "con",
    "con.md",
    "con .md",
    "Aux.tar.md",
    "prn/a.md",
    "a/nul.txt",
    "LPT1.json",
    "com9.md",
    "COM\u0661.md",  # an Arabic digit is a digit
    "\u212aON.md/a.md",
]
_LONG = [
    "x" * 198 + ".md",
    "é" * 99 + ".md",  # 102 characters, 201 bytes
    "日" * 66 + ".md",
    "e\u0301" * 99 + ".md",
    "a" * 100_000,
    "../" * 30_000 + "a.md",
    "/" * 100_000,
    "\u0301" * 50_000 + ".md",
    "a/" * 9 + "a.md",
    "/".join("a" * 9) + ".md",
    "x" * 5000 + ".md",
]

EMPTY = ""
HOSTILE = list(
    dict.fromkeys(
        [
            EMPTY, *_TRAVERSAL, *_ABSOLUTE, *_SLASHES, *_HIDDEN, *_UNICODE, *_CONTROL, *_SHELL,
            *_ENDS, *_NAMES, *_LONG,
        ]
    )
)  # fmt: skip
