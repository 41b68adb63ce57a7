/** The pages that need no script: their style only. */
import "@/styles/base.css";
import "@/styles/plain.css";
