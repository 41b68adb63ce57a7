/** How CodeMirror looks and behaves here; loaded when the first file is opened. */

import { history, historyKeymap, defaultKeymap, indentWithTab } from "@codemirror/commands";
import { markdown, markdownLanguage } from "@codemirror/lang-markdown";
import { HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Annotation, EditorState, StateEffect, StateField, Transaction, type Extension } from "@codemirror/state";
import { Decoration, EditorView, drawSelection, keymap, placeholder, type DecorationSet } from "@codemirror/view";
import { tags } from "@lezer/highlight";

import { isMarkdown } from "./paths";
import { provenanceGutter } from "./provenanceGutter";
import { rebasedChanges } from "./rebase";

/** Marks a change that came from others: it is neither typed nor undone here. */
const fromOthers = Annotation.define<boolean>();
const clearFlash = StateEffect.define<null>();
const showFlash = StateEffect.define<{ from: number; to: number }>();
const FLASH = 2_500;

const theme = EditorView.theme({
  "&": { height: "100%", backgroundColor: "transparent", color: "var(--ink)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--editor-font)", lineHeight: "1.7", overflow: "auto" },
  ".cm-content": {
    maxWidth: "calc(var(--editor-measure) + 4rem)",
    margin: "0 auto",
    padding: "1.75rem 2rem 40vh",
    caretColor: "var(--accent)",
    fontSize: "var(--editor-size)",
  },
  ".cm-line": { padding: "0" },
  ".cm-cursor": { borderLeftColor: "var(--accent)", borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "var(--selection)",
  },
  ".cm-placeholder": { color: "var(--ink-faint)" },
  ".cm-selectionMatch": { backgroundColor: "var(--pressed)" },
  ".cm-searchMatch": { backgroundColor: "var(--warn-soft)", outline: "1px solid var(--warn)" },
  ".cm-searchMatch-selected": { backgroundColor: "var(--selection)" },
  ".cm-flash": { backgroundColor: "var(--accent-soft)", borderRadius: "3px", animation: "cm-flash 2.5s ease-out" },
  "@keyframes cm-flash": { "0%": { backgroundColor: "var(--selection)" } },
  ".cm-panels": { backgroundColor: "var(--ground)", color: "var(--ink)", borderColor: "var(--line)" },
  ".cm-panels.cm-panels-bottom": { borderTop: "1px solid var(--line)" },
  ".cm-panel.cm-search": { padding: "0.6rem 2.5rem 0.6rem 1rem", fontFamily: "var(--font-text)", fontSize: "0.8125rem" },
  ".cm-panel.cm-search label": { fontSize: "0.8125rem" },
  ".cm-textfield": {
    border: "1px solid var(--line-strong)",
    borderRadius: "6px",
    backgroundColor: "var(--paper)",
    fontSize: "0.8125rem",
    padding: "0.25rem 0.5rem",
  },
  ".cm-button": {
    border: "1px solid var(--line-strong)",
    borderRadius: "6px",
    backgroundImage: "none",
    backgroundColor: "var(--raised)",
    fontSize: "0.8125rem",
    padding: "0.25rem 0.6rem",
  },
});

const highlight = HighlightStyle.define([
  { tag: tags.heading1, fontSize: "1.5em", fontWeight: "650", letterSpacing: "-0.02em", lineHeight: "1.35" },
  { tag: tags.heading2, fontSize: "1.2em", fontWeight: "650", letterSpacing: "-0.015em" },
  { tag: [tags.heading3, tags.heading4, tags.heading5, tags.heading6], fontWeight: "650" },
  { tag: tags.strong, fontWeight: "650" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: tags.strikethrough, textDecoration: "line-through" },
  { tag: [tags.processingInstruction, tags.contentSeparator, tags.labelName], color: "var(--ink-faint)" },
  { tag: tags.quote, color: "var(--ink-soft)" },
  { tag: [tags.link, tags.url], color: "var(--accent)" },
  { tag: tags.monospace, fontFamily: "var(--font-code)", fontSize: "0.92em", color: "var(--role-suivi)" },
  { tag: tags.comment, color: "var(--ink-faint)" },
]);

