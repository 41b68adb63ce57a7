/** Paths inside a mission: what may be one, which agent owns one, and how they form a tree. */

export const EXTENSIONS = [
  "md", "txt", "rst", "csv", "json", "yaml", "yml", "toml", "xml", "html", "css", "js", "ts", "py", "sql", "sh",
];

const PART = /^[\p{L}\p{N}_][\p{L}\p{N}_ .()-]*$/u;

export type PathProblem = "badPath" | "badExtension" | "exists";

/** What is wrong with a new path, or null; the server decides in the end. */
export function pathProblem(path: string, taken: readonly string[]): PathProblem | null {
  const parts = path.normalize("NFC").split("/");
  const isTooLong = parts.length > 8 || new TextEncoder().encode(path).length > 200;
  if (isTooLong || !parts.every((part) => PART.test(part) && !/[ .]$/.test(part))) return "badPath";
  const extension = /\.([^.]+)$/.exec(parts.at(-1) ?? "")?.[1]?.toLowerCase();
  if (!extension || !EXTENSIONS.includes(extension)) return "badExtension";
  const folded = path.normalize("NFC").toLowerCase();
  return taken.some((known) => known.toLowerCase() === folded) ? "exists" : null;
}

/** Whether a pattern such as `production/**` names the path. */
export function matchesPattern(pattern: string, path: string): boolean {
  const source = pattern
    .split(/(\*\*|\*)/)
    .map((part) =>
      part === "**" ? ".*" : part === "*" ? "[^/]*" : part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"),
    )
    .join("");
  return new RegExp(`^${source}$`).test(path);
}

export function isMarkdown(path: string): boolean {
  return path.endsWith(".md");
}

export interface TreeRow<File> {
  depth: number;
  name: string;
  path: string;
  file: File | null;
}

/** Standard documents first, in the order of the work; then the rest by name, folders as headings. */
export function treeRows<File extends { path: string; role: string | null }>(
  files: readonly File[],
  order: readonly string[],
): TreeRow<File>[] {
  const rank = (file: File) => {
    const place = file.role && !file.path.includes("/") ? order.indexOf(file.role) : -1;
    return place < 0 ? order.length : place;
  };
  const sorted = files.toSorted(
    (a, b) => rank(a) - rank(b) || depthOf(a.path) - depthOf(b.path) || a.path.localeCompare(b.path),
  );
  const top = sorted.filter((file) => !file.path.includes("/"));
  const nested = sorted.filter((file) => file.path.includes("/"));
  nested.sort((a, b) => a.path.localeCompare(b.path));
  return [...top.map((file) => rowOf(file)), ...nestedRows(nested)];
}

function nestedRows<File extends { path: string }>(files: readonly File[]): TreeRow<File>[] {
  const rows: TreeRow<File>[] = [];
  const seen = new Set<string>();
  for (const file of files) {
    const folders = file.path.split("/").slice(0, -1);
    folders.forEach((name, depth) => {
      const path = folders.slice(0, depth + 1).join("/");
      if (!seen.has(path)) rows.push({ depth, name, path, file: null });
      seen.add(path);
    });
    rows.push(rowOf(file));
  }
  return rows;
}

function rowOf<File extends { path: string }>(file: File): TreeRow<File> {
  return { depth: depthOf(file.path), name: file.path.split("/").at(-1) ?? file.path, path: file.path, file };
}

function depthOf(path: string): number {
  return path.split("/").length - 1;
}
