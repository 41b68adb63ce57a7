/** Markdown to HTML that is safe to show: whatever an agent or a person wrote is untrusted. */

import DOMPurify, { type Config } from "dompurify";
import MarkdownIt from "markdown-it";

const markdown = new MarkdownIt({ html: false, linkify: true, typographer: false });

const POLICY: Config = {
  ALLOWED_TAGS: [
    "h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "ul", "ol", "li", "strong", "em",
    "s", "del", "code", "pre", "a", "table", "thead", "tbody", "tr", "th", "td", "input", "span",
  ],
  ALLOWED_ATTR: ["href", "title", "start", "class", "type", "checked", "disabled"],
  ADD_URI_SAFE_ATTR: ["type", "start"], // Else these too would have to look like addresses.
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|#)/i,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
};

const ALLOWED_CLASSES = new Set(["is-left", "is-center", "is-right", "task"]);

const purifier = DOMPurify(window);

purifier.addHook("uponSanitizeAttribute", (_node, attribute) => {
  if (attribute.attrName === "class" && !ALLOWED_CLASSES.has(attribute.attrValue)) {
    attribute.keepAttr = false;
  }
});

purifier.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName === "A" && node.hasAttribute("href")) {
    node.setAttribute("rel", "noopener noreferrer nofollow");
    if (!node.getAttribute("href")?.startsWith("#")) node.setAttribute("target", "_blank");
  }
  if (node.tagName === "INPUT" && (node.getAttribute("type") !== "checkbox" || !node.hasAttribute("disabled"))) {
    node.remove();
  }
});

// The content security policy allows no style attribute: an alignment becomes a class.
for (const rule of ["th_open", "td_open"]) {
  markdown.renderer.rules[rule] = (tokens, index, options, _env, renderer) => {
    const token = tokens[index];
    const alignment = /text-align:(\w+)/.exec(String(token?.attrGet("style") ?? ""))?.[1];
    if (token && alignment) token.attrs = [["class", `is-${alignment}`]];
    return renderer.renderToken(tokens, index, options);
  };
}

// A picture from elsewhere would tell that server who reads; its address becomes a link.
markdown.renderer.rules["image"] = (tokens, index) => {
  const token = tokens[index];
  const source = markdown.utils.escapeHtml(String(token?.attrGet("src") ?? ""));
  return `<a href="${source}">${markdown.utils.escapeHtml(token?.content || source)}</a>`;
};

// "- [x] done" is a task.
markdown.core.ruler.after("inline", "tasks", (state) => {
  state.tokens.forEach((token, index) => {
    const mark = token.type === "inline" && /^\[([ xX])\] /.exec(token.content);
    const first = token.children?.[0];
    const item = state.tokens[index - 2];
    if (!mark || first?.type !== "text" || item?.type !== "list_item_open") return;
    item.attrSet("class", "task");
    first.content = first.content.slice(mark[0].length);
    const box = new state.Token("html_inline", "", 0);
    box.content = `<input type="checkbox" disabled${mark[1] === " " ? "" : " checked"}>`;
    token.children?.unshift(box);
  });
});

export function sanitizeHtml(html: string): string {
  return purifier.sanitize(html, POLICY);
}

export function renderMarkdown(text: string): string {
  return sanitizeHtml(markdown.render(text));
}
