// Slack's dates: a moment and a format of tokens, drawn in the reader's language and zone.

const OPTIONS = {
  date_num: { year: "numeric", month: "2-digit", day: "2-digit" },
  date: { year: "numeric", month: "long", day: "numeric" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  time: { hour: "numeric", minute: "2-digit" },
  time_secs: { hour: "numeric", minute: "2-digit", second: "2-digit" },
};
const DAY = 86_400_000;

export function formatted(timestamp, format, locale) {
  const at = new Date(Number(timestamp) * 1000);
  return format.replace(/\{(\w+)\}/g, (whole, token) => drawn(at, token, locale) ?? whole);
}

function drawn(at, token, locale) {
  if (token === "ago") return ago(at, locale);
  const plain = token.replace(/_pretty$/, "");
  if (plain !== token) {
    const days = Math.round((midnight(at) - midnight(new Date())) / DAY);
    if (Math.abs(days) <= 1) return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(days, "day");
  }
  return OPTIONS[plain] && new Intl.DateTimeFormat(locale, OPTIONS[plain]).format(at);
}

const midnight = (at) => new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();

function ago(at, locale) {
  const minutes = Math.round((at - Date.now()) / 60_000);
  const words = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  if (Math.abs(minutes) < 60) return words.format(minutes, "minute");
  const hours = Math.round(minutes / 60);
  return Math.abs(hours) < 24 ? words.format(hours, "hour") : words.format(Math.round(hours / 24), "day");
}

export const clock = (ts, locale) => formatted(Number(ts), "{time}", locale);

// How long something took, as one says it: 640 ms, 1.8 s, 2 min 5 s, 3 h 2 min.
export function lasted(milliseconds) {
  if (milliseconds < 1000) return `${milliseconds} ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
