// The one place where text becomes a document: the page's security policy lets no other script do it (Trusted Types).
const policy = window.trustedTypes?.createPolicy("milepost", { createHTML: (text) => text }) ?? { createHTML: (text) => text };
const parser = new DOMParser();

/** A page that our own server sent, as a document of its own; nothing in it runs. */
export function parsed(text) {
  return parser.parseFromString(policy.createHTML(text), "text/html");
}
