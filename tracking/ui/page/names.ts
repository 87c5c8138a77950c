// Lists of names in one text, as addresses and requests hold them: of runs, metrics, charts, columns, which may be called anything.

/** Names between commas; a comma or backslash of a name's own stands behind a backslash. The server reads it so (Parameters::names). */
export function joinNames(names: readonly string[]): string {
  return names.map((name) => name.replace(/[\\,]/g, "\\$&")).join(",");
}

/** What `joinNames` put together, without empty names. */
export function splitNames(text: string): string[] {
  const names = [""];
  for (let i = 0; i < text.length; ++i) {
    if (text[i] === ",") names.push("");
    else names[names.length - 1] += text[i] === "\\" && i + 1 < text.length ? text[++i] : text[i];
  }
  return names.filter(Boolean);
}
