/** Patterns of files: `*` is anything inside one part of a path, `**` anything, `?` one character. */

const SIGNS: Record<string, string> = { "**": "[^]*", "*": "[^/]*", "?": "[^/]" };

export function matches(pattern: string, path: string): boolean {
  const source = pattern
    .split(/(\*\*|[*?])/)
    .map((part) => SIGNS[part] ?? part.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"))
    .join("");
  return new RegExp(`^(?:${source})$`, "u").test(path);
}

/** What is written one to a line: trimmed, each once, without empty lines. */
export function linesOf(text: string): string[] {
  return [...new Set(text.split("\n").map((line) => line.trim()).filter(Boolean))];
}

/** The files that one of the patterns stands for. */
export function matched(patterns: readonly string[], paths: readonly string[]): string[] {
  return paths.filter((path) => patterns.some((pattern) => matches(pattern, path)));
}