/** Where others have just written, and where somebody wants to look, for as long as the eye needs to see it. */
const flashes = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    if (transaction.effects.some((effect) => effect.is(clearFlash))) return Decoration.none;
    const moved = marks.map(transaction.changes);
    const place = transaction.effects.find((effect) => effect.is(showFlash))?.value;
    if (place && place.to > place.from) return moved.update({ add: [flash.range(place.from, place.to)] });
    if (!transaction.annotation(fromOthers)) return moved;
    const ranges: { from: number; to: number }[] = [];
    transaction.changes.iterChangedRanges((_fromA, _toA, fromB, toB) => {
      if (toB > fromB) ranges.push({ from: fromB, to: toB });
    });
    return moved.update({ add: ranges.map(({ from, to }) => flash.range(from, to)), sort: true });
  },
  provide: (field) => EditorView.decorations.from(field),
});
const flash = Decoration.mark({ class: "cm-flash" });

export interface EditorOptions {
  parent: HTMLElement;
  text: string;
  path: string;
  label: string;
  language: string;
  placeholder: string;
  phrases: Record<string, string>;
  nonce: string;
  isReadOnly: boolean;
  /** Whether there is room beside the text for who wrote it. */
  hasOrigins: boolean;
  onEdit(): void;
  onSave(): void;
}

export function createEditor(options: EditorOptions): EditorView {
  return new EditorView({
    parent: options.parent,
    state: EditorState.create({ doc: options.text, extensions: extensionsFor(options) }),
  });
}

function extensionsFor(options: EditorOptions): Extension[] {
  return [
    EditorView.cspNonce.of(options.nonce),
    EditorState.lineSeparator.of(separatorOf(options.text)),
    EditorState.readOnly.of(options.isReadOnly),
    EditorState.phrases.of(options.phrases),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({
      "aria-label": options.label,
      lang: options.language,
      spellcheck: isMarkdown(options.path) ? "true" : "false",
    }),
    EditorView.updateListener.of((update) => {
      if (!update.docChanged) return;
      if (!update.transactions.some((transaction) => transaction.annotation(fromOthers))) options.onEdit();
    }),
    keymap.of([
      { key: "Mod-s", preventDefault: true, run: () => (options.onSave(), true) },
      ...searchKeymap,
      ...historyKeymap,
      ...defaultKeymap,
      ...(isMarkdown(options.path) ? [] : [indentWithTab]),
    ]),
    history(),
    drawSelection(),
    indentOnInput(),
    search(),
    highlightSelectionMatches(),
    placeholder(options.placeholder),
    flashes,
    theme,
    ...(options.hasOrigins ? [provenanceGutter()] : []),
    syntaxHighlighting(highlight),
    ...(isMarkdown(options.path) ? [markdown({ base: markdownLanguage, completeHTMLTags: false })] : []),
  ];
}

/** A text keeps the line endings that it came with; mixed ones stay as they are, inside the lines. */
function separatorOf(text: string): string {
  return text.includes("\r\n") && !/(^|[^\r])\n/.test(text) ? "\r\n" : "\n";
}

export function readEditor(view: EditorView): string {
  return view.state.sliceDoc();
}

/** Go to a line, from 1, and show it for a moment; to the last one where the text has become shorter. */
export function showLine(view: EditorView, number: number): void {
  const line = view.state.doc.line(Math.min(Math.max(number, 1), view.state.doc.lines));
  view.dispatch({
    selection: { anchor: line.from },
    effects: [EditorView.scrollIntoView(line.from, { y: "center" }), showFlash.of({ from: line.from, to: line.to })],
  });
  setTimeout(() => view.dispatch({ effects: clearFlash.of(null) }), FLASH);
  view.focus();
}

/** Take in what others wrote, without moving the cursor or the undo history of what was typed. */
export function patchEditor(view: EditorView, from: string, to: string): void {
  const { lineBreak } = view.state;
  const flat = (text: string) => (lineBreak === "\n" ? text : text.replaceAll("\r\n", "\n"));
  const current = view.state.doc.toString();
  view.dispatch({
    changes: rebasedChanges(current, flat(from), flat(to)),
    annotations: [fromOthers.of(true), Transaction.addToHistory.of(false), Transaction.remote.of(true)],
  });
  setTimeout(() => view.dispatch({ effects: clearFlash.of(null) }), FLASH);
}
