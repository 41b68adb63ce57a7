/** Messages that the browser shows outside the page, where the person allowed it. */

export type Permission = "unsupported" | "default" | "granted" | "denied";

export function permission(): Permission {
  return "Notification" in window ? Notification.permission : "unsupported";
}

/** Ask the person; browsers listen only to a click. */
export async function askPermission(): Promise<Permission> {
  if ("Notification" in window) await Notification.requestPermission();
  return permission();
}

export interface OutsideMessage {
  id: number | string;
  title: string;
  body: string;
}

/** Show a message beside the page; several tabs that show the same one show it once. */
export function showOutside(message: OutsideMessage, open: () => void): void {
  if (permission() !== "granted") return;
  try {
    const shown = new Notification(message.title, { body: message.body, tag: `parallagon-${message.id}` });
    shown.onclick = () => {
      window.focus();
      shown.close();
      open();
    };
  } catch {
    // Some browsers, on telephones, allow it to service workers only: the list has it all the same.
  }
}
