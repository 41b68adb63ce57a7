/** The pictures of the pages: paths on a square of 24, drawn with a line of 1.75. */

export const ICONS = {
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
  check: "M5 12.5l4.5 4.5L19 7.5",
  "chevron-right": "M9.5 6l6 6-6 6",
  "chevron-down": "M6 9.5l6 6 6-6",
  "arrow-left": "M19 12H5m6-6l-6 6 6 6",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13M15.3 15.3l5 5",
  menu: "M4 7h16M4 12h16M4 17h16",
  play: "M8 5.5v13l10.5-6.5z",
  stop: "M7 7h10v10H7z",
  run: "M13 3L5 13.5h6L10 21l8.5-11h-6.3z",
  restart: "M4 12a8 8 0 1 0 2.6-5.9M4 4.5V9h4.5",
  history: "M4 12a8 8 0 1 0 2.6-5.9M4 4.5V9h4.5M12 8v4.3l3 1.8",
  file: "M13.5 3H7a1.5 1.5 0 0 0-1.5 1.5v15A1.5 1.5 0 0 0 7 21h10a1.5 1.5 0 0 0 1.5-1.5V8zM13.5 3v5h5",
  "file-plus": "M13.5 3H7a1.5 1.5 0 0 0-1.5 1.5v15A1.5 1.5 0 0 0 7 21h10a1.5 1.5 0 0 0 1.5-1.5V8zM13.5 3v5h5M12 11.5v6M9 14.5h6",
  folder: "M3.5 7.5A1.5 1.5 0 0 1 5 6h4l2 2.5h8a1.5 1.5 0 0 1 1.5 1.5v8a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 18z",
  pen: "M15.5 4.5l4 4L8.5 19.5l-5 1 1-5zM13 7l4 4",
  columns: "M4 5.5h16v13H4zM12 5.5v13",
  book: "M12 6.5C10 5 7.2 4.5 4 4.5v13.5c3.2 0 6 .5 8 2 2-1.5 4.8-2 8-2V4.5c-3.2 0-6 .5-8 2zM12 6.5V20",
  users: "M15.5 19.5v-1.4a3.6 3.6 0 0 0-3.6-3.6H7.1a3.6 3.6 0 0 0-3.6 3.6v1.4M9.5 11a3.25 3.25 0 1 0 0-6.5 3.25 3.25 0 0 0 0 6.5M20.5 19.5v-1.4a3.6 3.6 0 0 0-2.7-3.5M15.5 4.6a3.25 3.25 0 0 1 0 6.3",
  user: "M18.5 20v-1.6a4 4 0 0 0-4-4h-5a4 4 0 0 0-4 4V20M12 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7",
  feed: "M3.5 12.5h4l2.5-7 4 13 2.5-6h4",
  panel: "M4 5h16v14H4zM14.5 5v14",
  sidebar: "M4 5h16v14H4zM9.5 5v14",
  upload: "M12 15.5V4.5M7.5 9L12 4.5 16.5 9M4.5 15.5V18A1.5 1.5 0 0 0 6 19.5h12a1.5 1.5 0 0 0 1.5-1.5v-2.5",
  download: "M12 4.5v11M7.5 11L12 15.5 16.5 11M4.5 15.5V18A1.5 1.5 0 0 0 6 19.5h12a1.5 1.5 0 0 0 1.5-1.5v-2.5",
  "sign-out": "M10 4.5H6A1.5 1.5 0 0 0 4.5 6v12A1.5 1.5 0 0 0 6 19.5h4M15.5 16l4-4-4-4M19.5 12H10",
  more: "M4.6 12a.9.9 0 1 0 1.8 0 .9.9 0 1 0-1.8 0M11.1 12a.9.9 0 1 0 1.8 0 .9.9 0 1 0-1.8 0M17.6 12a.9.9 0 1 0 1.8 0 .9.9 0 1 0-1.8 0",
  archive: "M3.5 5h17v4h-17zM5 9v10h14V9M10 13h4",
  trash: "M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 12.5h9l1-12.5M10 11v5M14 11v5",
  alert: "M12 4L2.8 19.5h18.4zM12 10v4M12 16.8v.2",
  info: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17M12 11v5M12 8v.2",
  warning: "M12 4L2.8 19.5h18.4zM12 10v4M12 16.8v.2",
  error: "M8.3 3.5h7.4l4.8 4.8v7.4l-4.8 4.8H8.3l-4.8-4.8V8.3zM12 8v4.5M12 15.8v.2",
  success: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17M8.2 12.3l2.6 2.6 5-5.6",
  bell: "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 20.5a2.2 2.2 0 0 0 4 0",
  sliders: "M4 7.5h9M17 7.5h3M4 16.5h3M11 16.5h9M13 5v5M11 14v5",
  "check-all": "M2.5 12.5L7 17 16 7.5M12 16l1 1 8.5-9.5",
  specifications: "M9.5 6.5h10M9.5 12h10M9.5 17.5h10M4 6l1.2 1.2L7 5M4 11.8l1.2 1.2L7 10.8M4 17.3l1.2 1.2L7 16.3",
  production: "M15.5 4.5l4 4L8.5 19.5l-5 1 1-5zM13 7l4 4",
  management: "M4 5h4.5v14H4zM11 5h4.5v9H11zM18 5h2.5v6H18z",
  evaluation: "M20.5 11.2V12a8.5 8.5 0 1 1-5-7.8M8.5 11.5l3.2 3.2L20.5 6",
  suivi: "M5 4v16M5 6.5h9M5 12h13M5 17.5h7M5 6.5v0",
  duplication: "M8.5 8.5h11v11h-11zM15.5 8.5v-4h-11v11h4",
  external: "M14 4.5h5.5V10M19.5 4.5l-8 8M18 14v4a1.5 1.5 0 0 1-1.5 1.5h-10A1.5 1.5 0 0 1 5 18V8a1.5 1.5 0 0 1 1.5-1.5h4",
  system: "M12 3.5l7.4 4.25v8.5L12 20.5l-7.4-4.25v-8.5z",
} as const;

export type IconName = keyof typeof ICONS;

/** The picture of a role; one that was added to this installation gets the house's own. */
export function roleIcon(role: string): IconName {
  return role in ICONS ? (role as IconName) : "system";
}
