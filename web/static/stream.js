// Hears what changed. One stream for the whole browser, however many tabs are open: one tab holds it and tells the others;
// when that tab goes, another takes over. Where the browser knows no locks, each tab has a stream while it is seen.
// The server says at least every 15 seconds that it is there: a stream that says nothing for longer is dead, and opened anew.
const SOONEST = 500;
const LATEST = 10_000;
const SILENCE = 40_000;
const LOOK = 5_000;

/** Begin after a position. `tell(change)`, `link(here)` and `lost()` (it cannot be opened) are called. Returns how to stop. */
export function listen(person, after, { tell, link, lost }) {
  const name = `milepost changes ${person}`;
  const shared = Boolean(navigator.locks && globalThis.BroadcastChannel);
  const channel = shared ? new BroadcastChannel(name) : null;
  const giveUp = new AbortController();
  let position = after;
  let source = null;
  let pause = SOONEST;
  let timer = 0;
  let letGo = null;
  let heardAt = Date.now(); // by the clock on the wall, which goes on while a machine sleeps

  function heard(said) {
    heardAt = Date.now();
    if (said.change) {
      position = Math.max(position, said.change.position);
      tell(said.change);
    }
    if (said.at > position) {
      position = said.at;
      tell({ position, everything: true });
    }
    if (said.here === undefined) return;
    link(said.here);
    if (said.here) pause = SOONEST;
    else if (!source && !document.hidden) remind();
  }

  /** The tab that holds the stream may be in the background, where browsers let clocks go slow: one that is seen wakes it. */
  function remind() {
    clearTimeout(timer);
    timer = setTimeout(() => channel.postMessage({ wakes: true }), pause);
    pause = Math.min(2 * pause, LATEST);
  }

  function say(said) {
    heard(said);
    channel?.postMessage(said);
  }

  function open() {
    clearTimeout(timer);
    heardAt = Date.now();
    source = new EventSource(`/v1/changes?after=${position}`);
    source.addEventListener("open", () => say({ here: true }));
    source.addEventListener("changed", (event) => say({ change: JSON.parse(event.data) }));
    source.addEventListener("unchanged", () => say({}));
    source.addEventListener("error", () => {
      const refused = source.readyState === EventSource.CLOSED;
      source.close();
      say({ here: false });
      if (refused) lost();
      timer = setTimeout(open, pause); // sooner than the browser would by itself
      pause = Math.min(2 * pause, LATEST);
    });
  }

  const silent = () => Date.now() - heardAt > SILENCE;

  function reopen() {
    if (source?.readyState === EventSource.CLOSED) open();
    else if (source && silent()) {
      source.close();
      say({ here: false });
      open();
    }
  }

  /** Nothing was heard for too long: whoever holds the stream opens it anew, whoever hears of it says so to that tab. */
  function look() {
    if (!silent()) return;
    if (source) reopen();
    else if (channel) {
      link(false);
      channel.postMessage({ wakes: true });
    }
  }

  function close() {
    clearTimeout(timer);
    source?.close();
    source = null;
  }

  function seen() {
    if (document.hidden) close();
    else if (!source) open();
  }

  if (shared) {
    channel.addEventListener("message", ({ data }) => {
      if (data.wakes) reopen();
      else if (!data.asks) heard(data);
      else if (source) channel.postMessage({ at: position, here: source.readyState === EventSource.OPEN });
    });
    channel.postMessage({ asks: true });
    navigator.locks
      .request(name, { signal: giveUp.signal }, () => { open(); return new Promise((resolve) => { letGo = resolve; }); })
      .catch(() => {});
  } else {
    document.addEventListener("visibilitychange", seen);
    seen();
  }

  const looking = setInterval(look, LOOK);

  return () => {
    clearInterval(looking);
    document.removeEventListener("visibilitychange", seen);
    giveUp.abort();
    close();
    letGo?.();
    channel?.close();
  };
}
