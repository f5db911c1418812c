// Handles that a reader cannot tell apart, or that are not written in plain letters: their ids stand beside them.

// What the Cyrillic, the Greek and the digits look like, as far as handles need it.
const LOOKS = new Map(
  [
    ["aа", "bв", "cсϲ", "dԁ", "eеє", "gɡ", "hһн", "iіιı1|lӏ", "jјϳ", "kкκ", "mм", "nո", "oоοσ0", "pрρ", "qԛ"],
    ["sѕ", "tтτ", "uυս", "vνѵ", "wԝω", "xхχ", "yуγү", "zᴢ"],
  ]
    .flat()
    .flatMap(([letter, ...same]) => same.map((other) => [other, letter])),
);

const look = (handle) =>
  [...handle.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase()].map((c) => LOOKS.get(c) ?? c).join("");

export function lookAlikes(accounts) {
  const seen = Map.groupBy(accounts, (account) => look(account.handle));
  const strange = (account) => !/^\w+$/.test(account.handle) || seen.get(look(account.handle)).length > 1;
  return new Set(accounts.filter(strange).map((account) => account.id));
}
