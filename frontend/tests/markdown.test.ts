// @vitest-environment jsdom
import { describe, expect, it } from "vitest";

import { renderMarkdown, sanitizeHtml } from "@/support/markdown";

const HOSTILE = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<svg onload=alert(1)>",
  "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
  "<a href='javascript:alert(1)'>x</a>",
  "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
  "<p style='background:url(//evil.example)'>x</p>",
  "<form action='//evil.example'><button>x</button></form>",
  "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
  "<input type=image src=//evil.example>",
  "<base href=//evil.example>",
  "<p id=page-context name=cookie>x</p>",
  "<object data=//evil.example></object>",
  "[x](javascript:alert(1))",
  "[x](vbscript:alert(1))",
  "![x](//evil.example/pixel.png)",
  "![x](data:image/svg+xml;base64,PHN2Zz4=)",
  "<https://ok.example/\" onmouseover=alert(1)>",
];

const FORBIDDEN =
  "script, style, iframe, object, embed, form, img, svg, math, base, link, meta, [style], [id], [name], [src], [srcdoc]";

function bodyOf(html: string): HTMLElement {
  return new DOMParser().parseFromString(html, "text/html").body;
}

describe.each([
  ["renderMarkdown", renderMarkdown],
  ["sanitizeHtml", sanitizeHtml],
])("%s", (_name, clean) => {
  it.each(HOSTILE)("takes the harm out of %s", (hostile) => {
    const body = bodyOf(clean(hostile));

    expect(body.querySelector(FORBIDDEN)).toBeNull();
    for (const element of body.querySelectorAll("*")) {
      for (const { name, value } of element.attributes) {
        expect(name).not.toMatch(/^on/);
        if (name === "href") expect(value).toMatch(/^(https?:|mailto:|#)/);
      }
    }
  });
});

describe("rendering", () => {
  it("keeps what a document needs", () => {
    const body = bodyOf(renderMarkdown("# T\n\n| a | b |\n|:-:|--:|\n| 1 | 2 |\n\n- [x] done\n- [ ] open\n\n> q\n\n`c`"));

    expect(body.querySelector("h1")?.textContent).toBe("T");
    expect(body.querySelector("th")?.className).toBe("is-center");
    expect([...body.querySelectorAll("input")].map((box) => box.checked)).toEqual([true, false]);
    expect(body.querySelectorAll("input:not([disabled])")).toHaveLength(0);
    expect(body.querySelector("blockquote, code")).not.toBeNull();
  });

  it("opens links elsewhere without telling where from", () => {
    const link = bodyOf(renderMarkdown("[a](https://ok.example)")).querySelector("a");

    expect(link?.target).toBe("_blank");
    expect(link?.rel).toContain("noopener");
  });

  it("shows HTML that was written as text", () => {
    expect(bodyOf(renderMarkdown("<b>bold</b>")).textContent?.trim()).toBe("<b>bold</b>");
  });
});
