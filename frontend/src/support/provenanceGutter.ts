/** The column beside the text that says who wrote each stretch of it. */

import { StateEffect, StateField, Transaction, type Extension } from "@codemirror/state";
import { EditorView, GutterMarker, ViewPlugin, gutter } from "@codemirror/view";

import { UNKNOWN, YOURS, followChange, originsOf, stretchAt, type LineOrigins, type Stretch } from "./provenance";
import { changesBetween } from "./rebase";

/** How a stretch is shown: by what letter and colour, and what is said of it. */
export interface Mark {
  letter: string;
  role: string | null;
  label: string;
}

/** What the server knows of a saved text. */
export interface Known {
  text: string;
  lines: readonly (readonly [number, number])[];
}

export interface GutterOptions {
  markOf(revision: number): Mark;
  onOpen(stretch: Stretch, button: HTMLElement): void;
}

interface Shown {
  options: GutterOptions;
  origins: LineOrigins;
}

const setShown = StateEffect.define<Shown>();

const shown = StateField.define<Shown | null>({
  create: () => null,
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(setShown)) return effect.value;
    if (!value || !transaction.docChanged) return value;
    const fresh = transaction.annotation(Transaction.remote) ? UNKNOWN : YOURS;
    const { startState, newDoc, changes } = transaction;
    return { ...value, origins: followChange(value.origins, startState.doc, newDoc, changes, fresh) };
  },
});

class StretchMarker extends GutterMarker {
  constructor(
    private readonly mark: Mark,
    private readonly line: number,
    private readonly isFirst: boolean,
  ) {
    super();
  }

  override eq(other: StretchMarker): boolean {
    const isSame = this.line === other.line && this.isFirst === other.isFirst;
    return isSame && this.mark.label === other.mark.label && this.mark.role === other.mark.role;
  }

  override toDOM(view: EditorView): Node {
    const element = document.createElement(this.isFirst ? "button" : "span");
    element.className = `cm-origin role${this.mark.role ? ` role-${this.mark.role}` : ""}`;
    element.title = this.mark.label;
    element.addEventListener("click", () => openAt(view, this.line, element));
    if (element instanceof HTMLButtonElement) {
      element.type = "button";
      element.textContent = this.mark.letter;
      element.setAttribute("aria-label", this.mark.label);
    }
    return element;
  }
}

const column = gutter({
  class: "cm-origins",
  lineMarker(view, block) {
    const value = view.state.field(shown);
    const line = view.state.doc.lineAt(block.from).number;
    const stretch = value && stretchAt(value.origins, line);
    if (!stretch) return null;
    return new StretchMarker(value.options.markOf(stretch.revision), line, stretch.start === line);
  },
  lineMarkerChange: (update) => update.startState.field(shown) !== update.state.field(shown),
});

/** The marks are buttons: unlike line numbers they are there for everybody. */
const spoken = ViewPlugin.define((view) => {
  view.dom.querySelector(".cm-gutters")?.removeAttribute("aria-hidden");
  return {};
});

const theme = EditorView.theme({
  ".cm-gutters": { backgroundColor: "transparent", border: "0" },
  ".cm-origins .cm-gutterElement": { width: "1.75rem", padding: "0 0 0 0.5rem" },
  ".cm-origin": {
    display: "block",
    boxSizing: "border-box",
    width: "1.25rem",
    height: "100%",
    padding: "0 0 0 3px",
    border: "0",
    borderLeft: "3px solid var(--role)",
    background: "none",
    color: "var(--role)",
    font: "650 0.6875rem/1.7 var(--font-text)",
    textAlign: "left",
    cursor: "pointer",
  },
  "button.cm-origin": { display: "flex", alignItems: "flex-start", paddingTop: "0.3rem" },
  ".cm-origin:hover": { background: "var(--hover)" },
});

/** The column itself; empty until `showOrigins`. */
export function provenanceGutter(): Extension {
  return [shown, column, spoken, theme];
}

/** Show who wrote what: of the saved text by the server's word, of what was typed since as yours. */
export function showOrigins(view: EditorView, known: Known, options: GutterOptions): void {
  const saved = view.state.toText(known.text);
  const { doc } = view.state;
  const spans = originsOf(known.lines, saved.lines);
  const changes = changesBetween(saved.toString(), doc.toString());
  const origins = changes.empty ? spans : followChange(spans, saved, doc, changes, YOURS);
  view.dispatch({ effects: setShown.of({ options, origins }) });
}

function openAt(view: EditorView, line: number, element: HTMLElement): void {
  const value = view.state.field(shown);
  const stretch = value && stretchAt(value.origins, line);
  if (stretch) value.options.onOpen(stretch, element);
}
