// The app's slash commands, as the manifest has them, and which of them fit what was typed so far.

const COMMANDS = [
  { name: "/deactivate", hint: "[@handle] [reason]", about: "Ask for an account to be deactivated" },
  { name: "/restore", hint: "[@handle] [reason]", about: "Ask for an account to be restored" },
  {
    name: "/countersign",
    hint: "[help | pending | status @handle | guard]",
    about: "What waits, what happened, the guard",
  },
];
const WORDS = [
  { name: "/countersign pending", hint: "", about: "What waits for a decision" },
  { name: "/countersign status", hint: "@handle", about: "The history of an account" },
  { name: "/countersign guard", hint: "", about: "Whether the guard follows the platform" },
  { name: "/countersign help", hint: "", about: "The list of commands" },
];

export const isCommand = (name) => COMMANDS.some((command) => command.name === name);

export function fitting(typed) {
  if (!typed.startsWith("/")) return [];
  const lower = typed.toLowerCase();
  const pool = lower.startsWith("/countersign ") ? WORDS : COMMANDS;
  return pool.filter((command) => command.name.startsWith(lower) && command.name !== lower);
}

// What is still expected after a whole command, to be shown beside the field.
export function hintFor(typed) {
  const command = COMMANDS.find((one) => typed === one.name || typed.startsWith(`${one.name} `));
  return command ? `${command.name} ${command.hint}` : "";
}
