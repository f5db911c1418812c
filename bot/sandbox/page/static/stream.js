// The one connection: what the server tells goes into the store; a lost connection comes back by itself.

export function follow(store, onState) {
  const source = new EventSource("/stream");
  source.addEventListener("open", () => onState(true));
  source.addEventListener("error", () => onState(false));
  source.addEventListener("workspace", (event) => store.takeWorkspace(JSON.parse(event.data)));
  source.addEventListener("changes", (event) => store.takeChanges(JSON.parse(event.data)));
  source.addEventListener("platform", (event) => store.takePlatform(JSON.parse(event.data)));
}
