"""Keys that break naive code, by what is odd about them."""

from __future__ import annotations

PLAIN = "plain"
KEYS = {
    PLAIN: "photos/2026/a.jpg",
    "spaces and plus": "a b/1+1=2 .txt",
    "percent": "100%/two%20words%2B%2F.txt",
    "delimiters": "q?versionId=null&tagging#x;y,z:@e!$*()~[]{}|^.txt",
    "quotes and brackets": 'it\'s "so" `x` <b>&amp;\\.txt',
    "unicode": "写真/é/e\u0301/🚢.png",
    "line break and tab": "line\nbreak\tand tab.txt",
    "930 bytes": "folder/" * 130 + "a" * 20,
    "one part of 990 bytes": "n" * 990,
    "leading slash": "/lead.txt",
    "double slash": "double//slash.txt",
    "trailing slash": "folder/",
    "dot part": "dot/./here.txt",
    "dot-dot part": "dots/../up.txt",
}
EASY = (PLAIN, "spaces and plus", "unicode")
"""Kinds that even small servers keep. After a key that they refuse, some of them read the next
request wrongly, so that what comes is chance."""
SOME = (PLAIN, "spaces and plus", "percent", "unicode")
