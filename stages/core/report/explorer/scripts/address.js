// The state of the page in its address, after #, so that a view can be shared: only what differs from the start.

const ADDRESS_DELAY_MS = 300;

class Address {
  // fields: name -> [get(), set(text)]
  constructor(fields) {
    this.fields = fields;
    this.atStart = this.state();
  }

  state() {
    return Object.fromEntries(Object.entries(this.fields).map(([name, [get]]) => [name, String(get())]));
  }

  // Values that the page does not have are left out; what the address does not name is as at the start.
  restore() {
    const named = new URLSearchParams(location.hash.slice(1));
    for (const [name, [get, set]] of Object.entries(this.fields)) {
      if (String(get()) !== this.atStart[name]) set(this.atStart[name]);
      if (named.has(name)) set(named.get(name));
    }
  }

  // A moment later: browsers limit how often an address may change.
  save() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const changed = Object.entries(this.state()).filter(([name, text]) => text !== this.atStart[name]);
      const hash = new URLSearchParams(changed).toString();
      try {
        history.replaceState(null, "", hash ? `#${hash}` : location.href.split("#")[0]);
      } catch {
        // in a sandboxed frame an address may not change
      }
    }, ADDRESS_DELAY_MS);
  }
}

// Sets a field as a person would, unless it does not take the value.
function setField(id, value) {
  const field = byId(id);
  if (field.type === "number" && !/^\d+$/.test(value)) return;
  const before = field.value;
  field.value = value;
  if (field.value !== String(value) || !field.checkValidity()) field.value = before;
}
